"""Pictures of animations as files of their own, which any decoder of still pictures reads.

No pixel is touched: the compressed data is put behind headers that say the size of this picture
alone. What says something of colours is left out: the pixels of all pictures are laid over one
another as they are stored.
"""

from __future__ import annotations

import zlib

from ..codecs.bits import Record
from .facts import BadImage
from .gif import palette_size
from .png_data import SIGNATURE, has_all_rows, is_sound
from .webp import chunks

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .facts import ImagePart
    from .scanning import Data

_VP8X_ALPHA = 0x10
_WHOLE_PALETTE = 768
_GRAY, _PALETTE = 0, 3  # colour types of PNG


class LonePicture(Record):
    """A file of one picture.

    Attributes
    ----------
    data : bytes
    clear : bytes or None
        The colour, R, G and B, that stands for transparent pixels, and for no others: a GIF's own
        way to say it cannot be told from data that ends early, which decoders leave transparent.
    """

    __slots__ = ("clear", "data")
    data: bytes
    clear: bytes | None


def still_of(kind: str, data: Data, part: ImagePart) -> LonePicture:
    """Return the file of one picture, whose canvas is the picture's rectangle.

    Parameters
    ----------
    kind : {"png", "gif", "webp"}
        Of the animation.
    data : bytes-like
        The animation; all of the picture's bytes are there.
    part : ImagePart
        The picture.

    Raises
    ------
    BadImage
        It is damaged in a way that its headers tell.
    """
    if part.damage is not None:
        raise BadImage(part.damage)
    if kind == "gif":
        return _gif(data, part)
    make = {"png": _png, "webp": _webp}[kind]
    return LonePicture(data=make(data, part), clear=None)


def _png_chunk(name: bytes, content: bytes) -> bytes:
    crc = zlib.crc32(content, zlib.crc32(name))
    return len(content).to_bytes(4, "big") + name + content + crc.to_bytes(4, "big")


def _png(data: Data, part: ImagePart) -> bytes:
    _, _, width, height = part.rect
    head = bytes(data[16:29])  # IHDR
    size = width.to_bytes(4, "big") + height.to_bytes(4, "big")
    colors: dict[bytes, bytes] = {}
    at = 33
    while at < len(data):
        length, name = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8])
        if name in (b"PLTE", b"tRNS") and is_sound(data, at):
            colors[name] = bytes(data[at + 8 : at + 8 + length])
        elif name in (b"IDAT", b"fcTL"):
            break
        at += 12 + length
    depth, color = head[8:10]
    if color == _GRAY and depth < 8 and len(colors.get(b"tRNS", b"")) == 2:
        head, colors = _with_palette(head, int.from_bytes(colors[b"tRNS"], "big"))
    pieces = [SIGNATURE, _png_chunk(b"IHDR", size + head[8:])]
    pieces += [_png_chunk(name, content) for name, content in colors.items()]
    # fcTL comes first.
    at = part.start + 38
    coded: list[bytes] = []
    while at + 8 <= part.stop:
        length, name = int.from_bytes(data[at : at + 4], "big"), bytes(data[at + 4 : at + 8])
        if name in (b"IDAT", b"fdAT"):
            start = at + (12 if name == b"fdAT" else 8)  # behind fdAT's number
            coded.append(bytes(data[start : at + 8 + length]))
        at += 12 + length
    if not has_all_rows(size + head[8:], coded):
        raise BadImage("its data ends early")
    pieces += [_png_chunk(b"IDAT", piece) for piece in coded]
    pieces.append(_png_chunk(b"IEND", b""))
    return b"".join(pieces)


def with_gray_alpha(data: bytes) -> bytes:
    """Return a still PNG; of few levels of gray, one of which is transparent, as one with a
    palette, for the sake of decoders: see `_with_palette`.
    """
    at, head = 33, data[16:29]
    if len(data) < at or head[8] >= 8 or head[9] != _GRAY:
        return data
    while at + 14 <= len(data) and data[at + 4 : at + 8] != b"IDAT":
        length = int.from_bytes(data[at : at + 4], "big")
        if data[at + 4 : at + 8] == b"tRNS" and length == 2 and is_sound(data, at):
            head, colors = _with_palette(head, int.from_bytes(data[at + 8 : at + 10], "big"))
            added = [_png_chunk(name, content) for name, content in colors.items()]
            begin = (SIGNATURE, _png_chunk(b"IHDR", head), data[33:at])
            return b"".join((*begin, *added, data[at + 14 :]))
        at += 12 + length
    return data


def _with_palette(head: bytes, clear: int) -> tuple[bytes, dict[bytes, bytes]]:
    """Return header and colours of few levels of gray, one of which is transparent, as a palette:
    FFmpeg's decoder (4.3 to 9.0) compares that one with what it has unpacked to 8 bits.
    """
    count = 1 << head[8]
    levels = bytes(number * 255 // (count - 1) for number in range(count) for _ in range(3))
    alpha = bytes(0 if number == clear else 255 for number in range(count))
    return head[:9] + bytes((_PALETTE,)) + head[10:], {b"PLTE": levels, b"tRNS": alpha}


def _gif(data: Data, part: ImagePart) -> LonePicture:
    _, _, width, height = part.rect
    size = width.to_bytes(2, "little") + height.to_bytes(2, "little")
    at = part.start
    transparent = None
    while data[at] == 0x21:  # extensions
        if data[at + 1] == 0xF9 and at == part.start and data[at + 3] & 1:
            transparent = data[at + 6]
        at += 2
        while data[at]:
            at += 1 + data[at]
        at += 1
    flags = data[at + 9]
    own = palette_size(flags)
    start = at + 10 if own else 13
    palette = bytes(data[start : start + (own or palette_size(data[10]))])
    palette = palette.ljust(_WHOLE_PALETTE, b"\0")
    clear = None
    if transparent is not None:
        known = {palette[n : n + 3] for n in range(0, _WHOLE_PALETTE, 3)}
        clear = next(
            color for n in range(257) if (color := bytes((n & 255, n >> 8, 0))) not in known
        )
        palette = palette[: 3 * transparent] + clear + palette[3 * transparent + 3 :]
    content = bytes(data[at + 10 + own : part.stop])
    place = b"\x2c\0\0\0\0" + size + bytes((flags & 0x40 | 0x87,))
    screen = b"GIF89a" + size + b"\0\0\0"
    return LonePicture(data=b"".join((screen, place, palette, content, b"\x3b")), clear=clear)


def _riff_chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) & 1)


def _webp(data: Data, part: ImagePart) -> bytes:
    _, _, width, height = part.rect
    found: dict[bytes, bytes] = {}
    for _, name, start, stop in chunks(data, part.start + 24, part.stop):
        if name in (b"ALPH", b"VP8 ", b"VP8L"):
            found.setdefault(name, bytes(data[start:stop]))
    if b"VP8L" in found:
        content = _riff_chunk(b"VP8L", found[b"VP8L"])
    else:
        content = _riff_chunk(b"VP8 ", found[b"VP8 "])
        if b"ALPH" in found:
            size = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
            extended = _riff_chunk(b"VP8X", bytes((_VP8X_ALPHA, 0, 0, 0)) + size)
            content = extended + _riff_chunk(b"ALPH", found[b"ALPH"]) + content
    return _riff_chunk(b"RIFF", b"WEBP" + content)
