"""Tensors of other libraries as frames, over their own memory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .._av.frames.picture import Picture
from .._spec.frames.formats import PixelFormat, get_format
from .._spec.frames.layout import compute_layout
from .._spec.numbers import to_int64, to_uint64
from ..errors import InvalidArgumentError
from ._arrays import by_shape
from ._exchange import bytes_of, shared_array
from ._regions import picture_over
from ._shape import FrameShape
from ._source import copy_metadata, shape_of_buffer

_Place = tuple[int, int, int]
_Array = npt.NDArray[Any]


def frame_parts(
    tensor: Any,
    timestamp: Any,
    format: Any,
    copy: bool | None,
    *,
    duration: Any = None,
    visible_rect: Any = None,
    display_width: Any = None,
    display_height: Any = None,
    rotation: Any = 0,
    flip: Any = False,
    color_space: Any = None,
    metadata: Mapping[str, Any] | None = None,
) -> tuple[Picture, FrameShape, int, int | None, dict[str, Any] | None]:
    """Return picture, shape, timestamp, duration and metadata of `VideoFrame.from_dlpack`."""
    stamp = to_int64(timestamp, "timestamp")
    lasting = None if duration is None else to_uint64(duration, "duration")
    own_metadata = copy_metadata(metadata)
    array = shared_array(tensor)
    fmt, width, height = _read(array, format)
    shape = shape_of_buffer(
        fmt.name,
        width,
        height,
        visible_rect,
        display_width,
        display_height,
        rotation,
        flip,
        color_space,
    )
    array, places = _placed(array, fmt, width, height, copy)
    picture = picture_over([bytes_of(array)], places, shape, stamp)
    return picture, shape, stamp, lasting, own_metadata


def _read(array: _Array, format: Any) -> tuple[PixelFormat, int, int]:
    """Return the format, width and height that a tensor means."""
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[:, :, 0]
    fmt = get_format(by_shape(array) if format is None else format)
    wanted = np.dtype(fmt.dtype)
    if array.dtype != wanted:
        raise InvalidArgumentError(f"a tensor of {fmt.name} must be {wanted}, got {array.dtype}")
    if 0 in array.shape:
        raise InvalidArgumentError(f"the tensor is empty: shape {array.shape}")
    planes = len(fmt.planes)
    shape, fits = array.shape, False
    if planes == 1:
        height, width = shape[:2] if len(shape) > 1 else (0, 0)
        fits = shape[2:] == ((fmt.channels,) if fmt.channels > 1 else ())
    elif all(plane.sub_x == plane.sub_y == 1 for plane in fmt.planes):
        _, height, width = shape if len(shape) == 3 else (0, 0, 0)
        fits = shape == (planes, height, width)
    else:
        height, width = (shape[0] * 2 // 3, shape[1]) if len(shape) == 2 else (1, 1)
        is_halved = fmt.align_x == fmt.align_y == 2 and not fmt.has_alpha
        fits = is_halved and width % 2 == height % 2 == 0 and shape == (height * 3 // 2, width)
    if not fits or not width or not height:
        raise InvalidArgumentError(
            f"a tensor of shape {shape} cannot be {fmt.name}; as to_ndarray() gives it, packed "
            "formats are (height, width, channels), equal planes (planes, height, width), I420 "
            "and NV12 (height * 3 / 2, width) with even sizes"
        )
    return fmt, width, height


def _placed(
    array: _Array, fmt: PixelFormat, width: int, height: int, copy: bool | None
) -> tuple[_Array, list[_Place]]:
    """Return the array, or a copy of it, and where in it each plane lies."""
    places = None if copy else _places(array, fmt, width, height)
    if places is None:
        if copy is not None and not copy:
            raise InvalidArgumentError(
                f"a tensor of strides {array.strides} (bytes) cannot be shown without a copy, and "
                "copy=False: the pixels of a row must lie side by side, one row behind the other"
            )
        array = np.array(array, order="C", copy=True)
        places = _places(array, fmt, width, height)
        assert places is not None
    return array, places


def _places(array: _Array, fmt: PixelFormat, width: int, height: int) -> list[_Place] | None:
    """Return where the planes lie, None if rows are not in one piece each."""
    where = compute_layout(fmt, width, height)
    if array.flags.c_contiguous:
        return [(0, offset, stride) for offset, stride in where.planes]
    strides, size = array.strides, array.itemsize
    if len(fmt.planes) == 1:
        inner = strides[1:] == ((size,) if array.ndim == 2 else (array.shape[2], size))
        row = where.row_bytes[0]
        if not inner or (height > 1 and strides[0] < row):
            return None
        return [(0, 0, strides[0] if height > 1 else row)]
    if array.ndim != 3 or strides[2] != size or strides[1] < where.row_bytes[0]:
        return None
    if strides[0] < strides[1] * height:
        return None
    return [(0, index * strides[0], strides[1]) for index in range(len(fmt.planes))]
