"""What becomes of pictures of another shape than the first one: nothing is stretched."""

from __future__ import annotations

from fractions import Fraction

from .._av.frames.picture import Picture
from ..frames._shape import FrameShape

_LEAST = 100  # a bar is one if it takes more than this part of the side; encoders round sizes


class Framing:
    """Puts pictures that are shown in another shape than the first one whole into that, with black
    bars beside or above them; turned and mirrored are they all alike.

    Attributes
    ----------
    ratio : Fraction or None
        Width to height of the first one.
    """

    __slots__ = ("_inner", "_shape", "_size", "ratio")

    def __init__(self) -> None:
        self.ratio: Fraction | None = None
        self._size = (0, 0)
        self._shape: FrameShape | None = None  # that `_inner` is for
        self._inner = (0, 0)

    def begin(self, shape: FrameShape, size: tuple[int, int]) -> None:
        """Note what the first picture is, and the size that it is encoded at."""
        self.ratio, self._size = _ratio(shape), size

    def of(self, picture: Picture, shape: FrameShape) -> tuple[Picture, FrameShape]:
        """Return a picture to be scaled to the size of the output: this one, or a new one."""
        if shape is not self._shape:
            self._inner = self._inner_size(_ratio(shape))
            self._shape = shape
        if self._inner == self._size:
            return picture, shape
        from ..frames._fitting import framed

        return framed(picture, shape, self._size, self._inner)

    def _inner_size(self, ratio: Fraction) -> tuple[int, int]:
        assert self.ratio is not None
        width, height = self._size
        if ratio < self.ratio:
            inner = max(1, round(width * ratio / self.ratio)), height
        else:
            inner = width, max(1, round(height * self.ratio / ratio))
        spare = width - inner[0], height - inner[1]
        if max(spare) < 2 or (spare[0] * _LEAST <= width and spare[1] * _LEAST <= height):
            return self._size
        return inner


def _ratio(shape: FrameShape) -> Fraction:
    """Return width to height as a picture is shown, but for its rotation."""
    ratio = Fraction(shape.display_width, shape.display_height)
    return 1 / ratio if shape.rotation % 180 else ratio
