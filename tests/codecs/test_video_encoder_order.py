"""Chunks come in the order of the frames unless B-frames are asked for by name; files have them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from encode_helpers import STEP, config_of, decode, encode, frames, need, settings

from ffwebcodecs import transcode, write_frames
from ffwebcodecs._spec.encoders.options import names_b_frames

pytestmark = pytest.mark.divided
COUNT = 24
EACH: list[tuple[str, str, dict[str, Any]]] = [
    ("avc1.64001E", "libx264", {}),
    ("avc1.64001E", "libx264", {"preset": "slow"}),
    ("avc1.64001E", "libx264", {"preset": "veryslow", "tune": "animation"}),
    ("avc1.64001E", "libx264", {"x264-params": "keyint=12:b-adapt=0", "b_strategy": 0}),
    ("avc1.6E001E", "libx264", {}),
    ("ffmpeg:libx264", "libx264", {}),
    ("ffmpeg:h264", "libx264", {"preset": "placebo"}),
    ("ffmpeg:libx264rgb", "libx264rgb", {}),
    ("hvc1.1.6.L93.B0", "libx265", {}),
    ("hvc1.1.6.L93.B0", "libx265", {"preset": "slow", "x265-params": "b-adapt=0"}),
    ("ffmpeg:libx265", "libx265", {"preset": "veryslow"}),
    ("vp8", "libvpx", {}),
    ("vp09.00.10.08", "libvpx-vp9", {}),
    ("av01.0.04M.08", "libsvtav1", {}),
    ("ffmpeg:libaom-av1", "libaom-av1", {}),
    ("ffmpeg:librav1e", "librav1e", {}),
    ("ffmpeg:mpeg4", "mpeg4", {}),
    ("ffmpeg:libxvid", "libxvid", {}),
    ("ffmpeg:mpeg2video", "mpeg2video", {}),
    ("ffmpeg:mpeg1video", "mpeg1video", {}),
    ("ffmpeg:mjpeg", "mjpeg", {}),
]
NAMED: list[tuple[str, str, dict[str, Any]]] = [
    ("avc1.64001E", "libx264", {"bf": 3, "b_strategy": 0}),
    ("avc1.64001E", "libx264", {"x264-params": "bframes=3:b-adapt=0"}),
    ("ffmpeg:libx264", "libx264", {"x264opts": "b-adapt=0:bframes=2"}),
    ("hvc1.1.6.L93.B0", "libx265", {"x265-params": "bframes=4:b-adapt=0"}),
    ("ffmpeg:mpeg4", "mpeg4", {"bf": 2}),
    ("ffmpeg:mpeg2video", "mpeg2video", {"bf": 2}),
]
WANTED = [index * STEP for index in range(COUNT)]


@pytest.mark.parametrize(("codec", "name", "options"), EACH)
def test_chunks_come_in_the_order_of_the_frames(
    codec: str, name: str, options: dict[str, Any]
) -> None:
    need(name)
    outputs = encode(settings(codec, encoder_options=options or None), frames(COUNT))
    assert [output.chunk.timestamp for output in outputs] == WANTED


@pytest.mark.parametrize("mode", ["constant", "variable", "quantizer"])
@pytest.mark.parametrize(
    ("codec", "name"), [("avc1.64001E", "libx264"), ("hvc1.1.6.L93.B0", "libx265")]
)
def test_in_every_way_to_set_the_rate(codec: str, name: str, mode: str) -> None:
    need(name)
    bitrate = None if mode == "quantizer" else 200_000
    config = settings(codec, bitrate_mode=mode, bitrate=bitrate)
    outputs = encode(config, frames(COUNT))
    assert [output.chunk.timestamp for output in outputs] == WANTED


@pytest.mark.parametrize(("codec", "name", "options"), NAMED)
def test_b_frames_that_are_named_are_written(
    codec: str, name: str, options: dict[str, Any]
) -> None:
    need(name)
    outputs = encode(settings(codec, encoder_options=options), frames(COUNT))
    order = [output.chunk.timestamp for output in outputs]
    assert order != WANTED
    assert sorted(order) == WANTED
    assert [frame.timestamp for frame in decode(outputs, config_of(outputs))] == WANTED


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({}, False),
        ({"preset": "slow", "b_strategy": "1", "x264-params": "b-adapt=2"}, False),
        ({"x264-params": ""}, False),
        ({"bf": "0"}, True),
        ({"x264-params": "keyint=5: bframes = 3"}, True),
        ({"x265-params": "bframes=0"}, True),
        ({"x264opts": "bframes=3"}, True),
        ({"xeve-params": "bframes=3"}, True),
        ({"max_b_frames": "2"}, True),
        ({"comment": "bframes=3"}, False),
    ],
)
def test_what_names_b_frames(options: dict[str, str], named: bool) -> None:
    assert names_b_frames(options) is named


def kinds(path: Path) -> set[str]:
    """Return the kinds of pictures in a file, as the ffprobe program says them."""
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "frame=pict_type", "-of", "csv=p=0", path],
        capture_output=True,
        text=True,
        check=True,
    )
    return {line.strip(",") for line in done.stdout.split()}


def test_files_have_b_frames(tmp_path: Path) -> None:
    need("libx264")
    write_frames(frames(COUNT), tmp_path / "a.mp4")
    transcode(tmp_path / "a.mp4", tmp_path / "b.mkv", encoder_options={"preset": "fast"})
    subprocess.run(
        [sys.executable, "-m", "ffwebcodecs", "transcode", tmp_path / "a.mp4", tmp_path / "c.mp4"],
        check=True,
        capture_output=True,
    )
    for name in ("a.mp4", "b.mkv", "c.mp4"):
        assert "B" in kinds(tmp_path / name), name
    write_frames(frames(COUNT), tmp_path / "d.mp4", encoder_options={"bf": "0"})
    assert "B" not in kinds(tmp_path / "d.mp4")
