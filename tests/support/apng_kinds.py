"""Animations of every kind of PNG pixels, with pictures laid over one another in any way."""

from __future__ import annotations

import random
import struct
import zlib
from itertools import product
from typing import Any

import numpy as np
from animations import Part, apng, chunk

GRAY, RGB, PALETTE, GRAY_ALPHA, RGBA = 0, 2, 3, 4, 6

KINDS = {
    "rgba": (RGBA, 8, True),
    "rgb": (RGB, 8, False),
    "rgb with a transparent colour": (RGB, 8, True),
    "gray": (GRAY, 8, False),
    "gray with a transparent level": (GRAY, 8, True),
    "gray with alpha": (GRAY_ALPHA, 8, True),
    "palette": (PALETTE, 8, False),
    "transparent palette": (PALETTE, 8, True),
    "16 colours": (PALETTE, 4, False),
    "4 transparent colours": (PALETTE, 2, True),
    "2 transparent colours": (PALETTE, 1, True),
    "4 levels": (GRAY, 2, True),
    "black and white": (GRAY, 1, False),
    "rgb of 16 bits": (RGB, 16, False),
    "gray of 16 bits": (GRAY, 16, False),
}
"""Colour type, bits of a sample, and whether something is transparent."""

Way = tuple[int, bool, bool]
WAYS: tuple[Way, ...] = tuple(product(range(3), (False, True), (False, True)))
"""What becomes of a picture, whether it is blended, and whether it covers all."""


def random_ways(seed: int, count: int) -> list[Way]:
    """Return how each of some pictures is laid over what is there; the first one covers all."""
    dice = random.Random(seed)
    first = dice.randrange(3), dice.random() < 0.5, True
    return [first, *(dice.choice(WAYS) for _ in range(count - 1))]


def painted(
    kind: str, seed: int, ways: list[Way], width: int, height: int
) -> tuple[list[Part], bytes]:
    """Return the pictures of an APNG, and its bytes."""
    color, depth, transparent = KINDS[kind]
    dice = np.random.default_rng(seed)
    samples, colors = _colors(dice, color, depth, transparent)
    parts, rows = [], []
    for dispose, blend, covers in ways:
        x, y = (0, 0) if covers else (int(dice.integers(width)), int(dice.integers(height)))
        columns = width if covers else int(dice.integers(1, width - x + 1))
        lines = height if covers else int(dice.integers(1, height - y + 1))
        chosen = dice.integers(0, len(colors), (lines, columns))
        delay = 10 * int(dice.integers(2, 30))
        parts.append(Part(colors[chosen], x, y, dispose, blend, delay))
        rows.append(_packed(samples[chosen], depth))
    chunks = b""
    if color == PALETTE:
        chunks += chunk(b"PLTE", colors[:, :3].tobytes())
        chunks += chunk(b"tRNS", colors[:, 3].tobytes()) if transparent else b""
    elif transparent and color in (GRAY, RGB):
        chunks += chunk(b"tRNS", samples[0].astype(">u2").tobytes())
    return parts, apng(parts, width, height, kind=(depth, color), chunks=chunks, rows=rows)


def _colors(dice: Any, color: int, depth: int, transparent: bool) -> tuple[Any, Any]:
    """Return the samples of some colours, shape (count, samples), and the same as RGBA."""
    count = min(6, 1 << depth)
    colors = dice.integers(0, 256, (count, 4)).astype(np.uint8)
    colors[:, 3] = 255
    if transparent:
        colors[1:, 3] = dice.choice([0, 100, 200, 255, 255], count - 1)
        colors[0, 3] = 0
    if color == PALETTE:
        return np.arange(count)[:, None], colors
    if color in (GRAY, GRAY_ALPHA):
        levels = dice.choice(1 << min(depth, 8), count, replace=False)
        colors[:, :3] = (levels * 255 // ((1 << min(depth, 8)) - 1))[:, None]
    if color in (GRAY, RGB):
        colors[1:, 3] = 255
    if color == GRAY:
        return levels[:, None], colors
    channels = {RGB: [0, 1, 2], GRAY_ALPHA: [0, 3], RGBA: [0, 1, 2, 3]}
    return colors[:, channels[color]], colors


def _packed(samples: Any, depth: int) -> list[bytes]:
    """Return the rows of a picture, as PNG has them before their filters."""
    if depth == 16:
        return [row.tobytes() for row in (samples.astype(np.uint32) * 257).astype(">u2")]
    rows = samples.astype(np.uint8).reshape(len(samples), -1)
    if depth == 8:
        return [row.tobytes() for row in rows]
    bits = np.unpackbits(rows[..., None], axis=2)[..., 8 - depth :]
    return [np.packbits(row).tobytes() for row in bits]


def with_a_still(data: bytes, width: int, height: int) -> bytes:
    """Return an APNG of RGBA pictures with another picture before them, for who knows no
    animations.
    """
    place = data.index(b"fcTL") - 4
    first = data.index(b"IDAT") - 4
    still = chunk(b"IDAT", zlib.compress(b"\0" * (height * (1 + 4 * width))))
    pieces, at, number = [data[:place], still, data[place:first]], first, 1
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        content = data[at + 8 : at + 8 + size]
        if name == b"IDAT":
            content, name = struct.pack(">I", number) + content, b"fdAT"
        elif name in (b"fcTL", b"fdAT"):
            content = struct.pack(">I", number) + content[4:]
        number += name in (b"fcTL", b"fdAT")
        pieces.append(chunk(name, content))
        at += 12 + size
    return b"".join(pieces)
