"""Scaling: colours stay, the picture stays where it is, nothing is written outside."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scale_reference import YUV, Pixels, Shape, image, to_rgb

from ffwebcodecs._av.scale.cache import convert

COLORS = [(235, 128, 128), (16, 128, 128), (81, 90, 240), (145, 54, 34), (41, 240, 110)]
SIZES = [
    ((64, 48), (32, 24)),
    ((64, 48), (100, 75)),
    ((33, 17), (16, 40)),
    ((200, 120), (9, 5)),
    ((5, 3), (1, 1)),
]


def flat(name: str, size: tuple[int, int], color: tuple[int, int, int]) -> Pixels:
    pixels = Pixels(name, *size, 2 * Shape(name).element)
    one = 1 << pixels.shape.depth - 8
    for plane in range(len(pixels.memory)):
        rows = pixels.rows(plane)
        count = (rows.shape[0], rows.shape[1] // pixels.shape.element)
        if name == "nv12" and plane == 1:
            pixels.set(1, np.tile(color[1:], (count[0], count[1] // 2)))
        else:
            pixels.set(plane, np.full(count, (*color, 200)[plane] * one))
    return pixels


@pytest.mark.parametrize("source", YUV)
def test_a_flat_colour_stays_what_it_is(source: str) -> None:
    for color, (size, out_size) in itertools.product(COLORS, SIZES):
        pixels = flat(source, size, color)
        exact = to_rgb(pixels, "bt709", False)[0, 0]
        for target in ("rgba", "bgr24"):
            out = Pixels(target, *out_size, 3)
            convert(image(pixels), image(out))
            assert np.abs(out.rgb() - exact).max() <= 1
            assert out.padding_is_untouched()
        out = Pixels("yuv420p", *out_size, 3)
        convert(image(pixels), image(out))
        for got, wanted in zip(out.yuv(), color, strict=True):
            assert np.abs(got - wanted).max() <= 1


@pytest.mark.parametrize("source", ["rgba", "bgr0", "rgb24", "gbrap", "gbrp10le"])
def test_rgb_is_scaled_as_rgb(source: str) -> None:
    for size, out_size in SIZES:
        pixels = Pixels(source, *size)
        value = 200 << pixels.shape.depth - 8
        for plane in range(len(pixels.memory)):
            rows = pixels.rows(plane)
            pixels.set(
                plane, np.full((rows.shape[0], rows.shape[1] // pixels.shape.element), value)
            )
        out = Pixels("bgra", *out_size)
        convert(image(pixels), image(out))
        assert np.abs(out.rgb() - 200).max() <= 1
        assert np.abs(out.alpha() - (200 if pixels.shape.alpha else 255)).max() <= 1


@pytest.mark.parametrize("source", ["yuv420p", "rgba", "gray", "yuv444p10le"])
def test_a_ramp_stays_where_it_is(source: str) -> None:
    """A gradient is centred: half the size has the mean of two neighbours, within a step."""
    width, height = 128, 64
    shape = Shape(source)
    ramp = np.tile(np.linspace(20, 230, width), (height, 1))
    pixels = (
        flat(source, (width, height), (128, 128, 128))
        if source.startswith("yuv")
        else Pixels(source, width, height)
    )
    if source == "rgba":
        pixels.set(0, np.repeat(ramp, 4, 1))
    else:
        pixels.set(0, ramp * (1 << shape.depth - 8))
    for out_width in (64, 256, 32, 100):
        out = Pixels("gray" if source != "rgba" else "rgba", out_width, height)
        convert(image(pixels, full_range=True), image(out, full_range=True))
        values = out.get(0) if source != "rgba" else out.rgb()[..., 0]
        centres = (np.arange(out_width) + 0.5) * width / out_width - 0.5
        exact = np.interp(centres, np.arange(width), ramp[0])
        inside = slice(out_width // 10, -out_width // 10)
        assert np.abs(values[:, inside] - exact[inside]).max() <= 2.5


def test_a_ramp_of_chroma_stays_where_it_is() -> None:
    pixels = flat("yuv420p", (128, 64), (128, 128, 128))
    pixels.set(1, np.tile(np.linspace(40, 200, 64), (32, 1)))
    out = Pixels("yuv444p", 64, 32)
    convert(image(pixels), image(out))
    centres = (np.arange(64) + 0.5) * 2 - 0.5  # in luma pixels, chroma sample i is at 2 i + 0.5
    exact = np.interp((centres - 0.5) / 2, np.arange(64), np.linspace(40, 200, 64))
    assert np.abs(out.get(1)[:, 6:-6] - exact[6:-6]).max() <= 2.5


def test_a_large_reduction_is_the_mean() -> None:
    pixels = Pixels("gray", 256, 256).fill("random")
    out = Pixels("gray", 16, 16)
    convert(image(pixels), image(out))
    exact = pixels.get(0).reshape(16, 16, 16, 16).mean((1, 3))
    assert np.abs(out.get(0) - exact).max() <= 1.5


@pytest.mark.parametrize("target", [*YUV, "rgba", "rgb24", "gray"])
def test_every_format_can_be_scaled_to(target: str) -> None:
    for source in ("yuv420p", "nv12", "rgba", "yuva444p10le"):
        pixels = Pixels(source, 34, 18).fill("random")
        for out_size in ((17, 9), (50, 31), (1, 1)):
            out = Pixels(target, *out_size, 2 * Shape(target).element)
            convert(image(pixels), image(out))
            assert out.padding_is_untouched()
