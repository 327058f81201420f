"""JPEG (ITU-T T.81), JFIF and EXIF.

The tracks are known where the first scan begins. The picture is complete with `EOI`; a file may
have more pictures behind it, which nobody is shown.
"""

from __future__ import annotations

import re

from ..frames.exif import orientation_of_tiff
from .facts import BadImage, TrackFacts
from .scanning import ImageScanner

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .scanning import Data

_SOS, _EOI, _SOI, _APP1, _APP2 = 0xDA, 0xD9, 0xD8, 0xE1, 0xE2
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_ALONE = frozenset((0x01, *range(0xD0, 0xD8)))  # markers without a segment
# In coded data 0xff stands before 0 or a restart, everything else is a marker.
_MARKER = re.compile(rb"\xff[^\x00\xd0-\xd7\xff]", re.DOTALL)


class JpegScanner(ImageScanner):
    """Reads segments."""

    kind = "jpeg"

    def __init__(self) -> None:
        super().__init__()
        self.has_alpha = False
        self.components = 0
        self._known = False  # a scan has begun
        self._in_scan = False
        self._stop = 0
        self._has_orientation = False

    def _walk(self, data: Data, complete: bool) -> None:
        if not self._at:
            head = bytes(data[:3])
            if head != b"\xff\xd8\xff"[: len(head)]:
                raise BadImage(f"a JPEG begins with b'\\xff\\xd8\\xff', not {head!r}")
            if len(head) < 3:
                return
            self._at = 2
        while self._at + 2 <= len(data) and not self._ended:
            if self._in_scan:
                found = _MARKER.search(data, self._at)
                if found is None:
                    # An 0xff at the end may be the first half of a marker.
                    self._at = max(self._at, len(data) - 1)
                    return
                self._at = found.end() - 2
                self._in_scan = False
            if not self._walk_segment(data):
                return

    def _walk_segment(self, data: Data) -> bool:
        """Take a segment in; False: it has to be waited for."""
        at = self._at
        if data[at] != 0xFF:
            self._lose(f"at {at} there is no marker")
            return True
        marker = data[at + 1]
        if marker == 0xFF:  # fill bytes
            self._at += 1
            return True
        if marker == _EOI:
            if not self._known:
                raise BadImage("it ends before its picture begins")
            self._stop = at + 2
            self._ended = True
            return True
        if marker in _ALONE or marker == _SOI:
            self._at += 2
            return True
        if at + 4 > len(data):
            return False
        size = data[at + 2] << 8 | data[at + 3]
        if marker == 0 or size < 2:
            self._lose(f"at {at} there is no segment")
            return True
        if at + 2 + size > len(data):
            return False
        self._note(marker, bytes(data[at + 4 : at + 2 + size]))
        self._at = at + 2 + size
        return True

    def _lose(self, reason: str) -> None:
        """Go on behind damage at the next marker; before a picture there is nothing to save."""
        if not self._known:
            raise BadImage(reason)
        self._at += 1
        self._in_scan = True

    def _note(self, marker: int, content: bytes) -> None:
        if marker == _SOS:
            if not self.width:
                raise BadImage("its scan begins before its size is said")
            self._known = self._in_scan = True
        elif marker in _FRAMES and not self._known:
            self._note_frame(content)
        elif marker == _APP1 and content[:6] == b"Exif\0\0" and not self._has_orientation:
            self._has_orientation = True
            self.orientation = orientation_of_tiff(memoryview(content)[6:])
        elif marker == _APP2 and content[:12] == b"ICC_PROFILE\0":
            self.has_icc = True

    def _note_frame(self, content: bytes) -> None:
        if len(content) < 6:
            raise BadImage(f"its frame header has {len(content)} bytes only")
        self.bit_depth = content[0]
        self.height = content[1] << 8 | content[2]
        self.width = content[3] << 8 | content[4]
        self.components = content[5]
        if not (self.width and self.height):
            raise BadImage(f"a JPEG of {self.width}x{self.height} pixels cannot be read")

    def _tracks(self, complete: bool) -> tuple[TrackFacts, ...]:
        if not self._known:
            return ()
        return self._still(self._stop or self._arrived[0], bool(self._stop))
