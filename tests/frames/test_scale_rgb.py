"""Conversion to packed RGB against exact arithmetic (spec 1.6, rules a and d)."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scale_reference import PACKED, WEIGHTS, YUV, Pixels, Shape, errors, image, to_rgb

from ffwebcodecs._av.scale.cache import convert

pytestmark = pytest.mark.divided

SIZES = [
    (1, 1),
    (1, 2),
    (2, 1),
    (3, 3),
    (5, 2),
    (7, 5),
    (16, 16),
    (33, 17),
    (64, 48),
    (31, 9),
    (100, 7),
]
OTHERS = [
    "gray",
    "gray10le",
    "p010le",
    "yuv411p",
    "yuv440p",
    "yuv410p",
    "yuv422p16le",
    "yuv420p9le",
]


def worst_errors(
    source: str, full: bool, matrices: list[str], packed: list[str]
) -> tuple[float, float]:
    """Largest error over sizes, contents and alignments, by default and of exact conversions; also
    checks alpha and the padding.
    """
    worst = [0.0, 0.0]
    shape = Shape(source)
    for (width, height), matrix, (pad, offset) in itertools.product(
        SIZES, matrices, ((0, 0), (5, 3))
    ):
        for content in ("random", "gradient"):
            pixels = Pixels(
                source, width, height, pad * shape.element, offset=offset * shape.element
            )
            pixels.fill(content, seed=width * height)
            exact = to_rgb(pixels, matrix, full)
            for target, is_exact in itertools.product(packed, (False, True)):
                out = Pixels(target, width, height, pad, offset=offset)
                tags = {"matrix": matrix, "full_range": full}
                convert(image(pixels, **tags), image(out, exact=is_exact))
                worst[is_exact] = max(worst[is_exact], errors(out.rgb(), exact).max())
                assert out.padding_is_untouched()
                if out.shape.alpha:
                    assert (out.alpha() == pixels.alpha() >> shape.depth - 8).all()
    return worst[0], worst[1]


@pytest.mark.parametrize("source", [name for name in YUV if Shape(name).depth == 8] + ["gray"])
def test_limited_range_8_bit_is_within_two(source: str) -> None:
    # The tolerance that browsers are given is 3; blue even 11.
    default, exact = worst_errors(source, False, ["bt709"], ["rgba"])
    assert default <= 2
    assert exact <= 1


@pytest.mark.parametrize("source", [*YUV, *OTHERS])
def test_full_range_is_within_three(source: str) -> None:
    default, exact = worst_errors(source, True, ["bt709"], ["rgba"])
    assert default <= 3
    assert exact <= 1


@pytest.mark.parametrize(
    "source", [name for name in [*YUV, *OTHERS] if Shape(name).depth > 8] + ["yuv444p", "yuv411p"]
)
def test_high_depth_and_full_chroma_are_within_three(source: str) -> None:
    default, exact = worst_errors(source, False, ["bt709"], ["rgba"])
    assert default <= 3
    assert exact <= 1


@pytest.mark.parametrize("target", PACKED)
def test_every_packed_format_has_its_bytes_in_order(target: str) -> None:
    for source, most in (("yuv420p", 2), ("yuva444p10le", 1), ("yuv420p10le", 3)):
        default, exact = worst_errors(source, False, ["bt709"], [target])
        assert default <= most
        assert exact <= 1


@pytest.mark.parametrize("matrix", WEIGHTS)
@pytest.mark.parametrize("source", ["yuv420p", "nv12", "yuv422p10le"])
def test_every_matrix_is_respected(source: str, matrix: str) -> None:
    for full, target in ((False, "bgra"), (True, "bgr24"), (True, "rgba")):
        default, exact = worst_errors(source, full, [matrix], [target])
        assert default <= 3
        assert exact <= 1


def test_matrix_and_range_default_to_bt709_limited() -> None:
    pixels = Pixels("yuv420p", 64, 8).fill("random")
    out = Pixels("rgba", 64, 8)
    convert(image(pixels), image(out))
    assert errors(out.rgb(), to_rgb(pixels, "bt709", False)).max() <= 2


def test_bt470bg_is_the_matrix_of_smpte170m() -> None:
    pixels = Pixels("yuv420p", 64, 8).fill("random")
    out = Pixels("rgba", 64, 8)
    convert(image(pixels, matrix="bt470bg"), image(out))
    assert errors(out.rgb(), to_rgb(pixels, "smpte170m", False)).max() <= 2


def test_yuvj_and_gray_are_full_range_unless_said_otherwise() -> None:
    for name in ("yuvj420p", "yuvj444p", "gray"):
        pixels = Pixels(name.replace("yuvj", "yuv"), 33, 9).fill("random")
        out = Pixels("rgba", 33, 9)
        source = image(pixels)
        source.pix_fmt = name
        convert(source, image(out))
        assert errors(out.rgb(), to_rgb(pixels, "bt709", True)).max() <= 3


@pytest.mark.parametrize("source", ["yuv420p", "nv12", "yuv422p", "yuv444p", "yuv420p10le", "gray"])
def test_black_white_and_grey_are_exact(source: str) -> None:
    shape = Shape(source)
    for luma, expected in ((16, 0), (235, 255), (126, 128)):
        pixels = Pixels(source, 65, 5)
        one = 1 << shape.depth - 8
        for plane in range(len(pixels.memory)):
            rows = pixels.rows(plane)
            value = luma if plane == 0 else 128
            pixels.set(plane, np.full((rows.shape[0], rows.shape[1] // shape.element), value * one))
        out = Pixels("rgba", 65, 5)
        convert(image(pixels, full_range=False), image(out))
        assert (out.rgb() == expected).all()


@pytest.mark.slow
@pytest.mark.parametrize("size", [(1921, 1081), (1918, 1080)])
@pytest.mark.parametrize("source", ["yuv420p", "nv12", "yuv420p10le", "yuv422p"])
def test_large_pictures_are_as_right_as_small_ones(source: str, size: tuple[int, int]) -> None:
    pixels = Pixels(source, *size).fill("random")
    out = Pixels("rgba", *size)
    convert(image(pixels), image(out))
    assert errors(out.rgb(), to_rgb(pixels, "bt709", False)).max() <= 3


RGB_SOURCES = [*PACKED, "gbrp", "gbrap", "gbrp10le", "gbrp12le", "gbrp16le"]


@pytest.mark.parametrize("source", RGB_SOURCES)
def test_rgb_to_rgb_is_exact_for_8_bits_and_close_for_more(source: str) -> None:
    for target, (width, height) in itertools.product(PACKED, [(1, 1), (3, 3), (7, 5), (64, 8)]):
        pixels = Pixels(source, width, height, 6).fill("random")
        out = Pixels(target, width, height, 5)
        convert(image(pixels), image(out))
        top = (1 << pixels.shape.depth) - 1
        difference = np.abs(out.rgb() - pixels.rgb() * 255 / top).max()
        # A step, and what FFmpeg 8.0 rounds up.
        assert difference == 0 if pixels.shape.depth == 8 else difference < 1.5
        if out.shape.alpha:
            assert (out.alpha() == (pixels.alpha() if pixels.shape.alpha else 255)).all()
        assert out.padding_is_untouched()


def test_packed_16_bit_rgb_keeps_its_high_bytes() -> None:
    rng = np.random.default_rng(3)
    for name, order in (("rgb48le", (0, 1, 2)), ("bgra64le", (2, 1, 0)), ("rgba64be", (0, 1, 2))):
        channels = 4 if "64" in name else 3
        samples = rng.integers(0, 1 << 16, (5, 7, channels))
        kind = ">u2" if name.endswith("be") else "<u2"
        memory = np.ascontiguousarray(samples.astype(kind)).view(np.uint8).reshape(5, -1)
        out = Pixels("rgba", 7, 5)
        convert(image(out, array=memory, pix_fmt=name), image(out))
        assert (out.rgb() == samples[..., list(order)] >> 8).all()
        assert (out.alpha() == (samples[..., 3] >> 8 if channels == 4 else 255)).all()


def test_packed_yuv_is_read_like_planar_yuv() -> None:
    planar = Pixels("yuv422p", 22, 6).fill("random")
    memory = np.empty((6, 44), np.uint8)
    memory[:, 0::2] = planar.get(0)
    memory[:, 1::4] = planar.get(1)
    memory[:, 3::4] = planar.get(2)
    out = Pixels("rgba", 22, 6)
    convert(image(out, array=memory, pix_fmt="yuyv422"), image(out))
    assert errors(out.rgb(), to_rgb(planar, "bt709", False)).max() <= 1


def test_a_palette_is_looked_up() -> None:
    rng = np.random.default_rng(4)
    palette = rng.integers(0, 256, (256, 4)).astype(np.uint8)  # B, G, R, A
    palette[:, 3] = 255
    indices = rng.integers(0, 256, (5, 7)).astype(np.uint8)
    for target in ("rgba", "bgr24", "rgb0"):
        out = Pixels(target, 7, 5)
        source = image(out, array=indices, pix_fmt="pal8", palette=palette)
        convert(source, image(out))
        assert (out.rgb() == palette[indices][..., 2::-1]).all()


def test_one_bit_pictures_are_black_and_white() -> None:
    memory = np.array([[0b10100000, 0b00000001]] * 3, np.uint8)
    for name, black in (("monoblack", 0), ("monowhite", 1)):
        out = Pixels("rgba", 16, 3)
        convert(
            image(out, array=memory, pix_fmt=name.replace("black", "b").replace("white", "w")),
            image(out),
        )
        bits = np.unpackbits(memory, axis=1)
        assert (out.rgb()[..., 0] == np.where(bits == black, 0, 255)).all()
