"""GIF89a, and what browsers made of it: how often it is played, a canvas that the first picture
makes larger, and files that just end.

A picture counts when its rectangle has arrived, and is complete with the empty block behind its
data. Where something else stands than a block can begin with, the file ends.
"""

from __future__ import annotations

from .facts import CLEAR, ENDLESS, KEEP, RESTORE, BadImage, TrackFacts
from .scanning import ImageScanner

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .scanning import Data

_EXTENSION, _PICTURE, _TRAILER = 0x21, 0x2C, 0x3B
_CONTROL, _APPLICATION = 0xF9, 0xFF
_NAMES = (b"NETSCAPE2.0", b"ANIMEXTS1.0")
_DISPOSE = (KEEP, KEEP, CLEAR, RESTORE)  # others keep, too
_LONGEST_CODES = 11  # bits that the first codes may have: 12 is the most for any


def palette_size(flags: int) -> int:
    """Return the bytes of the palette that the flags of a screen or a picture announce."""
    return 3 << (flags & 7) + 1 if flags & 0x80 else 0


class GifScanner(ImageScanner):
    """Reads blocks."""

    kind = "gif"

    def __init__(self) -> None:
        super().__init__()
        self.has_alpha = False
        self.bit_depth = 8
        self._loops: int | None = None
        self._control: tuple[int, int, int] | None = None  # where, flags, delay
        self._in_blocks = False  # of data, up to an empty one
        self._in_picture = False  # and they are a picture's
        self._has_trailer = False
        self._has_palette = False

    def _walk(self, data: Data, complete: bool) -> None:
        if not self._at and not self._walk_screen(data):
            return
        while self._at < len(data) and not self._ended:
            if self._in_blocks:
                self._walk_blocks(data)
                if self._in_blocks:
                    return
            elif not self._walk_block(data, complete):
                return

    def _walk_screen(self, data: Data) -> bool:
        head = bytes(data[:13])
        if not any(head[:6] == name[: len(head)] for name in (b"GIF87a", b"GIF89a")):
            raise BadImage(f"a GIF begins with b'GIF89a', not {head[:6]!r}")
        if len(head) < 13:
            return False
        self.width = int.from_bytes(head[6:8], "little")
        self.height = int.from_bytes(head[8:10], "little")
        size = palette_size(head[10])
        self._has_palette = bool(size)
        self._at = 13 + size
        return True

    def _walk_blocks(self, data: Data) -> None:
        at, end = self._at, len(data)
        while at < end:
            size = data[at]
            if at + 1 + size > end:
                break
            at += 1 + size
            if not size:
                self._in_blocks = False
                break
        self._at = at
        if self._in_picture:
            if self._in_blocks:
                self._change(stop=end)
            else:
                self._in_picture = False
                self._change(stop=at, complete=True)

    def _walk_block(self, data: Data, complete: bool) -> bool:
        """Take in the beginning of a block; False: it has to be waited for."""
        kind = data[self._at]
        if kind == _EXTENSION:
            return self._walk_extension(data, complete)
        if kind == _PICTURE:
            return self._walk_picture(data)
        self._has_trailer = kind == _TRAILER
        self._ended = True
        return True

    def _walk_extension(self, data: Data, complete: bool) -> bool:
        at, end = self._at, len(data)
        first = at + 3 + data[at + 2] if at + 2 < end else end
        second = first + 1 + data[first] if first < end else end
        # The number of plays is in the second block of its extension.
        if second >= end and not complete:
            return False
        if at + 2 >= end:
            self._ended = True
            return True
        label, content = data[at + 1], bytes(data[at + 3 : first])
        if label == _CONTROL and len(content) >= 4:
            self._control = at, content[0], int.from_bytes(content[1:3], "little")
            self.has_alpha = self.has_alpha or bool(content[0] & 1)
        elif label == _APPLICATION and content in _NAMES:
            loop = bytes(data[first + 1 : second])
            if len(loop) == 3 and loop[0] & 7 == 1:
                self._loops = int.from_bytes(loop[1:3], "little")
        self._at = at + 2
        self._in_blocks = True
        return True

    def _walk_picture(self, data: Data) -> bool:
        at = self._at
        head = bytes(data[at : at + 10])
        x, y, width, height = (int.from_bytes(head[n : n + 2], "little") for n in (1, 3, 5, 7))
        if len(head) < 9:
            return False
        is_new = not self._parts or self._parts[-1].complete
        if is_new:
            self._begin_picture((x, y, width, height), min(at + 10, len(data)))
        if len(head) < 10:
            return False
        data_at = at + 10 + palette_size(head[9])
        if data_at >= len(data):
            self._change(stop=len(data))
            return False
        bits = data[data_at]
        damage = None
        if not 0 < bits <= _LONGEST_CODES:
            damage = f"its codes begin with {bits} bits, 1 to {_LONGEST_CODES} can be"
        elif not (width and height):
            damage = f"it is {width}x{height} pixels"
        elif not (self._has_palette or head[9] & 0x80):
            damage = "there is no palette"
        self._change(stop=data_at + 1, damage=damage)
        self._at = data_at + 1
        self._in_blocks = self._in_picture = True
        return True

    def _begin_picture(self, rect: tuple[int, int, int, int], stop: int) -> None:
        start, flags, delay = self._control or (self._at, 0, 0)
        self._control = None
        x, y, width, height = rect
        if not self._parts:
            self.width = max(self.width, x + width)
            self.height = max(self.height, y + height)
            if not (self.width and self.height):
                raise BadImage(f"a GIF of {self.width}x{self.height} pixels cannot be")
            if (x, y, width, height) != (0, 0, self.width, self.height):
                self.has_alpha = True
        dispose = _DISPOSE[flags >> 2 & 3] if flags >> 2 & 7 < 4 else KEEP
        if dispose == CLEAR:
            self.has_alpha = True
        # Transparent pixels, if there are any, show what is there.
        self._begin(start, stop, rect, delay * 10_000, dispose, bool(flags & 1))

    def _tracks(self, complete: bool) -> tuple[TrackFacts, ...]:
        if not self._parts:
            if self._ended:
                raise BadImage("there is no picture in it")
            return ()
        # A single picture is no animation; until the end there may be more.
        animated = len(self._parts) > 1 or not self._has_trailer
        again: float = self._loops or 0
        if self._loops == 0:
            again = ENDLESS
        again = again if animated else 0
        parts = tuple(self._parts)
        return (TrackFacts(animated=animated, repetition_count=again, frames=parts),)
