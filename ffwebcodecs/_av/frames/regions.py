"""Frames over somebody else's memory, in several pieces; and the pieces that a frame lies in.

A *region* is what a plane takes: from its first pixel to the last one of its last row, with the
padding between the rows. Bytes behind that may be another object's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from . import buffers
from .frame import allocate, mark_exact, upright
from .pixel_format import get_format, pix_fmt_id

if TYPE_CHECKING:
    from ..._ffi._types import Array, AVFrame

PALETTE = 1024  # bytes: 256 colours of four

Place = tuple[int, int, int]
"""Of a plane: which of the pieces it lies in, offset there and stride in bytes."""


def wrap(
    exports: Sequence[Array[int]],
    pix_fmt: str | None,
    width: int,
    height: int,
    places: Sequence[Place],
) -> AVFrame:
    """Return a frame over memory in several pieces, without a copy.

    Parameters
    ----------
    exports : sequence of uint8_t[]
        From `buffers.export`, four at most, none empty; each stays exported until FFmpeg's last
        reference to it is gone.
    pix_fmt : str or None
        FFmpeg's name; None for the one WebCodecs format that has none.
    width, height : int
        In luma pixels.
    places : sequence of Place
        Already checked against the sizes.
    """
    ptr = allocate()
    refs = ptr.buf
    starts = [
        buffers.lend(refs + index, exported, len(exported)).data
        for index, exported in enumerate(exports)
    ]
    ptr.format = -1 if pix_fmt is None else pix_fmt_id(pix_fmt)
    ptr.width = width
    ptr.height = height
    data, linesize = ptr.data, ptr.linesize
    for index, (piece, offset, stride) in enumerate(places):
        data[index] = starts[piece] + offset
        linesize[index] = stride
    mark_exact(ptr)
    return ptr


def rows_of(pix_fmt: str, width: int, height: int) -> list[tuple[int, int]]:
    """Return row bytes and number of rows of each plane of a format in memory; row bytes are
    negative where the size is beyond FFmpeg.

    Raises
    ------
    NotSupportedError
        This FFmpeg has no such format, or it is a device's.
    """
    fmt = get_format(pix_fmt)
    rows = [(fmt.row_bytes(plane, width), fmt.rows(plane, height)) for plane in range(fmt.planes)]
    return [*rows, (PALETTE, 1)] if fmt.palette else rows


def regions(
    ptr: AVFrame, rows: Sequence[tuple[int, int]], holder: Any
) -> list[tuple[memoryview, int]]:
    """Return a read-only view of the region of each plane, and its stride in bytes. Each view keeps
    the frame and `holder` for as long as it lives. Negative strides are copied into order first.

    Parameters
    ----------
    ptr : AVFrame
        In memory.
    rows : sequence of (int, int)
        Row bytes and number of rows of each plane.
    holder : object
        What else lives for as long as a view does.
    """
    ptr = upright(ptr)
    data, linesize, kept = ptr.data, ptr.linesize, (ptr, holder)
    found = []
    for index, (row, count) in enumerate(rows):
        stride = linesize[index] if count > 1 else row
        found.append((buffers.view(kept, data[index], stride * (count - 1) + row), stride))
    return found
