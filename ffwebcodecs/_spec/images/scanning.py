"""What the parsers of image files share: data that grows, and pictures that become complete."""

from __future__ import annotations

from .facts import KEEP, MOST_PICTURES, BadImage, ImageFacts, ImagePart, TrackFacts

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview

_TURNS = {2: (0, True), 3: (180, False), 4: (180, True), 5: (90, True), 6: (90, False)}
_TURNS |= {7: (270, True), 8: (270, False)}


def turn_of(orientation: int) -> tuple[int, bool]:
    """Return rotation and flip of EXIF's number; upright where it makes no sense."""
    return _TURNS.get(orientation, (0, False))


class ImageScanner:
    """Finds out what a file says while it arrives.

    Each look goes on where the last one ended, so that it may be taken as often as anything
    arrives: the whole takes time in proportion to the file, not to its square.
    """

    kind = ""

    def __init__(self) -> None:
        self.width = 0
        self.height = 0
        self.orientation = 1
        self.has_alpha: bool | None = None
        self.bit_depth: int | None = None
        self.gamma: float | None = None
        self.cicp: tuple[int, int, int, int] | None = None
        self.has_icc = False
        self._at = 0
        self._ended = False
        self._parts: list[ImagePart] = []
        self._given = 0  # of them: those that others may hold
        self._facts: ImageFacts | None = None
        self._arrived = (-1, False)

    def scan(self, data: Data, complete: bool) -> ImageFacts | None:
        """Return what is known, None if the tracks are not known yet.

        Parameters
        ----------
        data : bytes-like
            All that has arrived: that of the call before, and more. No reference to it is kept.
        complete : bool
            Whether nothing more will come.

        Raises
        ------
        BadImage
            Its tracks cannot be found, whatever may come.
        """
        if self._arrived != (len(data), complete):
            self._arrived = len(data), complete
            if not self._ended:
                self._walk(data, complete)
            self._facts = self._summary(complete)
        if self._facts is None and complete:
            raise BadImage(f"the data ends, after {len(data)} bytes, before a picture begins")
        return self._facts

    # ---- what a kind says of itself

    def _walk(self, data: Data, complete: bool) -> None:
        """Go on from `_at`; set `_ended` where nothing more counts."""
        raise NotImplementedError

    def _tracks(self, complete: bool) -> tuple[TrackFacts, ...]:
        """Return the tracks, none if they are not known yet."""
        raise NotImplementedError

    # ---- shared

    def _turned(self) -> tuple[int, bool]:
        return turn_of(self.orientation)

    def _summary(self, complete: bool) -> ImageFacts | None:
        tracks = self._tracks(complete)
        if not tracks:
            return None
        self._given = len(self._parts)
        rotation, flip = self._turned()
        return ImageFacts(
            kind=self.kind,
            width=self.width,
            height=self.height,
            rotation=rotation,
            flip=flip,
            has_alpha=self.has_alpha,
            bit_depth=self.bit_depth,
            gamma=self.gamma,
            cicp=self.cicp,
            has_icc=self.has_icc,
            tracks=tracks,
        )

    def _still(self, stop: int, whole: bool, damage: str | None = None) -> tuple[TrackFacts, ...]:
        """Return the one track of a still picture."""
        rect = 0, 0, self.width, self.height
        part = ImagePart(0, None, 0, stop, rect, complete=whole, damage=damage)
        return (TrackFacts(animated=False, repetition_count=0, frames=(part,)),)

    def _begin(
        self,
        start: int,
        stop: int,
        rect: tuple[int, int, int, int],
        duration: int,
        dispose: int = KEEP,
        blend: bool = False,
    ) -> None:
        """Note that a picture of an animation begins."""
        if len(self._parts) >= MOST_PICTURES:
            raise BadImage(f"it has more than {MOST_PICTURES} pictures")
        before = self._parts[-1] if self._parts else None
        timestamp = before.timestamp + (before.duration or 0) if before is not None else 0
        self._parts.append(ImagePart(timestamp, duration, start, stop, rect, dispose, blend))

    def _change(self, index: int = -1, **members: object) -> None:
        """Say something else of a picture: in a record of its own, if others may hold this one."""
        part = self._parts[index]
        if index % len(self._parts) < self._given:
            known = {name: getattr(part, name) for name in part.__slots__}
            part = self._parts[index] = ImagePart(**known)
        for name, value in members.items():
            setattr(part, name, value)
