"""What the headers of files claim, counted before anything believes them.

A few hundred bytes can say that a track has a hundred million samples of one byte, or hold a header
of gigabytes, compressed; and FFmpeg looks through all tags for each one that it adds. Only what
grows beyond the file's own size is counted, and only where it can be large: the header of a usual
file is walked in microseconds.

Damage is none of this module's business: where a header makes no sense, counting ends.
"""

from __future__ import annotations

import struct

from ..codecs.picture_limit import PNG

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .limits import Claims, Reader

_FIRST = (b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp", b"moof", b"sidx")


def check(claims: Claims, read: Reader) -> None:
    """Count what a file claims: MP4, Matroska, PNG, and the tags of some others.

    Raises
    ------
    NotSupportedError
        It is more than a limit.
    """
    head = read(0, 16)
    try:
        if head[:4] == b"\x1aE\xdf\xa3":
            from .claims_matroska import MatroskaClaims

            MatroskaClaims(claims, read).walk()
        elif head[4:8] in _FIRST:
            from .claims_mp4 import Mp4Claims

            Mp4Claims(claims).walk_file(read)
        elif head[:8] == PNG:
            from ..codecs import png

            png.count(read, claims.add)
        else:
            from .claims_tags import count

            count(head, read, claims.add)
    except (struct.error, IndexError, KeyError):
        pass
