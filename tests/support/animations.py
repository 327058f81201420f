"""Animations put together from still pictures that Pillow writes, with any rectangles and any ways
of laying pictures over one another: what encoders choose of that is little.
"""

from __future__ import annotations

import io
import random
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image


class Part:
    """A picture: RGBA pixels, its place, what becomes of it (0 kept, 1 cleared, 2 restored),
    whether it is blended, and milliseconds.
    """

    def __init__(
        self, pixels: Any, x: int, y: int, dispose: int, blend: bool, delay: int = 100
    ) -> None:
        self.pixels = np.ascontiguousarray(pixels)
        self.x, self.y, self.dispose, self.blend, self.delay = x, y, dispose, blend, delay


def random_parts(
    seed: int, count: int, width: int, height: int, *, disposes: int = 3, binary: bool = False
) -> list[Part]:
    """Return pictures of few colours at random places; `binary`: with alpha of 0 and 255 only."""
    dice = random.Random(seed)
    parts = []
    for number in range(count):
        whole = number == 0 or dice.random() < 0.2
        x = 0 if whole else 2 * dice.randrange(width // 2)
        y = 0 if whole else 2 * dice.randrange(height // 2)
        own_width = width if whole else dice.randrange(1, width - x + 1)
        own_height = height if whole else dice.randrange(1, height - y + 1)
        shape = own_height, own_width
        colors = np.random.default_rng(seed * 1000 + number)
        palette = colors.integers(0, 256, (6, 4), np.uint8)
        palette[:, 3] = colors.choice([0, 255] if binary else [0, 255, 255, 100, 200], 6)
        palette[0, 3] = 255
        if binary:
            palette[palette[:, 3] == 0] = 0
        pixels = palette[colors.integers(0, 6, shape)]
        blend = dice.random() < 0.6
        parts.append(
            Part(pixels, x, y, dice.randrange(disposes), blend, dice.randrange(2, 30) * 10)
        )
    return parts


def composed(parts: list[Part], width: int, height: int) -> list[Any]:
    """Return the canvas with each picture, by PNG's and WebP's formulas, in floating point."""
    canvas = np.zeros((height, width, 4))
    shown = []
    for part in parts:
        before = canvas.copy()
        rows, columns = part.pixels.shape[:2]
        target = canvas[part.y : part.y + rows, part.x : part.x + columns]
        new = part.pixels.astype(float)
        if part.blend:
            over, under = new[..., 3:] / 255, target[..., 3:] / 255
            alpha = over + under * (1 - over)
            mixed = new[..., :3] * over + target[..., :3] * under * (1 - over)
            new[..., :3] = np.round(mixed / np.where(alpha > 0, alpha, 1))
            new[..., 3:] = np.round(alpha * 255)
        target[...] = new
        shown.append(canvas.astype(np.uint8))
        if part.dispose == 1:
            target[...] = 0
        elif part.dispose == 2:
            canvas = before
    return shown


def saved(pixels: Any, kind: str, **options: Any) -> bytes:
    """Return a still picture as Pillow writes it."""
    data = io.BytesIO()
    Image.fromarray(pixels).save(data, kind, **options)
    return data.getvalue()


def chunk(name: bytes, content: bytes) -> bytes:
    """Return a chunk of a PNG."""
    return (
        struct.pack(">I", len(content))
        + name
        + content
        + struct.pack(">I", zlib.crc32(name + content))
    )


def apng(
    parts: list[Part],
    width: int,
    height: int,
    plays: int = 0,
    *,
    kind: tuple[int, int] = (8, 6),
    chunks: bytes = b"",
    rows: list[list[bytes]] | None = None,
) -> bytes:
    """Return an APNG; the first picture has the size of the canvas. Where it is not RGBA: bits of
    a sample and colour type, further chunks, and the rows of each picture.
    """
    head = struct.pack(">IIBBBBB", width, height, *kind, 0, 0, 0)
    pieces = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", head)]
    pieces += [chunk(b"acTL", struct.pack(">II", len(parts), plays)), chunks]
    sequence = 0
    for number, part in enumerate(parts):
        lines, columns = part.pixels.shape[:2]
        control = struct.pack(">IIIII", sequence, columns, lines, part.x, part.y)
        control += struct.pack(">HHBB", part.delay, 1000, part.dispose, part.blend)
        pieces.append(chunk(b"fcTL", control))
        sequence += 1
        own = [row.tobytes() for row in part.pixels] if rows is None else rows[number]
        raw = b"".join(b"\0" + row for row in own)
        coded = zlib.compress(raw)
        for piece in (coded[: len(coded) // 2], coded[len(coded) // 2 :]):
            if number:
                pieces.append(chunk(b"fdAT", struct.pack(">I", sequence) + piece))
                sequence += 1
            else:
                pieces.append(chunk(b"IDAT", piece))
    return b"".join([*pieces, chunk(b"IEND", b"")])


def webp(parts: list[Part], width: int, height: int, loops: int = 0, **options: Any) -> bytes:
    """Return an animated WebP; `options` are Pillow's of the pictures, which are lossless else."""

    def three(number: int) -> bytes:
        return number.to_bytes(3, "little")

    def riff(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) & 1)

    content = riff(b"VP8X", bytes((0x12, 0, 0, 0)) + three(width - 1) + three(height - 1))
    content += riff(b"ANIM", b"\0\0\0\0" + struct.pack("<H", loops))
    for part in parts:
        rows, columns = part.pixels.shape[:2]
        still = saved(part.pixels, "WEBP", **(options or {"lossless": True, "exact": True}))
        chunks = still[12:]
        if chunks[:4] == b"VP8X":
            chunks = chunks[18:]
        flags = (0 if part.blend else 2) | (part.dispose == 1)
        frame = three(part.x // 2) + three(part.y // 2) + three(columns - 1) + three(rows - 1)
        content += riff(b"ANMF", frame + three(part.delay) + bytes((flags,)) + chunks)
    return riff(b"RIFF", b"WEBP" + content)


def gif(parts: list[Part], width: int, height: int, loops: int | None = 0) -> bytes:
    """Return a GIF of pictures with alpha of 0 and 255; all of them are blended."""
    pieces = [b"GIF89a", struct.pack("<HHBBB", width, height, 0, 0, 0)]
    if loops is not None:
        pieces.append(b"\x21\xff\x0bNETSCAPE2.0\x03\x01" + struct.pack("<H", loops) + b"\0")
    for part in parts:
        rows, columns = part.pixels.shape[:2]
        flat = part.pixels.reshape(-1, 4)
        palette, indices = np.unique(flat, axis=0, return_inverse=True)
        image = Image.fromarray(indices.reshape(rows, columns).astype(np.uint8), "P")
        image.putpalette(palette[:, :3].tobytes() + bytes(768 - 3 * len(palette)))
        data = io.BytesIO()
        image.save(data, "GIF", optimize=False)
        still = data.getvalue()
        start = 13 + (3 << (still[10] & 7) + 1)
        own = still[13:start]
        while still[start] == 0x21:
            start += 2
            while still[start]:
                start += 1 + still[start]
            start += 1
        clear = [number for number, color in enumerate(palette) if not color[3]]
        flags = (1, 2, 3)[part.dispose] << 2 | bool(clear)
        index = clear[0] if clear else 0
        control = struct.pack("<BBHBB", 4, flags, part.delay // 10, index, 0)
        # What has 16 rows and more is interlaced.
        place = 0x80 | still[start + 9] & 0x40 | still[10] & 7
        size = struct.pack("<HHHHB", part.x, part.y, columns, rows, place)
        pieces += [b"\x21\xf9" + control, b"\x2c" + size, own, still[start + 10 : -1]]
    return b"".join([*pieces, b"\x3b"])
