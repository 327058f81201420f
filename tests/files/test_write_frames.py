"""write_frames: frames from anywhere become a file."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import FRAMES, clip, run_ffmpeg
from convert_helpers import FAST, digests, pictures, times
from encode_helpers import HEIGHT, STEP, WIDTH, frame_of, frames, need, picture, psnr
from mux_helpers import need_container, packets, video_stream

from ffwebcodecs import (
    DataError,
    EncodingError,
    InvalidArgumentError,
    TranscodeProgress,
    VideoFrame,
    WebCodecsError,
    open_handles,
    read_frames,
    transcode,
    write_frames,
)

pytestmark = pytest.mark.divided(file=True)


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def write(made: Any, output: Any, **options: Any) -> Any:
    return write_frames(made, output, **{"encoder_options": FAST, **options})


def test_frames_become_a_file(tmp_path: Path) -> None:
    result = write(frames(30), tmp_path / "a.mp4", encoder_options={**FAST, "crf": "15"})
    assert (result.frames_read, result.frames_written) == (30, 30)
    assert times(tmp_path / "a.mp4") == [n * STEP for n in range(30)]
    have = pictures(tmp_path / "a.mp4")
    assert psnr(have, np.stack([picture(n) for n in range(30)])) > 30


def test_arrays_become_a_file(tmp_path: Path) -> None:
    made = (VideoFrame.from_ndarray(picture(n), timestamp=n * STEP) for n in range(10))
    write(made, tmp_path / "a.mp4", encoder_options={**FAST, "crf": "15"})
    have = pictures(tmp_path / "a.mp4")
    assert psnr(have, np.stack([picture(n) for n in range(10)])) > 30


def test_read_frames_and_write_frames_are_transcode(tmp_path: Path) -> None:
    source = clip("h264-bframes.mp4")
    write(read_frames(source), tmp_path / "a.mkv", codec="ffmpeg:ffv1", encoder_options=None)
    transcode(source, tmp_path / "b.mkv", codec="ffmpeg:ffv1")
    assert digests(tmp_path / "a.mkv") == digests(tmp_path / "b.mkv") == digests(source)


def test_every_second_frame_is_every_second_frame(tmp_path: Path) -> None:
    source = clip("h264-bframes.mp4")
    write_frames(read_frames(source, step=2), tmp_path / "a.mkv", codec="ffmpeg:ffv1")
    assert digests(tmp_path / "a.mkv") == digests(source)[::2]


def test_frames_are_taken_and_closed(tmp_path: Path) -> None:
    made = list(frames(20))
    write(made, tmp_path / "a.mp4")
    assert all(frame.closed for frame in made)
    assert not any(open_handles().values())


def test_durations_are_kept(tmp_path: Path) -> None:
    def uneven() -> Iterator[VideoFrame]:
        at = 0
        for index, gap in enumerate((20_000, 50_000, 33_000, 100_000)):
            yield frame_of(index, timestamp=at, duration=gap)
            at += gap

    write(uneven(), tmp_path / "a.mp4", latency_mode="realtime")
    found = packets(tmp_path / "a.mp4")
    assert [packet.pts for packet in found] == [0, 20_000, 70_000, 103_000]
    assert found[-1].duration == 100_000


def test_repeated_timestamps_lose_no_frame(tmp_path: Path) -> None:
    made = (frame_of(n, timestamp=n // 2 * STEP) for n in range(6))
    assert write(made, tmp_path / "a.mp4").frames_written == 6
    assert times(tmp_path / "a.mp4") == [n // 2 * STEP + n % 2 for n in range(6)]


@pytest.mark.parametrize("framerate", [None, 25])
def test_times_that_begin_anew_are_refused(tmp_path: Path, framerate: int | None) -> None:
    made = (frame_of(n, timestamp=n % 15 * STEP) for n in range(30))
    with pytest.raises(DataError, match="must go up"):
        write(made, tmp_path / "a.mp4", framerate=framerate)
    assert names(tmp_path) == []


def test_a_clock_that_is_not_exact_loses_no_frame(tmp_path: Path) -> None:
    at = (0, 40_000, 39_000, 80_000)
    made = (frame_of(n, timestamp=when) for n, when in enumerate(at))
    assert write(made, tmp_path / "a.mp4").frames_written == 4
    assert times(tmp_path / "a.mp4") == [0, 40_000, 40_001, 80_000]


def test_framerate_makes_it_even(tmp_path: Path) -> None:
    write(frames(30), tmp_path / "a.mp4", framerate=60)
    assert times(tmp_path / "a.mp4") == [round(n * 1e6 / 60) for n in range(60)]


@pytest.mark.parametrize(
    ("name", "codec", "encoder"),
    [
        ("a.avi", None, "mpeg4"),
        ("a.mpg", None, "mpeg2video"),
        ("a.ogv", None, "libtheora"),
        ("a.flv", "ffmpeg:flv", "flv"),
        ("a.webm", "vp8", "libvpx"),
        ("a.mp4", "h264", "libx264"),
        ("a.webm", "vp9", "libvpx-vp9"),
    ],
)
def test_full_range_looks_the_same_to_the_ffmpeg_program(
    name: str, codec: str | None, encoder: str, tmp_path: Path
) -> None:
    need(encoder)
    need_container(os.path.splitext(name)[1])
    size = WIDTH * HEIGHT
    data = bytes([40]) * (size // 2) + bytes([215]) * (size // 2) + bytes([128]) * (size // 2)

    def made() -> Iterator[VideoFrame]:
        for index in range(5):
            yield VideoFrame(
                data,
                format="I420",
                coded_width=WIDTH,
                coded_height=HEIGHT,
                timestamp=index * STEP,
                duration=STEP,
                color_space={"matrix": "smpte170m", "full_range": True},
            )

    write_frames(made(), tmp_path / name, codec=codec, bitrate=1_000_000)
    seen = run_ffmpeg(
        *("-i", tmp_path / name, "-frames:v", "1", "-pix_fmt", "rgb24", "-f", "rawvideo", "-")
    )
    rows = np.frombuffer(seen, np.uint8).reshape(HEIGHT, WIDTH, 3).astype(int)
    assert abs(rows[: HEIGHT // 2 - 8] - 40).max() <= 4
    assert abs(rows[HEIGHT // 2 + 8 :] - 215).max() <= 4


def test_other_sizes_are_scaled_to_the_first(tmp_path: Path) -> None:
    wide, high = 2 * WIDTH, 2 * HEIGHT
    made = [frame_of(0), frame_of(1, width=wide, height=high), frame_of(2, width=64, height=64)]
    write(made, tmp_path / "a.mp4", encoder_options={**FAST, "crf": "12"})
    found = pictures(tmp_path / "a.mp4")
    assert found.shape == (3, HEIGHT, WIDTH, 3)
    assert psnr(found[1], picture(1, wide, high)[::2, ::2]) > 20


def test_odd_size_and_one_pixel(tmp_path: Path) -> None:
    write((frame_of(n, width=95, height=63) for n in range(3)), tmp_path / "a.mp4")
    stream = video_stream(tmp_path / "a.mp4")
    assert (stream["width"], stream["height"]) == (94, 62)
    odd = (frame_of(n, width=95, height=63) for n in range(3))
    write(odd, tmp_path / "a.wmv", encoder_options={})
    stream = video_stream(tmp_path / "a.wmv")
    assert (stream["width"], stream["height"]) == (94, 62)


def test_rotation_of_the_first_frame_is_the_files(tmp_path: Path) -> None:
    write((frame_of(n, rotation=90) for n in range(3)), tmp_path / "a.mp4")
    side = video_stream(tmp_path / "a.mp4")["side_data_list"]
    assert [entry["rotation"] for entry in side if "rotation" in entry] == [-90]


def test_to_a_file_object_with_progress() -> None:
    seen: list[TranscodeProgress] = []
    out = io.BytesIO()
    write(frames(5), out, format="mp4", on_progress=seen.append)
    assert [(step.frames, step.timestamp, step.duration) for step in seen] == [
        (n + 1, n * STEP, None) for n in range(5)
    ]
    assert b"ftyp" in out.getvalue()[:16]


def test_no_frame_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(EncodingError, match="no frame to write"):
        write([], tmp_path / "a.mp4")
    assert names(tmp_path) == []


def test_iterable_that_raises_leaves_nothing(tmp_path: Path) -> None:
    def broken() -> Iterator[VideoFrame]:
        yield from frames(10)
        raise ZeroDivisionError("mine")

    with pytest.raises(ZeroDivisionError, match="mine"):
        write(broken(), tmp_path / "a.mp4")
    assert names(tmp_path) == []


@pytest.mark.parametrize("wrong", [None, 1, b"bytes", "frame"])
def test_what_is_no_frame_is_refused(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="expected a VideoFrame"):
        write([frame_of(0), wrong], tmp_path / "a.mp4")
    assert names(tmp_path) == []


def test_closed_frame_is_refused(tmp_path: Path) -> None:
    frame = frame_of(0)
    frame.close()
    with pytest.raises(WebCodecsError, match="closed"):
        write([frame], tmp_path / "a.mp4")


def test_damaged_source_is_an_error_without_output(tmp_path: Path) -> None:
    data = bytearray(clip("h264-bframes.mp4").read_bytes())
    middle = data.index(b"mdat") + (len(data) - data.index(b"mdat")) // 2
    data[middle : middle + 4000] = b"\xff" * 4000
    with pytest.raises(WebCodecsError):
        write(read_frames(bytes(data)), tmp_path / "a.mp4")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("codec", "encoder"),
    [("h264", "libx264"), ("hevc", "libx265"), ("vp9", "libvpx-vp9"), ("av1", "libaom-av1")],
)
@pytest.mark.parametrize("name", ["yuv420p", "yuv422p", "yuv444p", "yuv420p10le", "yuv422p10le"])
def test_short_name_with_a_pixel_format_finds_the_profile(
    codec: str, encoder: str, name: str, tmp_path: Path
) -> None:
    need(encoder, depth=10 if "10" in name else 8)
    write_frames(frames(2), tmp_path / "a.mkv", codec=codec, encoder_options={"pixel_format": name})
    assert video_stream(tmp_path / "a.mkv")["pix_fmt"] == name


def test_metadata_is_written(tmp_path: Path) -> None:
    from mux_helpers import probe

    write(frames(3), tmp_path / "a.mp4", metadata={"title": "Sines"})
    assert probe(tmp_path / "a.mp4", "-show_format")["format"]["tags"]["title"] == "Sines"


def test_pictures_of_a_real_clip_come_back(tmp_path: Path) -> None:
    write(read_frames(clip("vp9.webm")), tmp_path / "a.mp4")
    assert len(times(tmp_path / "a.mp4")) == FRAMES
