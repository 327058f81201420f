"""The image files of Chromium's answers (tests/data/image_decoder*.json.xz), and damaged ones."""

from __future__ import annotations

import base64
import json
import lzma
import random
from collections.abc import Iterator
from typing import Any

from clips import DATA


def _vectors(name: str) -> dict[str, Any]:
    vectors: dict[str, Any] = json.loads(lzma.decompress((DATA / name).read_bytes()))
    return vectors


def _media(vectors: dict[str, Any]) -> dict[str, bytes]:
    return {name: base64.b64decode(each["base64"]) for name, each in vectors["media"].items()}


VECTORS = _vectors("image_decoder.json.xz")
MORE_VECTORS = _vectors("image_decoder_more.json.xz")
MEDIA = _media(VECTORS)
ALL_MEDIA = MEDIA | _media(MORE_VECTORS)
TYPES: dict[str, str] = {name: each["type"] for name, each in VECTORS["media"].items()}


def damaged(data: bytes, rounds: int, seed: int) -> Iterator[bytes]:
    """Yield copies of a file with up to four of its bytes changed."""
    dice = random.Random(seed)
    for _ in range(rounds):
        changed = bytearray(data)
        for _ in range(dice.randrange(1, 5)):
            changed[dice.randrange(len(data))] = dice.choice(
                (0, 1, 0x7F, 0x80, 0xFF, dice.randrange(256))
            )
        yield bytes(changed)
