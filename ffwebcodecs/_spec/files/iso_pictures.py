"""Which pictures of an ISO file belong together: tracks and items of alpha, tiles of a grid.

FFmpeg gives each as a stream of its own, or none of them, and does not say what they are to each
other. ISO/IEC 14496-12 has the boxes (`hdlr`, `tref`, `auxi`, `meta`, `iinf`, `iref`, `iloc`), and
ISO/IEC 23008-12 the `grid`. Where a box makes no sense, nothing is known.
"""

from __future__ import annotations

import struct

from .claims_mp4 import boxes as boxes

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .limits import Reader

BRANDS = frozenset(
    b"mif1 mif2 msf1 miaf avif avis heic heix heim heis hevc hevx hevm hevs "
    b"jpeg jpgs j2ki vvic vvis 1pic".split()
)
"""Of files that hold pictures as items, or sequences of pictures."""

_ALPHA = (b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha", b"urn:mpeg:hevc:2015:auxid:1")
_MOST = 1 << 24  # bytes of a box that is looked at
_MOST_BOXES = 1000  # of the file itself
_DERIVED = (b"grid", b"iovl", b"tmap")  # made of several other items; `iden` is one item as it is
_PARENTS = (b"mdia", b"minf", b"stbl")


class PictureTrack:
    """A track: its handler, whose auxiliary it is, of what kind."""

    __slots__ = ("handler", "identifier", "kind", "partner")

    def __init__(self) -> None:
        self.identifier = 0
        self.handler = b""
        self.partner: int | None = None
        self.kind = b""

    @property
    def is_auxiliary(self) -> bool:
        """Whether its pictures are no pictures to look at: alpha, depth."""
        return self.handler == b"auxv" or self.partner is not None

    @property
    def is_alpha(self) -> bool:
        """Whether it is an alpha channel; also where nothing says of what kind it is."""
        return self.is_auxiliary and (not self.kind or self.kind in _ALPHA)


class PictureItem:
    """An item: its type, where its bytes are, what it refers to."""

    __slots__ = ("hidden", "kind", "method", "parts", "properties", "references")

    def __init__(self, kind: bytes, hidden: bool) -> None:
        self.kind = kind
        self.hidden = hidden
        self.method = 0
        self.parts: list[tuple[int, int]] = []
        self.properties: list[tuple[bytes, bytes]] = []
        self.references: list[tuple[bytes, list[int]]] = []

    @property
    def auxiliary(self) -> bytes:
        """What kind of auxiliary picture it is, empty if it is none."""
        for kind, content in self.properties:
            if kind == b"auxC":
                return content[4:].split(b"\0", 1)[0]
        return b""

    def refers_to(self, kind: bytes) -> list[int]:
        """Return the items that it refers to in this way, in order."""
        return [number for name, numbers in self.references if name == kind for number in numbers]


class IsoPictures:
    """The tracks and items of a file.

    Attributes
    ----------
    tracks : list of PictureTrack
    items : dict of int to PictureItem
    primary : int
        The item that is the picture, 0 if there is none.
    """

    def __init__(self, read: Reader) -> None:
        self.tracks: list[PictureTrack] = []
        self.items: dict[int, PictureItem] = {}
        self.primary = 0
        self._read = read
        self._data = b""  # of `idat`
        try:
            self._walk(read)
        except (struct.error, IndexError):
            self.items.clear()
            self.primary = 0

    def _walk(self, read: Reader) -> None:
        at = 0
        for _ in range(_MOST_BOXES):
            head = read(at, 16)
            if len(head) < 8:
                return
            size, kind = struct.unpack_from(">I4s", head)
            start = 8
            if size == 1:
                size, start = struct.unpack_from(">Q", head, 8)[0], 16
            length = size - start if size else _MOST
            if kind in (b"meta", b"moov") and 0 <= length <= _MOST:
                content = read(at + start, length)
                if kind == b"meta":
                    self._meta(content)
                else:
                    self._moov(content)
            if size < start:
                return
            at += size

    # ---- tracks

    def _moov(self, data: bytes) -> None:
        for kind, first, last in boxes(data, 0, len(data)):
            if kind == b"trak":
                track = PictureTrack()
                _look_into(track, data, first, last)
                self.tracks.append(track)

    # ---- items

    def _meta(self, data: bytes) -> None:
        found = {kind: (first, last) for kind, first, last in boxes(data, 4, len(data))}
        if b"iinf" not in found or b"pitm" not in found:
            return
        first, _ = found[b"pitm"]
        self.primary = _number(data, first + 4, 4 if data[first] else 2)
        self._entries(data, *found[b"iinf"])
        if b"iloc" in found:
            self._places(data, *found[b"iloc"])
        if b"iref" in found:
            self._references(data, *found[b"iref"])
        if b"iprp" in found:
            self._properties(data, *found[b"iprp"])
        if b"idat" in found:
            self._data = data[slice(*found[b"idat"])]

    def _entries(self, data: bytes, first: int, last: int) -> None:
        for kind, at, _ in boxes(data, first + (8 if data[first] else 6), last):
            version = data[at]
            if kind == b"infe" and version >= 2:
                width = 2 if version == 2 else 4
                name = data[at + 6 + width : at + 10 + width]
                hidden = bool(data[at + 3] & 1)
                self.items[_number(data, at + 4, width)] = PictureItem(name, hidden)

    def _places(self, data: bytes, at: int, last: int) -> None:
        version, sizes = data[at], _number(data, at + 4, 2)
        offset, length, base, index = (sizes >> shift & 15 for shift in (12, 8, 4, 0))
        wide = 4 if version == 2 else 2
        count = _number(data, at + 6, wide)
        at += 6 + wide
        for _ in range(count):
            item = self.items.get(_number(data, at, wide))
            at += wide
            method = 0
            if version:
                method = _number(data, at, 2) & 15
                at += 2
            start = _number(data, at + 2, base)
            parts = _number(data, at + 2 + base, 2)
            at += 4 + base
            step = offset + length + (index if version else 0)
            if at + parts * step > last:
                return
            for _ in range(parts):
                skip = index if version else 0
                place = start + _number(data, at + skip, offset)
                if item is not None:
                    item.method = method
                    item.parts.append((place, _number(data, at + skip + offset, length)))
                at += step

    def _references(self, data: bytes, first: int, last: int) -> None:
        wide = 4 if data[first] else 2
        for kind, at, end in boxes(data, first + 4, last):
            item = self.items.get(_number(data, at, wide))
            places = range(at + wide + 2, end - wide + 1, wide)
            if item is not None:
                item.references.append((kind, [_number(data, place, wide) for place in places]))

    def _properties(self, data: bytes, first: int, last: int) -> None:
        known: list[tuple[bytes, bytes]] = []
        for kind, at, end in boxes(data, first, last):
            if kind == b"ipco":
                known = [(name, data[a:b]) for name, a, b in boxes(data, at, end)]
            elif kind == b"ipma":
                self._associate(data, at, known)

    def _associate(self, data: bytes, at: int, known: list[tuple[bytes, bytes]]) -> None:
        size, wide = 4 if data[at] else 2, 2 if data[at + 3] & 1 else 1
        count = _number(data, at + 4, 4)
        at += 8
        for _ in range(count):
            item = self.items.get(_number(data, at, size))
            many = data[at + size]
            at += size + 1
            for _ in range(many):
                place = _number(data, at, wide) & (0x7FFF if wide == 2 else 0x7F)
                if item is not None and 0 < place <= len(known):
                    item.properties.append(known[place - 1])
                at += wide

    # ---- what follows

    def alpha_track_of(self, track: int) -> int | None:
        """Return the track that is the alpha channel of another one, None if there is none."""
        for one in self.tracks:
            if one.is_alpha and one.partner in (track, None) and one.identifier != track:
                return one.identifier
        return None

    @property
    def auxiliary_tracks(self) -> Mapping[int, PictureTrack]:
        """Tracks that are no pictures to look at."""
        return {track.identifier: track for track in self.tracks if track.is_auxiliary}

    @property
    def alpha_item(self) -> int | None:
        """The item that is the alpha channel of the picture, None if there is none."""
        for number, item in self.items.items():
            if item.auxiliary in _ALPHA and self.primary in item.refers_to(b"auxl"):
                return number
        return None

    @property
    def orientation(self) -> tuple[int, bool]:
        """How the picture is turned, clockwise, and mirrored then to be shown.

        ISO/IEC 23036 (MIAF) has the turn first, then the mirror.
        """
        item = self.items.get(self.primary)
        said = {} if item is None else {kind: content[:1] for kind, content in item.properties}
        rotation = -90 * (said.get(b"irot", b"\0")[0] & 3) if said.get(b"irot") else 0
        mirror = said.get(b"imir")
        if mirror and not mirror[0] & 1:  # top to bottom
            rotation += 180
        return rotation % 360, bool(mirror)

    @property
    def derived(self) -> str | None:
        """How the picture is made of several others, None if it is coded as one."""
        item = self.items.get(self.primary)
        if item is None or item.kind not in _DERIVED:
            return None
        tiles = len(item.refers_to(b"dimg"))
        if item.kind == b"grid" and tiles == 1:
            return None
        if item.kind == b"grid":
            return f"a grid of {tiles} tiles"
        return f"{item.kind.decode()} of {tiles} pictures"

    def bytes_of(self, number: int) -> bytes | None:
        """Return the data of an item, None if it is not in this file."""
        item = self.items[number]
        if item.method > 1 or sum(size for _, size in item.parts) > _MOST:
            return None
        if item.method == 1:
            return b"".join(self._data[at : at + size] for at, size in item.parts)
        pieces = [self._read(at, size) for at, size in item.parts]
        whole = b"".join(pieces)
        return whole if len(whole) == sum(size for _, size in item.parts) else None


def _look_into(track: PictureTrack, data: bytes, first: int, last: int) -> None:
    for kind, at, end in boxes(data, first, last):
        if kind == b"tkhd":
            track.identifier = _number(data, at + (20 if data[at] else 12), 4)
        elif kind == b"hdlr" and not track.handler:
            track.handler = data[at + 8 : at + 12]
        elif kind == b"tref":
            for name, place, _ in boxes(data, at, end):
                if name == b"auxl":
                    track.partner = _number(data, place, 4)
        elif kind == b"stsd":
            for _, entry, entry_end in boxes(data, at + 8, end):
                for name, place, stop in boxes(data, entry + 78, entry_end):
                    if name == b"auxi":
                        track.kind = data[place + 4 : stop].split(b"\0", 1)[0]
        elif kind in _PARENTS:
            _look_into(track, data, at, end)


def _number(data: bytes, at: int, size: int) -> int:
    if at + size > len(data):
        raise IndexError(at)
    return int.from_bytes(data[at : at + size], "big")
