"""RGB to YUV, gray and other RGB by one libswscale call on the caller's own memory, without a copy.

Widths are multiples of 32: on those libswscale writes nothing beyond the rows of the planes, and
reads nothing beyond the pixels but some bytes behind each row of 24-bit pixels. So the last rows of
these are read from scratch memory.

Measured on 1080p (x86-64, one thread, FFmpeg 4.3 to 9.0), RGBA or RGB to I420 or NV12: 3 ms, error
0.63. SWS_FULL_CHR_H_INP reads the colour of each pixel, SWS_AREA is then the mean. Without the
first, 5 to 8 ms; with SWS_ACCURATE_RND, 3 to 10 ms and 0.51.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import avutil, ffi, swscale
from ..frames.pixel_format import Format, get_format
from .arena import Arena, GaveUpError
from .builder import FILLED, Ends
from .image import Image
from .sws import Context, Look, Scratch, make_context

if TYPE_CHECKING:
    from ..._ffi._types import Array, Bytes, Pointer

_SOURCES = ("rgba", "bgra", "rgb24", "bgr24", "gbrp")
_FILLED_SOURCES = ("rgb0", "bgr0")  # what is filled is no alpha
_STEP = 32
_LAST_ROWS = 2


def from_rgb(ends: Ends, look: Look, out_look: Look) -> FromRGB | None:
    """Return the conversion, None if it cannot be had so."""
    fmt, out = ends.fmt, ends.out
    width, height = ends.size
    if ends.exact or ends.size != ends.out_size or width % _STEP or height % out.sub_y:
        return None
    if fmt.name not in _SOURCES and (fmt.name not in _FILLED_SOURCES or out.alpha):
        return None
    if out.rgb:
        if out.planes > 1 or out.depth > 8:
            return None
        out = get_format(FILLED.get(out.name, out.name))
        flags = swscale.SWS_POINT
    else:
        if out.depth > 8 or out.alpha or not (out.yuv or out_look.full):
            return None
        coarser = out.sub_x > 1 or out.sub_y > 1
        flags = swscale.SWS_AREA if coarser else swscale.SWS_POINT
        flags |= swscale.SWS_FULL_CHR_H_INP
    # libswscale has a converter of its own from BGR24 to I420: the chroma of one pixel in four.
    exchanged = is_careless(fmt, out)
    context = make_context(
        (get_format("rgb24") if exchanged else fmt, width, height, look),
        (out, width, height, out_look),
        flags,
        exchanged=exchanged,
    )
    return FromRGB(context, fmt, out, width, height, (0, 2, 1) if exchanged else None)


def is_careless(fmt: Format, out: Format) -> bool:
    """Tell whether libswscale leaves chroma out, without SWS_ACCURATE_RND."""
    return fmt.name == "bgr24" and out.name in ("yuv420p", "yuva420p")


class FromRGB:
    """One call from the caller's memory to the caller's memory.

    Parameters
    ----------
    context : Context
    fmt, out : Format
    width, height : int
    order : tuple of int, optional
        Which of the destination's planes is written as each; default: as they are.
    """

    __slots__ = (
        "_base",
        "_context",
        "_data",
        "_last",
        "_out",
        "_out_planes",
        "_out_strides",
        "_planes",
        "_row",
        "_rows",
        "_strides",
        "room",
    )
    is_by_rows = True

    def __init__(
        self,
        context: Context,
        fmt: Format,
        out: Format,
        width: int,
        height: int,
        order: tuple[int, ...] | None = None,
    ) -> None:
        self._context = context
        self._planes = range(fmt.planes)
        self._out_planes = list(enumerate(order or range(out.planes)))
        self._row = fmt.row_bytes(0, width)
        self._rows = height
        self._last: Scratch | None = None
        self.room = 0
        if fmt.name.endswith("24"):
            self._last = Scratch(fmt, width, min(_LAST_ROWS, height))
            self._rows -= self._last.height
            self.room = self._last.lay_out(64)
        self._base: Pointer[int] | None = None
        self._data: Array[Bytes] = ffi.new("uint8_t *[4]")
        self._strides: Array[int] = ffi.new("int[4]")
        self._out: Array[Bytes] = ffi.new("uint8_t *[4]")
        self._out_strides: Array[int] = ffi.new("int[4]")

    def shelve(self) -> None:
        """Count the context as cached."""
        self._context.shelve()

    def run(self, source: Image, destination: Image, arena: Arena) -> None:
        """Convert."""
        last, rows = self._last, self._rows
        if last is not None:
            self._load_last(last, source, arena)
        for plane in self._planes:
            self._data[plane] = source.planes[plane]
            self._strides[plane] = source.strides[plane]
        for plane, given in self._out_planes:
            self._out[plane] = destination.planes[given]
            self._out_strides[plane] = destination.strides[given]
        scale, ptr, out, strides = (
            swscale.sws_scale,
            self._context.ptr,
            self._out,
            self._out_strides,
        )
        # It may hold the last of these back until it has those below.
        if rows and scale(ptr, self._data, self._strides, 0, rows, out, strides) < 0:
            raise GaveUpError
        if last is not None:
            height = last.height
            if scale(ptr, last.data, last.strides_c, rows, height, out, strides) <= 0:
                raise GaveUpError

    def _load_last(self, last: Scratch, source: Image, arena: Arena) -> None:
        base = arena.get(self.room)
        if base is not self._base:
            last.bind(base)
            self._base = base
        stride = source.strides[0]
        avutil.av_image_copy_plane(
            last.planes[0],
            last.strides[0],
            source.planes[0] + self._rows * stride,
            stride,
            self._row,
            last.height,
        )
