"""How large a picture may be: the limit, and what headers say before anything is allocated.

A picture of one colour takes a few bytes in a file and hundreds of megabytes in memory. `size_of`
reads the size where the file format of pictures, or a codec's header, has it.
"""

from __future__ import annotations

from ...errors import DataError, InvalidArgumentError
from ..numbers import show, to_integer

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

MAX_PIXELS = 1 << 27
"""The largest picture that is read unless more is asked for: lets 16K video through."""

PNG = b"\x89PNG\r\n\x1a\n"

HEAD = 1024
"""Bytes of a chunk that `size_of` wants to see."""


def read_max_pixels(value: object) -> int | None:
    """Return a limit of pixels, None for no limit.

    Raises
    ------
    InvalidArgumentError
        It is no positive integer.
    """
    if value is None:
        return None
    pixels = to_integer(value, "max_pixels")
    if pixels < 1:
        raise InvalidArgumentError(f"max_pixels is {show(pixels)}, it must be at least 1, or None")
    return pixels


def excess(width: int, height: int, limit: int | None) -> str | None:
    """Return what is wrong with a picture's size, for people; None if nothing is."""
    pixels = width * height
    if limit is None or pixels <= limit:
        return None
    return (
        f"{width}x{height} is {pixels} pixels, more than max_pixels={limit} allows; "
        "if the source is trusted, pass a larger max_pixels, or None for no limit"
    )


def size_of(codec: str, data: bytes) -> tuple[int, int] | None:
    """Return width and height as the first bytes of a chunk, or a codec's header, say them.

    `codec` is FFmpeg's name of the codec. None: they do not say, or are damaged.
    """
    from . import families  # only now: hardly anybody asks

    reader = _PICTURES.get(codec)
    try:
        if reader is not None:
            return reader(data)
        return families.of_codec(codec).size_of(data, data)
    except (DataError, IndexError):
        return None


def _png(data: bytes) -> tuple[int, int] | None:
    return _pair(data, 16, 4, "big") if data[12:16] == b"IHDR" else None


def _gif(data: bytes) -> tuple[int, int] | None:
    return _pair(data, 6, 2, "little") if data[:3] == b"GIF" else None


def _bmp(data: bytes) -> tuple[int, int] | None:
    return _pair(data, 18, 4, "little") if data[:2] == b"BM" else None


def _qoi(data: bytes) -> tuple[int, int] | None:
    return _pair(data, 4, 4, "big") if data[:4] == b"qoif" else None


def _webp(data: bytes) -> tuple[int, int] | None:
    kind = data[12:16]
    if kind == b"VP8X":
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if kind == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 ":
        width, height = _pair(data, 26, 2, "little")
        return width & 0x3FFF, height & 0x3FFF
    return None


def _jpeg(data: bytes) -> tuple[int, int] | None:
    at = 2
    while data[at] == 0xFF:
        kind = data[at + 1]
        # SOF0 to SOF15, but for DHT, JPG and DAC, which lie between them; and that of JPEG-LS.
        if kind == 0xF7 or (0xC0 <= kind <= 0xCF and kind not in (0xC4, 0xC8, 0xCC)):
            height, width = _pair(data, at + 5, 2, "big")
            return width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def _jpeg2000(data: bytes) -> tuple[int, int] | None:
    at = data.find(b"\xff\x4f\xff\x51")  # SOC, SIZ
    return None if at < 0 else _pair(data, at + 8, 4, "big")


def _mpeg(data: bytes) -> tuple[int, int] | None:
    at = data.find(b"\0\0\1\xb3")
    if at < 0:
        return None
    bits = int.from_bytes(data[at + 4 : at + 7], "big")
    width, height = bits >> 12, bits & 0xFFF
    more = data.find(b"\0\0\1\xb5", at)  # the extension of MPEG-2 has two more bits of each
    if more >= 0 and data[more + 4] >> 4 == 1:
        bits = int.from_bytes(data[more + 5 : more + 7], "big")
        width |= (bits >> 7 & 3) << 12
        height |= (bits >> 5 & 3) << 12
    return width, height


def _sorenson(data: bytes) -> tuple[int, int] | None:
    bits = int.from_bytes(data[:9], "big")
    kind = bits >> 39 & 7
    if kind > 1 or bits >> 55 != 1:
        return None  # the other kinds are small
    sides = bits >> 23 & 0xFFFF, bits >> 7 & 0xFFFF
    return sides if kind else (sides[0] >> 8, sides[0] & 0xFF)


def _pair(data: bytes, at: int, size: int, order: str) -> tuple[int, int]:
    if len(data) < at + 2 * size:
        raise IndexError(at)
    width = int.from_bytes(data[at : at + size], order)  # type: ignore[arg-type]
    height = int.from_bytes(data[at + size : at + 2 * size], order)  # type: ignore[arg-type]
    return width, height


_PICTURES: Mapping[str, Callable[[bytes], tuple[int, int] | None]] = {
    "png": _png,
    "apng": _png,
    "gif": _gif,
    "bmp": _bmp,
    "qoi": _qoi,
    "webp": _webp,
    "mjpeg": _jpeg,
    "jpegls": _jpeg,
    "flv1": _sorenson,
    "jpeg2000": _jpeg2000,
    "mpeg1video": _mpeg,
    "mpeg2video": _mpeg,
}
