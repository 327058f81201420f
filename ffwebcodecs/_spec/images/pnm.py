"""The Netpbm formats: PBM, PGM, PPM in text or bytes, and PAM."""

from __future__ import annotations

import re

from .facts import BadImage, TrackFacts
from .scanning import ImageScanner

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .scanning import Data

_MOST_HEADER = 1 << 12
_WORD = re.compile(rb"(?:[ \t\n\v\f\r]|#[^\n]*\n)*([^ \t\n\v\f\r#]+)[ \t\n\v\f\r]")
_PAM = re.compile(rb"^(WIDTH|HEIGHT|DEPTH|MAXVAL)[ \t]+(\d{1,10})\s*$", re.MULTILINE)
_CHANNELS = {b"P1": 1, b"P2": 1, b"P3": 3, b"P4": 1, b"P5": 1, b"P6": 3}
_IN_TEXT = (b"P1", b"P2", b"P3")
_BITMAPS = (b"P1", b"P4")


class PnmScanner(ImageScanner):
    """Reads the header, which says how many bytes follow."""

    kind = "pnm"

    def __init__(self) -> None:
        super().__init__()
        self._known = False
        self._stop: int | None = None  # None: where the file ends

    def _walk(self, data: Data, complete: bool) -> None:
        if self._known:
            return
        head = bytes(data[:_MOST_HEADER])
        if head[:1] not in (b"", b"P") or (len(head) > 1 and head[1:2] not in b"1234567"):
            raise BadImage(f"a picture of Netpbm begins with P1 to P7, not {head[:2]!r}")
        try:
            if head[:2] == b"P7":
                self._read_pam(head)
            elif len(head) > 1:
                self._read_words(head)
        except ValueError as error:
            raise BadImage(f"its header makes no sense: {error}") from error
        if not self._known and len(head) == _MOST_HEADER:
            raise BadImage(f"its header does not end in the first {_MOST_HEADER} bytes")

    def _read_words(self, head: bytes) -> None:
        magic, at, numbers = head[:2], 2, []
        for _ in range(2 if magic in _BITMAPS else 3):
            found = _WORD.match(head, at)
            if found is None:
                return
            numbers.append(int(found[1]))
            at = found.end()
        width, height, *most = numbers
        self._note(width, height, _CHANNELS[magic], most[0] if most else 1)
        if magic == b"P4":
            self._stop = at + (width + 7) // 8 * height
        elif magic not in _IN_TEXT:
            self._stop = at + self._bytes(_CHANNELS[magic])

    def _read_pam(self, head: bytes) -> None:
        end = head.find(b"ENDHDR\n")
        if end < 0:
            return
        said = {name: int(number) for name, number in _PAM.findall(head[:end])}
        channels = said.get(b"DEPTH", 0)
        if not 1 <= channels <= 4:
            raise ValueError(f"{channels} channels")
        self._note(said.get(b"WIDTH", 0), said.get(b"HEIGHT", 0), channels, said.get(b"MAXVAL", 0))
        self._stop = end + 7 + self._bytes(channels)

    def _note(self, width: int, height: int, channels: int, most: int) -> None:
        if not (0 < width < 1 << 31 and 0 < height < 1 << 31 and 0 < most < 1 << 16):
            raise ValueError(f"{width}x{height} pixels up to {most}")
        self.width, self.height = width, height
        self.bit_depth = 16 if most > 255 else 8
        self.has_alpha = channels in (2, 4)
        self._known = True

    def _bytes(self, channels: int) -> int:
        return self.width * self.height * channels * (2 if self.bit_depth == 16 else 1)

    def _tracks(self, complete: bool) -> tuple[TrackFacts, ...]:
        if not self._known:
            return ()
        arrived = self._arrived[0]
        if self._stop is None:
            return self._still(arrived, complete)
        return self._still(min(self._stop, arrived), self._stop <= arrived)
