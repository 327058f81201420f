"""Chroma and depth of what conversions write: what every player opens, unless the codec is for
pictures as they are; judged by ffprobe and the ffmpeg program.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import framemd5
from convert_helpers import made
from encode_helpers import need
from mux_helpers import need_container, video_stream

from ffwebcodecs import VideoFrame, read_frames, transcode, write_frames

pytestmark = pytest.mark.once


def studio() -> Path:
    """Three pictures in 4:2:2 of 10 bits."""
    return made(
        *("studio.mov", "-f", "lavfi", "-i", "testsrc2=size=64x64:rate=5", "-frames:v", "3"),
        *("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le"),
    )


def colors() -> list[VideoFrame]:
    dice = np.random.default_rng(1)
    return [
        VideoFrame.from_ndarray(dice.integers(0, 256, (64, 64, 3), np.uint8), timestamp=40_000 * i)
        for i in range(2)
    ]


@pytest.mark.filterwarnings("ignore:mpeg shows pictures at an even rate")
@pytest.mark.parametrize(
    ("suffix", "codec", "encoder", "wanted"),
    [
        ("mpg", None, "mpeg2video", "yuv420p"),
        ("ogv", None, "libtheora", "yuv420p"),
        ("mkv", "ffmpeg:theora", "libtheora", "yuv420p"),
        ("mjpeg", None, "mjpeg", "yuvj420p"),
        ("mkv", "ffmpeg:libx264", "libx264", "yuv420p"),
        ("mkv", "ffmpeg:libx265", "libx265", "yuv420p10le"),
        ("mkv", "ffmpeg:ffv1", "ffv1", "yuv422p10le"),
        ("mov", "ffmpeg:prores_ks", "prores_ks", "yuv422p10le"),
    ],
)
def test_what_films_are_in_is_420(
    suffix: str, codec: str | None, encoder: str, wanted: str, tmp_path: Path
) -> None:
    need(encoder)
    need_container(suffix)
    path = tmp_path / f"a.{suffix}"
    transcode(studio(), path, codec=codec)
    assert video_stream(path)["pix_fmt"] == wanted
    if encoder == "mpeg2video":
        assert video_stream(path)["profile"] == "Main"
    if encoder == "ffv1":
        assert [one.digest for one in framemd5(path)] == [one.digest for one in framemd5(studio())]


@pytest.mark.parametrize(
    ("name", "encoder", "options", "wanted"),
    [
        ("a.mpg", "mpeg2video", None, "yuv420p"),
        ("a.mpg", "mpeg2video", {"pix_fmt": "yuv422p"}, "yuv422p"),
        ("a.ogv", "libtheora", None, "yuv420p"),
        ("a.ogv", "libtheora", {"pixel_format": "yuv444p"}, "yuv444p"),
    ],
)
def test_rgb_becomes_420_unless_asked_otherwise(
    name: str, encoder: str, options: Any, wanted: str, tmp_path: Path
) -> None:
    need(encoder)
    write_frames(colors(), tmp_path / name, encoder_options=options)
    assert video_stream(tmp_path / name)["pix_fmt"] == wanted


@pytest.mark.parametrize(
    ("suffix", "codec"), [("mkv", "ffv1"), ("avi", "huffyuv"), ("mkv", "png"), ("mov", "qtrle")]
)
def test_lossless_codecs_lose_nothing_of_rgb(suffix: str, codec: str, tmp_path: Path) -> None:
    need(codec)
    path = tmp_path / f"a.{suffix}"
    write_frames(colors(), path, codec=f"ffmpeg:{codec}")
    for made_of, frame in zip(colors(), read_frames(path), strict=True):
        with made_of, frame:
            assert np.array_equal(made_of.to_ndarray("RGB"), frame.to_ndarray("RGB"))


def test_odd_sizes_stay_in_codecs_of_ffmpegs(tmp_path: Path) -> None:
    pixels = np.full((35, 37, 3), 90, np.uint8)
    for name, encoder in (("a.mpg", "mpeg2video"), ("a.avi", "mpeg4")):
        need(encoder)
        write_frames([VideoFrame.from_ndarray(pixels, timestamp=0)], tmp_path / name)
        stream = video_stream(tmp_path / name)
        assert (stream["width"], stream["height"], stream["pix_fmt"]) == (37, 35, "yuv420p")
