"""What a frame says of itself: its attributes (spec 1.4)."""

from __future__ import annotations

from typing import Any

from .._spec.frames.color_space import VideoColorSpace
from .._spec.frames.rect import Rect
from ._pictured import Pictured
from ._shape import CLOSED
from ._source import copy_metadata


class Described(Pictured):
    """A surface with a time and metadata, which shows its shape."""

    __slots__ = ("_duration", "_metadata", "_timestamp")

    _timestamp: int
    _duration: int | None
    _metadata: dict[str, Any] | None

    @property
    def timestamp(self) -> int:
        """Presentation time in microseconds; kept when the frame is closed."""
        return self._timestamp

    @property
    def duration(self) -> int | None:
        """Duration in microseconds, None if unknown; kept when the frame is closed."""
        return self._duration

    @property
    def coded_width(self) -> int:
        """Width of the stored picture in pixels, 0 if closed."""
        return self._shape.coded_width

    @property
    def coded_height(self) -> int:
        """Height of the stored picture in pixels, 0 if closed."""
        return self._shape.coded_height

    @property
    def coded_rect(self) -> Rect | None:
        """The whole stored picture, None if closed."""
        shape = self._shape
        if shape is CLOSED:
            return None
        return Rect(0, 0, shape.coded_width, shape.coded_height)

    @property
    def visible_rect(self) -> Rect | None:
        """The part to show, in pixels of the coded frame; None if closed."""
        return self._shape.visible_rect

    @property
    def display_width(self) -> int:
        """Width to show it at in pixels, after rotation; 0 if closed."""
        return self._shape.display_width

    @property
    def display_height(self) -> int:
        """Height to show it at in pixels, after rotation; 0 if closed."""
        return self._shape.display_height

    @property
    def rotation(self) -> int:
        """Clockwise degrees to turn it by when shown: 0, 90, 180 or 270."""
        return self._shape.rotation

    @property
    def flip(self) -> bool:
        """Whether to mirror it horizontally after turning."""
        return self._shape.flip

    @property
    def color_space(self) -> VideoColorSpace:
        """What its numbers mean; all members None if closed."""
        return self._shape.color_space

    def metadata(self) -> dict[str, Any]:
        """Return a deep copy of the metadata, an empty dictionary if there is none."""
        metadata = self._metadata
        self._open_picture()  # after the metadata: close() forgets the picture first
        return copy_metadata(metadata) or {}
