"""YUV to packed RGB on the caller's own memory, by libswscale's SIMD converter: the fast way.

The converter takes 16 pixels at a time. On widths that are a multiple of that it stays inside the
rows, whatever their alignment; on others it leaves columns out, or writes and reads too far. So it
is given multiples of 32 only, which leaves room for wider vectors.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import avutil, ffi
from ..frames.pixel_format import Format
from .arena import Arena
from .image import Image
from .steps import Staged, sws_scale
from .sws import Context, Scratch

if TYPE_CHECKING:
    from ..._ffi._types import Array, Bytes, Pointer


class SplitChroma:
    """Takes NV12's chroma apart, into scratch memory, for the converter that knows planes only."""

    __slots__ = ("_base", "_row", "_rows", "_scratches", "context", "room")

    def __init__(self, context: Context, gray: Format, width: int, height: int) -> None:
        self.context = context
        self._row = width
        self._rows = height // 2
        dummy = Scratch(
            gray, width + height, 2
        )  # luma to read and luma to write, with strides of 1
        chroma = [Scratch(gray, each, self._rows) for each in (width, width // 2, width // 2)]
        self._scratches = [dummy, *chroma]
        self.room = 64
        for scratch in self._scratches:
            self.room = scratch.lay_out(self.room)
        self._base: Pointer[int] | None = None

    def replace(self, source: Image, arena: Arena) -> tuple[list[Bytes], list[int]]:
        """Return planes and strides with the chroma in two planes."""
        base = arena.get(self.room)
        if base is not self._base:
            for scratch in self._scratches:
                scratch.bind(base)
            self._base = base
        dummy, both, u, v = self._scratches
        (pointer,), (stride,) = both.planes, both.strides
        avutil.av_image_copy_plane(
            pointer, stride, source.planes[1], source.strides[1], self._row, self._rows
        )
        (blank,), (step,) = dummy.planes, dummy.strides
        sws_scale(
            self.context.ptr,
            ffi.new("uint8_t *[4]", [blank, pointer]),
            ffi.new("int[4]", [1, stride]),
            2 * self._rows,
            ffi.new("uint8_t *[4]", [blank + step, u.planes[0], v.planes[0]]),
            ffi.new("int[4]", [1, u.strides[0], v.strides[0]]),
        )
        return [source.planes[0], u.planes[0], v.planes[0]], [
            source.strides[0],
            u.strides[0],
            v.strides[0],
        ]


class GrayChroma:
    """Gives a gray image chroma: a run of 128, with a stride of 1."""

    __slots__ = ("_row", "context")

    context: Context | None
    room = 0

    def __init__(self, width: int, height: int) -> None:
        self.context = None
        self._row: Array[int] = ffi.new("uint8_t[]", bytes([128]) * (width + height + 64))

    def replace(self, source: Image, arena: Arena) -> tuple[list[Bytes], list[int]]:
        """Return planes and strides with chroma."""
        return [source.planes[0], self._row, self._row], [source.strides[0], 1, 1]


class Direct:
    """The SIMD converter from YUV to packed RGB: what most conversions are.

    One call converts the columns up to a multiple of 32. If some are left, a second call converts
    the last 32 columns, most of them again. An odd last column or row goes through scratch memory
    (`edges`).

    Parameters
    ----------
    calls : list of (Context, int, int)
        Each converter, the column it starts at, and the bytes of the destination before that
        column.
    rows : int
        Rows to convert here, even.
    order : tuple of int
        Which of the source's planes is given as each.
    edges : list of Staged
    chroma : SplitChroma or GrayChroma, optional
        Where the chroma planes come from, if not from the source.
    unit : int
        Bytes of a sample.
    """

    __slots__ = (
        "_calls",
        "_chroma",
        "_data",
        "_edges",
        "_out",
        "_out_strides",
        "_planes",
        "_rows",
        "_strides",
        "_unit",
        "room",
    )

    is_by_rows = True

    def __init__(
        self,
        calls: list[tuple[Context, int, int]],
        rows: int,
        order: tuple[int, ...],
        edges: list[Staged],
        chroma: SplitChroma | GrayChroma | None = None,
        unit: int = 1,
    ) -> None:
        self._calls = calls
        self._rows = rows
        self._planes = [(plane, given) for plane, given in enumerate(order)]
        self._unit = unit
        self._edges = edges
        self._chroma = chroma
        self.room = max((each.room for each in (*edges, chroma) if each is not None), default=0)
        self._data: Array[Bytes] = ffi.new("uint8_t *[4]")
        self._strides: Array[int] = ffi.new("int[4]")
        self._out: Array[Bytes] = ffi.new("uint8_t *[4]")
        self._out_strides: Array[int] = ffi.new("int[4]")

    def shelve(self) -> None:
        """Count the contexts as cached."""
        for context, _, _ in self._calls:
            context.shelve()
        if self._chroma is not None and self._chroma.context is not None:
            self._chroma.context.shelve()
        for edge in self._edges:
            edge.shelve()

    def run(self, source: Image, destination: Image, arena: Arena) -> None:
        """Convert."""
        data, strides, unit = self._data, self._strides, self._unit
        out, out_strides = self._out, self._out_strides
        planes, lines = source.planes, source.strides
        if self.room:
            arena.get(self.room)  # out of memory is to be known before anything is written
        if self._chroma is not None:
            planes, lines = self._chroma.replace(source, arena)
        for plane, given in self._planes:
            strides[plane] = lines[given]
        out_strides[0] = destination.strides[0]
        start = destination.planes[0]
        for context, column, offset in self._calls:
            step = column * unit
            for plane, given in self._planes:
                data[plane] = (
                    planes[given] + (step // 2 if plane in (1, 2) else step)
                    if step
                    else planes[given]
                )
            out[0] = start + offset if offset else start
            sws_scale(context.ptr, data, strides, self._rows, out, out_strides)
        for edge in self._edges:
            edge.run(source, destination, arena)
