"""EXIF's orientation in files that are whole, cut off, or say nonsense."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator

import pytest
from PIL import Image

from ffwebcodecs._spec.frames.exif import has_exif, orientation

KINDS = {"png": "PNG", "webp": "WEBP", "tiff": "TIFF"}


def picture(kind: str, number: int) -> bytes:
    exif, data = Image.Exif(), io.BytesIO()
    exif[0x10F] = "Somebody"
    exif[0x112] = number
    Image.new("RGB", (3, 2)).save(data, KINDS[kind], exif=exif)
    return data.getvalue()


def broken(data: bytes) -> Iterator[bytes]:
    yield from (data[:size] for size in range(len(data)))
    source = random.Random(5)
    for _ in range(300):
        changed = bytearray(data)
        for _ in range(3):
            changed[source.randrange(len(data))] = source.randrange(256)
        yield bytes(changed)


@pytest.mark.parametrize("kind", KINDS)
def test_it_is_what_pillow_wrote(kind: str) -> None:
    assert has_exif(kind)
    assert not has_exif("mjpeg")  # FFmpeg reads it
    for number in range(1, 9):
        assert orientation(kind, memoryview(picture(kind, number))) == number
    for data in broken(picture(kind, 6)):
        assert 0 <= orientation(kind, memoryview(data)) <= 65535


def test_both_orders_of_bytes() -> None:
    entry = (0x112, 3, 1, 8)
    for order, mark in (("little", b"II"), ("big", b"MM")):
        numbers = [(42, 2), (8, 4), (1, 2), *zip(entry, (2, 2, 4, 2), strict=True), (0, 2)]
        data = mark + b"".join(value.to_bytes(size, order) for value, size in numbers)  # type: ignore[arg-type]
        assert orientation("tiff", memoryview(data)) == 8
