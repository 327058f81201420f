"""Rates, latency, layers, quantizers, stream formats."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from clips import ffmpeg_program, run_ffmpeg
from decode_helpers import TIMEOUT
from encode_helpers import (
    HEIGHT,
    STEP,
    WIDTH,
    Output,
    Outputs,
    config_of,
    decode,
    encode,
    frame_of,
    frames,
    need,
    noisy,
    picture,
    psnr,
    reference,
    refusal,
    settings,
    total,
)

from ffwebcodecs import (
    Av1EncoderConfig,
    InvalidArgumentError,
    Muxer,
    NotSupportedError,
    VideoEncoder,
)
from ffwebcodecs._av.codecs.decoder import find_decoder
from ffwebcodecs._spec.codecs import avc, families, hevc
from ffwebcodecs._spec.codecs.nal import iter_nal_units

pytestmark = pytest.mark.divided

# ---- latency -------------------------------------------------------------------------------------

REALTIME = [
    ("avc1.42001E", "libx264"),
    ("hvc1.1.6.L93.B0", "libx265"),
    ("vp8", "libvpx"),
    ("vp09.00.10.08", "libvpx-vp9"),
    ("av01.0.04M.08", "libaom-av1"),
    ("ffmpeg:mjpeg", "mjpeg"),
    ("ffmpeg:mpeg4", "mpeg4"),
]


@pytest.mark.parametrize(("codec", "name"), REALTIME)
def test_realtime_gives_one_chunk_for_each_frame_at_once(codec: str, name: str) -> None:
    need(name)
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.configure(settings(codec, latency_mode="realtime"))
        for index in range(5):
            with frame_of(index) as frame:
                encoder.encode(frame)
            assert outputs.arrived.acquire(timeout=TIMEOUT)
            assert outputs.list[-1].chunk.timestamp == index * STEP
        assert encoder.encoder_name == name
    assert len(outputs.list) == 5


# ---- rates ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["constant", "variable"])
@pytest.mark.parametrize("codec", ["avc1.42001E", "vp8", "vp09.00.10.08"])
def test_bit_rate_is_kept(codec: str, mode: str) -> None:
    need("libx264", "libvpx")
    sizes = []
    for bitrate in (200_000, 800_000):
        config = settings(
            codec, bitrate=bitrate, bitrate_mode=mode, framerate=30, latency_mode="realtime"
        )
        sizes.append(total(encode(config, noisy(30))) * 8)
    # A second of noise is the worst case for any rate control.
    assert sizes[0] < 200_000 * 2.2
    assert 800_000 * 0.5 < sizes[1] < 800_000 * 1.6


@pytest.mark.parametrize("latency", ["quality", "realtime"])
@pytest.mark.parametrize(
    ("codec", "name", "low", "high"),
    [
        ("avc1.42001E", "libx264", 10, 40),
        ("avc1.6E001E", "libx264", 10, 40),
        ("hvc1.1.6.L93.B0", "libx265", 10, 40),
        ("ffmpeg:mjpeg", "mjpeg", 2, 20),
        ("ffmpeg:mpeg4", "mpeg4", 2, 20),
    ],
)
def test_quantizer_is_that_of_each_frame(
    codec: str, name: str, low: int, high: int, latency: str
) -> None:
    need(name)
    config = settings(codec, bitrate_mode="quantizer", latency_mode=latency)
    pattern = [low, high, low, high]
    outputs = encode(
        config, frames(4), lambda index: {"quantizer": pattern[index], "key_frame": True}
    )
    outputs.sort(key=lambda output: output.chunk.timestamp)
    sizes = [output.chunk.byte_length for output in outputs]
    assert min(sizes[0], sizes[2]) > 1.5 * max(sizes[1], sizes[3])
    found = decode(outputs, config_of(outputs))
    quality = [psnr(frame.rgb, reference(index)) for index, frame in enumerate(found)]
    assert min(quality[0], quality[2]) > max(quality[1], quality[3]) + 2


def test_quantizer_out_of_range_is_refused_and_without_the_mode_ignored() -> None:
    need("libx264")
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.configure(settings("avc1.42001E", bitrate_mode="quantizer"))
        for value in (-1, 52, "9", 1.5):
            with frame_of(0) as frame, pytest.raises(InvalidArgumentError):
                encoder.encode(frame, quantizer=value)  # type: ignore[arg-type]
        encoder.configure(settings("avc1.42001E"))
        with frame_of(0) as frame:
            encoder.encode(frame, quantizer=200)
        encoder.flush().result(TIMEOUT)
    assert len(outputs.list) == 1


# ---- temporal layers -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["L1T2", "L1T3"])
@pytest.mark.parametrize(("codec", "name"), [("vp8", "libvpx"), ("vp09.00.10.08", "libvpx-vp9")])
def test_every_lower_layer_decodes_alone(codec: str, name: str, mode: str) -> None:
    need(name)
    layers = int(mode[-1])
    outputs = encode(
        settings(codec, scalability_mode=mode),
        frames(24),
        lambda index: {"key_frame": index == 9},
    )
    ids = [output.layer for output in outputs]
    assert ids[:9] == ([0, 1] * 5 if layers == 2 else [0, 2, 1, 2] * 3)[:9]
    assert ids[9] == 0
    assert outputs[9].chunk.type == "key"
    for top in range(layers):
        kept = [output for output in outputs if output.layer is not None and output.layer <= top]
        assert top == layers - 1 or len(kept) < 0.6 * 24 * (1 if layers == 2 else top + 1)
        found = decode(kept, config_of(outputs))
        assert [frame.timestamp for frame in found] == [o.chunk.timestamp for o in kept]
        for frame in found:
            assert psnr(frame.rgb, reference(round(frame.timestamp / STEP))) > 26


def test_one_layer_has_no_svc_metadata() -> None:
    need("libvpx")
    outputs = encode(settings("vp8", scalability_mode="L1T1"), frames(3))
    assert {output.layer for output in outputs} == {None}


@pytest.mark.parametrize("codec", ["avc1.42001E", "hvc1.1.6.L93.B0", "av01.0.04M.08"])
def test_layers_that_no_encoder_has_are_refused(codec: str) -> None:
    assert isinstance(refusal(settings(codec, scalability_mode="L1T2")), NotSupportedError)


# ---- H.264 and HEVC streams ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("codec", "profile", "level"),
    [
        ("avc1.42001E", 66, 30),
        ("avc1.42C01F", 66, 31),
        ("avc1.4D0028", 77, 40),
        ("avc1.64000B", 100, 11),
        ("avc1.6E0034", 110, 52),
        ("avc1.7A001E", 122, 30),
        ("avc1.F4001F", 244, 31),
    ],
)
def test_avc_description_says_profile_and_level(codec: str, profile: int, level: int) -> None:
    need("libx264")
    outputs = encode(settings(codec), frames(3))
    config = avc.parse_avcc(config_of(outputs).description)
    assert (config.profile, config.level, config.length_size) == (profile, level, 4)
    facts = avc.parse_sps(config.sps[0])
    assert (facts.width, facts.height) == (WIDTH, HEIGHT)
    assert len(config.pps) == 1


@pytest.mark.parametrize(
    ("codec", "profile", "level", "tier"),
    [
        ("hvc1.1.6.L93.B0", 1, 93, 0),
        ("hvc1.1.6.L120.B0", 1, 120, 0),
        ("hvc1.1.6.H120.B0", 1, 120, 1),
        ("hev1.2.4.L93.B0", 2, 93, 0),
    ],
)
def test_hevc_description_says_profile_and_level(
    codec: str, profile: int, level: int, tier: int
) -> None:
    need("libx265")
    outputs = encode(settings(codec), frames(3))
    config = hevc.parse_hvcc(config_of(outputs).description)
    assert (config.profile, config.level, config.tier) == (profile, level, tier)
    assert [unit[0] >> 1 for unit in config.units] == [32, 33, 34]
    _, facts = hevc.parse_sps(config.units[1])
    assert (facts.width, facts.height) == (WIDTH, HEIGHT)
    assert config.bit_depth == (10 if profile == 2 else 8)


@pytest.mark.parametrize(
    ("codec", "member", "sets"),
    [("avc1.42001E", "avc", {7, 8}), ("hvc1.1.6.L93.B0", "hevc", {32, 33, 34})],
)
def test_annexb_has_parameter_sets_in_every_key_chunk(
    codec: str, member: str, sets: set[int]
) -> None:
    need("libx264", "libx265")
    outputs = encode(
        settings(codec, **{member: {"format": "annexb"}}),
        frames(5),
        lambda index: {"key_frame": index == 3},
    )
    assert config_of(outputs).description is None
    for output in outputs:
        assert bytes(output.chunk.data[:3]) in (b"\0\0\0", b"\0\0\1")
        if output.chunk.type == "key":
            kinds = {_kind(member, unit[0]) for unit in iter_nal_units(output.chunk.data)}
            assert sets <= kinds
    assert len(decode(outputs, config_of(outputs))) == 5


def _kind(member: str, first: int) -> int:
    return first & 31 if member == "avc" else first >> 1


@pytest.mark.parametrize(
    ("codec", "in_stream"),
    [
        ("avc1.42001E", False),
        ("avc3.42001E", True),
        ("hvc1.1.6.L93.B0", False),
        ("hev1.1.6.L93.B0", True),
    ],
)
def test_where_parameter_sets_are_is_as_the_codec_string_says(codec: str, in_stream: bool) -> None:
    need("libx264", "libx265")
    family = "avc" if codec.startswith("avc") else "hevc"
    outputs = encode(settings(codec), frames(3))
    data = outputs[0].chunk.data
    kinds = [_kind(family, unit[0]) for unit in iter_nal_units(data, 4)]
    assert ((7 if family == "avc" else 33) in kinds) is in_stream
    assert families.BY_NAME[family].is_key(data, length_size=4)


# ---- key frames of the other codecs -------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["ffv1", "libtheora", "qtrle", "snow", "svq1", "zmbv", "msvideo1", "gif"]
)
def test_key_frame_comes_from_encoders_that_know_none_too(name: str) -> None:
    need(name)
    outputs = encode(
        settings(f"ffmpeg:{name}"), frames(9), lambda index: {"key_frame": index in (3, 4, 7)}
    )
    keys = {index for index, output in enumerate(outputs) if output.chunk.type == "key"}
    assert {0, 3, 4, 7} <= keys
    if name != "msvideo1":  # which finds that all frames of so small a picture are new
        assert 5 not in keys
    late = [output for output in outputs if output.chunk.timestamp >= 4 * STEP]
    whole = decode(outputs, config_of(outputs))
    assert [frame.timestamp for frame in whole] == [index * STEP for index in range(9)]
    for one, other in zip(decode(late, config_of(outputs)), whole[4:], strict=True):
        assert (one.rgb == other.rgb).all()


@pytest.mark.parametrize("name", ["gif", "apng"])
def test_animations_with_key_frames_are_whole_files(name: str, tmp_path: Path) -> None:
    need(name)
    path = tmp_path / f"a.{name}"
    outputs = encode(
        settings(f"ffmpeg:{name}"), frames(6, "RGB"), lambda index: {"key_frame": index == 3}
    )
    assert [output.chunk.type == "key" for output in outputs] == [True, False, False] * 2
    with Muxer(path) as muxer:
        for output in outputs:
            muxer.add_chunk(output.chunk, output.metadata)
    raw = run_ffmpeg("-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-")
    found = np.frombuffer(raw, np.uint8).reshape(6, HEIGHT, WIDTH, 3)
    for index, pixels in enumerate(found):
        assert psnr(pixels, picture(index)) > (20 if name == "gif" else 98)


def test_apng_feeds_a_decoder() -> None:
    need("apng")
    if find_decoder("apng") is None:
        pytest.skip("this FFmpeg's APNG decoder crashes: it is not used")
    outputs = encode(settings("ffmpeg:apng"), frames(4, "RGB"))
    decoded = decode(outputs, config_of(outputs))
    assert [frame.timestamp for frame in decoded] == [index * STEP for index in range(4)]
    for index, frame in enumerate(decoded):
        assert (frame.rgb == picture(index)).all()


@pytest.mark.parametrize("size", [(16, 64), (64, 30), (8192, 16)])
def test_hevc_smaller_than_the_blocks_of_its_level_is_refused(size: tuple[int, int]) -> None:
    """libx265 crashes: from level 5 on blocks have 32 rows at least (H.265, A.4.1)."""
    need("libx265")
    config = settings("hvc1.1.6.L186.B0") | {"width": size[0], "height": size[1]}
    assert f"{size[0]}x{size[1]}" in str(refusal(config))
    small = settings("hvc1.1.6.L93.B0") | {"width": 16, "height": 64}
    assert len(encode(small, frames(3, width=16, height=64))) == 3


def test_missing_encoder_is_named() -> None:
    assert "no_such" in str(refusal(settings("ffmpeg:no_such")))


def test_threads_is_taken() -> None:
    need("libx264")
    assert len(encode(settings("avc1.42001E", threads=1), frames(3))) == 3


# ---- hardware ------------------------------------------------------------------------------------


def test_software_that_replaces_hardware_says_why(caplog: pytest.LogCaptureFixture) -> None:
    need("libvpx")
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.configure(settings("vp8", hardware_acceleration="prefer-hardware"))
        with frame_of(0) as frame:
            encoder.encode(frame)
        encoder.flush().result(TIMEOUT)
        if encoder.hardware_device is None:
            assert encoder.hardware_problem
            assert encoder.encoder_name == "libvpx"
            assert "libvpx" in caplog.text
    assert len(outputs.list) == 1


def test_no_hardware_is_asked_for_by_default() -> None:
    need("libvpx")
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.configure(settings("vp8"))
        with frame_of(0) as frame:
            encoder.encode(frame)
        encoder.flush().result(TIMEOUT)
        assert (encoder.hardware_device, encoder.hardware_problem) == (None, None)


SMOOTH = [("av01.0.04M.08", "libsvtav1"), ("ffmpeg:libaom-av1", "libaom-av1")]


def screen_bits(outputs: list[Output], path: Path) -> set[str]:
    """Return the values of allow_screen_content_tools in a stream's frame headers, by FFmpeg."""
    with Muxer(path) as muxer:
        for chunk, metadata in outputs:
            muxer.add_chunk(chunk, metadata)
    done = subprocess.run(
        [
            *(ffmpeg_program(), "-v", "verbose", "-i", path, "-c", "copy"),
            *("-bsf:v", "trace_headers", "-f", "null", "-"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    lines = [line for line in done.stderr.splitlines() if " allow_screen_content_tools" in line]
    assert lines
    return {line.split()[-1] for line in lines}


@pytest.mark.parametrize(("codec", "name"), SMOOTH)
def test_screen_content_tools_are_asked_for(codec: str, name: str, tmp_path: Path) -> None:
    """Which frames get them is the encoder's choice all the same: in new ones not every one."""
    need(name)
    found = []
    for forced in (False, True):
        config = settings(codec, av1={"force_screen_content_tools": forced})
        support = VideoEncoder.is_config_supported(config)
        assert support.supported
        assert support.config.av1 == Av1EncoderConfig(force_screen_content_tools=forced)
        found.append(screen_bits(encode(config, frames(6)), tmp_path / f"{forced}.ivf"))
    assert "1" not in found[0]
    assert "1" in found[1]
