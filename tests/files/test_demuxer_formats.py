"""Demuxer: what unusual containers say, and damaged ones; figures are ffprobe's."""

from __future__ import annotations

import struct
import warnings
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from clips import FRAMES, VARIABLE, X264, Clip, clip, run_ffmpeg
from demux_helpers import NAME, chunks, described, packets

from ffwebcodecs import (
    Demuxer,
    EncodingError,
    NotSupportedError,
    VideoDecoder,
    WebCodecsError,
    read_frames,
)

pytestmark = pytest.mark.divided

# ---- what the container says ---------------------------------------------------------------------

BASE_90K = Clip("h264-90k.ts", "libx264", *X264, "-bf", "2", filters=f"settb=1/90000,{VARIABLE}")
FRACTIONAL = Clip("h264-ntsc.mp4", "libx264", *X264, "-bf", "2", "-r", "30000/1001")
TWO_GOPS = Clip("vp9-variable.webm", "libvpx-vp9", "-g", "10", filters=f"settb=1/1000,{VARIABLE}")


@pytest.mark.parametrize("item", [BASE_90K, FRACTIONAL, TWO_GOPS], ids=repr)
def test_timestamps_keys_and_sizes_are_ffprobes(item: Clip) -> None:
    assert chunks(item.path()) == packets(item.path())


def test_variable_rate_is_exact() -> None:
    path = clip("h264-variable-rate.mp4")
    assert chunks(path) == packets(path)
    times = sorted(timestamp for _, timestamp, _ in chunks(path))
    assert len({b - a for a, b in pairwise(times)}) > 1


def test_durations_are_ffprobes() -> None:
    path = clip(NAME)
    with Demuxer(path) as demuxer:
        durations = {chunk.duration for chunk in demuxer.chunks()}
    assert durations == {33_333}


COLORS = [
    ("bt709", "bt709", "bt709", "tv"),
    ("bt2020", "smpte2084", "bt2020nc", "tv"),
    ("bt2020", "arib-std-b67", "bt2020nc", "pc"),
    ("smpte170m", "smpte170m", "smpte170m", "pc"),
]
WEB = {
    "smpte2084": "pq",
    "arib-std-b67": "hlg",
    "bt2020nc": "bt2020-ncl",
    "tv": False,
    "pc": True,
}


@pytest.mark.parametrize("colors", COLORS, ids="-".join)
def test_colors_reach_config_and_frame(colors: tuple[str, str, str, str]) -> None:
    flags = ("-color_primaries", "-color_trc", "-colorspace", "-color_range")
    options = [text for pair in zip(flags, colors, strict=True) for text in pair]
    name = f"h264-color-{'-'.join(colors)}.mp4"
    path = Clip(name, "libx264", *X264, *options, frames=2).path()
    expected = tuple(WEB.get(color, color) for color in colors)
    with Demuxer(path) as demuxer:
        space = demuxer.video_config.color_space
    for frame in read_frames(path, stop=1):
        with frame:
            found = frame.color_space
    for got in (space, found):
        assert (got.primaries, got.transfer, got.matrix, got.full_range) == expected


def with_matrix(data: bytes, a: float, b: float, c: float, d: float) -> bytes:
    """Write a display matrix into the track header of an MP4 file (ISO/IEC 14496-12, 8.3.2)."""
    at = data.index(b"tkhd") + 4
    assert data[at] == 0, "version 0"
    at += 40
    numbers = [int(a * 65536), int(b * 65536), 0, int(c * 65536), int(d * 65536), 0, 0, 0, 1 << 30]
    return data[:at] + struct.pack(">9i", *numbers) + data[at + 36 :]


# (x, y) goes to (a x + c y, b x + d y), y pointing down; WebCodecs turns clockwise, then mirrors.
MATRICES = [
    ((1, 0, 0, 1), 0, False),
    ((0, 1, -1, 0), 90, False),
    ((-1, 0, 0, -1), 180, False),
    ((0, -1, 1, 0), 270, False),
    ((-1, 0, 0, 1), 0, True),
    ((1, 0, 0, -1), 180, True),
    ((0, 1, 1, 0), 90, True),
    ((0, -1, -1, 0), 270, True),
    ((2, 0, 0, 2), 0, False),
    ((0, 0, 0, 0), 0, False),
]


@pytest.mark.parametrize(("matrix", "rotation", "flip"), MATRICES, ids=str)
def test_display_matrix(matrix: tuple[int, int, int, int], rotation: int, flip: bool) -> None:
    data = with_matrix(clip(NAME).read_bytes(), *matrix)
    with Demuxer(data) as demuxer:
        config = demuxer.video_config
    assert (config.rotation, config.flip) == (rotation, flip)
    for frame in read_frames(data, stop=1):
        with frame:
            assert (frame.rotation, frame.flip) == (rotation, flip)
            size = (160, 120) if rotation % 180 == 0 else (120, 160)
            assert (frame.display_width, frame.display_height) == size


def corner(matrix: tuple[int, int, int, int], x: int, y: int) -> tuple[int, int]:
    a, b, c, d = matrix
    return a * x + c * y, b * x + d * y


@pytest.mark.parametrize(("matrix", "rotation", "flip"), MATRICES[:8], ids=str)
def test_rotation_and_flip_move_the_corners_as_the_matrix_does(
    matrix: tuple[int, int, int, int], rotation: int, flip: bool
) -> None:
    for x, y in ((-1, -1), (1, -1), (1, 1), (-1, 1)):
        moved = x, y
        for _ in range(rotation // 90):  # clockwise on a screen: right goes down
            moved = -moved[1], moved[0]
        if flip:
            moved = -moved[0], moved[1]
        assert moved == corner(matrix, x, y)


@pytest.mark.parametrize("sar", ["4/3", "1/2", "16/15"])
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_sample_aspect_ratio(sar: str, suffix: str) -> None:
    name = f"h264-aspect-{sar.replace('/', '-')}.{suffix}"
    path = Clip(name, "libx264", *X264, filters=f"setsar={sar}", frames=3).path()
    ratio = Fraction(sar) * 160 / 120
    with Demuxer(path) as demuxer:
        config = demuxer.video_config
    assert Fraction(config.display_aspect_width, config.display_aspect_height) == ratio  # type: ignore[arg-type]
    for frame in read_frames(path, stop=1):
        with frame:
            assert abs(frame.display_width / frame.display_height / float(ratio) - 1) < 0.01


# ---- other streams -------------------------------------------------------------------------------


def sound(tmp_path: Path, name: str, *options: str) -> Path:
    path = tmp_path / name
    run_ffmpeg("-y", "-f", "lavfi", "-i", "sine=duration=1", *options, path)
    return path


@pytest.mark.parametrize("name", ["sound.m4a", "sound.wav", "sound.mkv", "sound.ogg"])
def test_file_with_sound_only_has_no_video(name: str, tmp_path: Path) -> None:
    path = sound(tmp_path, name)
    with Demuxer(path) as demuxer, pytest.raises(NotSupportedError, match="audio"):
        demuxer.video_config
    with pytest.raises(NotSupportedError, match="audio"):
        list(read_frames(path))


@pytest.mark.parametrize("name", ["song.mp3", "song.m4a"])
def test_cover_of_a_song_is_one_key_chunk(name: str, tmp_path: Path) -> None:
    path = sound(
        *(tmp_path, name, "-f", "lavfi", "-i", "testsrc2=size=64x64:d=0.04", "-frames:v", "1"),
        *("-map", "0:a", "-map", "1:v", "-c:v", "mjpeg", "-pix_fmt", "yuvj420p"),
        *("-disposition:v:0", "attached_pic"),
    )
    with Demuxer(path) as demuxer:
        assert demuxer.video_config.codec == "ffmpeg:mjpeg"
        assert [chunk.type for chunk in demuxer.chunks()] == ["key"]
    sizes = []
    for frame in read_frames(path):
        with frame:
            sizes.append((frame.coded_width, frame.coded_height))
    assert sizes == [(64, 64)]


def test_cover_does_not_hide_the_film(tmp_path: Path) -> None:
    cover, path = tmp_path / "cover.jpg", tmp_path / "film.mp4"
    picture = ("-f", "lavfi", "-i", "testsrc2=size=640x480:d=0.04")
    run_ffmpeg("-y", *picture, "-frames:v", "1", "-pix_fmt", "yuvj420p", cover)
    run_ffmpeg(
        *("-y", "-i", cover, "-i", clip(NAME), "-map", "0", "-map", "1", "-c", "copy"),
        *("-disposition:v:0", "attached_pic", path),
    )
    with Demuxer(path) as demuxer:
        assert demuxer.video_config.codec.startswith("avc1")
        assert len(list(demuxer.chunks())) == FRAMES


def test_one_of_two_video_streams_is_read_whole_and_alone(tmp_path: Path) -> None:
    path = tmp_path / "two.mkv"
    run_ffmpeg(
        *("-y", "-i", clip(NAME), "-i", clip("vp9.webm"), "-map", "0:v", "-map", "1:v"),
        *("-c", "copy", path),
    )
    found = chunks(path)
    with Demuxer(path) as demuxer:
        index = {"avc1": "v:0", "vp09": "v:1"}[demuxer.video_config.codec[:4]]
    assert found == packets(path, index)


def test_sound_is_skipped() -> None:
    assert chunks(clip("h264-with-audio.mp4")) == packets(clip("h264-with-audio.mp4"))


# ---- damaged files -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["h264-bframes.mkv", "vp9.webm", "h264-bframes.ts", "av1.ivf"])
def test_truncated_file_gives_the_beginning_or_an_error(name: str) -> None:
    data = clip(name).read_bytes()
    whole = chunks(data)
    for part in (1, 10, 50, 90, 99):
        cut = data[: len(data) * part // 100]
        found: list[tuple[bool, int, int]] = []
        try:
            with Demuxer(cut) as demuxer:
                found.extend(map(described, demuxer.chunks()))
        except WebCodecsError:
            pass
        # All but the last one are whole.
        assert found[:-1] == whole[: max(0, len(found) - 1)]
        if part >= 90:
            assert len(found) > FRAMES // 2


def test_truncated_mp4_without_its_index_is_an_error() -> None:
    data = clip(NAME).read_bytes()
    with pytest.raises(EncodingError, match="bytes"):
        Demuxer(data[: data.index(b"moov")])


def test_config_can_be_kept_changed_and_used_without_the_demuxer() -> None:
    from dataclasses import replace

    with Demuxer(clip("mpeg4.avi")) as demuxer:
        config, kept = demuxer.video_config, list(demuxer.chunks())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for used in (config, replace(config, rotation=90)):
            times: list[int] = []

            def output(frame: Any, times: list[int] = times) -> None:
                with frame:
                    times.append(frame.rotation)

            with VideoDecoder(output, print) as decoder:
                decoder.configure(used)
                for chunk in kept:
                    decoder.decode(chunk)
                decoder.flush().result(10)
            assert times == [used.rotation] * FRAMES
    del kept
