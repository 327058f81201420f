"""Whether the chunks of a PNG are sound, and its compressed data has all rows: FFmpeg's decoder
gives what there is of them, and nothing for the others, without a word.
"""

from __future__ import annotations

import zlib

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterable

    from .scanning import Data

SIGNATURE = b"\x89PNG\r\n\x1a\n"
_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)  # first column and row, and steps
_STEP = 1 << 20


def is_sound(data: Data, at: int) -> bool:
    """Return whether the checksum of a chunk is right, all of which is there."""
    stop = at + 8 + int.from_bytes(data[at : at + 4], "big")
    return zlib.crc32(data[at + 4 : stop]) == int.from_bytes(data[stop : stop + 4], "big")


def without_damage(data: bytes) -> bytes:
    """Return a PNG without its damaged chunks that no picture needs, which decoders trip over."""
    at, kept, pieces = len(SIGNATURE), 0, []
    while at + 12 <= len(data):
        stop = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if data[at + 4] & 0x20 and stop <= len(data) and not is_sound(data, at):  # ancillary
            pieces.append(data[kept:at])
            kept = stop
        at = stop
    return b"".join((*pieces, data[kept:])) if pieces else data


def size_of_rows(header: bytes) -> int:
    """Return the bytes of all rows with their filters, by the content of `IHDR`."""
    width, height = int.from_bytes(header[:4], "big"), int.from_bytes(header[4:8], "big")
    bits = header[8] * _SAMPLES.get(header[9], 0)
    passes = _ADAM7 if header[12] else ((0, 0, 1, 1),)
    whole = 0
    for x, y, across, down in passes:
        columns, rows = -(-(width - x) // across), -(-(height - y) // down)
        if columns > 0 and rows > 0:
            whole += rows * (1 + (columns * bits + 7) // 8)
    return whole


def has_all_rows(header: bytes, pieces: Iterable[bytes]) -> bool:
    """Return whether the data, in pieces as the chunks have it, unpacks to all rows; damage, which
    the decoder tells, does not count.
    """
    missing = size_of_rows(header)
    unpacker = zlib.decompressobj()
    try:
        for piece in pieces:
            rest = piece
            while rest and missing > 0 and not unpacker.eof:
                missing -= len(unpacker.decompress(rest, _STEP))
                rest = unpacker.unconsumed_tail
        if missing > 0:
            missing -= len(unpacker.flush())
    except zlib.error:
        return True
    return missing <= 0
