"""FFmpeg's pixel formats: numbers, names, what they mean, where their bytes lie.

Numbers differ between FFmpeg's majors, so formats are known by name, and each name is asked for
once. Three kinds of reader want three things: the scaler a `Format`, whoever chooses one a
`PixFmt`, whoever walks through pixels the `geometry`.
"""

from __future__ import annotations

from ..._ffi import avutil, ffi
from ..._spec.frames.pix_fmt import PixFmt
from ...errors import NotSupportedError

_ids: dict[str, int] = {}
_names: dict[int, str] = {}


def pix_fmt_id(name: str) -> int:
    """Return the AVPixelFormat number of a name, -1 (none) if this FFmpeg lacks it."""
    number = _ids.get(name)
    if number is None:
        number = _ids[name] = int(avutil.av_get_pix_fmt(name.encode()))
    return number


def pix_fmt_name(number: int) -> str:
    """Return the name of an AVPixelFormat number, ``"none"`` for -1."""
    name = _names.get(number)
    if name is None:
        text = avutil.av_get_pix_fmt_name(number)
        name = _names[number] = ffi.string(text).decode() if text else "none"
    return name


def exists(name: str) -> bool:
    """Tell whether this FFmpeg has the pixel format."""
    return pix_fmt_id(name) >= 0


class Format:
    """One AVPixelFormat: where its bytes lie, and what they mean."""

    __slots__ = (
        "alpha",
        "depth",
        "id",
        "name",
        "palette",
        "planes",
        "rgb",
        "sub_x",
        "sub_y",
        "yuv",
    )

    def __init__(self, name: str) -> None:
        number = pix_fmt_id(name)
        desc = avutil.av_pix_fmt_desc_get(number)
        if not desc:
            raise NotSupportedError(f"this FFmpeg has no pixel format {name!r}")
        flags = desc.flags
        if flags & avutil.AV_PIX_FMT_FLAG_HWACCEL:
            raise NotSupportedError(f"{name} is the memory of a device, libswscale cannot read it")
        self.name = name
        self.id = number
        self.palette = bool(flags & avutil.AV_PIX_FMT_FLAG_PAL)
        self.planes: int = 1 if self.palette else avutil.av_pix_fmt_count_planes(number)
        self.rgb = bool(flags & avutil.AV_PIX_FMT_FLAG_RGB) or self.palette
        self.alpha = bool(flags & avutil.AV_PIX_FMT_FLAG_ALPHA)
        self.depth: int = desc.comp[0].depth
        self.yuv = not self.rgb and desc.nb_components >= 3
        self.sub_x = 1 << desc.log2_chroma_w
        self.sub_y = 1 << desc.log2_chroma_h

    def row_bytes(self, plane: int, width: int) -> int:
        """Return the bytes of one row without padding."""
        size: int = avutil.av_image_get_linesize(self.id, width, plane)
        return size

    def rows(self, plane: int, height: int) -> int:
        """Return the number of rows of a plane."""
        return -(-height // self.sub_y) if plane in (1, 2) else height

    def offset(self, plane: int, stride: int, x: int, y: int) -> int:
        """Return the offset of a pixel in a plane; x and y suit the subsampling."""
        sub_y = self.sub_y if plane in (1, 2) else 1
        return y // sub_y * stride + (self.row_bytes(plane, x) if x else 0)


_formats: dict[str, Format] = {}


def get_format(name: str) -> Format:
    """Return the Format called `name`, or raise NotSupportedError."""
    found = _formats.get(name)
    if found is None:
        found = _formats[name] = Format(name)
    return found


_CHROMA = {(1, 1): "444", (2, 1): "422", (2, 2): "420", (1, 2): "440", (4, 1): "411", (4, 4): "410"}
_described: dict[str, PixFmt | None] = {}


def describe(name: str) -> PixFmt | None:
    """Return what matters of a pixel format, None of those that frames in memory cannot have."""
    if name not in _described:
        _described[name] = _describe(name)
    return _described[name]


def _describe(name: str) -> PixFmt | None:
    desc = avutil.av_pix_fmt_desc_get(pix_fmt_id(name))
    if not desc or desc.flags & (avutil.AV_PIX_FMT_FLAG_HWACCEL | avutil.AV_PIX_FMT_FLAG_BAYER):
        return None
    fmt = get_format(name)
    chroma = _CHROMA.get((fmt.sub_x, fmt.sub_y), "420") if fmt.yuv else "444" if fmt.rgb else "400"
    depth = 8 if fmt.palette else fmt.depth
    return PixFmt(name, chroma, depth, rgb=fmt.rgb, alpha=fmt.alpha, palette=fmt.palette)


_geometry: dict[str, list[tuple[int, int, int]]] = {}


def geometry(pix_fmt: str) -> list[tuple[int, int, int]]:
    """Return (horizontal subsampling, vertical subsampling, bytes from sample to sample) of each
    plane of a format.
    """
    found = _geometry.get(pix_fmt)
    if found is None:
        desc = avutil.av_pix_fmt_desc_get(pix_fmt_id(pix_fmt))
        if not desc:
            raise NotSupportedError(f"this FFmpeg has no pixel format {pix_fmt}")
        planes: dict[int, tuple[int, int, int]] = {}
        for index in range(desc.nb_components):
            component = desc.comp[index]
            chroma = index in (1, 2)
            sub_x = 1 << desc.log2_chroma_w if chroma else 1
            sub_y = 1 << desc.log2_chroma_h if chroma else 1
            step = 0 if desc.flags & avutil.AV_PIX_FMT_FLAG_BITSTREAM else component.step
            planes.setdefault(component.plane, (sub_x, sub_y, step))
        found = [planes[index] for index in sorted(planes)]
        if len(found) == 1 and (desc.log2_chroma_w or desc.log2_chroma_h):
            # Pixels with common chroma are one element.
            element = avutil.av_image_get_linesize(pix_fmt_id(pix_fmt), 1, 0)
            found = [(1 << desc.log2_chroma_w, 1 << desc.log2_chroma_h, element)]
        _geometry[pix_fmt] = found
    return found


_UNLIKE = "AV_PIX_FMT_FLAG_BITSTREAM", "AV_PIX_FMT_FLAG_PAL", "AV_PIX_FMT_FLAG_BAYER"


def samples(pix_fmt: str) -> list[tuple[int, int, int]] | None:
    """Return the `geometry` of a format in which every element of a plane stands for one place of
    the picture; None of others: bits, palettes, mosaics, two pixels with common chroma.
    """
    desc = avutil.av_pix_fmt_desc_get(pix_fmt_id(pix_fmt))
    if not desc or any(desc.flags & getattr(avutil, name) for name in _UNLIKE):
        return None
    found = geometry(pix_fmt)
    is_subsampled = desc.log2_chroma_w or desc.log2_chroma_h
    return None if is_subsampled and len(found) == 1 else found
