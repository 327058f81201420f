"""Puts a fast way from YUV to packed RGB together (`ways`), after trying it out (`probe`)."""

from __future__ import annotations

from functools import partial

from ..._ffi import swscale
from ..frames.pixel_format import get_format
from ..releases import converter_reads_past_rows
from .builder import FILLED, Builder, Ends
from .direct import Direct, GrayChroma, SplitChroma
from .probe import find_brightness
from .shallow import Shallow, band_rows
from .steps import Conversion, Staged, Step
from .sws import RGB_LOOK, Context, Look, make_context
from .ways import MORE_ROWS, Way, ways


def fast(ends: Ends, look: Look) -> Conversion | None:
    """Return the fastest conversion that is within 3 here, None if there is none."""
    for way in ways(ends.fmt, ends.out, look):
        trial = partial(_make, way)
        brightness = find_brightness(way.name, ends.fmt, ends.out, look.full, way.biases, trial)
        if brightness is not None:
            return trial(ends, look, brightness)
    return None


def _make(way: Way, ends: Ends, look: Look, brightness: int) -> Conversion:
    return _Maker(ends, look, way, brightness).conversion()


class _Maker:
    """Makes the conversion of one way."""

    def __init__(self, ends: Ends, look: Look, way: Way, brightness: int) -> None:
        self._ends = ends
        self._look = look
        self._way = way
        self._brightness = brightness

    def _converter(self, width: int, height: int) -> Context:
        way = self._way
        return make_context(
            (way.inner, width, height + (MORE_ROWS if way.generic else 0), self._look),
            (way.written, width, height + (MORE_ROWS if way.generic else 0), RGB_LOOK),
            swscale.SWS_POINT if way.generic else swscale.SWS_BILINEAR,
            dither=not way.generic,
            brightness=self._brightness,
            exchanged=way.exchanged,
        )

    def conversion(self) -> Conversion:
        """Return the conversion."""
        ends, way = self._ends, self._way
        width, height = ends.size
        even_width, even_height = width & -2, height & -2
        if even_width < 32 or even_height < 2 or converter_reads_past_rows():
            return self._edge(0, 0, width, height)
        edges = []
        if width > even_width:
            edges.append(self._edge(even_width, 0, 1, height))
        if height > even_height:
            edges.append(self._edge(0, even_height, even_width, 1))
        main = even_width & -32
        columns = [(main, 0)]
        if main < even_width:
            columns.append((32, even_width - 32))
        pixel = way.written.row_bytes(0, 1)
        rows = band_rows(even_width, even_height) if way.shallows else even_height
        calls = [
            (self._converter(count, rows), column, column * pixel) for count, column in columns
        ]
        if way.shallows:
            deep = get_format(_opaque(ends.fmt.name))
            context = make_context(
                (deep, even_width, rows, self._look),
                (way.inner, even_width, rows, self._look),
                swscale.SWS_POINT,
            )
            return Shallow(context, deep, way.inner, (even_width, even_height), calls, edges)
        order = (0, 2, 1) if way.exchanged else (0, 1, 2, 3)[: way.inner.planes]
        unit = way.inner.row_bytes(0, 1)
        return Direct(calls, even_height, order, edges, self._chroma(even_width, even_height), unit)

    def _chroma(self, width: int, height: int) -> SplitChroma | GrayChroma | None:
        fmt, inner = self._ends.fmt, self._way.inner
        if fmt.name == "nv12":
            split = make_context(
                (fmt, width, height, self._look),
                (inner, width, height, self._look),
                swscale.SWS_POINT,
            )
            return SplitChroma(split, get_format("gray"), width, height)
        return GrayChroma(width, height) if fmt.name == "gray" else None

    def _edge(self, x: int, y: int, width: int, height: int) -> Staged:
        """Return the steps for a rectangle that the converter must not touch in place."""
        fmt, way = self._ends.fmt, self._way
        room = width + 31 & -32
        band = min(height + 1 & -2, 256)
        builder = Builder(self._ends, room, band)
        changed = fmt.name == "nv12" or way.shallows
        first = builder.load(get_format(_opaque(fmt.name)) if changed else way.inner)
        first.exchanged = way.exchanged
        if changed:
            first = builder.step(first, way.inner, self._look, self._look, swscale.SWS_POINT)
        target = builder.add(get_format(FILLED.get(self._ends.out.name, self._ends.out.name)))
        builder.steps.append(Step(self._converter(room, band), first, target))
        edge = builder.staged(size=(width, height), out_size=(width, height))
        edge.x, edge.y = x, y
        return edge


def _opaque(name: str) -> str:
    return name.replace("yuva", "yuv")
