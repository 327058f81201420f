"""Deep YUV to packed RGB: copied to 8 bits, in bands that stay in the processor's cache, which the
SIMD converter reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import ffi
from ..frames.pixel_format import Format
from .arena import Arena
from .image import Image
from .steps import Staged, sws_scale
from .sws import Context, Scratch

if TYPE_CHECKING:
    from ..._ffi._types import Array, Bytes, Pointer

_BAND_BYTES = 192 << 10  # of luma of 8 bits


def band_rows(width: int, height: int) -> int:
    """Return how many rows a band has; even, like the height."""
    return max(2, min(height, max(16, _BAND_BYTES // width & -16)))


class Shallow:
    """A conversion through 8 bits.

    Parameters
    ----------
    context : Context
        From many bits to 8, of a band.
    deep, inner : Format
        With many bits and with 8.
    size : (int, int)
        Columns and rows to convert here, even.
    calls : list of (Context, int, int)
        The converters of a band, as of `Direct`.
    edges : list of Staged
    """

    __slots__ = (
        "_base",
        "_calls",
        "_context",
        "_data",
        "_deep",
        "_edges",
        "_height",
        "_inner",
        "_out",
        "_out_strides",
        "_scratch",
        "_strides",
        "room",
    )

    is_by_rows = True

    def __init__(
        self,
        context: Context,
        deep: Format,
        inner: Format,
        size: tuple[int, int],
        calls: list[tuple[Context, int, int]],
        edges: list[Staged],
    ) -> None:
        self._context = context
        self._deep = deep
        self._inner = inner
        self._height = size[1]
        self._calls = calls
        self._edges = edges
        self._scratch = Scratch(inner, size[0], band_rows(*size))
        self.room = max([self._scratch.lay_out(64), *(edge.room for edge in edges)])
        self._base: Pointer[int] | None = None
        self._data: Array[Bytes] = ffi.new("uint8_t *[4]")
        self._strides: Array[int] = ffi.new("int[4]")
        self._out: Array[Bytes] = ffi.new("uint8_t *[4]")
        self._out_strides: Array[int] = ffi.new("int[4]")

    def shelve(self) -> None:
        """Count the contexts as cached."""
        self._context.shelve()
        for context, _, _ in self._calls:
            context.shelve()
        for edge in self._edges:
            edge.shelve()

    def run(self, source: Image, destination: Image, arena: Arena) -> None:
        """Convert."""
        scratch, deep = self._scratch, self._deep
        base = arena.get(self.room)
        if base is not self._base:
            scratch.bind(base)
            self._base = base
        data, strides = self._data, self._strides
        planes = range(deep.planes)
        for plane in planes:
            strides[plane] = source.strides[plane]
        self._out_strides[0] = stride = destination.strides[0]
        rows = scratch.height
        last = self._height - rows
        for each in range(0, self._height, rows):
            y = min(each, last)  # the last band has some rows of the one before
            for plane in planes:
                data[plane] = source.planes[plane] + deep.offset(plane, source.strides[plane], 0, y)
            context = self._context
            sws_scale(context.ptr, data, strides, rows, scratch.data, scratch.strides_c)
            self._convert(destination.planes[0] + y * stride)
        for edge in self._edges:
            edge.run(source, destination, arena)

    def _convert(self, start: Bytes) -> None:
        scratch, data, out = self._scratch, self._data, self._out
        for context, column, offset in self._calls:
            for plane, pointer in enumerate(scratch.planes):
                data[plane] = pointer + (column // 2 if plane in (1, 2) else column)
            out[0] = start + offset
            sws_scale(context.ptr, data, scratch.strides_c, scratch.height, out, self._out_strides)
