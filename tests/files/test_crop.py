"""A part of the picture: that which is named, as it is shown, and no pixel is copied for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from cli_helpers import call, png
from clips import clip, pixels_of, run_ffmpeg
from convert_helpers import digests, made
from encode_helpers import psnr
from mux_helpers import video_stream
from transcode_helpers import SOURCE, fast, names

from ffwebcodecs import DataError, InvalidArgumentError, Rect, VideoFrame, transcode, write_frames
from ffwebcodecs.cli import main

pytestmark = pytest.mark.divided


def shown(path: Path, filters: str = "null") -> npt.NDArray[np.uint8]:
    """Return what the ffmpeg program shows of the first frames, turned as the file says."""
    ppm = run_ffmpeg(
        *("-i", path, "-map", "0:v:0", "-frames:v", "3", "-vf", f"{filters},format=rgb24"),
        *("-c:v", "ppm", "-f", "image2pipe", "-"),
    )
    return pixels_of(ppm)


# ---- what comes out


@pytest.mark.parametrize("name", [SOURCE, "h264-422.mp4", "vp9-odd.mkv", "h264-cropped.mp4"])
def test_pixels_are_those_of_ffmpegs_crop(name: str, tmp_path: Path) -> None:
    # FFV1 keeps each bit.
    out = tmp_path / "a.mkv"
    transcode(clip(name), out, codec="ffmpeg:ffv1", crop=(10, 6, 64, 32), stop=200_000)
    [pix_fmt] = {video_stream(out)["pix_fmt"]}
    filters = f"crop=64:32:10:6:exact=1,format={pix_fmt}"
    assert digests(out) == digests(clip(name), "-vf", filters, "-frames:v", "6")


def rotated(flip: bool = False) -> Path:
    """Return a film that is shown turned by 90 degrees, or mirrored and turned."""
    source = clip("h264-rotated.mp4")
    if not flip:
        return source
    out = made("h264-flipped.mp4", "-i", str(clip(SOURCE)), "-c", "copy")
    data = bytearray(out.read_bytes())
    place = data.index((1 << 16).to_bytes(4, "big") + bytes(12), data.index(b"tkhd"))
    matrix = (0, 1 << 16, 0, 1 << 16, 0, 0, 0, 0, 1 << 30)  # transposed
    data[place : place + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    turned = out.with_name(f"turned-{out.name}")
    turned.write_bytes(data)
    return turned


@pytest.mark.parametrize("flip", [False, True])
def test_part_is_that_of_the_picture_as_it_is_shown(flip: bool, tmp_path: Path) -> None:
    source = rotated(flip)
    fast(tmp_path / "a.mp4", source, crop=Rect(20, 10, 60, 130), stop=100_000)
    have, want = shown(tmp_path / "a.mp4"), shown(source, "crop=60:130:20:10")
    assert have.shape == want.shape == (3, 130, 60, 3)
    assert psnr(have, want) > 30


def test_size_is_that_of_the_part_and_pixels_keep_their_shape(tmp_path: Path) -> None:
    source = made(
        *("wide-pixels.mp4", "-i", str(clip(SOURCE)), "-frames:v", "3", "-vf", "setsar=4/3"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-threads", "1"),
    )
    fast(tmp_path / "a.mp4", source, crop={"x": 0, "y": 40, "width": 160, "height": 40}, width=80)
    stream = video_stream(tmp_path / "a.mp4")
    assert (stream["width"], stream["height"]) == (80, 20)
    assert stream["sample_aspect_ratio"] == "4:3"
    assert psnr(shown(tmp_path / "a.mp4"), shown(source, "crop=160:40:0:40,scale=80:20")) > 23


def test_map_frame_gets_the_part(tmp_path: Path) -> None:
    seen = []

    def look(frame: VideoFrame) -> VideoFrame:
        seen.append((frame.visible_rect, frame.coded_width))
        return frame

    fast(tmp_path / "a.mp4", crop=(32, 16, 64, 48), map_frame=look, stop=100_000)
    assert seen == [(Rect(32, 16, 64, 48), 160)] * 3  # the same memory


# ---- what cannot be cut


@pytest.mark.parametrize(
    ("crop", "message"),
    [
        ((100, 0, 61, 4), "x \\+ width = 161, beyond the width .* 160x120"),
        ((0, 1, 4, 120), "y \\+ height = 121"),
        ((0, 0, 0, 4), "crop.width is 0"),
        ((0, -1, 4, 4), "crop.y is -1"),
        ((1, 0, 9, 4), "multiples of \\(2, 2\\): \\(0, 0, 10, 4\\) does"),
        ((0, 3, 4, 4), "multiples of \\(2, 2\\): \\(0, 2, 4, 5\\) does"),
        ("40x40+0+0", "crop needs four numbers"),
        ((0, 0, 4), "crop needs four numbers"),
    ],
)
def test_what_cannot_be_cut_is_refused_and_leaves_nothing(
    crop: Any, message: str, tmp_path: Path
) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        fast(tmp_path / "a.mp4", crop=crop)
    assert not names(tmp_path)


def test_advice_for_a_turned_picture_is_of_the_picture_as_it_is_shown(tmp_path: Path) -> None:
    # Turned counterclockwise: its bottom edge is the left one of what is stored.
    with pytest.raises(InvalidArgumentError, match=r"turned.*: \(20, 10, 60, 30\) does"):
        fast(tmp_path / "a.mp4", rotated(), crop=(20, 10, 60, 29))
    fast(tmp_path / "a.mp4", rotated(), crop=(20, 11, 60, 29), stop=100_000)


def frames(*sizes: tuple[int, int]) -> Any:
    for number, (width, height) in enumerate(sizes):
        row = np.arange(width * height * 3, dtype=np.uint32) // (width * height // 64)
        pixels = row.astype(np.uint8).reshape(height, width, 3)
        yield VideoFrame.from_ndarray(pixels, timestamp=number * 40_000)


def test_pictures_of_another_size_lose_the_same_share(tmp_path: Path) -> None:
    out = tmp_path / "a.mkv"
    options: Any = {"codec": "ffmpeg:ffv1", "crop": (0, 8, 64, 32)}
    write_frames(frames((64, 48), (128, 96), (64, 48)), out, **options)
    first, second, third = shown(out).astype(int)
    assert first.shape == (32, 64, 3)
    assert (first == third).all()
    assert np.abs(first - second).mean() < 3
    with pytest.raises(DataError, match=r"the frame at 40000 us is 62x47.*no whole part"):
        write_frames(frames((64, 48), (62, 47)), tmp_path / "b.mkv", **options)
    assert names(tmp_path) == ["a.mkv"]


# ---- the command line


def test_commands_crop(tmp_path: Path) -> None:
    at = ("--crop", "64x32+10+6", "-q")
    assert call("frames", clip(SOURCE), "-o", tmp_path, "--stop", "0.1", *at) == 0
    for index, want in enumerate(shown(clip(SOURCE), "crop=64:32:10:6")):
        assert psnr(png(tmp_path / f"frame-{index + 1:06}.png"), want) > 30
    size = ("--size", "32x-1", "--preset", "ultrafast")
    assert call("transcode", clip(SOURCE), tmp_path / "a.mp4", *at, *size) == 0
    picture = tmp_path / "frame-000001.png"
    images = ("images", picture, tmp_path / "b.mp4", "--preset", "ultrafast", "-q")
    assert call(*images, "--crop", "30x20+1+3") == 0
    sizes = [video_stream(tmp_path / name) for name in ("a.mp4", "b.mp4")]
    assert [(found["width"], found["height"]) for found in sizes] == [(32, 16), (30, 20)]


@pytest.mark.parametrize(
    "text", ["64x32", "64x32+1", "0x4+0+0", "4x4+-1+0", "4x4+1+2+3", "axb+0+0"]
)
@pytest.mark.parametrize("command", ["transcode", "frames"])
def test_what_is_no_part_is_wrong_usage(
    command: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    output = [str(tmp_path / "a.mp4")] if command == "transcode" else ["-o", str(tmp_path / "a")]
    assert main([command, str(clip(SOURCE)), *output, "--crop", text]) == 2
    assert "WIDTHxHEIGHT+X+Y" in capsys.readouterr().err
    assert not names(tmp_path)
