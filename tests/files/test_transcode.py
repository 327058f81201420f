"""transcode: what is converted is near its source, and all else stays what it was."""

from __future__ import annotations

import io
import os
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from clips import FRAMES, clip, framemd5
from convert_helpers import (
    FAST,
    digests,
    hdr_clip,
    likeness,
    long_clip,
    made,
    movie,
    pictures,
    streams,
    times,
)
from encode_helpers import need, psnr
from mux_helpers import packets, probe, start_step, video_stream

from ffwebcodecs import (
    EncodingError,
    InvalidArgumentError,
    NotSupportedError,
    TranscodeProgress,
    VideoFrame,
    WebCodecsError,
    open_handles,
    transcode,
)
from ffwebcodecs._runtime.prefetch import Prefetch
from ffwebcodecs._spec.encoders.strings import BY_SUFFIX

SOURCE = "h264-bframes.mp4"
ENCODERS = {
    "h264": ("libx264",),
    "hevc": ("libx265",),
    "vp8": ("libvpx",),
    "vp9": ("libvpx-vp9",),
    "av1": ("libsvtav1", "libaom-av1", "librav1e"),
}
OPTIONS: dict[str, dict[str, str]] = {
    "h264": FAST,
    "hevc": {**FAST, "x265-params": "log-level=error"},
    "vp8": {"cpu-used": "8"},
    "vp9": {"cpu-used": "8"},
    "av1": {},
}


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


def fast(output: Any, source: Any = None, **options: Any) -> Any:
    """Transcode to H.264 quickly."""
    source = clip(SOURCE) if source is None else source
    return transcode(source, output, **{"encoder_options": FAST, **options})


# ---- pictures


@pytest.mark.parametrize("codec", ENCODERS)
def test_each_codec_is_near_its_source(codec: str, tmp_path: Path) -> None:
    need(*ENCODERS[codec])
    out = tmp_path / "out.mkv"
    bitrate = None if codec in ("h264", "hevc") else 1_000_000
    result = transcode(
        clip(SOURCE), out, codec=codec, bitrate=bitrate, encoder_options=OPTIONS[codec]
    )
    assert video_stream(out)["codec_name"] == codec
    assert (result.frames_read, result.frames_written) == (FRAMES, FRAMES)
    # libx265 as the ffmpeg program runs it with this preset is no nearer: 28 dB.
    assert likeness(out, clip(SOURCE)) > (26 if codec == "hevc" else 30)


def test_ffv1_is_the_source_to_the_bit(tmp_path: Path) -> None:
    transcode(clip(SOURCE), tmp_path / "out.mkv", codec="ffmpeg:ffv1")
    assert digests(tmp_path / "out.mkv") == digests(clip(SOURCE))


def test_ten_bits_stay_ten_bits_where_the_codec_has_them(tmp_path: Path) -> None:
    need("libx265")
    transcode(hdr_clip(), tmp_path / "a.mp4", codec="hevc", encoder_options=OPTIONS["hevc"])
    assert video_stream(tmp_path / "a.mp4")["pix_fmt"] == "yuv420p10le"
    fast(tmp_path / "b.mp4", hdr_clip())
    assert video_stream(tmp_path / "b.mp4")["pix_fmt"] == "yuv420p"


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_colours_are_kept(name: str, tmp_path: Path) -> None:
    need("libx265")
    fast(tmp_path / name, hdr_clip(), codec="hevc", encoder_options=OPTIONS["hevc"])
    stream = video_stream(tmp_path / name)
    keys = ("color_primaries", "color_transfer", "color_space", "color_range")
    assert [stream.get(key) for key in keys] == ["bt2020", "smpte2084", "bt2020nc", "tv"]


def test_full_range_is_kept(tmp_path: Path) -> None:
    source = clip("h264-full-range.mp4")
    fast(tmp_path / "a.mp4", source)
    assert video_stream(tmp_path / "a.mp4")["color_range"] == "pc"
    assert likeness(tmp_path / "a.mp4", source) > 33


@pytest.mark.parametrize("name", ["vp8-odd.webm", "vp9-odd.mkv"])
def test_odd_sizes_lose_their_last_row_and_column(name: str, tmp_path: Path) -> None:
    fast(tmp_path / "a.mp4", clip(name))
    stream = video_stream(tmp_path / "a.mp4")
    assert (stream["width"], stream["height"]) == (160, 120)
    assert likeness(tmp_path / "a.mp4", clip(name), "crop=160:120:0:0") > 33


def test_cropped_source(tmp_path: Path) -> None:
    fast(tmp_path / "a.mp4", clip("h264-cropped.mp4"))
    assert likeness(tmp_path / "a.mp4", clip("h264-cropped.mp4")) > 33


@pytest.mark.parametrize("name", ["h264-interlaced.mp4", "mpeg2-interlaced.ts"])
def test_interlaced_source_keeps_its_frames(name: str, tmp_path: Path) -> None:
    result = fast(tmp_path / "a.mp4", clip(name))
    assert result.frames_written == len(framemd5(clip(name)))
    assert likeness(tmp_path / "a.mp4", clip(name)) > 30


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({"width": 80}, (80, 60)),
        ({"height": 90}, (120, 90)),
        ({"width": 100, "height": 50}, (100, 50)),
        ({"height": 50}, (66, 50)),  # 66.67, to even
    ],
)
def test_size(options: dict[str, int], size: tuple[int, int], tmp_path: Path) -> None:
    fast(tmp_path / "a.mp4", **options)
    stream = video_stream(tmp_path / "a.mp4")
    assert (stream["width"], stream["height"]) == size
    # Scalers differ: near enough to see that the picture is whole and the right way up.
    assert likeness(tmp_path / "a.mp4", clip(SOURCE), f"scale={size[0]}:{size[1]}") > 20


def test_rotation_is_kept(tmp_path: Path) -> None:
    fast(tmp_path / "a.mp4", clip("h264-rotated.mp4"))
    found = [video_stream(path) for path in (tmp_path / "a.mp4", clip("h264-rotated.mp4"))]
    have, want = (stream["side_data_list"] for stream in found)
    assert [e["displaymatrix"] for e in have if "displaymatrix" in e] == [
        e["displaymatrix"] for e in want if "displaymatrix" in e
    ]


@pytest.mark.parametrize(
    ("suffix", "codec"),
    [
        ("gif", "ffmpeg:gif"),
        ("mov", "ffmpeg:png"),
        ("avi", "ffmpeg:rawvideo"),
        ("mkv", "ffmpeg:ffv1"),
    ],
)
def test_source_with_a_palette(suffix: str, codec: str, tmp_path: Path) -> None:
    """GIF's and PNG's encoders would take palettes, but libswscale makes none for later frames."""
    need(codec.removeprefix("ffmpeg:"))
    source = made(
        *("palette.mov", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30", "-frames:v", "5"),
        *("-c:v", "png", "-pix_fmt", "pal8"),
    )
    output = tmp_path / f"out.{suffix}"
    assert transcode(source, output, codec=codec).frames_written == 5
    assert likeness(output, source) > (15 if suffix == "gif" else 60)


@pytest.mark.parametrize(
    ("size", "shape"),
    [
        *(("160x120", "16:11"), ("160x120", "4:3"), ("720x480", "32:27"), ("720x576", "16:15")),
        *(("720x480", "8:9"), ("720x480", "10:11"), ("704x480", "40:33"), ("1440x1080", "4:3")),
    ],
)
@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_shape_of_pixels_is_kept(size: str, shape: str, suffix: str, tmp_path: Path) -> None:
    """Though a frame's display size is in whole pixels."""
    name = f"anamorphic-{size}-{shape.replace(':', '-')}.mp4"
    graph = f"testsrc2=size={size}:rate=30,setsar={shape.replace(':', '/')}"
    source = made(
        *(name, "-f", "lavfi", "-i", graph, "-frames:v", "2"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"),
    )
    fast(tmp_path / f"a.{suffix}", source)
    assert video_stream(tmp_path / f"a.{suffix}")["sample_aspect_ratio"] == shape


# ---- times


@pytest.mark.parametrize(
    "name", [SOURCE, "h264-variable-rate.mp4", "h264-offset.mp4", "h264-bframes.ts", "vp9.webm"]
)
def test_timestamps_are_kept_to_the_microsecond(name: str, tmp_path: Path) -> None:
    fast(tmp_path / "a.mp4", clip(name))
    have, want = times(tmp_path / "a.mp4"), times(clip(name))
    assert len(have) == len(want)
    assert max(abs(a - b) for a, b in zip(have, want, strict=True)) <= start_step()


def test_matroska_has_milliseconds(tmp_path: Path) -> None:
    fast(tmp_path / "a.mkv", clip("h264-variable-rate.mp4"))
    want = times(clip("h264-variable-rate.mp4"))
    assert [abs(a - b) <= 500 for a, b in zip(times(tmp_path / "a.mkv"), want, strict=True)]


@pytest.mark.parametrize(
    ("start", "stop"), [(500_000, None), (None, 700_000), (333_333, 1_000_000)]
)
def test_start_and_stop_choose_the_frames(
    start: int | None, stop: int | None, tmp_path: Path
) -> None:
    transcode(clip(SOURCE), tmp_path / "a.mkv", codec="ffmpeg:ffv1", start=start, stop=stop)
    source = zip(times(clip(SOURCE)), digests(clip(SOURCE)), strict=True)
    want = [
        (timestamp, digest)
        for timestamp, digest in source
        if (start or 0) <= timestamp < (stop or 10**9)
    ]
    assert digests(tmp_path / "a.mkv") == [digest for _, digest in want]
    moved = [timestamp - (start or 0) for timestamp, _ in want]
    have = times(tmp_path / "a.mkv")
    assert max(abs(a - b) for a, b in zip(have, moved, strict=True)) <= 500


def test_audio_is_cut_to_the_range(tmp_path: Path) -> None:
    fast(tmp_path / "a.mkv", movie(), start=500_000, stop=1_000_000)
    kept = [p for p in packets(movie(), "a:0") if 500_000 <= (p.pts or 0) < 1_000_000]
    have = packets(tmp_path / "a.mkv", "a:0")
    assert [p.digest for p in have] == [p.digest for p in kept]
    for one, other in zip(have, kept, strict=True):
        assert one.pts is not None and other.pts is not None
        assert abs(one.pts - (other.pts - 500_000)) <= 1000


def test_range_without_frames_leaves_no_file(tmp_path: Path) -> None:
    result = fast(tmp_path / "a.mp4", start=60_000_000)
    assert (result.frames_written, result.codec) == (0, None)
    assert names(tmp_path) == []


@pytest.mark.parametrize("rate", [15, 60, 10, 25])
def test_framerate_is_that_of_the_fps_filter(rate: int, tmp_path: Path) -> None:
    transcode(clip(SOURCE), tmp_path / "a.mkv", codec="ffmpeg:ffv1", framerate=rate)
    have = times(tmp_path / "a.mkv")
    want = digests(clip(SOURCE), "-vf", f"fps={rate}")
    assert len(have) == len(want)
    assert [abs(t - round(n * 1e6 / rate)) <= 500 for n, t in enumerate(have)] == [True] * len(have)
    # Where a frame lies in the middle of two times, either answer is right: a frame's difference.
    source = digests(clip(SOURCE))
    pairs = zip(digests(tmp_path / "a.mkv"), want, strict=True)
    apart = [source.index(one) - source.index(other) for one, other in pairs]
    assert max(map(abs, apart)) <= 1
    if rate in (15, 60):
        assert not any(apart)


def test_framerate_of_ntsc_and_of_variable_times(tmp_path: Path) -> None:
    source = clip("h264-variable-rate.mp4")
    fast(tmp_path / "a.mp4", source, framerate=30000 / 1001)
    have = times(tmp_path / "a.mp4")
    assert have == [round(n * 1001e6 / 30000) for n in range(len(have))]
    assert abs(len(have) - (times(source)[-1] + 33_333) * 30 / 1.001e6) <= 1


# ---- the other streams


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.ts"])
def test_audio_is_copied_packet_by_packet(name: str, tmp_path: Path) -> None:
    source = clip("h264-with-audio.mp4")
    result = fast(tmp_path / name, source)
    assert result.copied_streams == ["audio aac"]
    have, want = packets(tmp_path / name, "a:0"), packets(source, "a:0")
    if name != "a.ts":  # there each has an ADTS header
        assert [p.digest for p in have] == [p.digest for p in want]
    assert len(have) == len(want)
    shift = video_shift(tmp_path / name, source)
    for one, other in zip(have, want, strict=True):
        assert one.pts is not None and other.pts is not None
        assert abs(one.pts - other.pts - shift) <= 1000


def video_shift(path: Path, source: Path) -> int:
    """MPEG-TS and Matroska move all of the file, so that no time in it is below zero."""
    have, want = (min(packet.pts or 0 for packet in packets(name)) for name in (path, source))
    return have - want


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_flac_is_copied(suffix: str, tmp_path: Path) -> None:
    source = made(
        *("flac.mkv", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30", "-f", "lavfi"),
        *("-i", "sine=duration=0.5", "-frames:v", "15", "-c:v", "libx264", "-c:a", "flac"),
    )
    output = tmp_path / f"a.{suffix}"
    assert fast(output, source).copied_streams == ["audio flac"]
    have, want = packets(output, "a:0"), packets(source, "a:0")
    assert [packet.digest for packet in have] == [packet.digest for packet in want]


def with_cover() -> Path:
    source = movie()
    picture = made("cover.png", "-f", "lavfi", "-i", "color=red:size=64x48", "-frames:v", "1")
    return made(
        *("cover.mp4", "-i", str(source), "-i", str(picture), "-map", "0:v", "-map", "1"),
        *("-map", "0:a", "-c", "copy", "-disposition:v:1", "attached_pic"),
    )


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("start", [None, 500_000])
def test_cover_picture_is_copied(suffix: str, start: int | None, tmp_path: Path) -> None:
    output = tmp_path / f"a.{suffix}"
    fast(output, with_cover(), start=start)
    [have], [want] = packets(output, "v:1"), packets(with_cover(), "v:1")
    assert have.digest == want.digest
    shown = probe(output, "-select_streams", "v:1", "-show_streams")["streams"][0]["disposition"]
    # Matroska's is a track of one picture, as with the ffmpeg program.
    assert shown["attached_pic"] == (suffix == "mp4")
    assert shown["default"] == 0


@pytest.mark.parametrize("suffix", ["mov", "ts"])
def test_cover_picture_that_cannot_be_held_is_not_lost_in_silence(
    suffix: str, tmp_path: Path
) -> None:
    with pytest.warns(UserWarning, match="cannot hold the video png stream"):
        result = fast(tmp_path / f"a.{suffix}", with_cover())
    assert result.dropped_streams == ["video png"]
    assert streams(tmp_path / f"a.{suffix}") == ["video h264", "audio aac"]


def test_first_of_two_videos_stays_the_one_that_is_played(tmp_path: Path) -> None:
    source = made(
        *("two.mp4", "-i", str(movie()), "-map", "0:v", "-map", "0:v", "-c", "copy"),
        *("-disposition:v:0", "default", "-disposition:v:1", "0"),
    )
    for suffix in ("mp4", "mkv"):
        fast(tmp_path / f"a.{suffix}", source)
        found = probe(tmp_path / f"a.{suffix}", "-show_streams")["streams"]
        assert [stream["disposition"]["default"] for stream in found] == [1, 0]


def test_subtitles_are_copied(tmp_path: Path) -> None:
    result = fast(tmp_path / "a.mkv", movie())
    assert result.copied_streams == ["audio aac", "subtitle subrip"]
    assert streams(tmp_path / "a.mkv") == ["video h264", "audio aac", "subtitle subrip"]
    have, want = packets(tmp_path / "a.mkv", "s:0"), packets(movie(), "s:0")
    assert [p.digest for p in have] == [p.digest for p in want]
    assert [p.duration for p in have] == [p.duration for p in want]


def test_what_the_container_cannot_hold_is_left_out_with_a_warning(tmp_path: Path) -> None:
    need("libvpx-vp9")
    out = tmp_path / "a.webm"
    with pytest.warns(UserWarning) as found:
        result = transcode(movie(), out, encoder_options=OPTIONS["vp9"])
    assert result.dropped_streams == ["audio aac", "subtitle subrip"]
    text = [str(warning.message) for warning in found]
    assert text[0].startswith("webm cannot hold the audio aac stream of")
    assert streams(out) == ["video vp9"]


def test_audio_false_copies_nothing_and_is_silent(tmp_path: Path) -> None:
    result = fast(tmp_path / "a.mkv", movie(), audio=False)
    assert (result.copied_streams, result.dropped_streams) == ([], [])
    assert streams(tmp_path / "a.mkv") == ["video h264"]


def test_tags_are_kept_or_replaced(tmp_path: Path) -> None:
    fast(tmp_path / "a.mkv", movie())
    fast(tmp_path / "b.mkv", movie(), metadata={"title": "Another"})
    tags = [probe(tmp_path / name, "-show_format")["format"]["tags"] for name in ("a.mkv", "b.mkv")]
    assert [tag["title"] for tag in tags] == ["A film", "Another"]


# ---- map_frame


def test_map_frame_that_returns_the_frame_changes_nothing(tmp_path: Path) -> None:
    transcode(clip(SOURCE), tmp_path / "a.mkv", codec="ffmpeg:ffv1", map_frame=lambda frame: frame)
    assert digests(tmp_path / "a.mkv") == digests(clip(SOURCE))


def test_map_frame_may_return_another(tmp_path: Path) -> None:
    def invert(frame: VideoFrame) -> VideoFrame:
        return VideoFrame.from_ndarray(
            255 - frame.to_ndarray("RGB"), timestamp=frame.timestamp, duration=frame.duration
        )

    fast(tmp_path / "a.mp4", map_frame=invert, encoder_options={**FAST, "crf": "12"})
    assert psnr(pictures(tmp_path / "a.mp4"), 255 - pictures(clip(SOURCE))) > 22
    assert times(tmp_path / "a.mp4") == times(clip(SOURCE))


def test_map_frame_that_returns_none_drops(tmp_path: Path) -> None:
    count = iter(range(FRAMES))
    result = transcode(
        clip(SOURCE),
        tmp_path / "a.mkv",
        codec="ffmpeg:ffv1",
        map_frame=lambda frame: frame if next(count) % 3 == 0 else None,
    )
    assert (result.frames_read, result.frames_written) == (FRAMES, FRAMES // 3)
    assert digests(tmp_path / "a.mkv") == digests(clip(SOURCE))[::3]


def test_map_frame_of_another_size_decides_the_size(tmp_path: Path) -> None:
    def crop(frame: VideoFrame) -> VideoFrame:
        return VideoFrame(frame, visible_rect=(20, 10, 100, 80))

    fast(tmp_path / "a.mp4", map_frame=crop)
    stream = video_stream(tmp_path / "a.mp4")
    assert (stream["width"], stream["height"]) == (100, 80)
    assert likeness(tmp_path / "a.mp4", clip(SOURCE), "crop=100:80:20:10") > 33


def test_map_frame_runs_in_the_calling_thread_and_its_frames_are_closed(tmp_path: Path) -> None:
    seen: list[VideoFrame] = []
    threads = set()

    def other(frame: VideoFrame) -> VideoFrame:
        threads.add(threading.current_thread())
        seen.extend((frame, frame.clone()))
        return seen[-1]

    fast(tmp_path / "a.mp4", map_frame=other)
    assert threads == {threading.current_thread()}
    assert len(seen) == 2 * FRAMES
    assert all(frame.closed for frame in seen)


@pytest.mark.parametrize("wrong", [1, "frame", (), False])
def test_map_frame_of_a_wrong_type_is_refused(wrong: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="map_frame must return a VideoFrame or None"):
        fast(tmp_path / "a.mp4", map_frame=lambda frame: wrong)
    assert names(tmp_path) == []


def test_map_frame_that_returns_a_closed_frame_is_refused(tmp_path: Path) -> None:
    def closed(frame: VideoFrame) -> VideoFrame:
        frame.close()
        return frame

    with pytest.raises(WebCodecsError, match="closed"):
        fast(tmp_path / "a.mp4", map_frame=closed)
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [ZeroDivisionError("mine"), KeyboardInterrupt(), SystemExit(3)])
@pytest.mark.parametrize("at", [0, 20])
def test_what_map_frame_raises_comes_out_and_nothing_is_left(
    error: BaseException, at: int, tmp_path: Path
) -> None:
    seen: list[VideoFrame] = []

    def fail(frame: VideoFrame) -> VideoFrame:
        seen.append(frame)
        if len(seen) > at:
            raise error
        return frame

    with pytest.raises(type(error)) as found:
        fast(tmp_path / "a.mkv", movie(), map_frame=fail)
    assert found.value is error
    assert names(tmp_path) == []
    assert all(frame.closed for frame in seen)
    del found
    error.__traceback__ = None


def test_an_older_file_survives_a_failure(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"old")
    with pytest.raises(InvalidArgumentError):
        fast(tmp_path / "a.mp4", map_frame=lambda frame: 1)
    assert (tmp_path / "a.mp4").read_bytes() == b"old"
    assert names(tmp_path) == ["a.mp4"]


def test_rotation_that_changes_on_the_way_is_refused(tmp_path: Path) -> None:
    def turn(frame: VideoFrame) -> VideoFrame:
        return VideoFrame(frame, rotation=90 if frame.timestamp else 0)

    with pytest.raises(WebCodecsError, match="rotation 90"):
        fast(tmp_path / "a.mp4", map_frame=turn)


# ---- memory and threads


def test_only_a_few_frames_are_alive_at_any_time(tmp_path: Path) -> None:
    most: dict[str, int] = {}

    def look(frame: VideoFrame) -> VideoFrame:
        for kind, count in open_handles().items():
            most[kind] = max(most.get(kind, 0), count)
        return frame

    result = fast(tmp_path / "a.mp4", long_clip(), map_frame=look, threads=2)
    assert result.frames_written == 300
    assert most["frame"] <= 12
    assert most["packet"] <= 60  # the muxer looks at 32 for their decoding times
    assert not any(open_handles().values())


def test_the_thread_that_decodes_ends(tmp_path: Path) -> None:
    before = set(threading.enumerate())
    fast(tmp_path / "a.mp4")
    with pytest.raises(InvalidArgumentError):
        fast(tmp_path / "b.mp4", map_frame=lambda frame: 1)
    assert set(threading.enumerate()) <= before


# ---- inputs and outputs

FURTHER = {
    ".mp4": "h264",
    ".mov": "h264",
    ".mkv": "h264",
    ".ts": "h264",
    ".m2ts": "h264",
    ".flv": "h264",
    ".3gp": "h264",
    ".h264": "h264",
    ".264": "h264",
}
CODED_AS = {"ffmpeg:libwebp_anim": "webp", "ffmpeg:libtheora": "theora"}


@pytest.mark.slow
@pytest.mark.parametrize("suffix", [*BY_SUFFIX, *FURTHER])
def test_suffix_decides_the_codec(suffix: str, tmp_path: Path) -> None:
    codec = FURTHER.get(suffix) or BY_SUFFIX[suffix]
    out = tmp_path / f"a{suffix}"
    try:
        transcode(clip(SOURCE), out, stop=200_000)
    except NotSupportedError as error:
        pytest.skip(str(error))
    found = video_stream(out)["codec_name"] if suffix != ".webp" else webp_frames(out)
    assert found == CODED_AS.get(codec, codec.removeprefix("ffmpeg:"))


def webp_frames(path: Path) -> str:
    # FFmpeg 5.1 writes animated WebP and cannot read it.
    data = path.read_bytes()
    assert (data[:4], data[8:12], data.count(b"ANMF")) == (b"RIFF", b"WEBP", 6)
    return "webp"


def test_bytes_in_and_file_object_out() -> None:
    out = io.BytesIO()
    fast(out, clip(SOURCE).read_bytes(), format="mp4")
    again = io.BytesIO()
    with open(clip(SOURCE), "rb") as file:
        fast(again, file, format="mp4", start=500_000)
    assert b"ftyp" in out.getvalue()[:16]
    assert 0 < len(again.getvalue()) < len(out.getvalue())


def test_file_object_holds_what_the_file_would(tmp_path: Path) -> None:
    out = io.BytesIO()
    fast(out, format="mkv")
    (tmp_path / "a.mkv").write_bytes(out.getvalue())
    assert likeness(tmp_path / "a.mkv", clip(SOURCE)) > 33


@pytest.mark.parametrize("link", [False, True])
def test_input_as_output_is_refused(link: bool, tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data := clip(SOURCE).read_bytes())
    other = tmp_path / "b.mp4"
    if link:
        other.symlink_to(path)
    with pytest.raises(InvalidArgumentError, match="the same file"):
        fast(other if link else path, path)
    assert path.read_bytes() == data


def test_missing_input_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"none\.mp4"):
        fast(tmp_path / "a.mp4", tmp_path / "none.mp4")
    assert names(tmp_path) == []


def test_output_in_a_missing_folder_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        fast(tmp_path / "no" / "a.mp4")


def test_damaged_input_is_an_error_without_output(tmp_path: Path) -> None:
    data = bytearray(clip(SOURCE).read_bytes())
    middle = data.index(b"mdat") + 4 + (len(data) - data.index(b"mdat")) // 2
    data[middle : middle + 4000] = b"\xff" * 4000
    with pytest.raises(EncodingError):
        fast(tmp_path / "a.mp4", bytes(data))
    assert names(tmp_path) == []


def test_input_without_video_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_bytes(b"no video at all" * 100)
    with pytest.raises(WebCodecsError):
        fast(tmp_path / "a.mp4", tmp_path / "text.mp4")
    assert names(tmp_path) == ["text.mp4"]


# ---- arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"codec": "h26x"}, "h26x"),
        ({"codec": "ffmpeg:nothing"}, "nothing"),
        ({"codec": "avc1.zzzzzz"}, "avc1.zzzzzz"),
        ({"codec": " "}, "codec must be"),
        ({"codec": 264}, "264"),
        ({"encoder_options": {"colour": "red"}}, "colour"),
        ({"encoder_options": {"preset": "slowest"}}, "slowest"),
        ({"bitrate": 0}, "bitrate is 0"),
        ({"bitrate": 1000, "quantizer": 3}, "bitrate or quantizer"),
        ({"quantizer": 900}, "quantizer is 900, it must be from 0 to 51"),
        ({"quantizer": -1}, "quantizer is -1"),
        ({"codec": "vp9", "format": "mkv", "quantizer": 99, "encoder_options": None}, "99"),
        ({"width": 0}, "width"),
        ({"width": -1}, "width"),
        ({"framerate": 0}, "framerate is 0"),
        ({"framerate": float("nan")}, "framerate"),
        ({"start": 5, "stop": 5}, "stop is 5"),
        ({"threads": 0}, "threads is 0"),
        ({"map_frame": 3}, "map_frame must be callable"),
        ({"hardware_acceleration": "gpu"}, "gpu"),
        ({"latency_mode": "slow"}, "slow"),
        ({"alpha": "some"}, "some"),
        ({"format": "mpfour"}, "mpfour"),
        ({"audio": "no"}, "audio"),
        ({"metadata": {3: "title"}}, "metadata"),
    ],
)
def test_what_is_wrong_is_named(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises(WebCodecsError, match=message):
        fast(tmp_path / "a.mp4", **options)
    assert names(tmp_path) == []


def test_container_that_cannot_hold_the_codec_says_which_can(tmp_path: Path) -> None:
    need("libvpx")
    with pytest.raises(NotSupportedError, match=r"mp4 cannot hold vp8.*webm"):
        transcode(clip(SOURCE), tmp_path / "a.mp4", codec="vp8")
    assert names(tmp_path) == []


# ---- progress


def test_progress_counts_up_to_the_whole(tmp_path: Path) -> None:
    seen: list[TranscodeProgress] = []
    result = fast(tmp_path / "a.mp4", on_progress=seen.append)
    assert [step.frames for step in seen] == list(range(1, FRAMES + 1))
    assert [step.timestamp for step in seen] == times(clip(SOURCE))
    assert {step.duration for step in seen} == {1_500_000}
    assert result.seconds > 0
    assert result.encoder == "libx264"
    assert result.codec is not None and result.codec.startswith("avc1.64")


def test_on_progress_that_raises_leaves_nothing(tmp_path: Path) -> None:
    def stop(_: TranscodeProgress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fast(tmp_path / "a.mp4", on_progress=stop)
    assert names(tmp_path) == []


def test_quantizer_and_bitrate_change_the_size(tmp_path: Path) -> None:
    sizes = []
    for options in ({"quantizer": 20}, {"quantizer": 40}, {"bitrate": 50_000}):
        fast(tmp_path / "a.mp4", **options)
        sizes.append((tmp_path / "a.mp4").stat().st_size)
    assert sizes[1] < sizes[0] and sizes[2] < sizes[0]


@pytest.mark.parametrize("codec", ["vp8", "vp9", "av1"])
def test_quantizer_of_codecs_with_one_quality_for_all(codec: str, tmp_path: Path) -> None:
    need(*ENCODERS[codec])
    likenesses = []
    for quantizer in (10, 60):
        transcode(
            *(clip(SOURCE), tmp_path / "a.mkv"),
            codec=codec,
            quantizer=quantizer,
            encoder_options=OPTIONS[codec],
        )
        likenesses.append(likeness(tmp_path / "a.mkv", clip(SOURCE)))
    assert likenesses[0] > likenesses[1] + 3


def test_alpha_is_kept_if_asked(tmp_path: Path) -> None:
    need("libvpx-vp9")

    def with_alpha(frame: VideoFrame) -> VideoFrame:
        rgba = np.full((64, 64, 4), 200, np.uint8)
        rgba[:, :32, 3] = 0
        return VideoFrame.from_ndarray(rgba, timestamp=frame.timestamp)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        transcode(
            clip(SOURCE),
            tmp_path / "a.webm",
            alpha="keep",
            map_frame=with_alpha,
            stop=200_000,
            encoder_options=OPTIONS["vp9"],
        )
    tags = video_stream(tmp_path / "a.webm")["tags"]
    assert {key.lower(): value for key, value in tags.items()}["alpha_mode"] == "1"


def test_high10_by_codec_string_keeps_ten_bits(tmp_path: Path) -> None:
    fast(tmp_path / "a.mp4", clip("h264-high10.mp4"), codec="avc1.6E0028")
    assert video_stream(tmp_path / "a.mp4")["pix_fmt"] == "yuv420p10le"


def test_interrupt_while_the_thread_starts_stops_the_thread() -> None:
    closed = threading.Event()

    def source() -> Iterator[int]:
        try:
            yield from range(1000)
        finally:
            closed.set()

    ahead = Prefetch(source(), 4, lambda item: None)
    start = ahead._thread.start

    def interrupted() -> None:
        start()
        raise KeyboardInterrupt  # as Thread.start does, which waits for the thread to run

    ahead._thread.start = interrupted  # type: ignore[method-assign]
    with pytest.raises(KeyboardInterrupt), ahead:
        pass
    assert closed.is_set()
    assert not ahead._thread.is_alive()
