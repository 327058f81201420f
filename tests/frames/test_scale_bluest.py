"""Blue beyond twice white is all blue, not black: libswscale's C code wraps round there."""

from __future__ import annotations

import numpy as np
import pytest
from scale_reference import Pixels, image, to_rgb

from ffwebcodecs._av.scale.cache import convert

WIDTH, HEIGHT = 50, 6


def bluest(name: str) -> Pixels:
    """As bright and as blue as can be, but for a column of black and one of white."""
    pixels = Pixels(name, WIDTH, HEIGHT)
    one = 1 << pixels.shape.depth - 8
    top = 256 * one - 1
    for plane, value in enumerate((top, top, 128 * one, top)[: len(pixels.memory)]):
        samples = np.full_like(pixels.get(plane), value)
        if plane in (1, 2):
            samples[:, : 2 // pixels.shape.sub[0]] = 128 * one
        if plane == 0:
            samples[:, :2] = 16 * one, 235 * one
        pixels.set(plane, samples)
    return pixels


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("target", ["rgba", "bgr24", "gbrp", "gbrap", "gbrp10le", "gbrp12le"])
@pytest.mark.parametrize("source", ["yuv420p", "yuv444p", "yuv422p10le", "yuv444p12le", "yuva444p"])
def test_the_bluest_is_blue(source: str, target: str, exact: bool) -> None:
    pixels, out = bluest(source), Pixels(target, WIDTH, HEIGHT)
    convert(image(pixels, matrix="bt709", full_range=False), image(out, exact=exact))
    got = out.rgb() / ((1 << out.shape.depth) - 1) * 255
    assert np.abs(got - to_rgb(pixels, "bt709", False)).max() <= (
        1 if exact and out.shape.depth == 8 else 3
    )
    if out.shape.alpha:
        assert (out.alpha() == 255).all()
    if out.shape.depth == 8:
        assert (got[:, :2] == [[0] * 3, [255] * 3]).all()


@pytest.mark.parametrize("exact", [False, True])
def test_the_bluest_is_blue_in_another_size_and_matrix(exact: bool) -> None:
    pixels, out = bluest("yuv420p"), Pixels("rgba", WIDTH // 2, HEIGHT // 2)
    convert(image(pixels, matrix="bt709", full_range=False), image(out, exact=exact))
    assert (out.rgb()[:, 8:, 2] == 255).all()
    other = Pixels("yuv444p", WIDTH, HEIGHT)
    convert(
        image(pixels, matrix="bt709", full_range=False),
        image(other, matrix="smpte170m", full_range=False),
    )
    expected = to_rgb(pixels, "bt709", False)[0, -1]  # (255, 228, 255)
    assert np.abs(to_rgb(other, "smpte170m", False)[:, 8:] - expected).max() <= 2
