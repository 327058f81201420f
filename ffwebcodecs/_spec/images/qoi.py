"""QOI, the Quite OK Image format (qoiformat.org)."""

from __future__ import annotations

from .facts import BadImage, TrackFacts
from .scanning import ImageScanner

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .scanning import Data

_MAGIC = b"qoif"
_HEADER = 14
_END = bytes(7) + b"\1"


class QoiScanner(ImageScanner):
    """Reads the header; the picture ends where the file does."""

    kind = "qoi"

    def __init__(self) -> None:
        super().__init__()
        self.bit_depth = 8
        self._known = False
        self._whole = False

    def _walk(self, data: Data, complete: bool) -> None:
        head = bytes(data[:_HEADER])
        if head[:4] != _MAGIC[: len(head)]:
            raise BadImage(f"a QOI begins with {_MAGIC!r}, not {head[:4]!r}")
        if len(head) < _HEADER:
            return
        self.width = int.from_bytes(head[4:8], "big")
        self.height = int.from_bytes(head[8:12], "big")
        channels = head[12]
        if not (self.width and self.height) or channels not in (3, 4):
            raise BadImage(f"a QOI of {self.width}x{self.height} with {channels} channels")
        self.has_alpha = channels == 4
        self._known = True
        self._whole = bytes(data[-8:]) == _END and len(data) >= _HEADER + len(_END)

    def _tracks(self, complete: bool) -> tuple[TrackFacts, ...]:
        if not self._known:
            return ()
        return self._still(self._arrived[0], complete and self._whole)
