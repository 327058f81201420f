"""Encoders by codec string, levels, clocks, parameter records: arithmetic without FFmpeg."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ffwebcodecs._spec.codecs import avc, hevc
from ffwebcodecs._spec.codecs.nal import split_headers, with_lengths
from ffwebcodecs._spec.codecs.strings import parse_codec
from ffwebcodecs._spec.encoders.choice import (
    candidates,
    choose_format,
    device_of,
    wanted_samples,
)
from ffwebcodecs._spec.encoders.clock import EncoderClock, allowed_rate, frame_rate
from ffwebcodecs._spec.encoders.levels import check_level
from ffwebcodecs._spec.encoders.options import translate
from ffwebcodecs._spec.encoders.request import Request
from ffwebcodecs._spec.frames.pix_fmt import PixFmt
from ffwebcodecs.errors import NotSupportedError


def test_software_comes_first_unless_hardware_is_preferred() -> None:
    info = parse_codec("avc1.42001E")
    assert candidates(info, "no-preference", False)[0] == "libx264"
    assert candidates(info, "prefer-hardware", False)[0] == "h264_nvenc"
    assert all(device_of(name) is None for name in candidates(info, "prefer-software", False))
    assert "libx264" in candidates(info, "prefer-hardware", False)


def test_av1_in_real_time_is_libaoms() -> None:
    info = parse_codec("av01.0.04M.08")
    assert candidates(info, "no-preference", False)[0] == "libsvtav1"
    assert candidates(info, "no-preference", True)[0] == "libaom-av1"


@pytest.mark.parametrize(
    ("codec", "chroma", "depths"),
    [
        ("avc1.42001E", ("420",), (8,)),
        ("avc1.6E001E", ("420",), (10,)),
        ("avc1.7A001E", ("422",), (10, 8)),
        ("hvc1.2.4.L93.B0", ("420",), (10,)),
        ("hvc1.4.10.L93.9D.8", ("422",), (10,)),
        ("hvc1.4.10.L93.9E.8", ("444",), (8,)),
        ("vp09.02.10.12", ("420",), (12,)),
        ("vp09.01.10.08", ("444", "422"), (8,)),
        ("av01.1.04M.10", ("444",), (10,)),
        ("ffmpeg:ffv1", None, None),
    ],
)
def test_samples_follow_from_the_string(
    codec: str, chroma: tuple[str, ...] | None, depths: tuple[int, ...] | None
) -> None:
    wanted = wanted_samples(parse_codec(codec))
    assert (wanted.chroma, wanted.depths) == (chroma, depths)


def make(name: str, chroma: str, depth: int = 8, rgb: bool = False, alpha: bool = False) -> PixFmt:
    return PixFmt(name, chroma, depth, rgb=rgb, alpha=alpha, palette=name == "pal8")


I420, NV12, I444 = make("yuv420p", "420"), make("nv12", "420"), make("yuv444p", "444")
P10, RGB = make("yuv420p10le", "420", 10), make("rgb24", "444", rgb=True)
RGBA, GRAY = make("rgba", "444", rgb=True, alpha=True), make("gray", "400")
ANY = wanted_samples(parse_codec("ffmpeg:ffv1"))


@pytest.mark.parametrize(
    ("source", "formats", "chosen"),
    [
        (NV12, [I420, NV12], "nv12"),
        (RGB, [I420, I444], "yuv444p"),
        (RGB, [I444, RGBA, RGB], "rgb24"),
        (I420, [I444, GRAY], "yuv444p"),
        (P10, [I420, I444, P10], "yuv420p10le"),
        (I444, [RGBA, I420], "yuv420p"),
        (RGB, [make("pal8", "444", rgb=True), make("rgb8", "444", rgb=True)], "rgb8"),
    ],
)
def test_the_format_that_loses_least_is_chosen(
    source: PixFmt, formats: list[PixFmt], chosen: str
) -> None:
    found = choose_format(formats, source, ANY, False)
    assert found is not None
    assert found.name == chosen


def test_alpha_is_kept_or_there_is_no_format() -> None:
    found = choose_format([I420, RGBA], I420, ANY, True)
    assert found is RGBA
    assert choose_format([I420], RGBA, ANY, True) is None


@pytest.mark.parametrize(
    ("codec", "width", "height", "rate", "bitrate"),
    [
        ("avc1.42001E", 720, 576, 25, 10_000_000),
        ("avc1.42001E", 640, 480, 30, None),
        ("avc1.640028", 1920, 1080, 30, 25_000_000),
        ("avc1.640028", 1920, 1080, None, None),
        ("hvc1.1.6.L93.B0", 1280, 720, 30, 10_000_000),
        ("hvc1.1.6.H120.B0", 1920, 1080, 30, 30_000_000),
        ("av01.0.04M.08", 854, 480, 30, 6_000_000),
        ("avc1.42001E", 720, 576, 1000, 10_000_000),
        ("av01.0.31H.10", 65536, 65536, 1000, None),
        ("av01.0.04M.08", 7680, 4320, 240, 10**9),
        ("av01.0.02M.08", 320, 240, None, None),
        ("vp09.00.10.08", 1920, 1080, 60, None),
        ("vp8", 4096, 2160, 60, None),
    ],
)
def test_streams_within_their_level_are_allowed(
    codec: str, width: int, height: int, rate: float | None, bitrate: int | None
) -> None:
    check_level(parse_codec(codec), width, height, rate, bitrate)


@pytest.mark.parametrize(
    ("codec", "width", "height", "rate", "bitrate"),
    [
        ("avc1.42001E", 1280, 720, None, None),
        ("avc1.42001E", 3600, 16, None, None),
        ("avc1.42001E", 640, 480, 25, 10_000_001),
        ("hvc1.1.6.L93.B0", 1920, 1080, None, None),
        ("hvc1.1.6.L94.B0", 640, 480, None, None),
        ("hvc1.1.6.L120.B0", 1920, 1080, 30, 30_000_000),
        ("hvc1.1.6.L93.B0", 1280, 720, 60, None),
    ],
)
def test_streams_beyond_their_level_are_refused(
    codec: str, width: int, height: int, rate: float | None, bitrate: int | None
) -> None:
    with pytest.raises(NotSupportedError, match=codec[:4]):
        check_level(parse_codec(codec), width, height, rate, bitrate)


def test_ticks_follow_the_time_where_it_rises_and_go_on_by_one_elsewhere() -> None:
    clock = EncoderClock(Fraction(10))
    times = [0, 100_000, 100_000, 50_000, 250_000, 1_250_000, 1_150_000, 1_250_000, 1_550_000]
    ticks = [clock.stamp(timestamp, None) for timestamp in times]
    assert ticks == [0, 1, 2, 3, 5, 15, 16, 17, 20]
    assert [clock.presentation(tick)[0] for tick in ticks] == times


def test_clock_remembers_times_that_its_ticks_cannot_tell() -> None:
    clock = EncoderClock(Fraction(30))
    times = [(-5, 1), (0, None), (1, 3), (33_334, 4), (10**15, 5)]
    ticks = [clock.stamp(timestamp, duration) for timestamp, duration in times]
    assert ticks == sorted(set(ticks))
    assert ticks[0] == 0
    assert ticks[-1] < 100  # a long gap is cut short
    assert [clock.presentation(tick) for tick in ticks] == times


def test_decoding_times_before_the_first_and_between() -> None:
    clock = EncoderClock(Fraction(25))
    for index in range(5):
        clock.stamp(index * 40_000, None)
    assert clock.decoding(-2, 0) == -80_000
    assert clock.decoding(-1, 160_000) == -40_000
    assert clock.decoding(0, 80_000) == 0
    assert clock.decoding(0, 40_000) == 1  # always after the last one
    assert clock.decoding(-(2**60), 200_000) == 2  # garbage


@pytest.mark.parametrize(
    ("framerate", "duration", "rate"),
    [
        (None, None, Fraction(30)),
        (None, 40_000, Fraction(25)),
        (None, 33_367, Fraction(30000, 1001)),
        (None, 2**64 - 1, Fraction(30)),
        (29.97, None, Fraction(2997, 100)),
        (60, 40_000, Fraction(60)),
        (0.5, None, Fraction(1, 2)),
    ],
)
def test_rate_that_the_encoder_is_told(
    framerate: float | None, duration: int | None, rate: Fraction
) -> None:
    assert abs(frame_rate(framerate, duration) - rate) < Fraction(1, 50)


def test_rates_that_a_stream_cannot_express_are_rounded() -> None:
    assert allowed_rate("mpeg2video", Fraction(23)) == Fraction(24000, 1001)
    assert allowed_rate("mpeg4", Fraction(100_000)) == 65535
    assert allowed_rate("libx264", Fraction(100_000)) == 100_000
    assert allowed_rate("libsvtav1", Fraction(1000)) == 240


def test_start_codes_become_lengths() -> None:
    data = b"\0\0\0\1\x67abc\0\0\1\x68de\0\0\0\1\x65" + bytes(range(1, 100))
    prefixed = with_lengths(data)
    assert (
        split_headers(prefixed)
        == split_headers(data)
        == [
            b"\x67abc",
            b"\x68de",
            b"\x65" + bytes(range(1, 100)),
        ]
    )


def test_record_that_an_encoder_made_itself_is_made_anew() -> None:
    # What libx264 of FFmpeg 9.0 gives for the baseline profile with annexb=0: its last four bytes
    # belong to the high profiles only (ISO/IEC 14496-15, 5.3.3.1.2).
    sps = bytes.fromhex("6742c01ed906269a808080a0000003002000000781e2c5c9")
    pps = bytes.fromhex("68cb83cb20")
    record = b"\1\x42\xc0\x1e\xff\xe1" + len(sps).to_bytes(2, "big") + sps + b"\1\0\5" + pps
    assert avc.description_of(record + b"\xfc\xfa\xfb\0") == record
    assert avc.description_of(b"\0\0\0\1" + sps + b"\0\0\0\1" + pps) == record


def test_hevc_record_that_an_encoder_made_itself_is_made_anew() -> None:
    sps = "42010102200000030090000003000003001ea0142061365959a4932bc05a020000030002000003001410"
    units = [bytes.fromhex(unit) for unit in ("40010c01ffff", sps, "4401c172b02240")]
    made = hevc.description_of(b"".join(b"\0\0\0\1" + unit for unit in units))
    assert hevc.parse_hvcc(made).units == units
    assert hevc.description_of(made) == made


def request(codec: str, **members: object) -> Request:
    return Request(parse_codec(codec), 320, 240, 30.0, **members)  # type: ignore[arg-type]


def test_real_time_looks_at_no_later_frame() -> None:
    assert translate("libx264", request("avc1.42001E", realtime=True)).options["tune"] == (
        "zerolatency"
    )
    options = translate("libvpx", request("vp8", realtime=True)).options
    assert (options["deadline"], options["lag-in-frames"]) == ("realtime", "0")


def test_callers_options_win_and_parameters_are_joined() -> None:
    setup = translate("libx264", request("avc1.42001E", lengths=True))
    merged = setup.merged({"preset": "slow", "x264-params": "keyint=3"})
    assert merged["preset"] == "slow"
    assert merged["x264-params"] == "annexb=0:keyint=3"


@pytest.mark.parametrize(
    ("encoder", "members"),
    [
        ("libx264", {"layers": 2}),
        ("libvpx", {"mode": "quantizer"}),
        ("libsvtav1", {"mode": "quantizer"}),
        ("h264_nvenc", {"mode": "quantizer"}),
    ],
)
def test_what_an_encoder_cannot_do_is_refused(encoder: str, members: dict[str, object]) -> None:
    with pytest.raises(NotSupportedError, match=encoder):
        translate(encoder, request("avc1.42001E", **members))
