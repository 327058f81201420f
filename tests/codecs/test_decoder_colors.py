"""Colours of decoded frames: the configuration's, the bitstream's, the codec string's, BT.709."""

from __future__ import annotations

import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from clips import VPX, X264, Clip, clip, run_ffmpeg
from decode_helpers import TIMEOUT, first_frame, stream, stream_of
from encode_helpers import HEIGHT, WIDTH, config_of, decode, encode, frames, need, settings

from ffwebcodecs import (
    Demuxer,
    VideoColorSpace,
    VideoDecoder,
    VideoDecoderConfig,
    VideoFrame,
    read_frames,
)

pytestmark = pytest.mark.divided

TAGGED = Clip(
    "h264-smpte170m.mp4",
    *("libx264", *X264, "-color_primaries", "smpte170m", "-color_trc", "smpte170m"),
    *("-colorspace", "smpte170m", "-color_range", "tv"),
    frames=3,
)
STREAM_COLORS = {
    "primaries": "smpte170m",
    "transfer": "smpte170m",
    "matrix": "smpte170m",
    "full_range": False,
}


@pytest.mark.parametrize(
    "override",
    [
        None,
        {},
        {"primaries": "bt2020"},
        {"transfer": "pq"},
        {"matrix": "bt709"},
        {"full_range": True},
        {"primaries": "bt709", "transfer": "bt709", "matrix": "bt709", "full_range": True},
    ],
    ids=repr,
)
def test_color_space_of_the_configuration_replaces_the_streams(
    override: dict[str, Any] | None,
) -> None:
    data = stream_of(TAGGED.path())
    expected = VideoColorSpace(**(STREAM_COLORS if override is None else override))
    with Demuxer(TAGGED.path()) as demuxer:
        for whole in (data.config, demuxer.video_config):
            config = replace(whole, color_space=override)
            assert first_frame(config, data.records, lambda frame: frame.color_space) == expected


HDR = {"primaries": "bt2020", "transfer": "pq", "matrix": "bt2020-ncl"}
BT709 = {"primaries": "bt709", "transfer": "bt709", "matrix": "bt709", "full_range": False}


@pytest.mark.parametrize(
    ("name", "codec", "expected"),
    [
        ("vp9.webm", "vp09.00.10.08", {}),
        ("vp9.webm", "vp09.00.10.08.01.02.02.02.00", {}),
        ("vp9.webm", "vp09.00.10.08.01.09.16.09.01", HDR),
        ("h264-bframes.mp4", None, {}),
        ("av1.ivf", "av01.0.04M.08", {}),
        ("av1.ivf", "av01.0.04M.08.0.110.09.16.09.0", HDR),
    ],
)
def test_what_the_bitstream_leaves_open_is_the_codec_strings_and_then_bt709(
    name: str, codec: str | None, expected: dict[str, Any]
) -> None:
    data = stream(name)
    config = replace(data.config, codec=codec or data.config.codec, color_space=None, _native=None)
    found = first_frame(config, data.records, lambda frame: frame.color_space)
    assert found == VideoColorSpace(**{**BT709, **expected})


def test_what_the_bitstream_says_is_stronger_than_the_codec_string() -> None:
    need("libvpx-vp9")
    outputs = encode(settings("vp09.00.10.08"), frames(1, color_space=STREAM_COLORS))
    config = VideoDecoderConfig(codec="vp09.00.10.08.01.09.16.09.01")
    [frame] = decode(outputs, config)
    # A VP9 stream says matrix and range; it has no code for the others.
    assert frame.color == ("bt2020", "pq", "smpte170m", False)
    [frame] = decode(outputs, config_of(outputs))
    assert frame.color == tuple(STREAM_COLORS.values())


def test_a_files_own_tags_are_stronger_than_the_string_that_the_demuxer_writes() -> None:
    path = Clip("vp9-tagged.webm", "libvpx-vp9", "-colorspace", "bt470bg", frames=2).path()
    with Demuxer(path) as demuxer:
        config = demuxer.video_config
        chunks = list(demuxer.chunks())
    colors: list[VideoColorSpace] = []
    with VideoDecoder(lambda f: (colors.append(f.color_space), f.close()), print) as decoder:
        decoder.configure(config)
        decoder.decode(chunks[0])
        decoder.flush().result(TIMEOUT)
    assert config.color_space is not None
    assert config.color_space.matrix is not None
    # What nobody says goes with the matrix.
    assert colors == [
        VideoColorSpace(**{**STREAM_COLORS, "matrix": config.color_space.matrix}),
    ]


def test_a_code_that_webcodecs_has_no_name_for_stays_unknown() -> None:
    path = Clip("h264-ycgco.mp4", "libx264", *X264, "-colorspace", "ycgco", frames=2).path()
    for frame in read_frames(path, stop=1):
        with frame:
            assert frame.color_space == VideoColorSpace(**{**BT709, "matrix": None})


@pytest.mark.parametrize(
    ("format", "expected"),
    [
        ("GRAY8", ("bt709", "bt709", "bt709", True)),
        ("BGRX", ("bt709", "iec61966-2-1", "rgb", True)),
        ("I444", ("bt709", "bt709", "bt709", False)),
    ],
)
def test_gray_and_rgb_have_their_own_defaults(format: str, expected: tuple[Any, ...]) -> None:
    need("ffv1")
    outputs = encode(settings("ffmpeg:ffv1"), frames(1, format))
    [frame] = decode(outputs, replace(config_of(outputs), color_space=None, _native=None))
    assert frame.color == expected


def test_what_vp8_says_of_colours_counts_nowhere() -> None:
    # Its one bit is 0 whatever the pictures are; FFmpeg reads that as BT.601. A file's pictures are
    # BT.601 as well, if they have fewer than 720 lines.
    data = stream("vp8.webm")
    bare = VideoDecoderConfig(codec="vp8")
    assert first_frame(bare, data.records, lambda frame: frame.color_space) == VideoColorSpace(
        **BT709
    )
    with Demuxer(clip("vp8.webm")) as demuxer:
        config = demuxer.video_config
    for kept in (config, pickle.loads(pickle.dumps(config)), replace(config, threads=1)):
        found = first_frame(kept, data.records, lambda frame: frame.color_space)
        assert found == VideoColorSpace(**STREAM_COLORS)


@pytest.mark.parametrize("suffix", ["webm", "mkv", "ivf", "avi"])
def test_pixels_of_an_untagged_vp8_file_are_those_of_the_ffmpeg_program(suffix: str) -> None:
    path = Clip(f"vp8-untagged.{suffix}", "libvpx", *VPX, frames=2).path()
    raw = run_ffmpeg("-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    [frame] = read_frames(path, stop=1)
    with frame:
        pixels = frame.to_ndarray("RGB")
    theirs = np.frombuffer(raw, np.uint8).reshape(pixels.shape)
    # With the matrix of BT.709 they would be 8 off.
    assert np.abs(pixels.astype(int) - theirs).mean() < 2


@pytest.mark.parametrize("suffix", ["webm", "mkv"])
def test_a_tag_of_a_vp8_file_counts(suffix: str) -> None:
    tag = ("-colorspace", "bt709")
    path = Clip(f"vp8-tagged.{suffix}", "libvpx", *VPX, *tag, frames=2).path()
    [frame] = read_frames(path, stop=1)
    with frame:
        assert frame.color_space == VideoColorSpace(**BT709)


@pytest.mark.parametrize("given", [True, False], ids=["described", "bare"])
def test_vp8_of_our_encoder_comes_back_in_its_colours(given: bool) -> None:
    need("libvpx")
    rgb = np.full((HEIGHT, WIDTH, 3), (200, 50, 80), np.uint8)
    outputs = encode(settings("vp8"), [VideoFrame.from_ndarray(rgb, timestamp=0)])
    config = config_of(outputs)
    assert config.color_space == VideoColorSpace(**BT709)
    [frame] = decode(outputs, config if given else VideoDecoderConfig(codec="vp8"))
    assert frame.color == tuple(BT709.values())
    assert np.abs(frame.rgb - rgb).max() <= 6


@pytest.mark.parametrize("name", ["prores", "ffv1", "mpeg2video"])
def test_what_an_encoder_does_not_know_of_colours_its_configuration_leaves_unknown(
    name: str,
) -> None:
    need(name)
    colors = {"primaries": "bt709", "matrix": "smpte170m"}
    outputs = encode(settings(f"ffmpeg:{name}"), frames(1, "I422", color_space=colors))
    config = config_of(outputs)
    assert config.color_space == VideoColorSpace(**colors)
    [frame] = decode(outputs, config)
    assert frame.color == ("bt709", None, "smpte170m", None)
