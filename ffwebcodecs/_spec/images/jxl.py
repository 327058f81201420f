"""JPEG XL (ISO/IEC 18181): a codestream, alone or in boxes. Only its size is read, and whether it
is an animation, whose pictures the headers do not tell.
"""

from __future__ import annotations

from ...errors import DataError
from .facts import BadImage, TrackFacts
from .scanning import ImageScanner

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .scanning import Data

_BOXED = b"\0\0\0\x0cJXL \r\n\x87\n"
_ENOUGH = 64  # bytes of a codestream that say all this
_MOST_BOXES = 1000
_RATIOS = ((1, 1), (12, 10), (4, 3), (3, 2), (16, 9), (5, 4), (2, 1))


class _Bits:
    """Reads from the least significant bit on."""

    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "little")
        self._left = 8 * len(data)

    def take(self, count: int) -> int:
        if count > self._left:
            raise DataError("the header ends early")
        value = self._value & ((1 << count) - 1)
        self._value >>= count
        self._left -= count
        return value

    def side(self) -> int:
        return 1 + self.take((9, 13, 18, 30)[self.take(2)])

    def size(self) -> tuple[int, int]:
        """Read a SizeHeader."""
        small = self.take(1)
        height = 8 * (1 + self.take(5)) if small else self.side()
        ratio = self.take(3)
        if ratio:
            over, under = _RATIOS[ratio - 1]
            return height * over // under, height
        return 8 * (1 + self.take(5)) if small else self.side(), height


class JxlScanner(ImageScanner):
    """Reads the first bits."""

    kind = "jxl"

    def __init__(self) -> None:
        super().__init__()
        self._known = False
        self._boxes = 0

    def _walk(self, data: Data, complete: bool) -> None:
        if self._known:
            return
        head = bytes(data[:12])
        if head[:2] == b"\xff\x0a":
            self._read(bytes(data[2 : 2 + _ENOUGH]), complete)
        elif head == _BOXED[: len(head)] or head == b"\xff":
            if len(head) == len(_BOXED):
                self._walk_boxes(data, complete)
        else:
            raise BadImage(f"a JPEG XL begins with b'\\xff\\n' or its box, not {head!r}")

    def _walk_boxes(self, data: Data, complete: bool) -> None:
        self._at = self._at or len(_BOXED)
        while self._at + 16 <= len(data) and not self._known:
            size = int.from_bytes(data[self._at : self._at + 4], "big")
            name = bytes(data[self._at + 4 : self._at + 8])
            start = 8
            if size == 1:
                size, start = int.from_bytes(data[self._at + 8 : self._at + 16], "big"), 16
            if (size and size < start) or self._boxes > _MOST_BOXES:
                raise BadImage(f"{name!r} at {self._at} cannot have {size} bytes")
            if name in (b"jxlc", b"jxlp"):
                at = self._at + start + (4 if name == b"jxlp" else 0) + 2
                if at <= len(data):
                    self._read(bytes(data[at : at + _ENOUGH]), complete)
                return
            if not size:
                return
            self._boxes += 1
            self._at += size

    def _read(self, data: bytes, complete: bool) -> None:
        try:
            bits = _Bits(data)
            self.width, self.height = bits.size()
            if not bits.take(1) and bits.take(1):  # not all defaults, but extra fields
                bits.take(3)  # orientation, which FFmpeg tells
                if bits.take(1):
                    bits.size()
                if bits.take(1):
                    raise BadImage("a JPEG XL with a preview is not read")
                if bits.take(1):
                    raise BadImage("an animated JPEG XL is not read")
        except DataError:
            return
        self._known = True

    def _tracks(self, complete: bool) -> tuple[TrackFacts, ...]:
        return self._still(self._arrived[0], complete) if self._known else ()
