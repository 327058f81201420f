"""What Demuxer says of a file, compared with the ffprobe program."""

from __future__ import annotations

import functools
import io
import json
import re
from fractions import Fraction
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest
from clips import CLIPS, Clip, clip, run_ffprobe, said_of

import ffwebcodecs
from ffwebcodecs import Demuxer

pytestmark = pytest.mark.divided

CODEC_STRINGS = {
    "h264-bframes.mp4": r"avc1\.[0-9A-Fa-f]{6}",
    "h264-bframes.ts": r"avc[13]\.[0-9A-Fa-f]{6}",
    "h264-bframes.h264": r"avc[13]\.[0-9A-Fa-f]{6}",
    "h264-high10.mp4": r"avc1\.6[eE][0-9A-Fa-f]{4}",
    "hevc-bframes.mp4": r"hvc1\.1\.6\.[LH]\d+(\.[0-9A-F]{1,2}){1,6}",
    "hevc-main10.mp4": r"hvc1\.2\.4\.[LH]\d+(\.[0-9A-F]{1,2}){1,6}",
    "vp8.webm": r"vp8",
    "vp9.webm": r"vp09\.00\.\d\d\.08(\..+)?",
    "vp9-profile2.webm": r"vp09\.02\.\d\d\.10(\..+)?",
    "vp9-444.mkv": r"vp09\.01\.\d\d\.08(\..+)?",
    "av1.mp4": r"av01\.0\.\d\d[MH]\.08(\..+)?",
    "av1.ivf": r"av01\.0\.\d\d[MH]\.08(\..+)?",
    "av1-10bit.mkv": r"av01\.0\.\d\d[MH]\.10(\..+)?",
    "mpeg2-interlaced.ts": r"ffmpeg:mpeg2video",
    "mpeg4.avi": r"ffmpeg:mpeg4",
}

# Length-prefixed samples come with a description, Annex B streams without.
WITH_DESCRIPTION = ("h264-bframes.mp4", "h264-bframes.mkv", "hevc-bframes.mp4", "hevc-bframes.mkv")
ANNEX_B = ("h264-bframes.ts", "h264-bframes.h264", "hevc-bframes.ts", "hevc-bframes.hevc")


@functools.cache
def probe(path: Path, *options: str) -> dict[str, Any]:
    text = said_of(path, run_ffprobe, "-select_streams", "v:0", *options, path)
    found: dict[str, Any] = json.loads(text)
    return found


def microseconds(value: int, time_base: str) -> int:
    exact = value * Fraction(time_base) * 1_000_000
    whole = int(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


@pytest.mark.parametrize("name", CODEC_STRINGS)
def test_codec_string(name: str) -> None:
    with Demuxer(clip(name)) as demuxer:
        assert re.fullmatch(CODEC_STRINGS[name], demuxer.video_config.codec)


def test_avc_codec_string_holds_profile_and_level() -> None:
    path = clip("h264-bframes.mp4")
    stream = probe(path, "-show_streams")["streams"][0]
    assert stream["profile"] == "High"
    with Demuxer(path) as demuxer:
        codec = demuxer.video_config.codec.lower()
    assert codec.startswith("avc1.64")
    assert int(codec[-2:], 16) == stream["level"]


@pytest.mark.parametrize("item", CLIPS, ids=repr)
def test_config_is_supported_and_has_the_size(item: Clip) -> None:
    path = item.path()
    stream = probe(path, "-show_streams")["streams"][0]
    with Demuxer(path) as demuxer:
        config = demuxer.video_config
    assert (config.coded_width, config.coded_height) == (stream["width"], stream["height"])
    assert ffwebcodecs.VideoDecoder.is_config_supported(config).supported


@pytest.mark.parametrize("name", WITH_DESCRIPTION)
def test_description_is_there_for_length_prefixed_streams(name: str) -> None:
    with Demuxer(clip(name)) as demuxer:
        description = demuxer.video_config.description
        assert description is not None
        assert bytes(description)[:1] == b"\1"


@pytest.mark.parametrize("name", ANNEX_B)
def test_description_is_absent_for_annex_b(name: str) -> None:
    with Demuxer(clip(name)) as demuxer:
        assert demuxer.video_config.description is None


@pytest.mark.parametrize("item", CLIPS, ids=repr)
def test_chunks_are_ffprobes_packets(item: Clip) -> None:
    path = item.path()
    found = probe(path, "-show_packets", "-show_streams")
    time_base = found["streams"][0]["time_base"]
    packets = found["packets"]
    with Demuxer(path) as demuxer:
        chunks = [(c.type, c.timestamp, c.byte_length) for c in demuxer.chunks()]
    ends = list(accumulate(size for _, _, size in chunks))
    wanted = list(accumulate(int(p["size"]) for p in packets))
    # The first zero of a start code of four bytes ends a chunk or, since FFmpeg 8, begins the next.
    slack = 1 if item.name in ANNEX_B else 0
    assert len(ends) == len(wanted)
    assert ends[-1] == wanted[-1]
    assert all(abs(end - other) <= slack for end, other in zip(ends, wanted, strict=True))
    assert [kind == "key" for kind, _, _ in chunks] == ["K" in p["flags"] for p in packets]
    if item.has_timestamps and all("pts" in p for p in packets):
        times = [microseconds(p["pts"], time_base) for p in packets]
        assert [timestamp for _, timestamp, _ in chunks] == times


def test_start_offset_is_kept() -> None:
    with Demuxer(clip("h264-offset.mkv")) as demuxer:
        assert next(iter(demuxer.chunks())).timestamp == 12_345_000


def test_rotation_comes_from_the_display_matrix() -> None:
    path = clip("h264-rotated.mp4")
    with Demuxer(path) as demuxer:
        config = demuxer.video_config
    side_data = probe(path, "-show_streams")["streams"][0]["side_data_list"]
    counter_clockwise = next(entry["rotation"] for entry in side_data if "rotation" in entry)
    assert config.rotation == -counter_clockwise % 360
    assert config.rotation in (90, 270)
    frame = next(iter(ffwebcodecs.read_frames(path)))
    with frame:
        assert frame.rotation == config.rotation
        assert frame.visible_rect == ffwebcodecs.Rect(0, 0, 160, 120)
        assert (frame.display_width, frame.display_height) == (120, 160)


def test_full_range_reaches_the_frame() -> None:
    for frame in ffwebcodecs.read_frames(clip("h264-full-range.mp4"), stop=1):
        with frame:
            assert frame.format == "I420"
            assert frame.color_space.full_range is True


def test_duration_and_frame_count() -> None:
    with Demuxer(clip("h264-bframes.mp4")) as demuxer:
        assert demuxer.duration == 1_500_000
        assert demuxer.frame_count == 45


@pytest.mark.parametrize("name", ["h264-bframes.mp4", "vp9.webm", "h264-bframes.ts"])
def test_bytes_and_file_objects_read_as_paths_do(name: str) -> None:
    path = clip(name)
    with Demuxer(path) as demuxer:
        expected = [bytes(chunk.data) for chunk in demuxer.chunks()]
    data = path.read_bytes()
    for source in (str(path), data, bytearray(data), io.BytesIO(data)):
        with Demuxer(source) as demuxer:
            assert [bytes(chunk.data) for chunk in demuxer.chunks()] == expected


def test_seek_goes_to_the_key_frame_before() -> None:
    # Key frames lie at 0, 0.5 and 1 second.
    with Demuxer(clip("h264-bframes.mp4")) as demuxer:
        demuxer.seek(900_000)
        chunk = next(iter(demuxer.chunks()))
        assert (chunk.type, chunk.timestamp) == ("key", 500_000)
        demuxer.seek(0)
        assert next(iter(demuxer.chunks())).timestamp == 0


def test_chunks_start_is_a_seek() -> None:
    with Demuxer(clip("h264-bframes.mp4")) as demuxer:
        chunk = next(iter(demuxer.chunks(start=1_200_000)))
        assert (chunk.type, chunk.timestamp) == ("key", 1_000_000)


def test_chunk_outlives_the_demuxer() -> None:
    with Demuxer(clip("h264-bframes.mp4")) as demuxer:
        chunk = next(iter(demuxer.chunks()))
        before = bytes(chunk.data)
    view = chunk.data
    del chunk
    assert bytes(view) == before


def test_use_after_close_is_an_invalid_state() -> None:
    demuxer = Demuxer(clip("h264-bframes.mp4"))
    demuxer.close()
    demuxer.close()
    with pytest.raises(ffwebcodecs.InvalidStateError):
        next(iter(demuxer.chunks()))


def test_missing_file_is_pythons_own_error() -> None:
    with pytest.raises((FileNotFoundError, ffwebcodecs.WebCodecsError), match="no-such-file"):
        Demuxer("no-such-file.mp4")


@pytest.mark.parametrize("data", [b"", b"\0" * 100, b"this is no video, whatever its name says"])
def test_what_is_no_video_is_one_clear_error(data: bytes) -> None:
    with pytest.raises(ffwebcodecs.WebCodecsError):
        Demuxer(data)


@pytest.mark.parametrize("name", ["100%d.png", "50%.png", "%03d.png"])
def test_picture_with_a_percent_sign_in_its_name_opens(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    with ffwebcodecs.VideoFrame(
        bytes(12), format="RGB", coded_width=2, coded_height=2, timestamp=0
    ) as frame:
        frame.save(path)
    with Demuxer(path) as demuxer:
        assert demuxer.video_config.codec == "ffmpeg:png"
        assert len(list(demuxer.chunks())) == 1
