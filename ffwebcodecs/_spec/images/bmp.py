"""BMP: Windows' headers, and OS/2's first one."""

from __future__ import annotations

from .facts import BadImage, TrackFacts
from .scanning import ImageScanner

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .scanning import Data

_FILE = 14  # bytes of the file's header
_CORE = 12  # of OS/2's
_SIZES = (_CORE, 16, 40, 52, 56, 64, 108, 124)
_DEPTHS = (1, 2, 4, 8, 16, 24, 32)
_PLAIN = (0, 3, 6)  # compressions whose size follows from the picture's: none, and bit masks
_KNOWN = (0, 1, 2, 3, 6)  # those, and runs of 8 and 4 bits
_MASKED = 56  # from this header on there is a mask of alpha


class BmpScanner(ImageScanner):
    """Reads the headers."""

    kind = "bmp"

    def __init__(self) -> None:
        super().__init__()
        self.has_alpha = False  # the fourth byte is none, as in browsers, where no mask says it is
        self.bit_depth = 8
        self._size = 0  # of the whole
        self._known = False

    def _walk(self, data: Data, complete: bool) -> None:
        if self._known:
            return
        head = bytes(data[: _FILE + _MASKED])
        if head[:2] != b"BM"[: len(head)]:
            raise BadImage(f"a BMP begins with b'BM', not {head[:2]!r}")
        if len(head) < _FILE + 4:
            return
        length = int.from_bytes(head[14:18], "little")
        if length not in _SIZES:
            raise BadImage(f"a BMP's header of {length} bytes is not known")
        if len(data) < _FILE + length:
            return
        compression = self._note_header(head, length)
        # With masks, and a palette, before the pixels.
        if len(data) < self._begins(head, length, compression):
            return
        self._known = True

    def _note_header(self, head: bytes, length: int) -> int:
        wide = 2 if length == _CORE else 4
        signed = wide == 4
        width = int.from_bytes(head[18 : 18 + wide], "little", signed=signed)
        height = int.from_bytes(head[18 + wide : 18 + 2 * wide], "little", signed=signed)
        planes_at = 18 + 2 * wide
        depth = int.from_bytes(head[planes_at + 2 : planes_at + 4], "little")
        compression = int.from_bytes(head[30:34], "little") if length >= 40 else 0
        self.width, self.height = width, abs(height)
        if width <= 0 or not height or depth not in _DEPTHS or compression not in _KNOWN:
            raise BadImage(
                f"a BMP of {width}x{height} pixels, {depth} bits, compression {compression} "
                "cannot be read"
            )
        if length >= _MASKED and depth == 32 and any(head[66:70]):
            self.has_alpha = None  # the decoder looks
        start = int.from_bytes(head[10:14], "little")
        if compression in _PLAIN:
            self._size = start + (width * depth + 31) // 32 * 4 * abs(height)
        else:
            self._size = start + int.from_bytes(head[34:38], "little")
        return compression

    def _begins(self, head: bytes, length: int, compression: int) -> int:
        masks = {3: 12, 6: 16}.get(compression, 0) if length == 40 else 0
        return min(
            _FILE + length + masks, max(int.from_bytes(head[10:14], "little"), _FILE + length)
        )

    def _tracks(self, complete: bool) -> tuple[TrackFacts, ...]:
        if not self._known:
            return ()
        arrived = self._arrived[0]
        return self._still(min(self._size, arrived), arrived >= self._size)
