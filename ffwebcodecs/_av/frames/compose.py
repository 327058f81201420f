"""Pictures with an alpha channel: what is in it, and the same picture on a colour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import avutil, ffi
from ..._spec.frames.background import samples
from ..._spec.frames.rect import Rect
from .frame import duplicate, upright
from .pixel_format import describe, pix_fmt_id

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame

OPAQUE, CLEAR, HALF = 0, 1, 2
"""All pixels are opaque; some are transparent; some are neither."""
_PALETTE = 256
_ALPHA_LAST = ("rgba", "bgra")  # of four bytes


def transparency(ptr: AVFrame, pix_fmt: str, region: Rect) -> int:
    """Return `OPAQUE`, `CLEAR` or `HALF`, of a part of a frame whose format has alpha.

    What lies in a format that cannot be looked into counts as opaque.
    """
    ptr = upright(ptr)
    if pix_fmt == "pal8":
        alpha, most = _of_palette(ptr, region), 255
    elif pix_fmt in _ALPHA_LAST and _is_opaque(ptr, region):
        return OPAQUE
    else:
        found = _components(ptr, pix_fmt, region)
        if found is None:
            return OPAQUE
        alpha, most = found[-1], (1 << _depth(pix_fmt)) - 1
    least = int(alpha.min())
    if least == most:
        return OPAQUE
    return HALF if ((alpha > 0) & (alpha < most)).any() else CLEAR


def _is_opaque(ptr: AVFrame, region: Rect) -> bool:
    # Whole pixels together: nine times as fast as every fourth byte.
    import numpy as np

    x, y, width, height = region
    stride = ptr.linesize[0]
    memory = ffi.buffer(ptr.data[0], stride * (y + height - 1) + 4 * (x + width))
    pixels = np.ndarray((height, width), "<u4", memory, stride * y + 4 * x, (stride, 4))
    return bool(np.bitwise_and.reduce(pixels, axis=None) >> 24 == 255)


def composed(
    ptr: AVFrame,
    pix_fmt: str,
    region: Rect,
    color: tuple[int, int, int],
    matrix: str | None,
    full_range: bool,
) -> AVFrame:
    """Return a frame like `ptr`, whose pixels in `region` lie on a colour and are opaque.

    Parameters
    ----------
    ptr : AVFrame *
        Borrowed; stays as it is.
    pix_fmt : str
        Its format, which has alpha.
    region : Rect
        In luma pixels.
    color : (int, int, int)
        Red, green and blue, 0 to 255.
    matrix, full_range
        What its YUV samples mean.
    """
    import numpy as np

    copy = duplicate(ptr)
    if pix_fmt == "pal8":
        colors = np.frombuffer(ffi.buffer(copy.data[1], 4 * _PALETTE), np.uint32)
        alpha = colors >> 24
        mixed = sum(
            _mixed(colors >> shift & 255, alpha, 255, each) << shift
            for shift, each in zip((16, 8, 0), color, strict=True)
        )
        colors[:] = mixed | np.uint32(0xFF000000)
        return copy
    found = _components(copy, pix_fmt, region)
    if found is None:
        return copy
    described = describe(pix_fmt)
    assert described is not None
    most = (1 << described.depth) - 1
    values = samples(
        color, described.depth, rgb=described.rgb, matrix=matrix, full_range=full_range
    )
    *planes, alpha = found
    whole = alpha.astype(np.uint32)
    for plane, value in zip(planes, values, strict=False):  # gray has luma only
        share = whole if plane.shape == whole.shape else _coarser(whole, plane.shape)
        plane[...] = _mixed(plane, share, most, value)
    alpha[...] = most
    return copy


def _mixed(plane: Any, alpha: Any, most: int, value: int) -> Any:
    """Return (plane * alpha + value * (most - alpha)) / most, rounded."""
    import numpy as np

    wide = plane.astype(np.uint32)
    return (wide * alpha + np.uint32(value) * (most - alpha) + most // 2) // most


def _coarser(alpha: Any, shape: tuple[int, int]) -> Any:
    """Return the mean alpha of the pixels of each chroma sample."""
    import numpy as np

    rows, columns = -(-alpha.shape[0] // shape[0]), -(-alpha.shape[1] // shape[1])
    missing = shape[0] * rows - alpha.shape[0], shape[1] * columns - alpha.shape[1]
    even = np.pad(alpha, ((0, missing[0]), (0, missing[1])), mode="edge")
    blocks = even.reshape(shape[0], rows, shape[1], columns)
    return (blocks.sum(axis=(1, 3)) + rows * columns // 2) // (rows * columns)


def _depth(pix_fmt: str) -> int:
    described = describe(pix_fmt)
    return 8 if described is None else described.depth


def _of_palette(ptr: AVFrame, region: Rect) -> Any:
    import numpy as np

    colors = np.frombuffer(ffi.buffer(ptr.data[1], 4 * _PALETTE), np.uint32)
    stride = ptr.linesize[0]
    size = stride * (region.y + region.height - 1) + region.x + region.width
    numbers = np.ndarray(
        (region.height, region.width),
        np.uint8,
        ffi.buffer(ptr.data[0], size),
        stride * region.y + region.x,
        (stride, 1),
    )
    return (colors >> 24)[np.unique(numbers)]


def _components(ptr: AVFrame, pix_fmt: str, region: Rect) -> list[Any] | None:
    """Return a writable array of each component of a part of a frame, alpha last; None if a format
    has no whole bytes, or no whole numbers.
    """
    import numpy as np

    desc = avutil.av_pix_fmt_desc_get(pix_fmt_id(pix_fmt))
    flags = desc.flags
    if flags & (avutil.AV_PIX_FMT_FLAG_FLOAT | avutil.AV_PIX_FMT_FLAG_BITSTREAM):
        return None
    found: list[Any] = []
    for number in range(desc.nb_components):
        component = desc.comp[number]
        if component.shift or component.depth > 16:
            return None
        wide = component.depth > 8
        order = ">" if flags & avutil.AV_PIX_FMT_FLAG_BE else "<"
        is_chroma = number in (1, 2) and desc.nb_components > 2
        sub_x = desc.log2_chroma_w if is_chroma else 0
        sub_y = desc.log2_chroma_h if is_chroma else 0
        x, y = region.x >> sub_x, region.y >> sub_y
        # The first column and row that do not belong to the region.
        width = -(-(region.x + region.width) >> sub_x)
        height = -(-(region.y + region.height) >> sub_y)
        stride, step, offset = ptr.linesize[component.plane], component.step, component.offset
        size = stride * (height - 1) + step * (width - 1) + offset + (2 if wide else 1)
        found.append(
            np.ndarray(
                (height - y, width - x),
                f"{order}u2" if wide else "u1",
                ffi.buffer(ptr.data[component.plane], size),
                stride * y + step * x + offset,
                (stride, step),
            )
        )
    return found
