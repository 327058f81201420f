"""ImageTrack: a still picture or an animation of an image file."""

from __future__ import annotations

from typing import Protocol

from .._public import public
from .._spec.numbers import to_flag


class TrackOwner(Protocol):
    """Who knows which track is selected."""

    def _is_selected(self, track: ImageTrack) -> bool: ...

    def _select(self, track: ImageTrack, selected: bool) -> None: ...


@public
class ImageTrack:
    """One of the `ImageDecoder.tracks`.

    Of an animation that was not selected yet, `frame_count` and `repetition_count` are 0.
    """

    __slots__ = ("_animated", "_count", "_known", "_owner", "_repetitions")

    def __init__(self, owner: TrackOwner, animated: bool, known: bool) -> None:
        self._owner = owner
        self._animated = animated
        self._known = known or not animated
        self._count = 0
        self._repetitions: float = 0

    @property
    def animated(self) -> bool:
        """Whether it is an animation."""
        return self._animated

    @property
    def frame_count(self) -> int:
        """How many frames there are; while data arrives, those of which some has."""
        return self._count if self._known else 0

    @property
    def repetition_count(self) -> float:
        """How often it is played again after the first time: an int, or ``math.inf``."""
        return self._repetitions if self._known else 0

    @property
    def selected(self) -> bool:
        """Whether `ImageDecoder.decode` decodes this one.

        Setting it selects the track instead of the one that was, or none; what is being decoded
        fails with AbortError. Setting what is set already does nothing.
        """
        return self._owner._is_selected(self)

    @selected.setter
    def selected(self, selected: bool) -> None:
        self._owner._select(self, to_flag(selected, "selected"))

    def _say(self, animated: bool, count: int, repetitions: float) -> None:
        """Note what is known by now."""
        self._animated = animated
        self._count = count
        self._repetitions = repetitions

    def _was_selected(self) -> None:
        self._known = True

    def __repr__(self) -> str:
        kind = f"animation of {self.frame_count} frames" if self._animated else "still picture"
        return f"<ImageTrack {kind}{', selected' if self.selected else ''}>"
