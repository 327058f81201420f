"""Files made whole, of which the picture is there and the rest is not.

The scans of a progressive JPEG show the whole picture each, with more and more detail.
"""

from __future__ import annotations

from .._spec.images.png_data import without_damage
from .._spec.images.stills import with_gray_alpha

_END = b"\xff\xd9"
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)  # SOF2 and its kin
_SCAN = 0xDA
_ALONE = frozenset((0x01, *range(0xD0, 0xDA)))  # markers without a length


class Scans:
    """Finds the scans while they arrive; each look goes on where the last one ended."""

    __slots__ = ("_at", "_end", "_is_inside", "_is_progressive")

    def __init__(self) -> None:
        self._at = 2
        self._end = 0
        self._is_progressive = False
        self._is_inside = False  # the coded data of a scan

    def last(self, data: bytearray) -> int:
        """Return where the last scan ends of which all has arrived; 0: there is none, or it is no
        progressive JPEG.
        """
        while self._at + 4 <= len(data):
            if self._is_inside:
                if not self._skip_coded(data):
                    break
                self._end, self._is_inside = self._at, False
            elif not self._skip_segment(data):
                break
        return self._end

    def _skip_segment(self, data: bytearray) -> bool:
        """Go behind a marker and what belongs to it; False: nothing more is to be found."""
        at = self._at
        kind = data[at + 1]
        if data[at] != 0xFF:
            return False
        if kind in _ALONE or kind == 0xFF:
            self._at += 1 if kind == 0xFF else 2
            return True
        self._is_progressive = self._is_progressive or kind in _PROGRESSIVE
        self._is_inside = kind == _SCAN
        if self._is_inside and not self._is_progressive:
            self._is_inside = False
            return False
        self._at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        return True

    def _skip_coded(self, data: bytearray) -> bool:
        """Go to the marker after the coded data; False: to the end of what has arrived."""
        while True:
            at = data.find(0xFF, self._at)
            if at < 0 or at + 1 >= len(data):
                self._at = max(self._at, len(data) - 1)  # it may be half of a marker
                return False
            if data[at + 1] == 0 or 0xD0 <= data[at + 1] <= 0xD7:
                self._at = at + 2
            elif data[at + 1] == 0xFF:
                self._at = at + 1
            else:
                self._at = at
                return True


def with_end(data: bytes) -> bytes:
    """Return the beginning of a JPEG as a whole one."""
    return data + _END


def whole_file(kind: str, data: bytes) -> bytes:
    """Return a file up to the end of its picture as one that ends there, and that decoders read."""
    if kind == "png":
        return with_gray_alpha(without_damage(data))
    if kind != "webp":
        return data
    data += bytes(len(data) % 2)
    return b"RIFF" + (len(data) - 8).to_bytes(4, "little") + data[8:]
