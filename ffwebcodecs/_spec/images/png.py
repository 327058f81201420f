"""PNG (W3C PNG, third edition), with its animations, APNG.

The tracks are known where the first `IDAT` begins: `acTL` comes before it. A picture is complete
when something else begins behind its data, were it the header of `IEND` only.
"""

from __future__ import annotations

from ..frames.exif import orientation_of_tiff
from .facts import CLEAR, ENDLESS, KEEP, RESTORE, BadImage, TrackFacts
from .png_data import SIGNATURE, is_sound
from .scanning import ImageScanner

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .scanning import Data

_MOST_CHUNKS = 1 << 18
_MOST_SIDE = (1 << 31) - 1
_DATA = (b"IDAT", b"fdAT")
_SMALL = {b"IHDR": 13, b"acTL": 8, b"fcTL": 26}  # what has to be as long as that
_WITH_ALPHA = (4, 6)  # colour types
_DISPOSE = (KEEP, CLEAR, RESTORE)


class PngScanner(ImageScanner):
    """Reads chunks."""

    kind = "png"

    def __init__(self) -> None:
        super().__init__()
        self._plays: int | None = None  # of acTL
        self._most = 0  # pictures that acTL promises
        self._has_data = False  # an IDAT has begun
        self._data_is_first = False  # and is the first picture of the animation
        self._stop = 0  # of the IDATs
        self._whole = False  # the IDATs have ended
        self._damage: str | None = None
        self._open = False  # the last picture may get more data
        self._fed = False  # and has some
        self._is_srgb = False
        self._chunks = 0

    def _walk(self, data: Data, complete: bool) -> None:
        if not self._at:
            head = bytes(data[:8])
            if head != SIGNATURE[: len(head)]:
                raise BadImage(f"a PNG begins with {SIGNATURE!r}, not {head!r}")
            if len(head) < 8:
                return
            self._at = 8
        while len(data) - self._at >= 8 and not self._ended:
            at = self._at
            size = int.from_bytes(data[at : at + 4], "big")
            name = bytes(data[at + 4 : at + 8])
            if not self._has_data:
                self._check_begin(name, size)
            if self._chunks > _MOST_CHUNKS:
                raise BadImage(f"it has more than {_MOST_CHUNKS} chunks")
            is_here = at + 12 + size <= len(data)
            if not self._note(name, size, is_here, data) and not is_here:
                return
            self._at = at + 12 + size
            self._chunks += 1

    def _check_begin(self, name: bytes, size: int) -> None:
        if (name == b"IHDR") != (self._at == 8):
            raise BadImage(
                f"IHDR must be the first chunk and the only one, {name!r} is at {self._at}"
            )
        if size > _MOST_SIDE or not name.isalpha():
            raise BadImage(f"at {self._at} there is no chunk: {name!r} of {size} bytes")
        if size != _SMALL.get(name, size):
            raise BadImage(f"{name.decode()} has {_SMALL[name]} bytes, not {size}")
        if name == b"IEND":
            raise BadImage("it has no IDAT")

    def _note(self, name: bytes, size: int, is_here: bool, data: Data) -> bool:
        """Take a chunk in; False: it has to be waited for."""
        if name not in _DATA:
            self._close(name)
        if name == b"IEND" or not name.isalpha():
            self._ended = True
            return True
        if name in _DATA:
            return self._note_data(name, size, is_here, data)
        if not is_here:
            return False
        if name in (b"IHDR", b"acTL", b"fcTL"):
            content = bytes(data[self._at + 8 : self._at + 8 + size])
            self._note_structure(name, content, is_sound(data, self._at))
        elif (not self._has_data or name == b"eXIf") and is_sound(data, self._at):
            self._note_other(name, data[self._at + 8 : self._at + 8 + size])
        return True

    def _note_structure(self, name: bytes, content: bytes, is_right: bool) -> None:
        if not is_right and (name == b"IHDR" or not self._has_data):
            raise BadImage(f"{name.decode()} is damaged: its checksum is another")
        if not is_right or len(content) != _SMALL[name]:
            self._ended = True  # what was there before is good
        elif name == b"IHDR":
            self._note_header(content)
        elif name == b"acTL" and not self._has_data:
            self._most = int.from_bytes(content[:4], "big")
            self._plays = int.from_bytes(content[4:8], "big")
        elif name == b"fcTL" and self._most > 1:
            self._note_control(content)

    def _note_header(self, content: bytes) -> None:
        self.width = int.from_bytes(content[:4], "big")
        self.height = int.from_bytes(content[4:8], "big")
        if not (0 < self.width <= _MOST_SIDE and 0 < self.height <= _MOST_SIDE):
            raise BadImage(f"a PNG of {self.width}x{self.height} pixels cannot be")
        self.bit_depth = content[8]
        self.has_alpha = content[9] in _WITH_ALPHA

    def _note_control(self, content: bytes) -> None:
        if len(self._parts) >= self._most:
            self._ended = True
            return
        numbers = [int.from_bytes(content[n : n + 4], "big") for n in range(4, 20, 4)]
        width, height, x, y = numbers
        fits = 0 < width <= self.width - x and 0 < height <= self.height - y
        dispose, blend = content[24], content[25]
        is_first = not self._has_data  # the IDAT that follows has the size of the whole
        if is_first and numbers != [self.width, self.height, 0, 0]:
            fits = False
        if not fits or dispose > 2 or blend > 1 or (is_first and self._parts):
            if is_first:
                raise BadImage(f"its first picture cannot be {width}x{height} at {x}, {y}")
            self._ended = True
            return
        over = int.from_bytes(content[22:24], "big") or 100
        duration = int.from_bytes(content[20:22], "big") * 1000 // over * 1000
        if not self._parts and dispose == 2:
            dispose = 1  # there is nothing before it
        stop = self._at + 12 + len(content)
        self._begin(self._at, stop, (x, y, width, height), duration, _DISPOSE[dispose], bool(blend))
        self._open, self._fed = True, False
        self._data_is_first |= is_first

    def _note_data(self, name: bytes, size: int, is_here: bool, data: Data) -> bool:
        if name == b"IDAT":
            self._has_data = True
            if self._whole:  # IDATs follow one another
                self._ended = True
                return True
        stop = min(self._at + 12 + size, len(data))
        damage = None
        if is_here and not is_sound(data, self._at):
            damage = f"the checksum of {name.decode()} at {self._at} is another"
        if name == b"IDAT":
            self._stop = stop
            self._damage = self._damage or damage
        is_of_first = self._data_is_first and len(self._parts) == 1
        if self._open and (name == b"fdAT") != is_of_first:
            self._fed = True
            self._change(stop=stop, damage=self._parts[-1].damage or damage)
        elif name == b"fdAT":
            self._ended = True
        return False

    def _close(self, name: bytes) -> None:
        """Note that the data that was being read has ended, with a chunk of another name."""
        self._whole |= self._has_data
        if self._open and self._fed:
            self._open = False
            self._change(complete=True)
        elif self._open and name in (b"fcTL", b"IEND"):
            self._open = False
            self._change(complete=True, damage="the picture has no data")

    def _note_other(self, name: bytes, content: Data) -> None:
        if name == b"tRNS":
            self.has_alpha = True
        elif name == b"eXIf":
            self.orientation = orientation_of_tiff(memoryview(content))
        elif name == b"sRGB":
            self._is_srgb = True
        elif name == b"iCCP":
            self.has_icc = True
        elif name == b"gAMA" and len(content) == 4:
            self.gamma = int.from_bytes(content, "big") / 100_000
        elif name == b"cICP" and len(content) == 4:
            primaries, transfer, matrix, full = content
            self.cicp = primaries, transfer, matrix, full

    def _tracks(self, complete: bool) -> tuple[TrackFacts, ...]:
        if not self._has_data:
            return ()
        if self._is_srgb or self.has_icc or self.cicp is not None:
            self.gamma = None
        if self._parts:
            plays = self._plays or 0
            again = plays - 1 if plays else ENDLESS
            track = TrackFacts(animated=True, repetition_count=again, frames=tuple(self._parts))
            return (track,)
        if self._most > 1 and not (self._ended or complete):
            return ()  # the first picture is still to come
        return self._still(self._stop, self._whole, self._damage)
