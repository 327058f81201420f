"""Whether a picture must be turned at all; numpy is imported only then."""

from __future__ import annotations

from .._av.frames.picture import Picture
from ._shape import FrameShape


def upright(picture: Picture, shape: FrameShape) -> tuple[Picture, FrameShape]:
    """Return a picture and a shape that say nothing of rotation and flip: these two, or new ones
    (`_turning.turn`).
    """
    if not shape.rotation and not shape.flip:
        return picture, shape
    from ._turning import turn

    return turn(picture, shape)
