"""Tries libswscale's SIMD converter from YUV to RGB out, once per pair of formats and process.

What it computes differs between processors and releases: chroma rows skipped in 4:2:2, bilinear
chroma where there is no SIMD, other rounding. A small picture of known samples tells, in a
fraction of a millisecond.
"""

from __future__ import annotations

from ..._ffi import ffi, swscale
from ..._spec.frames.gamut import BT709, yuv_to_rgb
from ...errors import NotSupportedError
from ..frames.pixel_format import get_format
from .sws import RGB_LOOK, Look, make_context

_WIDTH, _HEIGHT = 64, 4
_BIASES = (192, 0)  # brightness in 1/256: the first one centres the errors of truncation
_TOLERANCE = 3

_known: dict[tuple[str, str], int | None] = {}


def converter_brightness(source: str, target: str) -> int | None:
    """Return the brightness to give to the converter, or None if it is not to be used.

    Parameters
    ----------
    source : str
        "yuv420p", "yuv422p" or "yuva420p", to be read as limited range.
    target : str
        A packed RGB format of 8 bits.
    """
    key = source, target
    if key not in _known:
        found = [
            (error, bias) for bias in _BIASES if (error := _error(source, target, bias)) is not None
        ]
        _known[key] = min(found)[1] if found else None
    return _known[key]


def _samples(rows: int, row: int, seed: int) -> bytes:
    values = bytearray()
    for _ in range(rows * row):
        seed = seed * 1103515245 + 12345 & 0x7FFFFFFF
        values.append(seed >> 16 & 255)
    return bytes(values)


def _error(source: str, target: str, bias: int) -> int | None:
    """Return the largest error of a channel; None if too large, or black or white is not exact."""
    fmt, out = get_format(source), get_format(target)
    look = Look(BT709, False)
    try:
        context = make_context(
            (fmt, _WIDTH, _HEIGHT, look),
            (out, _WIDTH, _HEIGHT, RGB_LOOK),
            swscale.SWS_BILINEAR,
            dither=True,
            brightness=bias,
        )
    except NotSupportedError:
        return None
    # The first chroma sample is neutral, its pixels are black and white.
    half, chroma_rows = _WIDTH // 2, _HEIGHT // fmt.sub_y
    luma = bytes([16, 235]) + _samples(_HEIGHT, _WIDTH, 1)[2:]
    planes = [luma] + [bytes([128]) + _samples(chroma_rows, half, seed)[1:] for seed in (2, 3)]
    strides = [_WIDTH, half, half]
    if fmt.alpha:
        planes.append(_samples(_HEIGHT, _WIDTH, 4))
        strides.append(_WIDTH)
    memory = [ffi.new("uint8_t[]", plane + bytes(64)) for plane in planes]
    pixel = out.row_bytes(0, 1)
    result = ffi.new("uint8_t[]", _WIDTH * _HEIGHT * pixel + 64)
    rows = swscale.sws_scale(
        context.ptr,
        ffi.new("uint8_t *[4]", memory),
        ffi.new("int[4]", strides),
        0,
        _HEIGHT,
        ffi.new("uint8_t *[4]", [result]),
        ffi.new("int[4]", [_WIDTH * pixel]),
    )
    if rows <= 0:
        return None
    order = (2, 1, 0) if target.startswith("bgr") else (0, 1, 2)
    worst = 0
    for y in range(_HEIGHT):
        for x in range(_WIDTH):
            chroma = y // fmt.sub_y * half + x // 2
            exact = yuv_to_rgb(luma[y * _WIDTH + x], planes[1][chroma], planes[2][chroma])
            at = (y * _WIDTH + x) * pixel
            error = max(
                abs(result[at + index] - round(value))
                for index, value in zip(order, exact, strict=True)
            )
            if error > (_TOLERANCE if (x > 1 or y) else 0):
                return None
            if pixel == 4 and result[at + 3] != (planes[3][y * _WIDTH + x] if fmt.alpha else 255):
                return None
            worst = max(worst, error)
    return worst
