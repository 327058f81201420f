"""AVIF: a picture as an item (ISO/IEC 23008-12), an animation as a track (ISO/IEC 14496-12).

The tracks are known when `meta` and, of a file that says it has an animation, `moov` are there. A
file with both has two tracks, the still picture first. As in browsers, a box that does not fit
into the one around it is the end of it all, and so is an animation that lacks a byte.
"""

from __future__ import annotations

import struct

from ..files.iso_pictures import IsoPictures
from .avif_track import AvifTrack, boxes
from .facts import KEEP, BadImage, TrackFacts
from .scanning import ImageScanner

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .scanning import Data

_MOST_HEADER = 1 << 25  # bytes of `meta`, and of `moov`
_MOST_BOXES = 1000  # of the file itself
_BRANDS = (b"avif", b"avis")
_CODED = (b"av01", b"grid", b"iden", b"iovl", b"tmap")


class AvifScanner(ImageScanner):
    """Reads boxes."""

    kind = "avif"

    def __init__(self) -> None:
        super().__init__()
        self._brands: list[bytes] = []
        self._boxes = 0
        self._has_item = False
        self._item_parts: list[tuple[int, int]] = []  # starts and stops, in order of their stops
        self._orientation_of_item = (0, False)
        self._track: AvifTrack | None = None
        self._arrived_pictures = 0

    @property
    def _wanted(self) -> set[bytes]:
        """The boxes that are still to come."""
        wanted = set()
        if b"avis" in self._brands and self._track is None:
            wanted.add(b"moov")
        if not self._has_item and (b"avif" in self._brands or not wanted):
            wanted.add(b"meta")
        return wanted

    def _walk(self, data: Data, complete: bool) -> None:
        while len(data) - self._at >= 8 and not (self._brands and not self._wanted):
            size, kind = struct.unpack(">I4s", bytes(data[self._at : self._at + 8]))
            start = 8
            if size == 1:
                if len(data) - self._at < 16:
                    return
                size, start = struct.unpack(">Q", bytes(data[self._at + 8 : self._at + 16]))[0], 16
            self._boxes += 1
            if (kind == b"ftyp") != (self._boxes == 1) or self._boxes > _MOST_BOXES:
                raise BadImage(f"an AVIF begins with ftyp, at {self._at} there is {kind!r}")
            if size and size < start:
                raise BadImage(f"{kind!r} at {self._at} cannot have {size} bytes")
            stop = self._at + size if size else len(data) + (not complete)
            if kind in (b"ftyp", b"meta", b"moov"):
                if stop - self._at > _MOST_HEADER:
                    raise BadImage(f"{kind!r} has more than {_MOST_HEADER} bytes")
                if stop > len(data):
                    self._boxes -= 1
                    return
                self._note(kind, bytes(data[self._at + start : stop]), data)
            self._at = stop

    def _note(self, kind: bytes, content: bytes, data: Data) -> None:
        if kind == b"ftyp":
            brands = [content[:4], *(content[n : n + 4] for n in range(8, len(content), 4))]
            if not any(brand in _BRANDS for brand in brands):
                raise BadImage(f"it is of the brand {content[:4]!r}, not avif or avis")
            self._brands = brands
        elif kind == b"meta" and not self._has_item:
            self._note_items(content, data)
        elif kind == b"moov" and b"avis" in self._brands and self._track is None:
            self._track = AvifTrack(content)
            self.has_alpha = bool(self.has_alpha) or self._track.has_alpha
            if not self._has_item:
                self.width, self.height = self._track.size

    def _note_items(self, content: bytes, data: Data) -> None:
        found = {name for name, _, _ in boxes(content, 4, len(content), "meta")}
        missing = {b"hdlr", b"pitm", b"iloc", b"iinf", b"iprp"} - found
        if missing:
            raise BadImage(f"its pictures have no {min(missing).decode()}")
        for name, first, last in boxes(content, 4, len(content), "meta"):
            if name == b"iprp":
                inner = {kind: (a, b) for kind, a, b in boxes(content, first, last, "iprp")}
                if b"ipco" not in inner:
                    raise BadImage("its pictures have no properties")
                list(boxes(content, *inner[b"ipco"], "ipco"))
        pictures = IsoPictures(lambda first, size: bytes(data[first : first + size]))
        item = pictures.items.get(pictures.primary)
        if item is None or item.kind not in _CODED:
            raise BadImage(f"its picture, item {pictures.primary}, is not in it")
        said = dict(item.properties)
        extent = said.get(b"ispe", b"")
        if len(extent) < 12 or (item.kind == b"av01" and b"av1C" not in said):
            raise BadImage("the size of its picture, or its codec, is not said")
        self.width, self.height = struct.unpack(">II", extent[4:12])
        if not (self.width and self.height):
            raise BadImage(f"an AVIF of {self.width}x{self.height} pixels cannot be")
        self._note_properties(item.properties)
        self.has_alpha = bool(self.has_alpha) or pictures.alpha_item is not None
        self._orientation_of_item = pictures.orientation
        needed = {pictures.primary, *item.refers_to(b"dimg"), pictures.alpha_item}
        parts = [
            (start, start + size)
            for number in needed
            if (one := pictures.items.get(number or 0)) is not None and one.method == 0
            for start, size in one.parts
        ]
        self._item_parts = sorted(parts, key=lambda part: part[1])
        self._has_item = True

    def _note_properties(self, properties: list[tuple[bytes, bytes]]) -> None:
        for name, content in properties:
            if name == b"pixi" and len(content) > 5:
                self.bit_depth = content[5]
            elif name == b"colr" and content[:4] == b"nclx" and len(content) >= 11:
                primaries, transfer, matrix, full = struct.unpack(">HHHB", content[4:11])
                self.cicp = primaries, transfer, matrix, full >> 7
            elif name == b"colr" and content[:4] in (b"prof", b"rICC"):
                self.has_icc = True

    def _turned(self) -> tuple[int, bool]:
        return self._orientation_of_item

    # ---- tracks

    def _tracks(self, complete: bool) -> tuple[TrackFacts, ...]:
        if not self._brands or self._wanted:
            if complete and self._has_item and self._wanted == {b"moov"}:
                raise BadImage("its animation is missing")
            return ()
        tracks: tuple[TrackFacts, ...] = ()
        arrived = self._arrived[0]
        if self._has_item:
            stop = self._item_parts[-1][1] if self._item_parts else self._at
            tracks = self._still(min(stop, arrived), stop <= arrived)
        if self._track is not None:
            tracks += (self._animation(self._track, arrived, complete),)
        return tracks

    def _animation(self, track: AvifTrack, arrived: int, complete: bool) -> TrackFacts:
        if not self._parts:
            rect = (0, 0, *track.size)
            for start, stop, duration in track.samples:
                self._begin(start, stop, rect, duration, KEEP)
        parts = self._parts
        while self._arrived_pictures < len(parts):
            part = parts[self._arrived_pictures]
            if part.stop > arrived:
                break
            self._change(self._arrived_pictures, complete=True)
            self._arrived_pictures += 1
        if complete and self._arrived_pictures < len(parts):
            raise BadImage(f"picture {self._arrived_pictures} of its animation is cut off")
        animated = len(parts) > 1
        again = track.repetition_count if animated else 0
        return TrackFacts(animated=animated, repetition_count=again, frames=tuple(parts))
