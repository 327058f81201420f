"""What a VideoFrame and an ImageBitmap both are: a picture with a shape, open or closed."""

from __future__ import annotations

from ._hold import Hold
from ._shape import CLOSED, FrameShape


class Surface(Hold):
    """A hold on a picture, and the shape that it is seen with."""

    __slots__ = ("_shape",)

    _shape: FrameShape

    @property
    def format(self) -> str | None:
        """Pixel format; None if it is closed or its format has no WebCodecs name."""
        fmt = self._shape.format
        return None if fmt is None else fmt.name

    def close(self) -> None:
        """Free its hold on the pixels now; twice is fine.

        The memory goes with the last holder: arrays, clones, frames of a bitmap and calls that are
        still running each hold it.
        """
        self._picture = None
        self._shape = CLOSED
