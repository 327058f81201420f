"""X BitMap: C source that defines a width, a height and an array of bits."""

from __future__ import annotations

import re

from .facts import BadImage, TrackFacts
from .scanning import ImageScanner

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .scanning import Data

_MOST_HEADER = 1 << 12
_SIDE = re.compile(rb"#define\s+\S*?(width|height)\s+(\d{1,5})\s")
_BEGIN = re.compile(rb"static\s[^{]*\{")


class XbmScanner(ImageScanner):
    """Reads the definitions."""

    kind = "xbm"

    def __init__(self) -> None:
        super().__init__()
        self.has_alpha = False
        self.bit_depth = 1
        self._known = False
        self._stop = 0

    def _walk(self, data: Data, complete: bool) -> None:
        if not self._known:
            self._walk_head(bytes(data[:_MOST_HEADER]))
        if self._known:
            found = re.compile(rb"\}").search(data, self._at)
            if found is None:
                self._at = max(self._at, len(data))
            else:
                self._stop = found.end()
                self._ended = True

    def _walk_head(self, head: bytes) -> None:
        start = head.lstrip()[:7]
        is_text = start[:2] == b"/*" or b"#define".startswith(start) or start == b"#define"
        if (start and not is_text) or b"\0" in head:
            raise BadImage(f"an X bitmap begins with #define, not {head[:8]!r}")
        begin = _BEGIN.search(head)
        if begin is None:
            if len(head) == _MOST_HEADER:
                raise BadImage(f"no array begins in its first {_MOST_HEADER} bytes")
            return
        sides = {name: int(number) for name, number in _SIDE.findall(head[: begin.start()])}
        self.width, self.height = sides.get(b"width", 0), sides.get(b"height", 0)
        if not (self.width and self.height):
            raise BadImage("its width and height are not defined")
        self._at = begin.end()
        self._known = True

    def _tracks(self, complete: bool) -> tuple[TrackFacts, ...]:
        if not self._known:
            return ()
        return self._still(self._stop or self._arrived[0], bool(self._stop))
