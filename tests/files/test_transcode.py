"""transcode: pictures and times are near those of the source."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import pytest
from clips import FRAMES, clip, framemd5
from convert_helpers import (
    digests,
    hdr_clip,
    likeness,
    made,
    times,
)
from encode_helpers import need
from mux_helpers import start_step, video_stream
from transcode_helpers import ENCODERS, OPTIONS, SOURCE, fast, names

from ffwebcodecs import (
    EncodingError,
    VideoFrame,
    transcode,
)

pytestmark = pytest.mark.divided

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
    with pytest.warns(UserWarning, match="the 8 bits of"):
        fast(tmp_path / "b.mp4", hdr_clip())
    assert video_stream(tmp_path / "b.mp4")["pix_fmt"] == "yuv420p"


@pytest.mark.parametrize("name", ["a.mp4", "a.mkv"])
def test_colours_are_kept(name: str, tmp_path: Path) -> None:
    need("libx265")
    fast(tmp_path / name, hdr_clip(), codec="hevc", encoder_options=OPTIONS["hevc"])
    stream = video_stream(tmp_path / name)
    keys = ("color_primaries", "color_transfer", "color_space", "color_range")
    assert [stream.get(key) for key in keys] == ["bt2020", "smpte2084", "bt2020nc", "tv"]


def test_colours_that_the_input_does_not_say_are_written_as_they_are_read(tmp_path: Path) -> None:
    # All readers see the output alike then, also those that guess otherwise.
    fast(tmp_path / "a.mp4", clip("h264-bframes.mp4"))
    stream = video_stream(tmp_path / "a.mp4")
    keys = ("color_primaries", "color_transfer", "color_space", "color_range")
    assert [stream.get(key) for key in keys] == [*3 * ["smpte170m"], "tv"]


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
    result = fast(tmp_path / "a.mp4", clip(name), deinterlace=False)
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
    fast(tmp_path / "a.mp4", clip(name), keep_start=True)
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


def test_range_without_frames_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(EncodingError, match=r"from 60 s on: the film.s are from 0 s to 1\.5 s"):
        fast(tmp_path / "a.mp4", start=60_000_000)
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
