"""Files whose pictures are turned: the file says it where players heed that, else pixels are
turned; sizes are those of what is shown. The ffmpeg program, which turns pictures by itself, is the
judge.
"""

from __future__ import annotations

import functools
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from clips import pixels_of, rotation_options, run_ffmpeg
from convert_helpers import FAST, made
from encode_helpers import psnr
from mux_helpers import need_container, probe
from oriented import SIZE, jpeg, sei_clip, turned_by_ffmpeg
from PIL import Image

from ffwebcodecs import (
    VideoFrame,
    read_frames,
    remux,
    transcode,
    write_frames,
)
from ffwebcodecs._av.files import containers


def shown_by_ffmpeg(path: Path, most: int = 3) -> npt.NDArray[np.uint8]:
    """Return the first pictures upright, as (frames, height, width, 3)."""
    return pixels_of(
        run_ffmpeg(
            *("-i", path, "-frames:v", str(most), "-pix_fmt", "rgb24"),
            *("-c:v", "ppm", "-f", "image2pipe", "-"),
        )
    )


def stored(path: Path) -> tuple[int, int, list[int]]:
    """Return size and rotation as ffprobe says them."""
    (stream,) = probe(path, "-show_streams", "-select_streams", "v:0")["streams"]
    sides = [side["rotation"] for side in stream.get("side_data_list", []) if "rotation" in side]
    return stream["width"], stream["height"], sides


def three() -> Path:
    """Return three frames of 64x48."""
    return made(
        *("three.mp4", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=25", "-frames:v", "3"),
        *("-c:v", "libx264", "-pix_fmt", "yuv420p", "-preset", "ultrafast"),
    )


def turned() -> Path:
    """Return three frames of 64x48, to be shown as 48x64."""
    options = rotation_options()
    place = options.index("-i") + 1
    command = [*options[:place], str(three()), *options[place:], "-c", "copy"]
    return made("three-turned.mp4", *command)


shown_of_source = functools.lru_cache(shown_by_ffmpeg)
OPTIONS: dict[str, dict[str, Any]] = {
    "webm": {"encoder_options": {"cpu-used": "8", "deadline": "realtime"}},
    "mpg": {"codec": "ffmpeg:mpeg2video", "bitrate": 3_000_000},
    "ivf": {"codec": "vp8"},
}
BAKED = ["webm", "mkv", "gif", "webp", "avif", "avi", "ts", "ivf", "h264", "mpg", "flv"]


@pytest.mark.divided
@pytest.mark.parametrize("suffix", BAKED)
def test_what_the_output_cannot_say_is_done(suffix: str, tmp_path: Path) -> None:
    if suffix == "mkv" and containers.find("a.mkv", None).holds_rotation:
        pytest.skip("this FFmpeg writes Matroska's rotation")
    need_container(suffix)
    path = tmp_path / f"a.{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what else is lost
        result = transcode(turned(), path, **OPTIONS.get(suffix, {}))
    assert not [lost for lost in result.lost if "rotation" in lost]
    want = shown_of_source(turned())
    if suffix == "webp":  # which few releases of the ffmpeg program can read
        with Image.open(path) as picture:
            have = np.asarray(picture.convert("RGB"))[np.newaxis]
    else:
        have = shown_by_ffmpeg(path)
        for frame in read_frames(path):
            with frame:
                assert (frame.rotation, frame.coded_width, frame.coded_height) == (0, 48, 64)
    assert have.shape[1:] == want.shape[1:]
    assert psnr(have[0], want[0]) > {"gif": 15, "webp": 18}.get(suffix, 23)


def test_samples_are_those_of_the_ffmpeg_program(tmp_path: Path) -> None:
    transcode(turned(), tmp_path / "a.avi", codec="ffmpeg:ffv1")
    raw = ("-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
    assert run_ffmpeg("-i", tmp_path / "a.avi", *raw) == run_ffmpeg("-i", turned(), *raw)


@pytest.mark.once
@pytest.mark.parametrize(("side", "size"), [("width", 60), ("height", 80)])
def test_sizes_are_of_what_is_shown(side: str, size: int, tmp_path: Path) -> None:
    said = stored(turned())[2]
    for suffix, expected in (("mp4", (80, 60, said)), ("avi", (60, 80, []))):
        path = tmp_path / f"a.{suffix}"
        transcode(turned(), path, codec="h264", encoder_options=FAST, **{side: size})
        assert stored(path) == expected
    if side == "width":
        transcode(turned(), tmp_path / "b.mp4", width=40, height=90, encoder_options=FAST)
        assert stored(tmp_path / "b.mp4") == (90, 40, said)


QUARTERS = np.kron(
    np.array([[(250, 20, 20), (20, 250, 20)], [(20, 20, 250), (230, 230, 230)]], np.uint8),
    np.ones((16, 16, 1), np.uint8),
)
LOOKS = [(90, False), (0, False), (0, True), (270, True), (180, False)]


@pytest.mark.divided
@pytest.mark.parametrize("suffix", ["mp4", "avi"])
def test_each_picture_shows_upright_where_the_orientation_changes(
    suffix: str, tmp_path: Path
) -> None:
    frames = [
        VideoFrame.from_ndarray(
            QUARTERS, timestamp=40_000 * index, duration=40_000, rotation=rotation, flip=flip
        )
        for index, (rotation, flip) in enumerate(LOOKS)
    ]
    path = tmp_path / f"a.{suffix}"
    assert write_frames(frames, path, codec="h264", quantizer=10).frames_written == 5
    assert stored(path)[2] == ([-90] if suffix == "mp4" else [])
    for picture, (rotation, flip) in zip(shown_by_ffmpeg(path, 5), LOOKS, strict=True):
        want = np.rot90(QUARTERS, -rotation // 90)
        assert psnr(picture, want[:, ::-1] if flip else want) > 25


@pytest.mark.once
def test_what_pictures_say_is_baked_too(tmp_path: Path) -> None:
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(jpeg(7))
    for source in (photo, sei_clip()):
        transcode(source, tmp_path / "a.avi", codec="h264", encoder_options=FAST)
        width, height, said = stored(tmp_path / "a.avi")
        assert ((width, height), said) == (SIZE[::-1], [])
        have, want = (
            np.frombuffer(turned_by_ffmpeg(path), np.uint8) for path in (tmp_path / "a.avi", source)
        )
        assert psnr(have, want) > 25
        transcode(source, tmp_path / "a.mp4", height=96, encoder_options=FAST)
        assert stored(tmp_path / "a.mp4")[:2] == (96, 72)
        assert shown_by_ffmpeg(tmp_path / "a.mp4", 1).shape == (1, 96, 72, 3)


def test_a_copied_bitstream_keeps_what_it_says_itself(tmp_path: Path) -> None:
    remux(sei_clip(), tmp_path / "a.ts")  # a warning would be an error
    frames = read_frames(tmp_path / "a.ts")
    with next(frames) as frame:
        assert frame.rotation == 270
    frames.close()
    with pytest.warns(UserWarning, match="cannot hold the rotation"):
        remux(turned(), tmp_path / "b.ts")


def test_a_copied_video_that_loses_its_rotation_is_told(tmp_path: Path) -> None:
    both = made(
        *("three-and-turned.mp4", "-i", str(three())),
        *("-i", str(turned()), "-map", "0", "-map", "1", "-c", "copy"),
    )
    with pytest.warns(UserWarning, match="avi cannot hold the rotation of .* of stream 1"):
        transcode(both, tmp_path / "a.avi")
    transcode(both, tmp_path / "a.mp4")
    sides = probe(tmp_path / "a.mp4", "-show_streams")["streams"][1]["side_data_list"]
    assert [side["rotation"] for side in sides if "rotation" in side] == stored(turned())[2]
