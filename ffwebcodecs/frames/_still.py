"""Pictures as PNG, JPEG and WebP files: upright, in sRGB, with libavcodec's encoders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._av.codecs import still
from .._av.files.target import OutputFile
from .._av.frames import frame as native
from .._av.frames.compose import OPAQUE, composed, transparency
from .._av.frames.picture import Picture
from .._av.frames.pixel_format import describe, pix_fmt_id
from .._av.scale.cache import convert
from .._av.scale.image import Image
from .._spec.frames.formats import get_format
from .._spec.frames.layout import compute_layout
from .._spec.frames.rect import Rect
from .._spec.frames.still import (
    JPEG,
    PNG,
    WEBP,
    Still,
    format_of,
    jpeg_scale,
    keeps_chroma,
    parse_still,
)
from .._spec.texts import to_path
from ..errors import InvalidArgumentError
from ._array_format import usual_format
from ._copy import Source, convert_pixels, copy_pixels, destination_layout
from ._shape import FrameShape
from ._upright import upright

if TYPE_CHECKING:
    from .._ffi._types import AVFrame


class StillFile:
    """Where a picture file goes, and what it is to be; InvalidArgumentError if that is unclear."""

    __slots__ = ("_file", "still")

    def __init__(self, destination: Any, format: Any, *options: Any) -> None:
        if destination is None:
            raise InvalidArgumentError("save takes a path or a writable binary file object")
        if isinstance(destination, bytes):
            destination = to_path(destination)
        self._file = OutputFile(destination, as_made=True)
        chosen = format_of(format, self._file.path, self._file.shown)
        self.still = parse_still(chosen, *options)

    def write(self, data: bytes) -> None:
        """Write all of it: a path appears complete or not at all."""
        self._file.open()
        try:
            self._file.write(data)
        except BaseException:
            self._file.discard()
            raise
        self._file.commit()


def encode_still(picture: Picture, shape: FrameShape, asked: Still) -> bytes:
    """Return the upright picture as a file."""
    visible = shape.visible_rect
    assert visible is not None  # it is open
    asked.check_size(visible.width, visible.height)
    size = visible.width, visible.height
    return _encode(*_pixels(picture, shape, asked, size, is_deep=True), asked)


def encode_shown(picture: Picture, shape: FrameShape, most: int) -> bytes:
    """Return the upright picture as a PNG to be looked at: in the shape that it is displayed in,
    `most` pixels a side at most.
    """
    asked = Still(PNG, None, None)
    return _encode(*_pixels(picture, shape, asked, _shown_size(shape, most)), asked)


def _shown_size(shape: FrameShape, most: int) -> tuple[int, int]:
    """Return width and height, before it is turned, with square pixels: none is left out for that,
    and the picture is made no larger than `most` allows.
    """
    visible = shape.visible_rect
    assert visible is not None  # it is open
    size = width, height = visible.width, visible.height
    wide, high = shape.display_width, shape.display_height
    if shape.rotation % 180:
        wide, high = high, wide
    if wide * height > width * high:
        size = round(height * wide / high), height
    elif wide * height < width * high:
        size = width, round(width * high / wide)
    scale = min(1.0, most / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _encode(ptr: AVFrame, shape: FrameShape, asked: Still) -> bytes:
    if asked.format == PNG:
        return still.encode_png(_big_endian(ptr, shape))
    if asked.format == WEBP:
        return still.encode_webp(ptr, asked.quality)
    quality = asked.quality
    assert quality is not None
    chroma = "444" if keeps_chroma(quality) else "420"
    return still.encode_jpeg(_to_jpeg_colors(ptr, shape, chroma), jpeg_scale(quality))


def _pixels(
    picture: Picture,
    shape: FrameShape,
    asked: Still,
    size: tuple[int, int],
    *,
    is_deep: bool = False,
) -> tuple[AVFrame, FrameShape]:
    """Return an AVFrame of the picture, upright, in sRGB, and in a format that the encoder takes.

    Parameters
    ----------
    size : (int, int)
        Before it is turned.
    is_deep : bool
        Whether PNG has 16 bits where the picture has more than 8, and is no YUV.
    """
    if asked.format == PNG and is_deep:
        fmt = usual_format(picture, shape)
    else:
        fmt = get_format(_format(shape, asked))
    assert fmt.ffmpeg is not None
    region, wanted, _ = destination_layout(shape, None, None, fmt.name, None)
    where = compute_layout(fmt, *size)
    ptr, base = native.tight(fmt.ffmpeg, *size, where)
    source = Source(picture.ptr, shape, region)
    if size == (region.width, region.height):
        copy_pixels(source, wanted, where, base)
    else:
        convert_pixels(source, wanted, where, base, *size, "area")
    whole = Rect(0, 0, *size)
    if (
        fmt.has_alpha
        and asked.background is not None
        and transparency(ptr, fmt.ffmpeg, whole) != OPAQUE
    ):
        ptr = composed(ptr, fmt.ffmpeg, whole, asked.background, None, True)
    turn = shape.rotation, shape.flip
    made = FrameShape(fmt, fmt.ffmpeg, size, whole, size, *turn, shape.color_space)
    pixels, made = upright(Picture(ptr), made)
    return pixels.ptr, made


def _big_endian(source: AVFrame, shape: FrameShape) -> AVFrame:
    """Return an AVFrame of the same pixels with the order of bytes that PNG has."""
    fmt, size = shape.format, (shape.coded_width, shape.coded_height)
    assert fmt is not None and fmt.ffmpeg is not None
    if fmt.sample_bytes == 1:
        return source
    name = f"{fmt.ffmpeg[:-2]}be"
    where = compute_layout(fmt, *size)
    ptr, _ = native.tight(name, *size, where)
    full = "rgb" if fmt.is_rgb else None, True
    convert(
        Image(*native.region(source, fmt.ffmpeg, 0, 0), fmt.ffmpeg, *size, *full),
        Image(*native.region(ptr, name, 0, 0), name, *size, *full),
    )
    return ptr


def _format(shape: FrameShape, asked: Still) -> str:
    own = shape.format
    described = None if shape.pix_fmt is None else describe(shape.pix_fmt)
    has_alpha = own.has_alpha if own is not None else described is not None and described.alpha
    if asked.format == PNG:
        if own is not None and own.name == "GRAY8":
            return own.name
        return "RGBA" if has_alpha else "RGB"
    if asked.format == JPEG:
        return "RGBA" if has_alpha else "RGB"
    return "BGRA"  # libwebp's own


def _to_jpeg_colors(source: AVFrame, shape: FrameShape, chroma: str) -> AVFrame:
    """Return an AVFrame of the pixels in full-range BT.601, which is what JFIF means."""
    size = width, height = shape.coded_width, shape.coded_height
    given = shape.pix_fmt
    assert given is not None
    planes = get_format(f"I{chroma}").planes
    rows = [(plane.row_bytes(width), plane.rows(height)) for plane in planes]
    # The encoder wants the deprecated format as long as there is one.
    name = f"yuvj{chroma}p" if pix_fmt_id(f"yuvj{chroma}p") >= 0 else f"yuv{chroma}p"
    ptr = native.new(name, width, height, rows)
    convert(
        Image(*native.region(source, given, 0, 0), given, *size, "rgb", True),
        Image(*native.region(ptr, name, 0, 0), name, *size, "smpte170m", True),
    )
    return ptr
