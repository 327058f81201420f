"""How often an animation is played, which FFmpeg's demuxers do not tell: GIF, APNG, WebP.

The count is the number that stands in the file, 0: for ever, as Pillow and the ffmpeg program take
it too. APNG and WebP count plays. So do some players with GIF; browsers show a GIF that says n once
more than n times, as its inventor's browser did. A GIF that says nothing is played once.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable

    # Returns the bytes at an offset, as many as asked for or what there is.
    Read = Callable[[int, int], bytes]

ONCE = 1
MOST = 65535  # APNG has 32 bits for it, the others 16
_STEPS = 4096  # chunks, or blocks, that are walked over
_EXTENSION, _IMAGE = 0x21, 0x2C
_APPLICATION = 0xFF
_NAMES = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_PNG = b"\x89PNG\r\n\x1a\n"


class LoopCount:
    """What a file says.

    Attributes
    ----------
    kind : str
        ``"gif"``, ``"apng"`` or ``"webp"``.
    stated : int or None
        None: a GIF that says nothing.
    """

    __slots__ = ("kind", "stated")

    def __init__(self, kind: str, stated: int | None) -> None:
        self.kind = kind
        self.stated = None if stated is None else min(stated, MOST)

    def in_gif(self) -> int:
        """Return the number to write into a GIF, -1: nothing."""
        if self.stated is None or (self.stated == ONCE and self.kind != "gif"):
            return -1
        return self.stated

    def in_others(self) -> int:
        """Return the number to write into anything else."""
        return ONCE if self.stated is None else self.stated


def find_loop_count(read: Read) -> LoopCount | None:
    """Return what a file says, None if it is no animation."""
    head = read(0, 32)
    if head[:6] in (b"GIF87a", b"GIF89a"):
        return LoopCount("gif", _of_gif(read, head))
    if head[:8] == _PNG:
        stated = _of_png(read)
        return None if stated is None else LoopCount("apng", stated)
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        stated = _of_webp(read)
        return None if stated is None else LoopCount("webp", stated)
    return None


def _of_gif(read: Read, head: bytes) -> int | None:
    """Walk over blocks and pictures: the extension may stand before any of them."""
    if len(head) < 13:
        return None
    place = 13 + (3 << (head[10] & 7) + 1 if head[10] & 0x80 else 0)
    for _ in range(_STEPS):
        block = read(place, 19)
        if len(block) < 10:
            return None
        if block[0] == _EXTENSION:
            is_loop = block[1] == _APPLICATION and block[3:14] in _NAMES
            if is_loop and len(block) == 19 and block[14:16] == b"\3\1":
                return int.from_bytes(block[16:18], "little")
            place += 2
        elif block[0] == _IMAGE:
            # Its own palette, and the size of its codes.
            place += 11 + (3 << (block[9] & 7) + 1 if block[9] & 0x80 else 0)
        else:
            return None
        for _ in range(_STEPS):
            size = read(place, 1)
            place += 1 + (size[0] if size else 0)
            if not size or not size[0]:
                break
        else:
            return None
    return None


def _of_png(read: Read) -> int | None:
    place = 8
    for _ in range(_STEPS):
        chunk = read(place, 16)
        if len(chunk) < 16 or chunk[4:8] in (b"IDAT", b"IEND"):
            return None
        if chunk[4:8] == b"acTL":
            return int.from_bytes(chunk[12:16], "big")
        place += 12 + int.from_bytes(chunk[:4], "big")
    return None


def _of_webp(read: Read) -> int | None:
    place = 12
    for _ in range(_STEPS):
        chunk = read(place, 14)
        if len(chunk) < 14 or chunk[:4] in (b"ANMF", b"VP8 ", b"VP8L"):
            return None
        size = int.from_bytes(chunk[4:8], "little")
        if chunk[:4] == b"ANIM":
            return int.from_bytes(chunk[12:14], "little")
        place += 8 + size + size % 2
    return None
