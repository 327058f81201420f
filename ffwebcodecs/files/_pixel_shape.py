"""Whether an output says which shape its pixels have: where nothing says it they are square."""

from __future__ import annotations

from fractions import Fraction

from .._av.files import holds
from .._av.files.containers import Container
from .._av.files.video_stream import VideoStream
from .._spec.codecs.pixel_shape import coded_pixel_shape
from ._losses import Losses

_NEAR = Fraction(1, 50)  # of GIF's and MPEG-1's few ratios


def tell_pixel_shape(video: VideoStream, container: Container, losses: Losses) -> None:
    """Tell of pixels that are not square, and will be shown as if they were, or nearly so."""
    width, height = video.sample_aspect_ratio
    if width <= 0 or height <= 0 or holds.pixel_shape(container.name):
        return
    shape = Fraction(width, height)
    coded = (0, 1) if video.native is None else video.native.sample_aspect_ratio
    if coded[0] > 0 and coded[1] > 0:
        said = Fraction(*coded)
    elif video.native is not None:
        said = Fraction(1)
    else:
        said = coded_pixel_shape(video.codec, shape, video.width, video.height)
    if abs(said / shape - 1) <= _NEAR:
        return
    what = f"the shape of the pixels, {shape.numerator}:{shape.denominator}"
    name = container.name
    if said != 1 and name != video.codec:
        name = f"{video.codec} in {name}"
    looks = "narrow" if said < shape else "wide"
    losses.add(
        what,
        f"{name} cannot hold it",
        f"{name} cannot hold {what}: the pictures will look too {looks} (.mp4, .mkv and .webm hold "
        "it)",
    )
