"""What is worked out once for files that say the same is not given to files that say otherwise."""

from __future__ import annotations

from typing import Any

import pytest
from clips import CLIPS, clip

from ffwebcodecs import Demuxer, NotSupportedError, VideoColorSpace, open_handles, read_frames
from ffwebcodecs.files import _stream_config

NAMES = [each.name for each in CLIPS if each.name.startswith("h264")]


def said_of(name: str) -> tuple[Any, ...]:
    path = clip(name)
    with Demuxer(path) as demuxer:
        config = demuxer.video_config
    frame = next(read_frames(path, threads=1))
    with frame:
        shown = frame.format, frame.visible_rect, frame.color_space, frame.timestamp
    return config, config.color_space, config._native, shown


def test_files_say_what_they_say_after_any_other() -> None:
    alone = {}
    for name in NAMES:
        _stream_config._known.clear()
        alone[name] = said_of(name)
    for name in (*NAMES, *reversed(NAMES), *NAMES):
        assert said_of(name) == alone[name], name
    assert len({repr(each) for each in alone.values()}) > 8
    assert not any(open_handles().values())


def test_sizes_and_ranges_are_those_of_each_file() -> None:
    for name, size, full in (
        ("h264-cropped.mp4", (150, 110), False),
        ("h264-full-range.mp4", (160, 120), True),
        ("h264-cropped.mp4", (150, 110), False),
    ):
        with next(read_frames(clip(name))) as frame:
            assert (frame.visible_rect.width, frame.visible_rect.height) == size
            assert frame.color_space.full_range is full


def test_limits_and_colours_of_one_reading_are_not_those_of_the_next() -> None:
    path = clip("h264-bframes.mp4")
    with next(read_frames(path)) as frame:
        before = frame.color_space
    with pytest.raises(NotSupportedError, match="max_pixels=100 "):
        next(read_frames(path, max_pixels=100))
    other = VideoColorSpace(primaries="bt2020", transfer="pq", matrix="bt2020-ncl")
    with next(read_frames(path, color_space=other)) as frame:
        assert frame.color_space.primaries == "bt2020"
    with next(read_frames(path)) as frame:
        assert frame.color_space == before
