"""Pictures put whole into a larger one, with black around them. Imported when the first is."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._av.frames import frame as native
from .._av.frames.orientation import forget
from .._av.frames.picture import Picture
from .._av.frames.pixel_format import describe, samples
from .._av.scale.cache import convert
from .._av.scale.image import Image
from .._spec.frames.color_space import members_of
from .._spec.frames.formats import BY_FFMPEG
from .._spec.frames.rect import Rect
from ._copy import Source, source_image
from ._shape import FrameShape
from ._turning import UNPACKED
from .video_frame import VideoFrame

if TYPE_CHECKING:
    from .._ffi._types import AVFrame

_TINY = 16  # pixels a side of what becomes black all over


def framed(
    picture: Picture, shape: FrameShape, size: tuple[int, int], inner: tuple[int, int]
) -> tuple[Picture, FrameShape]:
    """Return a picture of its own of `size`, black, in whose middle another one's visible part is,
    scaled to `inner`; and its shape.

    Raises
    ------
    NotSupportedError
        libswscale cannot convert the pixels.
    MemoryError
        FFmpeg cannot allocate the picture.
    """
    visible, name = shape.visible_rect, shape.pix_fmt
    assert visible is not None and name is not None
    planes = samples(name)
    if planes is None:  # samples that share bytes have no place of their own
        name = UNPACKED.get(name, "rgb24")
        planes = samples(name)
    assert planes is not None
    rows = [(-(-size[0] // sub_x) * step, -(-size[1] // sub_y)) for sub_x, sub_y, step in planes]
    made = native.new(name, *size, rows)
    native.resemble(made, picture.ptr, is_on_its_side=False)
    forget(made)
    _blacken(made, name, size, shape)
    # Chroma samples stand where those of the larger picture do.
    step_x, step_y = (max(plane[axis] for plane in planes) for axis in (0, 1))
    x = (size[0] - inner[0]) // 2 // step_x * step_x
    y = (size[1] - inner[1]) // 2 // step_y * step_y
    convert(
        source_image(Source(picture.ptr, shape, visible)),
        _image(made, name, (x, y), inner, shape),
    )
    return Picture(made), FrameShape(
        BY_FFMPEG.get(name),
        name,
        size,
        Rect(0, 0, *size),
        size[::-1] if shape.rotation % 180 else size,
        shape.rotation,
        shape.flip,
        shape.color_space,
    )


def _image(
    ptr: AVFrame, name: str, place: tuple[int, int], size: tuple[int, int], shape: FrameShape
) -> Image:
    """Return a part of a frame whose samples mean what `shape` says."""
    primaries, transfer, matrix, full = members_of(shape.color_space)
    described = describe(name)
    if described is not None and described.rgb:
        matrix, full = "rgb", True
    elif full is None and name.startswith(("gray", "ya")):
        full = True
    return Image(*native.region(ptr, name, *place), name, *size, matrix, full, primaries, transfer)


def _blacken(ptr: AVFrame, name: str, size: tuple[int, int], shape: FrameShape) -> None:
    pixels = bytes(3 * _TINY**2)
    with VideoFrame(
        pixels, format="RGB", coded_width=_TINY, coded_height=_TINY, timestamp=0
    ) as black:
        dark = black._open_picture().ptr
        convert(
            _image(dark, "rgb24", (0, 0), (_TINY, _TINY), shape),
            _image(ptr, name, (0, 0), size, shape),
        )
