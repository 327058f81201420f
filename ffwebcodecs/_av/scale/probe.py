"""Tries libswscale's fast ways from YUV to packed RGB out, once per pair of formats, range and
process.

What they compute differs between processors and releases: chroma rows skipped in 4:2:2, bilinear
chroma where there is no SIMD, other rounding. A small picture of known samples tells, in about a
millisecond.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from ..._ffi import ffi, swscale
from ..._spec.frames.gamut import BT709, yuv_to_rgb
from ...errors import NotSupportedError
from ..frames.pixel_format import Format, get_format
from .arena import Arena, GaveUpError
from .builder import Ends
from .image import Image
from .sws import Look, make_context

if TYPE_CHECKING:
    from ..._ffi._types import Array
    from .steps import Conversion

    Trial = Callable[[Ends, Look, int], Conversion]

_WIDTH, _HEIGHT = 64, 4
_TOLERANCE = 3

_known: dict[tuple[str, str, str, bool], int | None] = {}
_copies: dict[str, bool] = {}


def find_brightness(
    way: str,
    fmt: Format,
    out: Format,
    full: bool,
    biases: Callable[[bool], Iterable[int]],
    trial: Trial,
) -> int | None:
    """Return the brightness to give to a way, or None if it is not to be used.

    Parameters
    ----------
    way : str
        Its name.
    fmt, out : Format
        YUV, and packed RGB of 8 bits.
    full : bool
        The range of the source.
    biases : callable
        Returns the brightnesses to try for a range.
    trial : callable
        Makes the conversion of a small picture, of a look, with a brightness.
    """
    key = way, fmt.name, out.name, full
    if key not in _known:
        chart = _TestChart(fmt, full)
        found = [
            (error, bias)
            for bias in biases(full)
            if (error := chart.error(out, trial, bias)) is not None
        ]
        _known[key] = min(found)[1] if found else None
    return _known[key]


def copy_rounds(deep: str, shallow: str) -> bool:
    """Tell whether the copy of planes from more than 8 bits to 8 rounds."""
    if deep not in _copies:
        fmt, look = get_format(deep), Look(BT709, False)
        size = 32, 2
        context = make_context(
            (fmt, *size, look), (get_format(shallow), *size, look), swscale.SWS_POINT
        )
        sample = (17 << fmt.depth - 8) - 1  # nearly 17
        memory = ffi.new("uint8_t[]", sample.to_bytes(2, "little") * 256)
        made = ffi.new("uint8_t[]", 512)
        swscale.sws_scale(
            context.ptr,
            ffi.new("uint8_t *[4]", [memory] * 4),
            ffi.new("int[4]", [64] * 4),
            0,
            size[1],
            ffi.new("uint8_t *[4]", [made + 128 * plane for plane in range(4)]),
            ffi.new("int[4]", [32] * 4),
        )
        _copies[deep] = made[0] == made[33] == 17
    return _copies[deep]


class _TestChart:
    """A small picture of known samples; its first chroma sample is neutral, where black and white
    are.
    """

    def __init__(self, fmt: Format, full: bool) -> None:
        self._fmt = fmt
        self._full = full
        one, top = 1 << fmt.depth - 8, (1 << fmt.depth) - 1
        black, white = (0, top) if full else (16 * one, 235 * one)
        luma = [black, white, *_samples(_HEIGHT * _WIDTH - 2, 1, top)]
        chroma_rows = _HEIGHT // fmt.sub_y if fmt.yuv else 0
        row = _WIDTH // fmt.sub_x
        u, v = ([128 * one, *_samples(chroma_rows * row - 1, seed, top)] for seed in (2, 3))
        self._alpha = _samples(_HEIGHT * _WIDTH, 4, top) if fmt.alpha else None
        planes = [luma]
        if fmt.planes == 2:
            planes.append([each for pair in zip(u, v, strict=True) for each in pair])
        elif fmt.planes > 2:
            planes += [u, v]
        if self._alpha is not None:
            planes.append(self._alpha)
        size = 1 if fmt.depth == 8 else 2
        self._memory: list[Array[int]] = [
            ffi.new("uint8_t[]", b"".join(each.to_bytes(size, "little") for each in plane))
            for plane in planes
        ]
        if not fmt.yuv:
            u = v = [128 * one] * (row * _HEIGHT)
        self._exact = [
            _exact(luma[y * _WIDTH + x], u[at], v[at], fmt.depth, full)
            for y in range(_HEIGHT)
            for x in range(_WIDTH)
            for at in (y // fmt.sub_y * row + x // fmt.sub_x,)
        ]

    def error(self, out: Format, trial: Trial, bias: int) -> float | None:
        """Return the largest error of a channel; None if too large, or black or white is not
        exact.
        """
        fmt, size = self._fmt, (_WIDTH, _HEIGHT)
        pixel = out.row_bytes(0, 1)
        result = ffi.new("uint8_t[]", _WIDTH * _HEIGHT * pixel)
        strides = [fmt.row_bytes(plane, _WIDTH) for plane in range(fmt.planes)]
        source = Image(self._memory, strides, fmt.name, *size)
        destination = Image([result], [_WIDTH * pixel], out.name, *size)
        try:
            conversion = trial(Ends(fmt, out, size, size, None), Look(BT709, self._full), bias)
            conversion.run(source, destination, Arena())
        except (NotSupportedError, GaveUpError):
            return None
        order = (2, 1, 0) if out.name.startswith("bgr") else (0, 1, 2)
        worst = 0.0
        for number, exact in enumerate(self._exact):
            at = number * pixel
            error = max(
                abs(result[at + index] - value) for index, value in zip(order, exact, strict=True)
            )
            if error > (_TOLERANCE if number > 1 else 1e-6):
                return None
            opacity = 255 if self._alpha is None or not out.alpha else self._alpha[number]
            if pixel == 4 and result[at + 3] != opacity:
                return None
            worst = max(worst, error)
        return worst


def _samples(count: int, seed: int, top: int) -> list[int]:
    values = []
    for _ in range(count):
        seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
        values.append(seed >> 16 & top)
    return values


def _exact(y: int, u: int, v: int, depth: int, full: bool) -> tuple[float, float, float]:
    one = 1 << depth - 8
    if not full:
        return yuv_to_rgb(y / one, u / one, v / one)
    top = (1 << depth) - 1
    cb, cr = (128 + 224 * (each - 128 * one) / top for each in (u, v))
    return yuv_to_rgb(16 + 219 * y / top, cb, cr)
