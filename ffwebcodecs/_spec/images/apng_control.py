"""What FFmpeg's parts of an APNG say: the chunks before the first picture, and a packet's `fcTL`,
which comes before its data.
"""

from __future__ import annotations

from ..codecs.bits import Record
from .facts import KEEP, RESTORE, ImagePart

SIZE = 38
"""Bytes of `fcTL`, with its length, name and checksum."""

_BEGIN = b"\0\0\0\x1afcTL"
_IHDR = b"\0\0\0\x0dIHDR"
_WITH_ALPHA = (4, 6)  # colour types
_PALETTE = 3


class ApngHeader(Record):
    """The chunks before the first picture.

    Attributes
    ----------
    data : bytes
        All of them.
    size : (int, int)
        Width and height of the canvas.
    bit_depth : int
        Of a sample, or of a palette's index.
    has_palette : bool
    has_alpha : bool
        Whether FFmpeg gives pictures that may be transparent: palettes have room for that.
    """

    __slots__ = ("bit_depth", "data", "has_alpha", "has_palette", "size")
    data: bytes
    size: tuple[int, int]
    bit_depth: int
    has_palette: bool
    has_alpha: bool


def header_of(data: bytes) -> ApngHeader | None:
    """Return what is before the first picture, None if that is something else."""
    if len(data) < 25 or data[:8] != _IHDR:
        return None
    width, height = int.from_bytes(data[8:12], "big"), int.from_bytes(data[12:16], "big")
    color = data[17]
    at, is_keyed = 0, False
    while at + 8 <= len(data):
        is_keyed |= data[at + 4 : at + 8] == b"tRNS"
        at += 12 + int.from_bytes(data[at : at + 4], "big")
    return ApngHeader(
        data=data,
        size=(width, height),
        bit_depth=data[16],
        has_palette=color == _PALETTE,
        has_alpha=color in _WITH_ALPHA or color == _PALETTE or is_keyed,
    )


def control_of(head: bytes | memoryview) -> tuple[int, ImagePart] | None:
    """Return the chunk's number and what it says of a picture's place, None if there is none.

    Parameters
    ----------
    head : bytes-like
        The first `SIZE` bytes of a packet, or more.
    """
    if len(head) < SIZE or head[:8] != _BEGIN:
        return None
    number, width, height, x, y = (
        int.from_bytes(head[at : at + 4], "big") for at in range(8, 28, 4)
    )
    dispose = head[32] if head[32] <= RESTORE else KEEP
    part = ImagePart(0, None, 0, 0, (x, y, width, height), dispose, head[33] == 1)
    return number, part


def is_beginning(head: bytes, width: int, height: int) -> bool | None:
    """Return whether decoding may begin with a packet of an APNG of that size; None: it does not
    say.

    What begins there has to be seen whole, and so has what follows: a picture after which the
    canvas is what it was before is no place to begin at, but for the first one.
    """
    found = control_of(head)
    if found is None:
        return None
    number, part = found
    if not number:
        return True  # there is nothing before it
    return part.rect == (0, 0, width, height) and not part.blend and part.dispose != RESTORE
