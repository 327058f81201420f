"""The animation in an AVIF: a track of pictures, as `moov` describes it."""

from __future__ import annotations

import struct

from .facts import ENDLESS, MOST_PICTURES, BadImage

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterator

_INDEFINITE = ((1 << 32) - 1, (1 << 64) - 1)
_HANDLERS = (b"pict", b"vide")

Place = tuple[int, int]


def boxes(data: bytes, at: int, end: int, parent: str) -> Iterator[tuple[bytes, int, int]]:
    """Yield the name of each box and where its content is.

    Raises
    ------
    BadImage
        One does not fit into its parent.
    """
    while at < end:
        if end - at < 8:
            raise BadImage(f"{parent} ends within a box")
        size, kind = struct.unpack_from(">I4s", data, at)
        start = at + 8
        if size == 1 and end - at >= 16:
            size, start = struct.unpack_from(">Q", data, start)[0], at + 16
        if at + size < start or at + size > end:
            raise BadImage(f"{kind!r} in {parent} has {size} bytes, {end - at} are left")
        yield kind, start, at + size
        at += size


def _first(data: bytes, place: Place, parent: str) -> dict[bytes, Place]:
    found: dict[bytes, Place] = {}
    for kind, start, stop in boxes(data, *place, parent):
        found.setdefault(kind, (start, stop))
    return found


class AvifTrack:
    """The pictures of the first track that is no auxiliary one.

    Attributes
    ----------
    size : (int, int)
    has_alpha : bool
        Whether another track is its alpha channel.
    samples : list of (int, int, int)
        Where each begins and ends in the file, and how long it is shown, in microseconds.
    repetition_count : float

    Raises
    ------
    BadImage
        There is none, or it makes no sense.
    """

    def __init__(self, moov: bytes) -> None:
        self._data = moov
        self.size = (0, 0)
        self.has_alpha = False
        self.samples: list[tuple[int, int, int]] = []
        self.repetition_count: float = ENDLESS
        found = False
        try:
            for kind, start, stop in boxes(moov, 0, len(moov), "moov"):
                if kind == b"trak":
                    found = self._read(_first(moov, (start, stop), "trak"), found) or found
        except (struct.error, IndexError) as error:
            raise BadImage("its animation ends within a number") from error
        if not found:
            raise BadImage("its animation has no pictures")

    def _read(self, trak: dict[bytes, Place], found: bool) -> bool:
        """Take a track in if it is the one, or tells that there is alpha."""
        data = self._data
        if not {b"tkhd", b"mdia"} <= trak.keys():
            raise BadImage("its animation has a track without tkhd or mdia")
        mdia = _first(data, trak[b"mdia"], "mdia")
        if not {b"mdhd", b"hdlr", b"minf"} <= mdia.keys():
            raise BadImage("its animation has a track without mdhd, hdlr or minf")
        handler = mdia[b"hdlr"][0] + 8
        if b"tref" in trak:
            names = [kind for kind, _, _ in boxes(data, *trak[b"tref"], "tref")]
            if b"auxl" in names:
                self.has_alpha = True
                return False
        if found or data[handler : handler + 4] not in _HANDLERS:
            return False
        minf = _first(data, mdia[b"minf"], "minf")
        if b"stbl" not in minf:
            raise BadImage("its animation has no stbl")
        stbl = _first(data, minf[b"stbl"], "stbl")
        self._read_size(stbl)
        head = mdia[b"mdhd"][0]
        timescale = struct.unpack_from(">I", data, head + (20 if data[head] else 12))[0]
        if not timescale:
            raise BadImage("its animation has a time scale of 0")
        self._read_samples(stbl, timescale)
        self._read_loops(trak)
        return True

    def _read_size(self, stbl: dict[bytes, Place]) -> None:
        data = self._data
        if b"stsd" not in stbl:
            raise BadImage("its animation has no stsd")
        first, last = stbl[b"stsd"]
        for kind, start, _ in boxes(data, first + 8, last, "stsd"):
            if kind == b"av01":
                self.size = struct.unpack_from(">HH", data, start + 24)
        if not all(self.size):
            raise BadImage("its animation is not coded as AV1, or has no size")

    def _read_samples(self, stbl: dict[bytes, Place], timescale: int) -> None:
        sizes = self._sizes(stbl)
        delays = self._delays(stbl, len(sizes))
        places = self._places(stbl, sizes)
        for place, size, delay in zip(places, sizes, delays, strict=True):
            self.samples.append((place, place + size, delay * 1_000_000 // timescale))

    def _sizes(self, stbl: dict[bytes, Place]) -> list[int]:
        data = self._data
        if b"stsz" not in stbl:
            raise BadImage("its animation has no stsz")
        first, last = stbl[b"stsz"]
        same, count = struct.unpack_from(">II", data, first + 4)
        if not 0 < count <= MOST_PICTURES:
            raise BadImage(f"its animation has {count} pictures, 1 to {MOST_PICTURES} are read")
        if same:
            return [same] * count
        if first + 12 + 4 * count > last:
            raise BadImage("stsz is too short")
        return list(struct.unpack_from(f">{count}I", data, first + 12))

    def _delays(self, stbl: dict[bytes, Place], count: int) -> list[int]:
        delays: list[int] = []
        first, last = stbl.get(b"stts", (0, 0))
        for at in range(first + 8, last - 7, 8):
            many, delay = struct.unpack_from(">II", self._data, at)
            delays += [delay] * min(many, count - len(delays))
        if len(delays) < count:
            raise BadImage(f"stts has delays for {len(delays)} of {count} pictures")
        return delays

    def _places(self, stbl: dict[bytes, Place], sizes: list[int]) -> list[int]:
        data = self._data
        wide = b"co64" in stbl
        first, last = stbl.get(b"co64" if wide else b"stco", (0, 0))
        step, code = (8, ">Q") if wide else (4, ">I")
        chunks = [
            struct.unpack_from(code, data, at)[0] for at in range(first + 8, last - step + 1, step)
        ]
        start, end = stbl.get(b"stsc", (0, 0))
        runs = [struct.unpack_from(">II", data, at) for at in range(start + 8, end - 11, 12)]
        places: list[int] = []
        run = 0
        for number, place in enumerate(chunks, 1):
            while run + 1 < len(runs) and runs[run + 1][0] <= number:
                run += 1
            at = place
            for _ in range(min(runs[run][1] if runs else 0, len(sizes) - len(places))):
                places.append(at)
                at += sizes[len(places) - 1]
        if len(places) < len(sizes):
            raise BadImage(f"places are said of {len(places)} of {len(sizes)} pictures")
        return places

    def _read_loops(self, trak: dict[bytes, Place]) -> None:
        """Read how often the edit list is played: up to the duration of the track."""
        data = self._data
        if b"edts" not in trak:
            return
        edts = _first(data, trak[b"edts"], "edts")
        if b"elst" not in edts:
            return
        first, _ = edts[b"elst"]
        if not data[first + 3] & 1:
            self.repetition_count = 0
            return
        edit = struct.unpack_from(">Q" if data[first] else ">I", data, first + 8)[0]
        head = trak[b"tkhd"][0]
        whole = struct.unpack_from(
            ">Q" if data[head] else ">I", data, head + (28 if data[head] else 20)
        )[0]
        if whole in _INDEFINITE or not edit:
            return
        self.repetition_count = max(-(-whole // edit) - 1, 0)
