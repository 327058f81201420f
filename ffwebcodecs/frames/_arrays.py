"""Frames to numpy arrays and back; imported when the first array is asked for, so that numpy is
too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._av.frames import buffers
from .._av.frames import frame as native
from .._av.frames.picture import Picture
from .._spec.frames.fitting import FILTERS, whole_size
from .._spec.frames.formats import PixelFormat, get_format
from .._spec.frames.layout import compute_layout
from .._spec.frames.rect import Rect
from .._spec.numbers import show, to_dimension, to_flag, to_threads
from .._spec.texts import one_of
from .._spec.types import VideoPixelFormat
from ..errors import InvalidArgumentError, NotSupportedError
from ._array_format import PALETTE, array_shape, is_stacked, usual_format
from ._copy import (
    Destination,
    Source,
    convert_pixels,
    copy_pixels,
    destination_layout,
    own_colors,
)
from ._exchange import array_of, bytes_of, lies_apart
from ._shape import FrameShape
from ._turning import copy, is_turned, turn, turned

if TYPE_CHECKING:
    import numpy.typing as npt

    Pixels = npt.NDArray[Any]

LAYOUTS = ("HWC", "CHW")
_BY_CHANNELS = {
    1: {1: "GRAY8", 3: "RGB", 4: "RGBA"},
    2: {1: "GRAY16", 3: "RGB48", 4: "RGBA64"},
}


_CONVERTED = ("P", "1", "CMYK", "YCbCr", "LA", "LAB", "HSV")  # modes of PIL


def from_array(
    array: Any, format: str | None, transfer: bool
) -> tuple[Pixels, VideoPixelFormat, int, int]:
    """Return contiguous pixels, format name, height and width of an array or PIL image."""
    if transfer and not isinstance(array, np.ndarray):
        raise InvalidArgumentError(f"transfer=True needs a numpy array, got {type(array).__name__}")
    try:
        mode = getattr(array, "mode", None)
        if mode in _CONVERTED:  # a PIL image of another kind
            array = array.convert("RGBA" if mode in ("P", "LA") else "RGB")
        pixels = array_of(array)
    except (MemoryError, NotSupportedError):
        raise
    except Exception as error:
        raise InvalidArgumentError(f"{show(array)} is no array of pixels: {error}") from error
    if mode == "I":
        pixels = _in_16_bits(pixels)
    if pixels.dtype.kind != "u" or pixels.itemsize > 2:
        raise InvalidArgumentError(
            f"the array must be uint8 or uint16, got {pixels.dtype}; scale it to 0..255 or "
            "0..65535 first"
        )
    if not pixels.dtype.isnative:
        if transfer:
            raise InvalidArgumentError(f"transfer=True needs native byte order, not {pixels.dtype}")
        pixels = pixels.astype(np.uint16)
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    usual = by_shape(pixels)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if 0 in pixels.shape:
        raise InvalidArgumentError(f"the array is empty: shape {pixels.shape}")
    fmt = get_format(usual if format is None else format)
    if len(fmt.planes) != 1 or fmt.channels != channels or fmt.sample_bytes != pixels.itemsize:
        raise InvalidArgumentError(
            f"an array of shape {pixels.shape} and dtype {pixels.dtype} cannot be {fmt.name}; give "
            "planar pixels to VideoFrame(buffer, format=..., coded_width=..., coded_height=...)"
        )
    if not pixels.flags.c_contiguous:
        if transfer:
            raise InvalidArgumentError(
                "transfer=True needs a C-contiguous array; this one has gaps or another order"
            )
        pixels = np.ascontiguousarray(pixels)
    return pixels, fmt.name, pixels.shape[0], pixels.shape[1]


def _in_16_bits(pixels: Pixels) -> Pixels:
    """Return the pixels of a PIL image of 32-bit integers, which 16-bit pictures are for some."""
    least, most = int(pixels.min(initial=0)), int(pixels.max(initial=0))
    if least < 0 or most > 65535:
        raise InvalidArgumentError(
            f"the picture's values go from {least} to {most}, gray has 0 to 65535: scale it first"
        )
    return pixels.astype(np.uint16)


def by_shape(array: Pixels) -> str:
    """Return the name of the format that an array of this shape and type usually is."""
    shape = array.shape
    channels = 1 if len(shape) == 2 else shape[2] if len(shape) == 3 else 0
    names = _BY_CHANNELS.get(array.itemsize, _BY_CHANNELS[1])
    if channels not in names:
        raise InvalidArgumentError(
            "the array must have shape (height, width), (height, width, 3) or (height, width, 4), "
            f"got {shape}"
        )
    return names[channels]


class ArrayOptions:
    """What an array is asked to be, checked; see `VideoFrame.to_ndarray`."""

    __slots__ = (
        "exact",
        "filter",
        "format",
        "height",
        "is_channels_first",
        "out",
        "rect",
        "threads",
        "upright",
        "width",
    )

    def __init__(
        self,
        format: Any = None,
        rect: Any = None,
        width: Any = None,
        height: Any = None,
        filter: Any = "bilinear",
        upright: Any = False,
        layout: Any = "HWC",
        out: Any = None,
        exact: Any = False,
        threads: Any = None,
    ) -> None:
        self.format = None if format is None else get_format(format)
        self.rect = rect
        self.width = None if width is None else to_dimension(width, "width")
        self.height = None if height is None else to_dimension(height, "height")
        self.filter: str = one_of(filter, FILTERS, "filter")
        self.upright = to_flag(upright, "upright")
        self.is_channels_first = one_of(layout, LAYOUTS, "layout") == "CHW"
        self.out = out
        self.exact = to_flag(exact, "exact")
        self.threads = to_threads(threads)
        fmt = self.format
        if self.is_channels_first and fmt and len(fmt.planes) > 1 and not is_stacked(fmt):
            raise InvalidArgumentError(f"planes of {fmt.name} differ in size: no layout is 'CHW'")


def plain_array(picture: Picture, shape: FrameShape, format: Any) -> Pixels:
    """Do what is asked for most, of which nothing changes along a stream: a new array with
    everything but the format left as it is.
    """
    is_known = type(format) is str or (format is None and shape.pix_fmt != PALETTE)
    if not is_known:
        return to_array(picture, shape, ArrayOptions(format))
    key = ArrayOptions, format
    known = shape.destinations.get(key)
    if known is None:
        options = ArrayOptions(format)
        fmt = options.format or usual_format(picture, shape)
        region, destination = _destination(shape, fmt, options)
        where = compute_layout(fmt, region.width, region.height)
        wanted = array_shape(fmt, region.width, region.height)
        known = region, destination, where, wanted, np.dtype(fmt.dtype)
        shape.destinations[key] = known
    region, destination, where, wanted, dtype = known
    array: Pixels = np.empty(wanted, dtype)
    memory = buffers.export(array, "the array", writable=True)
    try:
        copy_pixels(Source(picture.ptr, shape, region), destination, where, memory)
    finally:
        buffers.unexport(memory)
    return array


def to_array(picture: Picture, shape: FrameShape, options: ArrayOptions) -> Pixels:
    """Return the pixels as an array, `options.out` if that is given."""
    fmt = options.format or usual_format(picture, shape)
    turns = options.upright and is_turned(shape)
    is_planar = len(fmt.planes) > 1
    if turns and (is_planar or options.rect is not None):
        picture, shape = turn(picture, shape)
        turns = False
    region, destination = _destination(shape, fmt, options)
    on_its_side = turns and shape.rotation % 180 != 0
    width, height = _size(shape, region, options, turns)
    compute_layout(fmt, width, height)  # which refuses what is too large
    wanted = array_shape(fmt, width, height)
    is_chw = options.is_channels_first and not is_planar
    if is_chw:
        wanted = (fmt.channels, height, width)
    dtype = np.dtype(fmt.dtype)
    if options.out is None:
        array = np.empty(wanted, dtype)
    else:
        array = writable(options.out, wanted, dtype)
        _check_apart(array, picture)
    # Where the pixels go: into the array itself, unless they lie otherwise there.
    target = np.moveaxis(array, 0, 2) if is_chw else array
    if is_chw and fmt.channels == 1:
        target = array[0]
    pixels = target
    if turns or not _has_rows(target, is_planar):
        stored = (height, width) if on_its_side else (width, height)
        pixels = np.empty(array_shape(fmt, *stored), dtype)
    size = (height, width) if on_its_side else (width, height)
    _draw(pixels, size, destination, Source(picture.ptr, shape, region), options)
    if pixels is not target:
        copy(target, turned(pixels, shape) if turns else pixels)
    return array if options.out is None else options.out


def _destination(
    shape: FrameShape, fmt: PixelFormat, options: ArrayOptions
) -> tuple[Rect, Destination]:
    own = shape.format
    if options.format is None and own is not None and own.is_rgb:
        # Its own values, in the order of RGB, whatever its primaries are.
        region, _, _ = destination_layout(shape, options.rect, None, None, None)
        return region, own_colors(shape, fmt)
    region, destination, _ = destination_layout(shape, options.rect, None, fmt.name, None)
    return region, destination


def _size(shape: FrameShape, region: Rect, options: ArrayOptions, turns: bool) -> tuple[int, int]:
    """Return width and height of what is in the array."""
    visible = shape.visible_rect
    assert visible is not None
    natural = region.width, region.height
    on_its_side = turns and shape.rotation % 180 != 0
    if options.width is not None or options.height is not None:
        wide, high = shape.display_width, shape.display_height
        if shape.rotation % 180:  # the display size is that of the turned picture
            wide, high = high, wide
        # A part has pixels of the same shape.
        shown = (
            region.width * wide * visible.height,
            region.height * high * visible.width,
        )
        if on_its_side:
            natural, shown = natural[::-1], shown[::-1]
        return whole_size(natural, shown, options.width, options.height)
    return natural[::-1] if on_its_side else natural


def writable(out: Any, wanted: tuple[int, ...], dtype: np.dtype[Any]) -> Pixels:
    """Return the array that `out` is, or whose memory it is; InvalidArgumentError if pixels cannot
    be written there.
    """
    try:
        array = np.asarray(out)
    except MemoryError:
        raise
    except Exception as error:
        raise InvalidArgumentError(f"out is no array: {error}") from error
    if array is not out and not np.may_share_memory(array, out):
        raise InvalidArgumentError(f"out must be an array, got {type(out).__name__}")
    if array.shape != wanted or array.dtype != dtype:
        raise InvalidArgumentError(
            f"out has shape {array.shape} and dtype {array.dtype}, it must have {wanted} and "
            f"{dtype}"
        )
    if not array.flags.writeable:
        raise InvalidArgumentError("out is read-only")
    if not lies_apart(array):
        raise InvalidArgumentError("several elements of out lie at one place in memory")
    return array


def _check_apart(array: Pixels, picture: Picture) -> None:
    start = end = int(array.__array_interface__["data"][0])
    for count, stride in zip(array.shape, array.strides, strict=True):
        reach = (count - 1) * stride
        start, end = start + min(reach, 0), end + max(reach, 0)
    if native.holds(picture.ptr, start, end + array.itemsize):
        raise InvalidArgumentError(
            "out lies in the frame's own memory, which is read while it is written"
        )


def _has_rows(array: Pixels, is_planar: bool) -> bool:
    """Return whether the pixels of each row lie side by side, one row behind the other."""
    if is_planar or array.flags.c_contiguous:
        return array.flags.c_contiguous
    size = array.itemsize
    inner = (size,) if array.ndim == 2 else (size * array.shape[2], size)
    return array.strides[1:] == inner and array.strides[0] >= inner[0] * array.shape[1]


def _draw(
    pixels: Pixels,
    size: tuple[int, int],
    destination: Destination,
    source: Source,
    options: ArrayOptions,
) -> None:
    """Write a picture, as it is stored, into an array of rows."""
    layout = None if pixels.flags.c_contiguous else [(0, pixels.strides[0])]
    where = compute_layout(destination.format, *size, layout)
    memory = buffers.export(bytes_of(pixels), "the array", writable=True)
    try:
        if size == (source.region.width, source.region.height):
            copy_pixels(source, destination, where, memory, options.exact, options.threads)
        else:
            filter, exact = options.filter, options.exact
            convert_pixels(
                source, destination, where, memory, *size, filter, exact, options.threads
            )
    finally:
        buffers.unexport(memory)
