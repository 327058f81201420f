"""What a frame says of itself: its attributes (spec 1.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._spec.frames.color_space import VideoColorSpace
from .._spec.frames.rect import Rect
from ._array_format import array_shape, usual_format
from ._pictured import Pictured
from ._shape import CLOSED
from ._source import copy_metadata

if TYPE_CHECKING:
    import numpy as np


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
    def width(self) -> int:
        """Width of the visible picture as it is stored, in pixels; 0 if closed."""
        return self.size[0]

    @property
    def height(self) -> int:
        """Height of the visible picture as it is stored, in pixels; 0 if closed."""
        return self.size[1]

    @property
    def size(self) -> tuple[int, int]:
        """`width` and `height`: of `visible_rect`, before rotation and whatever shape its pixels
        have; (0, 0) if closed.
        """
        visible = self._shape.visible_rect
        return (0, 0) if visible is None else (visible.width, visible.height)

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of ``numpy.asarray(frame)``, which is `to_ndarray` without parameters: (height,
        width, 3) of RGB, (height, width, 4) of RGBA, (height, width) of gray; (0, 0) if closed.
        """
        shape, picture = self._shape, self._picture
        if picture is None or shape.visible_rect is None:
            return 0, 0
        visible = shape.visible_rect
        return array_shape(usual_format(picture, shape), visible.width, visible.height)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of the samples of ``numpy.asarray(frame)``, uint8 or uint16.

        Raises
        ------
        InvalidStateError
            The frame is closed.
        """
        import numpy as np

        shape = self._shape
        return np.dtype(usual_format(self._open_picture(), shape).dtype)

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
