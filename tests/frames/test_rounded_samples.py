"""Deep YUV at the samples where rounding to 8 bits hurts most: still within 3 by default."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scale_reference import WEIGHTS, Pixels, full_chroma, image, normalized

from ffwebcodecs._av.scale.cache import convert

SIDE = 256


@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("depth", [10, 12])
def test_halves_of_a_level_are_within_three(matrix: str, depth: int) -> None:
    """All three samples are rounded the way that makes green darkest, then brightest."""
    half = 1 << depth - 9
    luma = np.arange(SIDE * SIDE).reshape(SIDE, SIDE) % 256
    rows, columns = np.mgrid[: SIDE // 2, : SIDE // 2]
    for full, (up, down) in itertools.product(
        (False, True), ((half - 1, -half), (-half, half - 1))
    ):
        pixels = Pixels(f"yuv420p{depth}le", SIDE, SIDE)
        top = (1 << depth) - 1
        for plane, (codes, off) in enumerate(((luma, up), (rows * 2, down), (columns * 2, down))):
            pixels.set(plane, np.clip((codes << depth - 8) + off, 0, top))
        out = Pixels("rgba", SIDE, SIDE)
        convert(image(pixels, matrix=matrix, full_range=full), image(out))
        y, u, v = pixels.yuv()
        u, v = (full_chroma(each, (2, 2), SIDE, SIDE) for each in (u, v))
        light, cb, cr = normalized(y, u, v, depth, full)
        red, blue = WEIGHTS[matrix]
        r, b = light + 2 * (1 - red) * cr, light + 2 * (1 - blue) * cb
        g = (light - red * r - blue * b) / (1 - red - blue)
        exact = np.clip(np.stack([r, g, b], -1) * 255, 0, 255)
        assert np.abs(out.rgb() - exact).max() <= 3
