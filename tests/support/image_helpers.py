"""ImageDecoders of one PNG, given in several ways."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from typing import Any

from image_files import MEDIA

from ffwebcodecs import ImageDecoder, VideoFrame

PNG = MEDIA["png_rgb"]
WAIT = 20
# Pixel (1, 0) and (5, 3) of it, as Pillow reads them.
SECOND, LAST = (0x33, 0x00, 0x25), (0xFF, 0xFF, 0xDA)


def of(data: Any, type: str = "image/png", **options: Any) -> ImageDecoder:
    return ImageDecoder(data=data, type=type, **options)


def first(decoder: ImageDecoder) -> VideoFrame:
    return decoder.decode().result(timeout=WAIT).image


def holds_png(image: VideoFrame) -> bool:
    with image:
        pixels = image.to_ndarray(format="RGB")
        return (tuple(pixels[0, 1]), tuple(pixels[3, 5])) == (SECOND, LAST)


def pieces(data: bytes = PNG, size: int = 7) -> Iterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]


async def later(data: bytes = PNG, size: int = 7) -> AsyncIterator[bytes]:
    for piece in pieces(data, size):
        await asyncio.sleep(0)
        yield piece
