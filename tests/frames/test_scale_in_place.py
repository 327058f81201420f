"""Scaling reads a frame's own memory where it may, and gives what exact arithmetic gives."""

from __future__ import annotations

import itertools
import subprocess
import sys

import numpy as np
import pytest
from clips import SUPPORT
from frame_helpers import padded_layout, pattern, scatter, tight_layout
from scale_reference import Pixels, image

from ffwebcodecs import VideoFrame, create_image_bitmap, open_handles
from ffwebcodecs._av.scale.cache import convert


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="uses mprotect")
def test_no_byte_is_read_that_is_not_the_buffers_and_no_bit_differs() -> None:
    command = [sys.executable, str(SUPPORT / "scale_rooms.py"), "1", "200"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) == 200


# ---- exact arithmetic ----------------------------------------------------------------------------


def area(count: int, wanted: int) -> np.ndarray:
    """Return how much of each sample lies in each of the wanted ones."""
    edges = np.arange(wanted + 1) * count / wanted
    left = np.maximum(edges[:-1, None], np.arange(count))
    right = np.minimum(edges[1:, None], np.arange(count) + 1)
    return np.clip(right - left, 0, None) * wanted / count


def bilinear(count: int, wanted: int) -> np.ndarray:
    """Return a triangle over the samples around each of the wanted ones, two of those wide."""
    ratio = max(1.0, count / wanted)
    centres = (np.arange(wanted) + 0.5) * count / wanted - 0.5
    weights = np.clip(1 - np.abs(np.arange(count) - centres[:, None]) / ratio, 0, None)
    return weights / weights.sum(1, keepdims=True)


# The first as 1080p becomes 224x224
SIZES = [((480, 270), (56, 56)), ((320, 180), (112, 63)), ((162, 92), (31, 17))]


FILTERS = {"area": area, "bilinear": bilinear}


@pytest.mark.parametrize("source", ["yuv420p", "nv12", "yuv420p10le"])
@pytest.mark.parametrize("name", FILTERS)
def test_each_plane_is_scaled_as_arithmetic_says(source: str, name: str) -> None:
    weights = FILTERS[name]
    for size, out_size in SIZES:
        pixels, out = Pixels(source, *size).fill("random"), Pixels("yuv444p", *out_size)
        wanted = image(out)
        wanted.filter = name
        convert(image(pixels), wanted)
        for got, plane in zip(out.yuv(), pixels.yuv(), strict=True):
            rows, columns = (weights(*pair) for pair in zip(plane.shape, got.shape, strict=True))
            exact = rows @ np.ascontiguousarray(plane / (1 << pixels.shape.depth - 8)) @ columns.T
            # How a triangle ends at the picture's edge is a matter of taste.
            inside = np.s_[3:-3, 3:-3] if name == "bilinear" else np.s_[:, :]
            # Less depth comes with dithering.
            limit = 0.6 if pixels.shape.depth == 8 else 1.1
            assert np.abs(got - exact)[inside].max() <= limit


@pytest.mark.parametrize("name", FILTERS)
@pytest.mark.parametrize(
    ("source", "full"),
    [("rgb24", None), ("bgra", None), ("rgb0", None), ("gray", True), ("gray", False)],
)
def test_packed_rgb_and_gray_are_scaled_as_arithmetic_says(
    source: str, full: bool | None, name: str
) -> None:
    size, out_size = (130, 90), (31, 21)
    pixels = Pixels(source, *size).fill("random")
    given = pixels.rgb() if full is None else pixels.get(0)[..., None]
    rows, columns = FILTERS[name](90, 21), FILTERS[name](130, 31)
    exact = np.einsum("yh,hwc,xw->yxc", rows, given, columns, optimize=True)
    if full is False:
        exact = np.clip((exact - 16) * 255 / 219, 0, 255)
    # How a triangle ends at the picture's edge is a matter of taste.
    inside = np.s_[3:-3, 3:-3] if name == "bilinear" else np.s_[:, :]
    for is_exact, limit in ((False, 1.2 if full is False else 0.7), (True, 0.7)):
        out = Pixels("rgb24", *out_size)
        wanted = image(out)
        wanted.filter, wanted.exact = name, is_exact
        convert(image(pixels, full_range=full), wanted)
        assert np.abs(out.rgb() - exact)[inside].max() <= limit


@pytest.mark.parametrize("source", ["rgb24", "gray"])
def test_fast_scaling_is_within_one_of_the_exact_one(source: str) -> None:
    """Whatever the filter and the size, of one line and one pixel too."""
    sizes = [(320, 180), (33, 47), (1, 1), (5, 200), (320, 33), (64, 64)]
    wanted = [(112, 63), (3, 3), (1, 1), (50, 100), (200, 150)]
    for size, out_size in itertools.product(sizes, wanted):
        pixels = Pixels(source, *size).fill("random")
        filter = ("area", "bilinear", "bicubic", None)[sum(size + out_size) % 4]
        results = []
        for exact in (False, True):
            out = Pixels("bgr24", *out_size)
            target = image(out)
            target.filter, target.exact = filter, exact
            convert(image(pixels, full_range=bool(size[0] % 2)), target)
            results.append(out.rgb().astype(int))
        assert np.abs(results[0] - results[1]).max() <= 1, (size, out_size, filter)


# ---- frames --------------------------------------------------------------------------------------


def small(frame: VideoFrame, **options: object) -> bytes:
    with create_image_bitmap(frame, format="RGB", resize_width=50, **options) as bitmap:  # type: ignore[arg-type]
        return bitmap.to_ndarray().tobytes()


@pytest.mark.parametrize("format", ["I420", "NV12", "I420P10", "I444", "GRAY8"])
def test_where_a_frame_lies_does_not_matter(format: str) -> None:
    width, height = 256, 144
    data = pattern(format, width, height)
    tight = tight_layout(format, width, height)
    aligned = padded_layout(format, width, height, 64)
    odd = padded_layout(format, width, height, 5)
    results, crops = set(), set()
    for layout, transfer, behind in itertools.product(
        (tight, aligned, odd), (False, True), (0, 1, 1000)
    ):
        memory = scatter(data, format, width, height, layout, 0) + bytes(behind)
        with VideoFrame(
            bytearray(memory),
            format=format,
            coded_width=width,
            coded_height=height,
            layout=layout,
            timestamp=0,
            transfer=transfer,
        ) as frame:
            results.add(small(frame))
            crops.add((small(frame, rect=(32, 16, 128, 96)), small(frame, rect=(2, 2, 252, 140))))
    assert len(results) == len(crops) == 1
    assert not any(open_handles().values())
