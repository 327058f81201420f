"""`exact=True`: within 1 of exact arithmetic, by every way that converts."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scale_reference import Pixels, to_rgb

from ffwebcodecs import InvalidArgumentError, VideoColorSpace, VideoFrame, create_image_bitmap

WIDTH, HEIGHT = 96, 64


def frame_of(pixels: Pixels, full: bool) -> VideoFrame:
    return VideoFrame(
        b"".join(plane.tobytes() for plane in pixels.memory),
        format="I420",
        coded_width=WIDTH,
        coded_height=HEIGHT,
        timestamp=0,
        color_space=VideoColorSpace(matrix="bt709", full_range=full),
    )


def copied(frame: VideoFrame) -> np.ndarray:
    out = np.empty((HEIGHT, WIDTH, 3), np.uint8)
    assert frame.allocation_size(format="RGB", exact=True) == out.nbytes
    frame.copy_to(out, format="RGB", exact=True)
    return out


def drawn(frame: VideoFrame) -> np.ndarray:
    with create_image_bitmap(frame, format="RGB", exact=True) as bitmap:
        return bitmap.to_ndarray()


WAYS: list[Callable[[VideoFrame], np.ndarray]] = [
    copied,
    drawn,
    lambda frame: frame.to_ndarray("RGB", exact=True),
]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("way", WAYS)
def test_every_way_can_be_exact(way: Callable[[VideoFrame], np.ndarray], full: bool) -> None:
    pixels = Pixels("yuv420p", WIDTH, HEIGHT).fill("random")
    with frame_of(pixels, full) as frame:
        assert np.nanmax(np.abs(way(frame) - to_rgb(pixels, "bt709", full))) <= 1
        # The default is another conversion, within 3.
        difference = np.abs(frame.to_ndarray("RGB") - to_rgb(pixels, "bt709", full))
        assert np.nanmax(difference) <= 3


def test_exact_is_a_flag() -> None:
    with frame_of(Pixels("yuv420p", WIDTH, HEIGHT), False) as frame:
        for call in (frame.to_ndarray, frame.allocation_size):
            with pytest.raises(InvalidArgumentError, match="exact"):
                call(format="RGB", exact="yes")
