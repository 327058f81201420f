"""Video: any frame by index, by time, in slices, from a cache of bounded size."""

from __future__ import annotations

import hashlib
import random

import pytest
from clips import BY_NAME, clip, framemd5

from ffwebcodecs import Video, VideoFrame

EXACT = ("h264-bframes.mp4", "h264-bframes.ts", "hevc-bframes.mkv", "vp9-hidden-frames.webm")


def digest(frame: VideoFrame) -> str:
    with frame:
        pixels = bytearray(frame.allocation_size())
        frame.copy_to(pixels)
    return hashlib.md5(pixels, usedforsecurity=False).hexdigest()


@pytest.mark.parametrize("name", EXACT)
def test_every_index_in_any_order_is_the_frame_of_a_linear_decode(name: str) -> None:
    expected = [each.digest for each in framemd5(clip(name))]
    order = list(range(len(expected)))
    random.Random(3).shuffle(order)
    with Video(clip(name), cache_bytes=0) as video:
        assert len(video) == len(expected) == BY_NAME[name].frames
        assert [digest(video[i]) for i in order] == [expected[i] for i in order]
        assert [digest(frame) for frame in video.frames(order)] == [expected[i] for i in order]
        assert [digest(frame) for frame in video] == expected
        assert [digest(frame) for frame in reversed(video)] == expected[::-1]
