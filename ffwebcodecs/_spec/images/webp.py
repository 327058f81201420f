"""WebP (RFC 9649), still or animated.

The tracks are known where the size of the first picture is. Of a file that ends early nothing is
shown, as in browsers; of one that is still arriving everything that is there.
"""

from __future__ import annotations

from .facts import CLEAR, ENDLESS, KEEP, BadImage, TrackFacts
from .scanning import ImageScanner

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .scanning import Data

_ALPHA, _ANIMATION = 0x10, 0x02  # of VP8X
_PICTURES = (b"VP8 ", b"VP8L")
_HEADS = {b"VP8 ": 10, b"VP8L": 5}  # bytes that say the size
_MOST_CHUNKS = 1 << 18
_FRAME = 16  # bytes of ANMF before the picture
_MOST_PIXELS = (1 << 32) - 1


def size_of(name: bytes, head: bytes) -> tuple[int, int, bool]:
    """Return width, height and whether a bitstream has alpha of its own."""
    if name == b"VP8L":
        if head[0] != 0x2F:
            raise BadImage(f"VP8L begins with 0x2f, not {head[0]:#x}")
        bits = int.from_bytes(head[1:5], "little")
        if bits >> 29:
            raise BadImage(f"version {bits >> 29} of VP8L is not known")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1, bool(bits >> 28 & 1)
    if head[0] & 1 or head[3:6] != b"\x9d\x01\x2a":
        raise BadImage("VP8 does not begin with a key frame")
    width = int.from_bytes(head[6:8], "little") & 0x3FFF
    height = int.from_bytes(head[8:10], "little") & 0x3FFF
    if not (width and height):
        raise BadImage(f"a WebP of {width}x{height} pixels cannot be")
    return width, height, False


class WebpScanner(ImageScanner):
    """Reads the chunks of a RIFF file."""

    kind = "webp"

    def __init__(self) -> None:
        super().__init__()
        self.bit_depth = 8
        self._end = 0  # of the RIFF
        self._flags: int | None = None  # of VP8X
        self._plays: int | None = None  # of ANIM
        self._known = False
        self._stop = 0
        self._chunks = 0

    @property
    def _is_animation(self) -> bool:
        return bool(self._flags is not None and self._flags & _ANIMATION)

    def _walk(self, data: Data, complete: bool) -> None:
        if not self._at:
            head = bytes(data[:12])
            if head[:4] != b"RIFF"[: len(head)] or head[8:12] != b"WEBP"[: len(head[8:])]:
                raise BadImage(f"a WebP begins with RIFF and WEBP, not {head!r}")
            if len(head) < 12:
                return
            self._end = 8 + int.from_bytes(head[4:8], "little")
            self._at = 12
        if complete and self._end > len(data):
            raise BadImage(f"it has {len(data)} bytes, its header says {self._end}")
        while self._at + 8 <= min(len(data), self._end):
            name = bytes(data[self._at : self._at + 4])
            size = int.from_bytes(data[self._at + 4 : self._at + 8], "little")
            stop = self._at + 8 + size
            if stop > self._end:
                raise BadImage(f"{name!r} at {self._at} ends at {stop}, the file at {self._end}")
            if not self._note(name, size, data) or stop > len(data):
                return
            self._at = min(stop + size % 2, self._end)
            self._chunks += 1
            if self._chunks > _MOST_CHUNKS:
                raise BadImage(f"it has more than {_MOST_CHUNKS} chunks")
        self._ended = len(data) >= self._end > 0

    def _note(self, name: bytes, size: int, data: Data) -> bool:
        """Take a chunk in, as far as it is here; False: it has to be waited for."""
        at = self._at + 8
        is_here = at + size <= len(data)
        if name == b"VP8X":
            if is_here and self._at == 12:
                self._note_canvas(bytes(data[at : at + 10]))
            return is_here
        if name == b"ANIM":
            if is_here and size >= 6:
                self._plays = int.from_bytes(data[at + 4 : at + 6], "little")
            return is_here
        if name == b"ICCP":
            self.has_icc = True
        elif name == b"ANMF" and self._is_animation:
            return self._note_frame(size, data)
        elif name in _PICTURES and not self._is_animation and not self._stop:
            return self._note_picture(name, size, data)
        return True

    def _note_canvas(self, content: bytes) -> None:
        if len(content) < 10:
            raise BadImage(f"VP8X has 10 bytes, not {len(content)}")
        self._flags = content[0]
        self.width = int.from_bytes(content[4:7], "little") + 1
        self.height = int.from_bytes(content[7:10], "little") + 1
        if self.width * self.height > _MOST_PIXELS:
            raise BadImage(f"a WebP of {self.width}x{self.height} pixels cannot be")
        self.has_alpha = bool(self._flags & _ALPHA)

    def _note_picture(self, name: bytes, size: int, data: Data) -> bool:
        at = self._at + 8
        head = bytes(data[at : at + min(size, _HEADS[name])])
        if size < _HEADS[name]:
            raise BadImage(f"{name.decode()} has {size} bytes only")
        if len(head) < _HEADS[name]:
            return False
        width, height, alpha = size_of(name, head)
        if self._flags is None:
            self.width, self.height, self.has_alpha = width, height, alpha
        elif (width, height) != (self.width, self.height):
            raise BadImage(
                f"its picture has {width}x{height} pixels, its canvas {self.width}x{self.height}"
            )
        self._known = True
        if at + size <= len(data):
            self._stop = at + size
            return True
        return False

    def _note_frame(self, size: int, data: Data) -> bool:
        at = self._at + 8
        head = bytes(data[at : at + _FRAME])
        if size < _FRAME:
            raise BadImage(f"ANMF at {self._at} has {size} bytes only")
        if len(head) < _FRAME:
            return False
        x, y, width, height, duration = (
            int.from_bytes(head[n : n + 3], "little") for n in range(0, 15, 3)
        )
        x, y, width, height = 2 * x, 2 * y, width + 1, height + 1
        if x + width > self.width or y + height > self.height:
            raise BadImage(
                f"picture {len(self._parts)} has {width}x{height} pixels at {x}, {y}, "
                f"the canvas {self.width}x{self.height}"
            )
        if not self._parts or self._parts[-1].complete:
            dispose = CLEAR if head[15] & 1 else KEEP
            rect = x, y, width, height
            stop = min(at + size, len(data))
            self._begin(self._at, stop, rect, duration * 1000, dispose, not head[15] & 2)
        if at + size > len(data):
            self._change(stop=len(data))
            return False
        self._check_frame(data, at + _FRAME, at + size, (width, height))
        self._change(stop=at + size, complete=True)
        return True

    def _check_frame(self, data: Data, at: int, stop: int, size: tuple[int, int]) -> None:
        """Refuse a picture whose bitstream has another size than its rectangle, or is missing."""
        for _, name, first, last in chunks(data, at, stop):
            if name in _PICTURES and last - first >= _HEADS[name]:
                width, height, _ = size_of(name, bytes(data[first : first + _HEADS[name]]))
                if (width, height) == size:
                    return
                raise BadImage(
                    f"picture {len(self._parts) - 1} has {width}x{height} pixels, "
                    f"its place {size[0]}x{size[1]}"
                )
        raise BadImage(f"picture {len(self._parts) - 1} has no pixels")

    def _tracks(self, complete: bool) -> tuple[TrackFacts, ...]:
        if self._parts:
            if complete and not self._parts[-1].complete:
                raise BadImage(f"picture {len(self._parts) - 1} is cut off")
            animated = len(self._parts) > 1 or not self._ended
            again = self._plays - 1 if self._plays else ENDLESS
            frames = tuple(self._parts)
            again = again if animated else 0
            return (TrackFacts(animated=animated, repetition_count=again, frames=frames),)
        if not self._known:
            if self._ended:
                raise BadImage("there is no picture in it")
            return ()
        if complete and not self._stop:
            raise BadImage("its picture is cut off")
        stop = self._stop or self._arrived[0]
        return self._still(stop, bool(self._stop))


def chunks(data: Data, at: int, stop: int) -> list[tuple[int, bytes, int, int]]:
    """Return the chunks between two places: where each is, its name, and where its content is."""
    found = []
    while at + 8 <= stop:
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        if at + 8 + size > stop:
            break
        found.append((at, bytes(data[at : at + 4]), at + 8, at + 8 + size))
        at += 8 + size + size % 2
    return found
