"""Whether the compressed data of a PNG has all rows: FFmpeg's decoder gives what there is of them,
and nothing for the others, without a word.
"""

from __future__ import annotations

import zlib

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterable

_SAMPLES = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # by colour type
_ADAM7 = (
    *((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4)),
    *((0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)),
)  # first column and row, and steps
_STEP = 1 << 20


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
