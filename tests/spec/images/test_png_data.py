"""PNG's compressed data is counted: rows of any depth, interlaced or not, and what lacks some."""

from __future__ import annotations

import io
import random

import numpy as np
import pytest
from PIL import Image

from ffwebcodecs._spec.images.png_data import has_all_rows, size_of_rows


def parts_of(data: bytes) -> tuple[bytes, list[bytes]]:
    """Return the content of IHDR and of all IDATs."""
    at, header, found = 8, b"", []
    while at < len(data):
        size, name = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if name == b"IHDR":
            header = data[at + 8 : at + 8 + size]
        elif name == b"IDAT":
            found.append(data[at + 8 : at + 8 + size])
        at += 12 + size
    return header, found


@pytest.mark.parametrize("mode", ["1", "L", "P", "RGB", "RGBA", "LA", "I;16"])
def test_what_pillow_writes_has_all_rows_and_no_less_has(mode: str) -> None:
    dice = random.Random(3)
    for width, height in ((1, 1), (7, 5), (33, 40)):
        noise = np.random.default_rng(width).integers(0, 255, (height, width), np.uint8)
        image = Image.fromarray(noise if mode != "I;16" else noise.astype(np.uint16) * 250)
        data = io.BytesIO()
        image.convert(mode).save(data, "PNG")
        header, pieces = parts_of(data.getvalue())
        assert has_all_rows(header, pieces)
        whole = b"".join(pieces)
        cut = whole[: dice.randrange(2, max(len(whole) // 2, 3))]
        assert not has_all_rows(header, [cut[: len(cut) // 2], cut[len(cut) // 2 :]])
        assert has_all_rows(header, [b"\xff" + whole[1:]])  # damage is the decoder's to tell


def test_rows_of_interlaced_pictures_are_those_of_seven_small_ones() -> None:
    # PNG, "Interlacing and pass extraction": 8 x 8 pixels have 1, 1, 2, 4, 8, 16 and 32 in passes
    # of 1, 1, 1, 2, 2, 4 and 4 rows.
    side = (8).to_bytes(4, "big")
    assert size_of_rows(side + side + bytes((8, 0, 0, 0, 1))) == 64 + 15
    assert size_of_rows(side + side + bytes((8, 0, 0, 0, 0))) == 64 + 8
    one = (1).to_bytes(4, "big")
    assert size_of_rows(one + one + bytes((16, 6, 0, 0, 1))) == 9
