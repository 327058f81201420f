"""Pictures turned upright: the same samples at other places, none of them changed.

4:2:0 stays what it is, a quarter turn makes 4:2:2 of 4:4:0. Of 4:2:2 it would make 4:4:0, which has
no name in WebCodecs and few encoders take: each of its chroma samples stands twice in 4:4:4
instead. Imported when the first picture is turned, so that numpy is too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._av.frames import frame as native
from .._av.frames.orientation import forget
from .._av.frames.picture import Picture
from .._av.frames.pixel_format import exists, samples
from .._av.scale.cache import convert
from .._av.scale.image import Image
from .._spec.frames.color_space import members_of
from .._spec.frames.formats import BY_FFMPEG, FORMATS, PixelFormat
from .._spec.frames.rect import Rect
from ..errors import NotSupportedError
from ._copy import Source, source_image
from ._shape import FrameShape

if TYPE_CHECKING:
    import numpy.typing as npt

    from .._ffi._types import AVFrame

    Samples = npt.NDArray[Any]

# Formats in which an element is more or less than a pixel, and one that has the same samples.
UNPACKED = {
    **dict.fromkeys(("yuyv422", "uyvy422", "yvyu422"), "yuv422p"),
    "y210le": "yuv422p10le",
    "y212le": "yuv422p12le",
    "uyyvyy411": "yuv411p",
    "nv20le": "yuv422p10le",
    "monow": "gray",
    "monob": "gray",
    "pal8": "rgba",
}
_SEMIPLANAR = {"nv16": "nv24", "p210le": "p410le", "p212le": "p412le", "p216le": "p416le"}


def is_turned(shape: FrameShape) -> bool:
    """Return whether a picture has to be turned or mirrored to be upright."""
    return bool(shape.rotation or shape.flip)


def turned(pixels: Samples, shape: FrameShape) -> Samples:
    """Return a view of an array (rows, columns, ...) of a picture's pixels that is upright."""
    if shape.rotation:
        pixels = np.rot90(pixels, -shape.rotation // 90)
    return pixels[:, ::-1] if shape.flip else pixels


def copy(target: Samples, pixels: Samples) -> None:
    """Copy pixels, each channel for itself: numpy goes through three bytes at a time slowly."""
    if pixels.ndim < 3:
        target[...] = pixels
        return
    for channel in range(pixels.shape[2]):
        target[:, :, channel] = pixels[:, :, channel]


def _repeated(pixels: Samples, times: int) -> Samples:
    """Return each column so many times beside itself."""
    rows, columns, *rest = pixels.shape
    wide = np.empty((rows, columns * times, *rest), pixels.dtype)
    for place in range(times):
        copy(wide[:, place::times], pixels)
    return wide


class Turn:
    """How pictures of a shape are turned.

    Attributes
    ----------
    unpacked : str or None
        The format that they are converted to first.
    stored, planes : list of (int, int, int)
        Subsampling and bytes of an element of each plane, before and after.
    repeats : int
        How often a chroma sample stands beside itself then.
    shape : FrameShape
        What becomes of it.

    Raises
    ------
    NotSupportedError
        There is no format for the samples when they are turned.
    """

    __slots__ = ("planes", "repeats", "shape", "stored", "unpacked")

    def __init__(self, shape: FrameShape) -> None:
        format: PixelFormat | str = shape.format or str(shape.pix_fmt)
        self.unpacked: str | None = None
        if isinstance(format, PixelFormat):
            stored = [(each.sub_x, each.sub_y, each.element_bytes) for each in format.planes]
        else:
            found = samples(format)
            if found is None:
                format = self.unpacked = UNPACKED.get(format, "rgb24")
                found = samples(format)
            assert found is not None
            stored = found
        self.stored = self.planes = stored
        self.repeats = 1
        assert shape.visible_rect is not None
        _, _, width, height = shape.visible_rect
        if shape.rotation % 180:
            width, height = height, width
            format = self._lay_on_its_side(format)
        own = format if isinstance(format, PixelFormat) else BY_FFMPEG.get(format)
        self.shape = FrameShape(
            own,
            format.ffmpeg if isinstance(format, PixelFormat) else format,
            (width, height),
            Rect(0, 0, width, height),
            (shape.display_width, shape.display_height),
            0,
            False,
            shape.color_space,
        )

    def _lay_on_its_side(self, format: PixelFormat | str) -> PixelFormat | str:
        sub_x, sub_y = (max(plane[axis] for plane in self.stored) for axis in (0, 1))
        if sub_x == sub_y:
            return format
        if sub_x < sub_y:
            self.planes = [(high, wide, step) for wide, high, step in self.stored]
            return _renamed(format, "440", "422")
        self.planes = [(1, 1, step) for _, _, step in self.stored]
        self.repeats = sub_x
        return _renamed(format, "422" if sub_x == 2 else "411", "444")


def _convert(ptr: AVFrame, shape: FrameShape, visible: Rect, name: str) -> AVFrame:
    source = source_image(Source(ptr, shape, visible))
    _, _, width, height = visible
    planes = samples(name)
    assert planes is not None
    made = native.new(name, width, height, _rows(planes, width, height))
    native.resemble(made, ptr, is_on_its_side=False)
    primaries, transfer, matrix, full = members_of(shape.color_space)
    is_rgb = name.startswith("rgb")
    convert(
        source,
        Image(
            *native.region(made, name, 0, 0),
            name,
            width,
            height,
            matrix="rgb" if is_rgb else matrix,
            full_range=True if is_rgb or name == "gray" else full,
            primaries=primaries,
            transfer=transfer,
        ),
    )
    return made


def _array(
    ptr: AVFrame,
    index: int,
    place: tuple[int, int],
    size: tuple[int, int],
    step: int,
    *,
    writable: bool = False,
) -> Samples:
    """Return the samples of a plane, (rows, columns, ...); `place` and `size` are bytes in a row,
    and rows.
    """
    data, stride = native.sample_view(ptr, index, place, size, writable=writable)
    item = next(size for size in (8, 4, 2, 1) if step % size == 0)
    count = step // item
    shape: tuple[int, ...] = (size[1], size[0] // step)
    strides: tuple[int, ...] = (stride, step)
    if count > 1:
        shape, strides = (*shape, count), (*strides, item)
    array: Samples = np.ndarray(shape, f"u{item}", data, 0, strides)
    return array


def turn(picture: Picture, shape: FrameShape) -> tuple[Picture, FrameShape]:
    """Return a picture of its own, of the visible part of another one and upright, and its shape.

    Raises
    ------
    NotSupportedError
        There is no format for the samples when they are turned.
    MemoryError
        FFmpeg cannot allocate the picture.
    """
    how = Turn(shape)
    ptr, visible = picture.ptr, shape.visible_rect
    assert visible is not None
    x, y, width, height = visible
    if how.unpacked is not None:
        ptr, x, y = _convert(ptr, shape, visible, how.unpacked), 0, 0
    new = how.shape
    rows = _rows(how.planes, new.coded_width, new.coded_height)
    made = native.new(new.pix_fmt, new.coded_width, new.coded_height, rows)
    native.resemble(made, ptr, is_on_its_side=shape.rotation % 180 != 0)
    forget(made)
    for index, ((sub_x, sub_y, step), size) in enumerate(
        zip(how.stored, _rows(how.stored, width, height), strict=True)
    ):
        pixels = _array(ptr, index, (x // sub_x * step, y // sub_y), size, step)
        if how.repeats > 1 and sub_x > 1:
            pixels = _repeated(pixels, how.repeats)[:, :width]
        target = _array(made, index, (0, 0), rows[index], step, writable=True)
        copy(target, turned(pixels, shape))
    return Picture(made), new


def _rows(planes: list[tuple[int, int, int]], width: int, height: int) -> list[tuple[int, int]]:
    """Return row bytes and number of rows of each plane."""
    return [(-(-width // sub_x) * step, -(-height // sub_y)) for sub_x, sub_y, step in planes]


def _renamed(format: PixelFormat | str, chroma: str, other: str) -> PixelFormat | str:
    if isinstance(format, PixelFormat):
        return FORMATS[format.name.replace(chroma, other)]
    name = _SEMIPLANAR.get(format, format.replace(chroma, other))
    if name == format or not exists(name):
        raise NotSupportedError(
            f"pixels of format {format} cannot be turned by a quarter: this FFmpeg has no format "
            "for them then; convert them first, to_ndarray('RGB', upright=True) for instance"
        )
    return name
