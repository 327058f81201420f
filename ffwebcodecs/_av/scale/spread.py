"""YUV to planar RGB, the first part of every exact way.

YUV of limited range reaches more than twice white: samples that no encoder writes, brighter than
white and as blue as can be. libswscale's C code, which makes planar 8-bit RGB everywhere, makes
black of these. 16-bit RGB is made by SIMD, which does not.

Where there is C code only (FFmpeg 4.3), black and white are put where luma has them, at 16 and 235
of 255: then nothing reaches twice 255. Afterwards each plane is spread as luma is, by a conversion
from limited to full range.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from ..._ffi import ffi, swscale
from ..._spec.frames.gamut import BT709
from ..frames.pixel_format import get_format
from .builder import Builder
from .choices import accurate, white
from .steps import PlaneStep
from .sws import ONE, RGB_LOOK, Look, Scratch, make_context

if TYPE_CHECKING:
    from ..._ffi._types import Array

_CONTRAST = round(ONE * 219 / 255)
_BRIGHTNESS = 16 << 8
_LIMITED = Look(BT709, False)


@cache
def wraps() -> bool:
    """Tell whether 16-bit RGB is black where it is bluest; tried out once."""
    width, height = 64, 2
    fmt, out = get_format("yuv444p"), get_format("gbrp16le")
    context = make_context(
        (fmt, width, height, _LIMITED),
        (out, width, height, RGB_LOOK),
        accurate(swscale.SWS_POINT),
    )
    bluest: Array[int] = ffi.new("uint8_t[]", b"\xff" * (width * height))
    made: Array[int] = ffi.new("uint8_t[]", 3 * 2 * width * height)
    swscale.sws_scale(
        context.ptr,
        ffi.new("uint8_t *[4]", [bluest] * 3),
        ffi.new("int[4]", [width] * 3),
        0,
        height,
        ffi.new("uint8_t *[4]", [made + 2 * width * height * plane for plane in range(3)]),
        ffi.new("int[4]", [2 * width] * 3),
    )
    return not all(made[2 * width * height + 2 * x + 1] == 255 for x in range(width))


def to_planar(
    builder: Builder,
    first: Scratch,
    look: Look,
    size: tuple[int, int],
    filter_flag: int,
    alpha: bool,
) -> Scratch:
    """Append the steps from YUV to planar 8-bit RGB of `size`, rounded."""
    eight = get_format("gbrap" if alpha else "gbrp")
    depth = first.format.depth
    if depth <= 8 and look.full:
        return builder.step(first, eight, look, RGB_LOOK, accurate(filter_flag), size=size)
    # Half an 8-bit step, on the scale of luma: the high byte is then the rounded value.
    brightness = 128 if look.full else 110
    deep = _deep(builder, first, look, size, filter_flag, alpha, brightness)
    return builder.high_bytes(deep, eight)


def to_deep(builder: Builder, first: Scratch, look: Look, alpha: bool) -> Scratch:
    """Append the steps from YUV to planar 16-bit RGB of the same size."""
    size = first.width, first.height
    return _deep(builder, first, look, size, swscale.SWS_POINT, alpha, 0)


def to_whole(
    builder: Builder,
    first: Scratch,
    look: Look,
    size: tuple[int, int],
    filter_flag: int,
    alpha: bool,
) -> Scratch:
    """Append the steps from YUV to planar 16-bit RGB of `size` in which white is 65535; alpha has
    to be written again.
    """
    return _deep(builder, first, look, size, filter_flag, alpha, 0, 257 / 256)


def _deep(
    builder: Builder,
    first: Scratch,
    look: Look,
    size: tuple[int, int],
    filter_flag: int,
    alpha: bool,
    brightness: int,
    more: float = 1,
) -> Scratch:
    is_narrow = not look.full and wraps()
    contrast = _CONTRAST if is_narrow else white(first.format.depth, look)
    made = builder.step(
        first,
        get_format("gbrap16le" if alpha else "gbrp16le"),
        look,
        RGB_LOOK,
        accurate(filter_flag),
        size=size,
        brightness=brightness + (_BRIGHTNESS if is_narrow else 0),
        contrast=round(contrast * more),
    )
    return _spread(builder, made) if is_narrow else made


def _spread(builder: Builder, narrow: Scratch) -> Scratch:
    """Append the steps that bring black and white to 0 and 65280; alpha is there already.

    To 16 bits: libswscale dithers all that has more bits than it writes.
    """
    size = narrow.width, narrow.height
    target = builder.add(narrow.format, size)
    made = get_format("gray16le")
    for plane in range(narrow.format.planes):
        read, look = ("gray16le", RGB_LOOK) if plane == 3 else ("yuv420p16le", _LIMITED)
        context = make_context(
            (get_format(read), *size, look), (made, *size, RGB_LOOK), accurate(swscale.SWS_POINT)
        )
        builder.steps.append(PlaneStep(context, (narrow, plane), (target, plane)))
    return target
