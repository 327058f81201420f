"""YUV to planar RGB, the first part of every exact way.

YUV of limited range reaches more than twice white: samples that no encoder writes, brighter than
white and as blue as can be. libswscale's C code, which makes planar 8-bit RGB everywhere, makes
black of these. 16-bit RGB is made by SIMD, which does not.

Where there is C code only (FFmpeg 4.3), black and white are put where luma has them, at 16 and 235
of 255: then nothing reaches twice 255. Afterwards each plane is spread as luma is, by a conversion
from limited to full range. That has 65531 at most: where white is 65535, gray becomes RGB with more
contrast instead, which takes twice as long.
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
    made = _try("yuv444p", _LIMITED, b"\xff", "gbrp16le", RGB_LOOK)
    return not all(high == 255 for high in made[1][1::2])


@cache
def _excess() -> int:
    """Return by how much the luma of planar 16-bit RGB is too large, of 65536; tried out once.

    FFmpeg 4.3 adds half a step of 8 bits, for rounding, where nothing is rounded away.
    """
    made = _try("gbrp16le", RGB_LOOK, bytes(2), "yuv444p16le", _LIMITED)
    return int.from_bytes(made[0][:2], "little") - _BRIGHTNESS


def _try(name: str, look: Look, sample: bytes, out_name: str, out_look: Look) -> list[bytes]:
    """Return the planes that are made of three with one value."""
    width, height = 64, 2
    fmt, out = get_format(name), get_format(out_name)
    context = make_context(
        (fmt, width, height, look), (out, width, height, out_look), accurate(swscale.SWS_POINT)
    )
    given: Array[int] = ffi.new("uint8_t[]", sample * (width * height))
    size = out.row_bytes(0, width) * height
    made: Array[int] = ffi.new("uint8_t[]", 3 * size)
    swscale.sws_scale(
        context.ptr,
        ffi.new("uint8_t *[4]", [given] * 3),
        ffi.new("int[4]", [fmt.row_bytes(0, width)] * 3),
        0,
        height,
        ffi.new("uint8_t *[4]", [made + size * plane for plane in range(3)]),
        ffi.new("int[4]", [out.row_bytes(0, width)] * 3),
    )
    found = bytes(ffi.buffer(made))
    return [found[size * plane : size * (plane + 1)] for plane in range(3)]


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


def to_weighed(builder: Builder, luma: Scratch, look: Look) -> Scratch:
    """Append the steps to planar 16-bit RGB from the luma that libswscale makes of such, of limited
    range and without colour.
    """
    size = luma.width, luma.height
    return _deep(builder, luma, look, size, swscale.SWS_POINT, False, -_excess(), 1)


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
    more: float | None = None,
) -> Scratch:
    is_narrow = not look.full and wraps()
    contrast = _CONTRAST if is_narrow else round(white(first.format.depth, look) * (more or 1))
    made = builder.step(
        first,
        get_format("gbrap16le" if alpha else "gbrp16le"),
        look,
        RGB_LOOK,
        accurate(filter_flag),
        size=size,
        brightness=brightness + (_BRIGHTNESS if is_narrow else 0),
        contrast=contrast,
    )
    return _spread(builder, made, more) if is_narrow else made


def _spread(builder: Builder, narrow: Scratch, more: float | None) -> Scratch:
    """Append the steps that bring black to 0 and white to 65280, or to that times `more`; alpha is
    there already.

    To 16 bits: libswscale dithers all that has more bits than it writes.
    """
    size = narrow.width, narrow.height
    target = builder.add(narrow.format, size)
    gray = get_format("gray16le")
    read, look, made, brightness, contrast = "yuv420p16le", _LIMITED, gray, 0, ONE
    if more is not None:
        read, look, made = "gray16le", RGB_LOOK, get_format("gbrp16le")
        brightness, contrast = -_BRIGHTNESS, round(ONE * 255 / 219 * more)
    for plane in range(narrow.format.planes):
        if plane == 3:
            read, look, made, brightness, contrast = "gray16le", RGB_LOOK, gray, 0, ONE
        context = make_context(
            (get_format(read), *size, look),
            (made, *size, RGB_LOOK),
            accurate(swscale.SWS_POINT),
            brightness=brightness,
            contrast=contrast,
        )
        builder.steps.append(PlaneStep(context, (narrow, plane), (target, plane)))
    return target
