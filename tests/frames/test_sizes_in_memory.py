"""`sys.getsizeof` counts pixels, samples and bytes, so schedulers know what they hold."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from clips import clip
from frame_helpers import make

import ffwebcodecs
from ffwebcodecs import AudioData, EncodedVideoChunk, VideoFrame

EMPTY = 400  # bytes for an object and what Python adds to it, at most


def test_a_frame_counts_its_pixels_until_it_is_closed() -> None:
    # The program's own buffer is wrapped: there is no padding.
    frame = make("I420", 64, 48, bytes(64 * 48 * 3 // 2), transfer=True)
    open_size = sys.getsizeof(frame)
    frame.close()
    assert open_size - sys.getsizeof(frame) == 64 * 48 * 3 // 2
    assert sys.getsizeof(frame) < EMPTY


def test_a_bitmap_counts_its_pixels() -> None:
    with (
        VideoFrame.from_ndarray(np.zeros((48, 64, 4), np.uint8), timestamp=0) as frame,
        ffwebcodecs.create_image_bitmap(frame) as bitmap,
    ):
        assert 48 * 64 * 4 <= sys.getsizeof(bitmap) < 48 * 64 * 4 * 1.5 + EMPTY


@pytest.mark.parametrize("channels", [1, 2, 10])
def test_sound_counts_its_samples(channels: int) -> None:
    samples = np.zeros((4800, channels), np.float32)
    with AudioData.from_ndarray(samples, sample_rate=48000, timestamp=0) as data:
        assert samples.nbytes <= sys.getsizeof(data) < samples.nbytes * 1.1 + EMPTY + 64 * channels


def test_a_chunk_counts_its_bytes() -> None:
    sizes = [
        sys.getsizeof(EncodedVideoChunk(type="key", timestamp=0, data=bytes(size)))
        for size in (0, 10_000)
    ]
    assert sizes[1] - sizes[0] == 10_000
    assert sizes[0] < EMPTY


def test_an_index_counts_its_columns() -> None:
    index = ffwebcodecs.VideoIndex(clip("h264-bframes.mp4"))
    # pts, dts, duration and position of 8 bytes, size of 4, flags of 1.
    assert sys.getsizeof(index) >= index.packet_count * 37
    assert sys.getsizeof(index) < index.packet_count * 37 * 6 + 1000
