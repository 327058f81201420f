"""Samples of 16 bits: what comes in whole goes out whole, and what is made is right."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from frame_helpers import DEEP, content, make
from scale_reference import WEIGHTS, YUV, Memory, Pixels, full_chroma, image, normalized

from ffwebcodecs import InvalidArgumentError, VideoFrame, read_frames
from ffwebcodecs import create_image_bitmap as bitmap_of
from ffwebcodecs._av.frames.pixel_format import exists, get_format
from ffwebcodecs._av.scale.cache import convert
from ffwebcodecs._av.scale.image import Image
from ffwebcodecs._av.scale.spread import wraps
from ffwebcodecs._ffi import ffi

rng = np.random.default_rng(16)
WIDTH, HEIGHT = 67, 21
MOST = 65535
# Of 65535, of what goes through a matrix. Where libswscale has no SIMD for it (FFmpeg 4.3), black
# and white are spread in a second step.
ERROR = 24 if wraps() else 6


def converted(source: Image, pix_fmt: str, **tags: Any) -> np.ndarray:
    """What libswscale makes of it: (height, width, channels)."""
    channels = {"gray16le": 1, "rgb48le": 3, "rgba64le": 4}[pix_fmt]
    made = np.full((source.height, source.width, channels), 0xEEEE, "<u2")
    place = ffi.cast("uint8_t *", made.ctypes.data)
    convert(source, Image([place], [made.strides[0]], pix_fmt, source.width, source.height, **tags))
    return made.astype(np.int64)


def over(arrays: list[np.ndarray], name: str) -> Image:
    planes = [ffi.cast("uint8_t *", each.ctypes.data) for each in arrays]
    strides = [each.strides[0] for each in arrays]
    return Image(planes, strides, name, WIDTH, HEIGHT)


def samples(depth: int, *shape: int, order: str = "<") -> np.ndarray:
    """Random ones, with the least and the largest."""
    found = rng.integers(0, 1 << depth, shape)
    found[0, 0], found[0, 1] = 0, (1 << depth) - 1
    return found.astype("u1" if depth == 8 else f"{order}u2")


def far(got: np.ndarray, expected: np.ndarray) -> float:
    return float(np.abs(got - expected).max())


# ---- in and out ----------------------------------------------------------------------------------


@pytest.mark.parametrize("format", DEEP)
def test_arrays_come_back_by_every_way(format: str) -> None:
    shape = (HEIGHT, WIDTH, DEEP[format])[: 2 if DEEP[format] == 1 else 3]
    pixels = samples(16, *shape)
    swapped = pixels.astype(">u2")
    for source, transfer in ((pixels, False), (pixels, True), (swapped, False)):
        frame = VideoFrame.from_ndarray(source, timestamp=0, transfer=transfer)
        with frame, bitmap_of(frame, format=None) as bitmap:
            assert frame.format == bitmap.format == format
            for array in (np.asarray(frame), np.asarray(bitmap), np.asarray(frame.planes[0])):
                assert array.dtype == np.uint16
                assert np.array_equal(array, pixels)
            assert content(frame) == pixels.tobytes()
            half = frame.to_ndarray(rect=(2, 2, 9, 5))
            assert np.array_equal(half, pixels[2:7, 2:11])
            target = np.zeros_like(pixels)
            frame.copy_to(target)
            assert np.array_equal(target, pixels)
    said = {"format": format, "coded_width": WIDTH, "coded_height": HEIGHT, "timestamp": 0}
    for buffer in (pixels, pixels.tobytes()):
        with VideoFrame(buffer, **said) as frame:
            assert np.array_equal(frame.to_ndarray(), pixels)
    with VideoFrame.from_dlpack(pixels, timestamp=0) as frame:
        assert frame.format == format
        assert np.shares_memory(np.asarray(frame.planes[0]), pixels)


@pytest.mark.parametrize("format", DEEP)
def test_turned_samples_are_the_same(format: str) -> None:
    with make(format, 8, 6, rotation=90) as frame:
        stored = frame.to_ndarray()
        assert np.array_equal(frame.to_ndarray(upright=True), np.rot90(stored, -1))


@pytest.mark.parametrize("format", DEEP)
def test_eight_bits_of_them_are_their_means(format: str) -> None:
    pixels = samples(16, HEIGHT, WIDTH, DEEP[format])
    plain = {"GRAY16": "GRAY8", "RGB48": "RGB", "RGBA64": "RGBA"}[format]
    with VideoFrame.from_ndarray(pixels, timestamp=0) as frame:
        got = frame.to_ndarray(plain).reshape(pixels.shape)
    assert far(got.astype(float), pixels / 257) <= 1.01


@pytest.mark.once
def test_pillow_pictures_of_more_than_8_bits_are_taken_whole_or_refused() -> None:
    image: Any = pytest.importorskip("PIL.Image")
    pixels = samples(16, 6, 8)
    with VideoFrame.from_ndarray(image.fromarray(pixels), timestamp=0) as frame:
        assert np.array_equal(frame.to_ndarray(), pixels)
    wide = image.fromarray(pixels.astype(np.int32))
    assert wide.mode == "I"
    with VideoFrame.from_ndarray(wide, timestamp=0) as frame:
        assert np.array_equal(frame.to_ndarray(), pixels)
    for value in (-1, 65536):
        beyond = image.fromarray(np.full((6, 8), value, np.int32))
        with pytest.raises(InvalidArgumentError, match="65535"):
            VideoFrame.from_ndarray(beyond, timestamp=0)
    with pytest.raises(InvalidArgumentError, match="float32"):
        VideoFrame.from_ndarray(image.fromarray(np.ones((6, 8), np.float32)), timestamp=0)


@pytest.mark.parametrize("format", DEEP)
def test_png_holds_all_16_bits(format: str) -> None:
    image: Any = pytest.importorskip("PIL.Image")
    pixels = samples(16, HEIGHT, WIDTH, DEEP[format])
    with VideoFrame.from_ndarray(pixels, timestamp=0, rotation=90) as frame:
        png = frame.encode("png")
    with next(read_frames(png)) as back:
        assert np.array_equal(back, np.rot90(pixels, -1).reshape(back.shape))
    if format == "GRAY16":  # Pillow has 8 bits of all others
        assert np.array_equal(image.open(io.BytesIO(png)), np.rot90(pixels[..., 0], -1))


# ---- what they are made of -----------------------------------------------------------------------


def exact(pixels: Pixels, matrix: str, full: bool) -> tuple[np.ndarray, np.ndarray]:
    """RGB and gray of YUV, of 65535."""
    shape, size = pixels.shape, (pixels.width, pixels.height)
    y, u, v = pixels.yuv()
    chroma = [full_chroma(each, shape.sub, *size) for each in (u, v)]
    luma, cb, cr = normalized(y, *chroma, shape.depth, full)
    red, blue = WEIGHTS[matrix]
    green = (2 * blue * (1 - blue) * cb + 2 * red * (1 - red) * cr) / (1 - red - blue)
    rgb = np.stack([luma + 2 * (1 - red) * cr, luma - green, luma + 2 * (1 - blue) * cb], -1)
    return np.clip(rgb * MOST, 0, MOST), np.clip(luma[..., None] * MOST, 0, MOST)


@pytest.mark.parametrize("full", [False, True], ids=["limited", "full"])
@pytest.mark.parametrize("name", [*YUV, "p010le", "yuv411p", "yuv420p16le", "yuv444p14le"])
def test_yuv_becomes_exact_rgb_alpha_and_gray(name: str, full: bool) -> None:
    if not exists(name):
        pytest.skip(f"this FFmpeg has no {name}")
    for matrix in ("bt709", "smpte170m", "bt2020-ncl"):
        pixels = Pixels(name, WIDTH, HEIGHT).fill("random")
        rgb, gray = exact(pixels, matrix, full)
        source = image(pixels, matrix=matrix, full_range=full)
        made = converted(source, "rgba64le")
        assert far(made[..., :3], rgb) <= ERROR
        most = (1 << pixels.shape.depth) - 1
        assert far(made[..., 3], pixels.alpha() * MOST / most) < 1
        assert np.array_equal(converted(source, "rgb48le"), made[..., :3])
        assert far(converted(source, "gray16le", full_range=True), gray) <= 2 + ERROR * (
            full or wraps()
        )


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("channels", ["rgb", "bgr", "rgba", "bgra"])
def test_packed_rgb_of_any_order_is_itself(channels: str, order: str) -> None:
    name = f"{channels}{64 if 'a' in channels else 48}{'le' if order == '<' else 'be'}"
    pixels = samples(16, HEIGHT, WIDTH, len(channels), order=order)
    places = ["rgba".index(each) for each in channels]
    whole = np.full((HEIGHT, WIDTH, 4), MOST)
    whole[..., places] = pixels
    assert np.array_equal(converted(over([pixels], name), "rgb48le"), whole[..., :3])
    assert np.array_equal(converted(over([pixels], name), "rgba64le"), whole)
    for matrix in ("bt709", "smpte170m"):
        red, blue = WEIGHTS[matrix]
        gray = converted(over([pixels], name), "gray16le", full_range=True, matrix=matrix)
        luma = whole[..., :3] @ [red, 1 - red - blue, blue]
        assert far(gray, luma[..., None]) <= ERROR


@pytest.mark.parametrize("order", ["<", ">"], ids=["little", "big"])
@pytest.mark.parametrize("depth", [8, 9, 10, 12, 14, 16])
def test_planes_and_gray_are_spread_over_the_whole_range(depth: int, order: str) -> None:
    suffix = "" if depth == 8 else f"{depth}{'le' if order == '<' else 'be'}"
    for name, count in ((f"gbrp{suffix}", 3), (f"gbrap{suffix}", 4), (f"gray{suffix}", 1)):
        if not exists(name):
            continue
        planes = [samples(depth, HEIGHT, WIDTH, order=order) for _ in range(count)]
        whole = np.full((HEIGHT, WIDTH, 4), float(MOST))
        for place, plane in zip((1, 2, 0, 3), planes, strict=False):
            whole[..., place] = plane.astype(float) * MOST / ((1 << depth) - 1)
        if count == 1:
            whole[..., :3] = whole[..., 1:2]
            assert far(converted(over(planes, name), "gray16le"), whole[..., :1]) < 1
        assert far(converted(over(planes, name), "rgba64le"), whole) < 1
        assert far(converted(over(planes, name), "rgb48le"), whole[..., :3]) < 1


@pytest.mark.parametrize("depth", [9, 10, 12, 16])
def test_big_endian_yuv_is_what_little_endian_is(depth: int) -> None:
    little = [samples(depth, HEIGHT, WIDTH) for _ in range(4)]
    big = [plane.astype(">u2") for plane in little]
    name = f"yuva444p{depth}"
    if not exists(f"{name}be"):
        pytest.skip(f"this FFmpeg has no {name}be")
    for pix_fmt in ("rgb48le", "rgba64le", "gray16le"):
        expected = converted(over(little, f"{name}le"), pix_fmt)
        assert np.array_equal(converted(over(big, f"{name}be"), pix_fmt), expected)


@pytest.mark.parametrize(
    "name", ["rgb565le", "bgr555be", "rgb444le", "bgr8", "rgb4_byte", "xyz12le"]
)
def test_gray_is_the_luma_of_rgb_of_any_depth(name: str) -> None:
    """Luma of full range, within rounding, of the RGB that it also becomes."""
    pixels = rng.integers(0, 256, (HEIGHT, get_format(name).row_bytes(0, WIDTH))).astype("u1")
    red, blue = WEIGHTS["bt709"]
    luma = converted(over([pixels], name), "rgb48le") @ [red, 1 - red - blue, blue]
    tags = {"matrix": "bt709", "full_range": True}
    assert far(converted(over([pixels], name), "gray16le", **tags)[..., 0], luma) <= ERROR
    if name != "xyz12le":  # FFmpeg 4.3 makes luma of it as if it were RGB
        made = np.zeros((HEIGHT, WIDTH), np.uint8)
        place = ffi.cast("uint8_t *", made.ctypes.data)
        convert(over([pixels], name), Image([place], [WIDTH], "gray", WIDTH, HEIGHT, **tags))
        assert far(made, luma / 257) <= 1


@pytest.mark.parametrize("name", ["ya8", "ya16le", "ya16be"])
def test_gray_with_alpha_keeps_both(name: str) -> None:
    depth, order = (8, "<") if name == "ya8" else (16, ">" if name.endswith("be") else "<")
    pixels = samples(depth, HEIGHT, WIDTH, 2, order=order)
    whole = pixels.astype(np.int64) * (257 if depth == 8 else 1)
    assert np.array_equal(converted(over([pixels], name), "rgba64le"), whole[..., [0, 0, 0, 1]])
    assert np.array_equal(converted(over([pixels], name), "gray16le"), whole[..., :1])


@pytest.mark.parametrize("format", DEEP)
@pytest.mark.parametrize("source", ["I420", "I444AP12", "NV12", "RGBA", "GRAY8", "RGB48", "GRAY16"])
def test_white_stays_white_at_every_size(source: str, format: str) -> None:
    deep = source in DEEP
    pixels = np.full((30, 40), MOST if deep else 255, np.uint16 if deep else np.uint8)
    space = {"primaries": "bt709", "transfer": "bt709", "matrix": "bt709", "full_range": True}
    if source in ("I420", "I444AP12", "NV12"):
        with VideoFrame.from_ndarray(pixels, timestamp=0, color_space=space) as gray:
            bitmap = bitmap_of(gray, format=source)
    else:
        given = pixels[..., None].repeat({"RGBA": 4, "RGB48": 3}.get(source, 1), 2)
        with VideoFrame.from_ndarray(given, timestamp=0) as gray:
            bitmap = bitmap_of(gray, format=None)
    with bitmap:
        for filter in ("bilinear", "area", "bicubic", "lanczos"):
            for size in ((40, 30), (17, 9), (90, 64)):
                array = bitmap.to_ndarray(format, width=size[0], height=size[1], filter=filter)
                assert array.min() >= MOST - 4
                assert array.shape[:2] == size[::-1]


@pytest.mark.parametrize("guard", ["before", "behind"])
@pytest.mark.parametrize(
    "name", ["yuv420p", "yuv444p10le", "nv12", "gray", "rgb24", "rgba", "gbrp"]
)
def test_nothing_is_read_or_written_outside_the_pixels(name: str, guard: str) -> None:
    """An untouchable page lies right behind the last byte, or right before the first."""
    for width, height in ((33, 5), (64, 18), (1, 1)):
        pixels = Pixels(name, width, height, guard=guard).fill("random")
        for pix_fmt, channels in (("gray16le", 1), ("rgb48le", 3), ("rgba64le", 4)):
            for out_width, out_height in ((width, height), (width + 7, height + 2)):
                row = 2 * channels * out_width
                memory = Memory(row * out_height, before=guard == "before")
                place = ffi.cast("uint8_t *", memory.address)
                target = Image([place], [row], pix_fmt, out_width, out_height, full_range=True)
                convert(image(pixels, full_range=True), target)
                plain = np.zeros_like(memory.bytes)
                place = ffi.cast("uint8_t *", plain.ctypes.data)
                target = Image([place], [row], pix_fmt, out_width, out_height, full_range=True)
                convert(image(pixels, full_range=True), target)
                assert np.array_equal(memory.bytes, plain)
                memory.close()
        pixels.close()


def test_other_primaries_keep_their_16_bits() -> None:
    """Red of BT.2020 is more than sRGB has; what both have goes there by the published numbers."""
    space = {"primaries": "smpte432", "transfer": "iec61966-2-1", "matrix": "rgb"}
    pixels = np.linspace(9000, 50000, 64 * 3).reshape(1, 64, 3).round().astype(np.uint16)
    with VideoFrame.from_ndarray(pixels, timestamp=0, color_space=space) as frame:
        got = frame.to_ndarray("RGB48")
    # From display-p3 to sRGB in linear light: CSS Color 4's matrices, multiplied.
    matrix = np.array(
        [
            [1.2249401762805598, -0.2249404646817246, 0.0],
            [-0.0420569547096881, 1.0420571002046, 0.0],
            [-0.0196375545903344, -0.0786360454860979, 1.0982735199998],
        ]
    )
    value = pixels / MOST
    light = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4) @ matrix.T
    light = np.clip(light, 0, 1)
    expected = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    assert far(got.astype(float), expected * MOST) <= 12
