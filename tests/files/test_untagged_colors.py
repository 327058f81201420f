"""Colours of files that do not say them, judged by the ffmpeg program's explicit matrices."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest
from clips import encoders, run_ffmpeg
from color_clips import BT709_TAGS, HD, LOSSLESS, READ, SD, colored, near, pixel

from ffwebcodecs import (
    Demuxer,
    InvalidArgumentError,
    Video,
    VideoColorSpace,
    read_frames,
)

pytestmark = pytest.mark.divided


@pytest.mark.parametrize(
    ("name", "size", "matrix", "members", "options"), READ, ids=[f"{c[0]}-{c[1]}" for c in READ]
)
def test_an_untagged_file_is_read_by_the_rule(
    name: str, size: str, matrix: str, members: dict[str, str], options: tuple[str, ...]
) -> None:
    if "-c:v" in options and options[1] not in encoders():
        pytest.skip(f"the ffmpeg program has no {options[1]}")
    path = colored(name, size, matrix, *options)
    with Demuxer(path) as demuxer:
        expected = VideoColorSpace(**members, full_range=False)
        assert demuxer.video_config.color_space == expected
        assert {"primaries", "transfer", "matrix"} <= set(demuxer.guessed_colors)
    found, space = pixel(path)
    assert space == expected
    assert near(found), found


def test_height_counts_before_rotation_and_without_cropped_rows(
    tmp_path: Path,
) -> None:
    # 718 visible lines are coded in 720, and shown 1280 high when turned.
    path = colored("h264.mp4", "1280x718", "bt601", *LOSSLESS, "-frames:v", "1")
    turned = tmp_path / "turned.mp4"
    run_ffmpeg("-y", "-i", path, "-c", "copy", "-metadata:s:v", "rotate=90", turned)
    for each in (path, turned):
        found, space = pixel(each)
        assert space.matrix == "smpte170m"
        assert near(found)


def test_what_is_said_is_stronger_than_the_guess() -> None:
    path = colored("said.mp4", "64x64", "bt709", *LOSSLESS, "-colorspace", "bt709")
    with Demuxer(path) as demuxer:
        assert demuxer.guessed_colors == ("primaries", "transfer")
        assert demuxer.video_config.color_space == VideoColorSpace(**HD, full_range=False)
    assert near(pixel(path)[0])


def test_a_bitstream_that_says_it_later_is_heard() -> None:
    first = colored("a.h264", "64x64", "bt601", *LOSSLESS)
    chunks = []
    for path in (colored("b.h264", "64x64", "bt709", *LOSSLESS, *BT709_TAGS), first):
        with Demuxer(path) as demuxer:
            config = demuxer.video_config
            chunks[:0] = list(demuxer.chunks())
    assert config.color_space == VideoColorSpace(**SD, full_range=False)
    # Whoever keeps what the first part of a stream was opened with hears what comes then.
    for kept in (config, pickle.loads(pickle.dumps(config))):
        found = []
        for frame in read_frames(chunks, kept):
            with frame:
                found.append(frame.color_space.matrix)
        assert found == [*5 * ["smpte170m"], *5 * ["bt709"]]


def test_color_space_replaces_what_is_guessed_on_every_reader() -> None:
    path = colored("h264.mp4", "64x64", "bt709", *LOSSLESS)
    expected = VideoColorSpace(**HD, full_range=False)
    assert near(pixel(path)[0]) is False
    for given in ({"matrix": "bt709"}, HD, VideoColorSpace(matrix="bt709"), expected):
        found, space = pixel(path, color_space=given)
        assert space == expected
        assert near(found)
        with Video(path, color_space=given) as video, video[0] as frame:
            assert frame.color_space == expected
        with Demuxer(path, color_space=given) as demuxer:
            assert demuxer.video_config.color_space == expected
            assert "matrix" not in demuxer.guessed_colors
            with next(read_frames(demuxer)) as frame:
                assert frame.color_space == expected
    with Demuxer(path) as demuxer:
        chunks, config = list(demuxer.chunks()), demuxer.video_config
        with next(read_frames(chunks, config, color_space={"matrix": "bt709"})) as frame:
            assert frame.color_space == expected


def test_color_space_replaces_what_is_said_too_and_only_that_member() -> None:
    path = colored("said.mp4", "64x64", "bt709", *LOSSLESS, "-colorspace", "bt709")
    space = pixel(path, color_space={"full_range": True})[1]
    assert space == VideoColorSpace(**HD, full_range=True)
    assert pixel(path, color_space={"matrix": "smpte170m"})[1].matrix == "smpte170m"
    assert pixel(path, color_space={})[1] == VideoColorSpace(**HD, full_range=False)


@pytest.mark.parametrize("given", ["bt709", {"matrix": "bt.709"}, {"matrices": "bt709"}])
def test_color_space_is_checked_before_anything_is_opened(given: Any) -> None:
    for call in (read_frames, Demuxer, Video):
        with pytest.raises(InvalidArgumentError, match=r"color_space|matrix"):
            call("nowhere.mp4", color_space=given)


def test_linear_counts_where_a_file_says_it_but_not_in_dpx() -> None:
    # FFmpeg writes "linear" into DPX files whatever the pictures are.
    path = colored("a.dpx", "64x64", "bt709", "-frames:v", "1", pixel_format="rgb24")
    found, space = pixel(path)
    assert near(found)
    assert space.transfer == "iec61966-2-1"
    assert pixel(path, color_space={"transfer": "linear"})[0][1] > 100
    tags = ("-color_trc", "linear", "-colorspace", "bt709", "-color_primaries", "bt709")
    linear = colored("linear.mp4", "64x64", "bt709", *LOSSLESS, *tags)
    assert pixel(linear)[1].transfer == "linear"
    assert pixel(linear)[0][1] > 100
    for name, transfer in (("smpte2084", "pq"), ("arib-std-b67", "hlg")):
        tags = ("-color_trc", name, "-colorspace", "bt709", "-color_primaries", "bt709")
        found, space = pixel(colored(f"{transfer}.mp4", "64x64", "bt709", *LOSSLESS, *tags))
        assert space.transfer == transfer
        assert near(found)  # as they are encoded
