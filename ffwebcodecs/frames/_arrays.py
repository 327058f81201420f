"""Frames to numpy arrays and back; imported when the first array is asked for, so that numpy is
too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._av.frames.picture import Picture
from .._spec.frames.formats import PixelFormat, get_format
from .._spec.frames.layout import compute_layout
from .._spec.numbers import show
from ..errors import InvalidArgumentError, NotSupportedError
from ._copy import copy_into
from ._exchange import array_of
from ._shape import FrameShape
from ._turning import copy, is_turned, turn, turned

if TYPE_CHECKING:
    import numpy.typing as npt

_BY_CHANNELS = {1: "GRAY8", 3: "RGB", 4: "RGBA"}


def from_array(
    array: Any, format: str | None, transfer: bool
) -> tuple[npt.NDArray[np.uint8], str, int, int]:
    """Return contiguous pixels, format name, height and width of an array or PIL image."""
    if transfer and not isinstance(array, np.ndarray):
        raise InvalidArgumentError(f"transfer=True needs a numpy array, got {type(array).__name__}")
    try:
        if getattr(array, "mode", None) in (
            "P",
            "1",
            "CMYK",
            "YCbCr",
            "I",
            "F",
            "LA",
            "LAB",
            "HSV",
        ):
            # A PIL image of another kind.
            array = array.convert("RGBA" if array.mode in ("P", "LA") else "RGB")
        pixels = array_of(array)
    except (MemoryError, NotSupportedError):
        raise
    except Exception as error:
        raise InvalidArgumentError(f"{show(array)} is no array of pixels: {error}") from error
    if pixels.dtype != np.uint8:
        raise InvalidArgumentError(
            f"the array must be uint8, got {pixels.dtype}; scale it to 0..255 first"
        )
    if pixels.ndim == 3 and pixels.shape[2] == 1:
        pixels = pixels[:, :, 0]
    usual = by_shape(pixels.shape)
    channels = 1 if pixels.ndim == 2 else pixels.shape[2]
    if 0 in pixels.shape:
        raise InvalidArgumentError(f"the array is empty: shape {pixels.shape}")
    fmt = get_format(usual if format is None else format)
    if len(fmt.planes) != 1 or fmt.planes[0].element_bytes != channels:
        raise InvalidArgumentError(
            f"an array of shape {pixels.shape} cannot be {fmt.name}; give planar pixels to "
            "VideoFrame(buffer, format=..., coded_width=..., coded_height=...)"
        )
    if not pixels.flags.c_contiguous:
        if transfer:
            raise InvalidArgumentError(
                "transfer=True needs a C-contiguous array; this one has gaps or another order"
            )
        pixels = np.ascontiguousarray(pixels)
    return pixels, fmt.name, pixels.shape[0], pixels.shape[1]


def by_shape(shape: tuple[int, ...]) -> str:
    """Return the name of the format that an array of this shape usually is."""
    channels = 1 if len(shape) == 2 else shape[2] if len(shape) == 3 else 0
    if channels not in _BY_CHANNELS:
        raise InvalidArgumentError(
            "the array must have shape (height, width), (height, width, 3) or (height, width, 4), "
            f"got {shape}"
        )
    return _BY_CHANNELS[channels]


def to_array(
    picture: Picture,
    shape: FrameShape,
    format: str | None,
    upright: bool = False,
    exact: bool = False,
    threads: int | None = None,
) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
    """Return the visible pixels as one new array; see `VideoFrame.to_ndarray`."""
    own = shape.format
    visible = shape.visible_rect
    assert visible is not None  # it is open
    if format is not None:
        fmt = get_format(format)
    elif own is not None and len(own.planes) == 1:
        fmt = own
    else:
        fmt = get_format("RGBA" if own is not None and own.has_alpha else "RGB")
    upright = upright and is_turned(shape)
    if upright and len(fmt.planes) > 1:
        picture, shape = turn(picture, shape)
        return to_array(picture, shape, format, exact=exact, threads=threads)
    dtype = np.dtype("<u2") if fmt.depth > 8 else np.dtype(np.uint8)
    array = np.empty(array_shape(fmt, visible.width, visible.height), dtype)
    name = None if fmt is own and format is None else fmt.name
    copy_into(array, picture, shape, format=name, exact=exact, threads=threads)
    if not upright:
        return array
    view = turned(array, shape)
    array = np.empty(view.shape, dtype)
    copy(array, view)
    return array


def array_shape(fmt: PixelFormat, width: int, height: int) -> tuple[int, ...]:
    """Return the shape of an array that holds the planes of a picture without padding;
    NotSupportedError if none does.
    """
    first = fmt.planes[0]
    if len(fmt.planes) == 1:
        return (height, width) if first.element_bytes == 1 else (height, width, first.element_bytes)
    rows = compute_layout(fmt, width, height).row_bytes
    if len(set(rows)) == 1 and all(plane.sub_y == 1 for plane in fmt.planes):
        return len(fmt.planes), height, width
    # Half-sized chroma fills whole rows under the luma if both sizes are even.
    if not fmt.has_alpha and fmt.align_x == fmt.align_y == 2 and width % 2 == height % 2 == 0:
        return height * 3 // 2, width
    raise NotSupportedError(
        f"{fmt.name} {width}x{height} does not fit into one array; "
        "use frame.planes, or format='RGB'"
    )
