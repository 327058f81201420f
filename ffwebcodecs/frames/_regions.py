"""Pictures over several pieces of somebody else's memory, without a copy: what pickles and shared
memory hold is checked here, all of it, before FFmpeg sees any.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from .._av.frames import buffers, regions
from .._av.frames import frame as native
from .._av.frames.picture import Picture
from .._av.frames.regions import Place
from .._spec.frames.color import codes_of
from .._spec.frames.color_space import members_of
from .._spec.frames.layout import compute_layout
from .._spec.numbers import INT32_MAX
from ..errors import DataError
from ._shape import FrameShape

if TYPE_CHECKING:
    from .._ffi._types import Array

_MOST_PIECES = 4


def rows_of(shape: FrameShape) -> list[tuple[int, int]]:
    """Return row bytes and number of rows of each plane of a whole coded picture."""
    if shape.format is not None:
        where = compute_layout(shape.format, shape.coded_width, shape.coded_height)
        return list(zip(where.row_bytes, where.rows, strict=True))
    return regions.rows_of(str(shape.pix_fmt), shape.coded_width, shape.coded_height)


def regions_of(
    picture: Picture, shape: FrameShape, holder: Any = None
) -> list[tuple[memoryview, int]]:
    """Return a read-only view of each plane of the whole coded picture, which ends with its last
    pixel, and the stride in bytes. Each view keeps the memory, and `holder`.
    """
    return regions.regions(picture.ptr, rows_of(shape), holder)


def picture_over(
    pieces: Sequence[Any],
    places: Sequence[Place],
    shape: FrameShape,
    timestamp: int,
) -> Picture:
    """Return a picture over memory in one piece or several; nothing is copied.

    Parameters
    ----------
    pieces : sequence of buffers
        C-contiguous, at any address, read-only or not; four at most. None is written to. Each is
        kept, exported, until the last user of the pixels is gone, FFmpeg's threads too.
    places : sequence of (int, int, int)
        Of each plane: which of the pieces it lies in, offset there and stride in bytes. A plane
        ends with the last pixel of its last row; nothing behind that is read.
    shape : FrameShape
        Its coded size is the size of the picture.
    timestamp : int
        In microseconds.

    Raises
    ------
    DataError
        The pieces are too short, too few or too many, or strides or offsets are not possible.
        Nothing is kept then.
    InvalidArgumentError
        A piece is no C-contiguous buffer.
    NotSupportedError
        This FFmpeg does not have the pixel format.
    MemoryError
        FFmpeg is out of memory.
    """
    rows = rows_of(shape)
    if not 1 <= len(pieces) <= _MOST_PIECES or len(places) != len(rows):
        raise DataError(
            f"{len(pieces)} buffers with {len(places)} planes cannot be a picture of "
            f"{_name(shape)}, which has {len(rows)} planes in at most {_MOST_PIECES}"
        )
    exports: list[Array[int]] = []
    lent = False
    try:
        exports.extend(buffers.export(piece, "the memory of a picture") for piece in pieces)
        _check(exports, places, rows, shape)
        ptr = regions.wrap(exports, shape.pix_fmt, shape.coded_width, shape.coded_height, places)
        lent = True
    finally:
        if not lent:
            for exported in exports:
                buffers.unexport(exported)
    members = members_of(shape.color_space)
    native.tag(ptr, timestamp, *codes_of(*members[:3]), members[3])
    return Picture(ptr)


def _check(
    exports: Sequence[Array[int]],
    places: Sequence[Place],
    rows: Sequence[tuple[int, int]],
    shape: FrameShape,
) -> None:
    for index, ((piece, offset, stride), (row, count)) in enumerate(zip(places, rows, strict=True)):
        if not 0 <= piece < len(exports):
            raise DataError(
                f"plane {index} lies in buffer {piece}, and there are {len(exports)} buffers"
            )
        if not 0 < row <= stride <= INT32_MAX:
            raise DataError(
                f"plane {index} has a stride of {stride} bytes: a row of {_name(shape)} takes "
                f"{row}, and the limit is {INT32_MAX}"
            )
        end = offset + stride * (count - 1) + row
        if offset < 0 or end > len(exports[piece]):
            raise DataError(
                f"plane {index} lies from byte {offset} to byte {end} of a buffer of "
                f"{len(exports[piece])} bytes"
            )


def _name(shape: FrameShape) -> str:
    name = shape.format.name if shape.format is not None else shape.pix_fmt
    return f"{name} {shape.coded_width}x{shape.coded_height}"
