"""The edit lists of MP4 and MOV files: which parts of a track are shown, and when.

ISO/IEC 14496-12, 8.6.6. FFmpeg applies them and tells nobody that they were there.
"""

from __future__ import annotations

import struct

from .claims_mp4 import boxes

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .limits import Reader

_MOST_BOXES = 1 << 16


def edits_of(read: Reader, track: int) -> list[tuple[int, int | None]]:
    """Return the edit list of the `track`-th track, an empty list if it has none or this is no MP4.

    Parameters
    ----------
    read : callable
        Returns bytes of the file: ``read(offset, size)``.
    track : int
        Counted from 0.

    Returns
    -------
    list of (int, int or None)
        Of each entry: how long it is shown, and from where in the track on, both in microseconds;
        None: nothing is shown.
    """
    try:
        header = header_of(read)
        return [] if header is None else _of_track(header, track)
    except (struct.error, IndexError, ZeroDivisionError):
        return []


def header_of(read: Reader) -> bytes | None:
    """Return the content of the box ``moov``, None if there is none."""
    at = 0
    for _ in range(_MOST_BOXES):
        head = read(at, 16)
        if len(head) < 8:
            return None
        size, kind = struct.unpack_from(">I4s", head)
        start = 8
        if size == 1:
            size, start = struct.unpack_from(">Q", head, 8)[0], 16
        if kind == b"moov":
            return read(at + start, size - start if size else 1 << 62)
        if size < start:
            return None
        at += size
    return None


def _of_track(header: bytes, track: int) -> list[tuple[int, int | None]]:
    seconds_in_movie = time_scale(header, *find(header, (b"mvhd",)))
    tracks = [box for box in boxes(header, 0, len(header)) if box[0] == b"trak"]
    _, first, last = tracks[track]
    media = time_scale(header, *find(header, (b"mdia", b"mdhd"), first, last))
    at, end = find(header, (b"edts", b"elst"), first, last)
    long = header[at] == 1
    (count,) = struct.unpack_from(">I", header, at + 4)
    layout = ">Qq4x" if long else ">Ii4x"
    found = []
    for index in range(min(count, (end - at - 8) // struct.calcsize(layout))):
        place = at + 8 + index * struct.calcsize(layout)
        duration, begin = struct.unpack_from(layout, header, place)
        from_where = None if begin == -1 else begin * 1_000_000 // media
        found.append((duration * 1_000_000 // seconds_in_movie, from_where))
    return found


def find(
    data: bytes, path: tuple[bytes, ...], at: int = 0, end: int | None = None
) -> tuple[int, int]:
    """Return where the content of a box begins and ends; raises IndexError if it is not there."""
    end = len(data) if end is None else end
    for name in path:
        found = [(first, last) for kind, first, last in boxes(data, at, end) if kind == name]
        at, end = found[0]
    return at, end


def time_scale(data: bytes, at: int, end: int) -> int:
    """Return the units in a second that ``mvhd`` or ``mdhd`` states."""
    scale: int = struct.unpack_from(">I", data, at + (20 if data[at] == 1 else 12))[0]
    return scale
