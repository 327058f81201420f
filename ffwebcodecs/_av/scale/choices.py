"""Small rules that `recipes` decides by: names of kin formats, looks, filters."""

from __future__ import annotations

from ..._ffi import swscale
from ..._spec.frames.gamut import matrix_name
from ..frames.pixel_format import Format
from .image import Image
from .sws import ONE, RGB_LOOK, Look


def plain_name(name: str) -> str:
    return name.replace("yuvj", "yuv") if name.startswith("yuvj") else name


def look_of(image: Image, fmt: Format) -> Look:
    full = image.full_range
    if full is None:
        full = image.pix_fmt.startswith(("yuvj", "gray", "ya", "mono"))
    return RGB_LOOK if fmt.rgb else Look(matrix_name(image.matrix), full)


def as_yuv(name: str) -> str:
    """Return the planar YUV format whose luma is this gray format, or the name itself."""
    if name == "gray":
        return "yuv420p"
    if name.startswith("gray") and name.endswith("le") and "f" not in name:
        return f"yuv420p{name[4:]}"
    return name


def integer_planes(fmt: Format) -> bool:
    """Tell whether this is planar RGB whose samples are little-endian integers or bytes."""
    return fmt.name.startswith("gbr") and "f" not in fmt.name and not fmt.name.endswith("be")


def accurate(filter_flag: int) -> int:
    flags: int = (
        filter_flag
        | swscale.SWS_ACCURATE_RND
        | swscale.SWS_FULL_CHR_H_INT
        | swscale.SWS_FULL_CHR_H_INP
    )
    return flags


def with_depth(name: str, depth: int) -> str:
    """Return the name of the planar YUV format with the planes of a deep one, and another depth."""
    base = name[: name.rindex("p") + 1] if "p" in name else name
    return base if depth <= 8 else f"{base}{depth}le"


def white(depth: int, look: Look) -> int:
    """Return the contrast that brings white to 65280 (255 * 256) in 16-bit RGB.

    libswscale reads samples as if they had 16 bits: 1023, of full-range 10 bits, gives 65472.
    """
    return (
        round(ONE * 255 * (1 << depth - 8) / ((1 << depth) - 1)) if look.full and depth > 8 else ONE
    )


def scaling(size: tuple[int, int], out_size: tuple[int, int], name: str | None) -> int:
    """Return the filter: the one that is named, else bicubic, or area where the image becomes much
    smaller.
    """
    flag: int
    if name is not None:
        flag = {
            "bilinear": swscale.SWS_BILINEAR,
            "bicubic": swscale.SWS_BICUBIC,
            "area": swscale.SWS_AREA,
            "lanczos": swscale.SWS_LANCZOS,
        }[name]
        return flag
    much = size[0] >= 4 * out_size[0] or size[1] >= 4 * out_size[1]
    flag = swscale.SWS_AREA if much else swscale.SWS_BICUBIC
    return flag


def extension(size: tuple[int, int], *formats: Format) -> tuple[int, int]:
    """Return how many columns and rows an image lacks to whole chroma samples."""
    sub_x, sub_y = max(each.sub_x for each in formats), max(each.sub_y for each in formats)
    return -size[0] % sub_x, -size[1] % sub_y
