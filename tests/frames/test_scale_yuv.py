"""Conversion to formats other than packed RGB, against exact arithmetic."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scale_reference import (
    PACKED,
    WEIGHTS,
    YUV,
    Pixels,
    Shape,
    box,
    full_chroma,
    image,
    normalized,
    to_yuv,
)

from ffwebcodecs._av.scale.cache import convert

pytestmark = pytest.mark.divided

SIZES = [(1, 1), (2, 2), (3, 3), (5, 2), (7, 5), (16, 16), (33, 17), (64, 48), (100, 7)]


def check_repack(source: str, target: str, full: bool) -> None:
    """Compare with a change of depth, chroma by nearest neighbour or by the mean."""
    a, b = Shape(source), Shape(target)
    top, out_top = (1 << a.depth) - 1, (1 << b.depth) - 1
    factor = out_top / top if full else 2.0 ** (b.depth - a.depth)
    resampled = b.sub[0] > a.sub[0] or b.sub[1] > a.sub[1]
    kept = b.depth >= a.depth and not (
        full and b.depth != a.depth
    )  # every value has its exact twin
    step = 2 ** max(0, b.depth - a.depth)  # of the source, in values of the target
    for (width, height), content in itertools.product(SIZES, ("random", "gradient")):
        pixels = Pixels(source, width, height, 3 * a.element).fill(content, seed=width)
        out = Pixels(target, width, height, 5 * b.element)
        convert(image(pixels, full_range=full), image(out, full_range=full))
        assert out.padding_is_untouched()
        difference = np.abs(out.yuv()[0] - np.minimum(pixels.yuv()[0] * factor, out_top)).max()
        assert difference == 0 if kept else difference < 2
        for plane in (1, 2):
            chroma = full_chroma(pixels.yuv()[plane], a.sub, width, height).astype(float)
            middle, out_middle = 1 << a.depth - 1, 1 << b.depth - 1
            exact = np.clip(box((chroma - middle) * factor + out_middle, b.sub), 0, out_top)
            difference = np.abs(out.yuv()[plane] - exact).max()
            # Samples of full range may be shifted, which is 0.4 % less than scaled.
            assert difference == 0 if kept and not resampled else difference <= step + 1
        if b.alpha:
            exact_alpha = pixels.alpha() * (out_top / top)
            assert np.abs(out.alpha() - exact_alpha).max() < (1 if b.depth >= a.depth else 2)


@pytest.mark.parametrize("source", YUV)
@pytest.mark.parametrize("full", [False, True])
def test_yuv_to_yuv_keeps_values_where_nothing_is_resampled(source: str, full: bool) -> None:
    for target in YUV:
        check_repack(source, target, full)


@pytest.mark.parametrize(("one", "other"), [("yuv420p", "nv12"), ("nv12", "yuv420p")])
def test_i420_and_nv12_hold_the_same_bytes(one: str, other: str) -> None:
    for width, height in SIZES:
        pixels = Pixels(one, width, height, 1).fill("random")
        out = Pixels(other, width, height, 2)
        convert(image(pixels), image(out))
        for got, wanted in zip(out.yuv(), pixels.yuv(), strict=True):
            assert (got == wanted).all()


def test_alpha_is_kept_dropped_or_made_opaque() -> None:
    with_alpha = Pixels("yuva420p", 7, 5).fill("random")
    for name, opaque in (("yuva444p", None), ("yuva422p10le", None)):
        out = Pixels(name, 7, 5)
        convert(image(with_alpha), image(out))
        top = (1 << out.shape.depth) - 1
        assert opaque is None and np.abs(out.alpha() - with_alpha.alpha() * top / 255).max() < 1
    plain = Pixels("yuv420p", 7, 5).fill("random")
    for name, top in (("yuva420p", 255), ("yuva444p10le", 1023), ("yuva422p12le", 4095)):
        out = Pixels(name, 7, 5)
        convert(image(plain), image(out))
        assert (out.alpha() == top).all()
    out = Pixels("yuv420p", 7, 5)
    convert(image(with_alpha), image(out))
    for plane in range(3):
        assert (out.get(plane) == with_alpha.get(plane)).all()


@pytest.mark.parametrize("source", [*PACKED, "gbrp", "gbrap"])
@pytest.mark.parametrize("full", [False, True])
def test_rgb_to_yuv_has_the_matrix_and_range_of_the_destination(source: str, full: bool) -> None:
    targets = ["yuv420p", "nv12", "yuv444p", "yuva422p", "yuv420p10le", "yuva444p10le"]
    for target, matrix, (width, height) in itertools.product(targets, WEIGHTS, SIZES):
        pixels = Pixels(source, width, height, 3).fill("random", seed=width)
        out = Pixels(target, width, height, 4)
        convert(image(pixels), image(out, matrix=matrix, full_range=full))
        shape = out.shape
        exact = to_yuv(pixels.rgb().astype(float), matrix, full, shape.depth, shape.sub)
        for got, wanted in zip(out.yuv(), exact, strict=True):
            # FFmpeg 8.0 truncates full-range chroma; until 7.1 the difference is 0.6 at most.
            assert np.abs(got - wanted).max() < (1.25 if shape.depth == 8 else 6)
        if shape.alpha:
            alpha = pixels.alpha() if pixels.shape.alpha else np.full((height, width), 255)
            assert np.abs(out.alpha() - alpha * ((1 << shape.depth) - 1) / 255).max() < 1
        assert out.padding_is_untouched()


def test_rgb_to_yuv_defaults_to_bt709_limited() -> None:
    pixels = Pixels("rgba", 16, 8).fill("random")
    out = Pixels("yuv444p", 16, 8)
    convert(image(pixels), image(out))
    exact = to_yuv(pixels.rgb().astype(float), "bt709", False, 8, (1, 1))
    for got, wanted in zip(out.yuv(), exact, strict=True):
        assert np.abs(got - wanted).max() < 0.75


def legal(name: str, width: int, height: int, matrix: str, full: bool) -> Pixels:
    """Samples of colours that exist."""
    pixels = Pixels(name, width, height)
    rgb = np.random.default_rng(1).integers(0, 256, (height, width, 3)).astype(float)
    planes = to_yuv(rgb, matrix, full, pixels.shape.depth, (1, 1))
    for plane in range(3):
        pixels.set(plane, np.rint(planes[plane]))
    return pixels


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("out_full", [False, True])
def test_a_change_of_matrix_or_range_changes_the_samples(full: bool, out_full: bool) -> None:
    for matrix, out_matrix in itertools.product(WEIGHTS, WEIGHTS):
        pixels = legal("yuv444p", 33, 9, matrix, full)
        out = Pixels("yuv444p", 33, 9)
        convert(
            image(pixels, matrix=matrix, full_range=full),
            image(out, matrix=out_matrix, full_range=out_full),
        )
        luma, cb, cr = normalized(*pixels.yuv(), 8, full)
        red, blue = WEIGHTS[matrix]
        r, b = luma + 2 * (1 - red) * cr, luma + 2 * (1 - blue) * cb
        g = (luma - red * r - blue * b) / (1 - red - blue)
        rgb = np.clip(np.stack([r, g, b], -1) * 255, -2, 257)
        for got, wanted in zip(
            out.yuv(), to_yuv(rgb, out_matrix, out_full, 8, (1, 1)), strict=True
        ):
            assert np.abs(got - np.clip(wanted, 0, 255)).max() < 2.5


def test_a_destination_without_tags_has_the_tags_of_the_source() -> None:
    for matrix, full in itertools.product(WEIGHTS, (False, True)):
        pixels = Pixels("yuv420p", 9, 5).fill("random")
        out = Pixels("nv12", 9, 5)
        convert(image(pixels, matrix=matrix, full_range=full), image(out))
        for got, wanted in zip(out.yuv(), pixels.yuv(), strict=True):
            assert (got == wanted).all()


@pytest.mark.parametrize("full", [False, True])
def test_gray_is_luma_over_the_range_that_is_asked_for(full: bool) -> None:
    for source, source_full in itertools.product(("yuv420p", "nv12", "yuv444p10le"), (False, True)):
        pixels = Pixels(source, 33, 9).fill("random")
        out = Pixels("gray", 33, 9, 3)
        convert(image(pixels, full_range=source_full), image(out, full_range=full))
        luma = normalized(*pixels.yuv(), pixels.shape.depth, source_full)[0]
        exact = np.clip(luma * 255 if full else luma * 219 + 16, 0, 255)
        assert np.abs(out.get(0) - exact).max() < 1.6
        assert out.padding_is_untouched()


def test_gray_without_tags_is_full_range() -> None:
    pixels = Pixels("rgba", 33, 9).fill("random")
    out = Pixels("gray", 33, 9)
    convert(image(pixels), image(out))
    exact = to_yuv(pixels.rgb().astype(float), "bt709", True, 8, (1, 1))[0]
    assert np.abs(out.get(0) - exact).max() < 0.75


def test_gray_becomes_yuv_without_colour() -> None:
    pixels = Pixels("gray", 33, 9).fill("random")
    out = Pixels("yuv420p", 33, 9)
    convert(image(pixels), image(out, full_range=False))
    assert np.abs(out.get(0) - (16 + pixels.get(0) * 219 / 255)).max() < 0.75
    assert (out.get(1) == 128).all() and (out.get(2) == 128).all()


@pytest.mark.parametrize("source", ["gray", "gray10le"])
def test_gray_has_no_chroma_in_nv12(source: str) -> None:
    before, rubbish = Pixels("yuv444p", 64, 48).fill("random"), Pixels("rgba", 64, 48)
    convert(image(before), image(rubbish))
    pixels, out = Pixels(source, 64, 48).fill("random"), Pixels("nv12", 64, 48)
    convert(image(pixels, full_range=True), image(out))
    assert (out.get(1) == 128).all()
