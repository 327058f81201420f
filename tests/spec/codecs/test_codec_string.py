"""Codec strings: Chromium's answers (tests/data/codec_support.json) and the media bindings."""

from __future__ import annotations

import json

import pytest
from awkward import NEVER_A_STRUCTURE
from clips import DATA

from ffwebcodecs._spec.codecs.strings import parse_codec
from ffwebcodecs.errors import InvalidArgumentError, NotSupportedError

SUPPORT = json.loads((DATA / "codec_support.json").read_text(encoding="utf-8"))
# Chromium has no HEVC here; these are well-formed by ISO/IEC 14496-15, annex E.
WELL_FORMED_HEVC = {
    "hvc1.1.6.L93.B0",
    "hev1.1.6.L93.B0",
    "hev1.1.6.L60.90",
    "hvc1.1.6.L123.00",
    "hvc1.2.4.L120.B0",
    "hvc1.4.10.L120.B0",
    "hev1.2.4.L153.B0",
}


@pytest.mark.parametrize("codec", SUPPORT)
def test_strings_are_classified_as_chromium_does_and_hevc_by_its_grammar(codec):
    if SUPPORT[codec]["chromium"]["decoder"] or codec in WELL_FORMED_HEVC:
        assert parse_codec(codec).string == codec
    else:
        with pytest.raises(NotSupportedError):
            parse_codec(codec)


@pytest.mark.parametrize(
    ("codec", "expected"),
    [
        ("vp8", ("vp8", "vp8", 0, None, 8, "420")),
        ("vp09.00.41.08", ("vp9", "vp9", 0, 41, 8, "420")),
        ("vp09.01.10.08.03", ("vp9", "vp9", 1, 10, 8, "444")),
        ("vp09.02.10.10.01.09.16.09.01", ("vp9", "vp9", 2, 10, 10, "420")),
        ("av01.0.04M.08", ("av1", "av1", 0, 4, 8, "420")),
        ("av01.0.31H.10", ("av1", "av1", 0, 31, 10, "420")),
        ("av01.0.04M.10.0.112.09.16.09.0", ("av1", "av1", 0, 4, 10, "420")),
        ("av01.0.04M.08.1", ("av1", "av1", 0, 4, 8, "400")),
        ("av01.1.04M.08.0.000", ("av1", "av1", 1, 4, 8, "444")),
        ("av01.2.04M.10", ("av1", "av1", 2, 4, 10, "422")),
        ("av01.2.04M.12", ("av1", "av1", 2, 4, 12, None)),
        ("avc1.42E01E", ("avc", "h264", 66, 30, 8, "420")),
        ("avc3.640028", ("avc", "h264", 100, 40, 8, "420")),
        ("avc1.f4001f", ("avc", "h264", 244, 31, None, None)),
        ("hvc1.1.6.L93.B0", ("hevc", "hevc", 1, 93, 8, "420")),
        ("hev1.A2.4.H153", ("hevc", "hevc", 2, 153, None, "420")),
        ("ffmpeg:prores", ("ffmpeg", "prores", None, None, None, None)),
        ("ffmpeg:libdav1d", ("ffmpeg", "libdav1d", None, None, None, None)),
        ("ffmpeg:mpeg2_v4l2m2m", ("ffmpeg", "mpeg2_v4l2m2m", None, None, None, None)),
    ],
)
def test_what_a_string_says(codec, expected):
    info = parse_codec(codec)
    assert (
        info.family,
        info.name,
        info.profile,
        info.level,
        info.bit_depth,
        info.chroma,
    ) == expected


def test_the_rest_of_what_a_string_says():
    assert parse_codec("avc1.42E01E").constraints == 0xE0
    assert parse_codec("avc3.42E01E").entry == "avc3"
    assert parse_codec("hev1.A2.4.H153").tier == "H"
    assert parse_codec("av01.0.04M.08").tier == "M"
    color = parse_codec("vp09.02.10.10.01.09.16.09.01")
    assert (color.color, color.full_range) == ((9, 16, 9), True)
    plain = parse_codec("vp09.02.10.10")
    assert (plain.color, plain.full_range) == (None, None)


@pytest.mark.parametrize(
    ("codec", "problem"),
    [
        ("avc1.42001", "avc1.42001: expected 6 hexadecimal digits PPCCLL after 'avc1.', got 5"),
        ("avc1.4200 E", "got '4200 E'"),
        ("avc1.66.30", "got 2 fields"),
        ("avc1.FF000b", r"unknown profile 255 \(0xFF\)"),
        ("avc1.4D401D", r"no level 2.9 \(0x1D\)"),
        ("avc1.640000", r"no level 0 \(0x00\)"),
        ("avc3.4200FF", r"no level 25.5 \(0xFF\)"),
        ("avc1.42001E,mp4a.40.2", "more than one codec"),
        (" vp8", "white space"),
        ("VP8", "case-sensitive, write 'vp8'"),
        ("vp9", "ambiguous, expected 'vp09.PP.LL.DD'"),
        ("h265", "ambiguous"),
        ("vp8.1", "nothing after it"),
        ("vp09.00.10", "ambiguous"),
        ("vp09.04.10.08", "profile is 4, the highest is 3"),
        ("vp09.00.12.08", "unknown level 12"),
        ("vp09.00.10.09", "bit depth is 9"),
        ("vp09.00.10.10", "profile 0 has no bit depth 10"),
        ("vp09.02.10.08", "profile 2 has no bit depth 8"),
        ("vp09.00.10.08.03", r"profile 0 has no chroma subsampling 03 \(444\)"),
        ("vp09.01.10.08.01", "profile 1 has no chroma subsampling 01"),
        ("vp09.00.10.08.04", "chroma subsampling is 4"),
        ("vp09.00.10.08.01.03", "colour primaries 3 is reserved"),
        ("vp09.00.10.08.01.01.01.00", "need chroma subsampling 3"),
        ("vp09.00.10.08.01.01.01.01.02", "full range flag is 2"),
        ("vp09.00.10.08.01.01.01.01.01.01", "has 9 fields"),
        ("vp09.-1.10.08", "profile must be a decimal number, got '-1'"),
        ("vp09.+0.10.08", "decimal"),
        ("vp09.\u0660.10.08", "decimal"),
        ("vp09.0_0.10.08", "decimal"),
        ("av01.0.04M", "ambiguous"),
        ("av01.3.04M.08", "profile is 3"),
        ("av01.0.4M.08", "two digits and M or H"),
        ("av01.0.04X.08", "two digits and M or H"),
        ("av01.0.24M.08", "level 24 is reserved"),
        ("av01.0.32M.08", "the highest is 31"),
        ("av01.0.04M.8", "must have 2 digits"),
        ("av01.0.04M.12", "profile 0 has no bit depth 12"),
        ("av01.1.04M.08.1", "no monochrome"),
        ("av01.0.04M.08.1.000", "monochrome needs chroma subsampling 11x"),
        ("av01.0.04M.08.0.000", "profile 0 has no chroma subsampling 000"),
        ("av01.0.04M.08.0.010", "chroma subsampling 010 does not exist"),
        ("av01.0.04M.08.0.110.03", "colour primaries 3 is reserved"),
        ("av01.0.04M.08.0.110.1.01.01.0", "must have 2 digits"),
        ("hvc1.1.6", "ambiguous"),
        ("hvc1.C99.6FFFFFF.L93", "profile is 99, the highest is 31"),
        ("hvc1.D1.6.L93", "profile must be a decimal number, got 'D1'"),
        ("hvc1.1.6FFFFFFFF.L93", "1 to 8 hexadecimal digits"),
        ("hvc1.1.6.93", "tier must be L or H"),
        ("hvc1.1.6.L256", "level is 256"),
        ("hvc1.1.6.L93.B0F", "1 or 2 hexadecimal digits"),
        ("hvc1.1.6.L93.0.0.0.0.0.0.0", "has 7 constraint bytes"),
        ("ffmpeg:", "expected the name"),
        ("ffmpeg:a b", "expected the name"),
        ("theora", "unknown codec 'theora', expected avc1, .* or 'ffmpeg:NAME'"),
    ],
)
def test_what_is_wrong_with_a_string_is_said(codec, problem):
    with pytest.raises(NotSupportedError, match=problem):
        parse_codec(codec)


@pytest.mark.parametrize(
    "codec", ["", " ", "\t\n", None, *(v for v in NEVER_A_STRUCTURE if v != "abcd")]
)
def test_blank_or_no_string_at_all_is_an_invalid_argument(codec):
    with pytest.raises(InvalidArgumentError, match="codec"):
        parse_codec(codec)


@pytest.mark.parametrize(
    "codec", ["\0", "a" * 10**6, "vp09." * 1000, "\ud800", "avc1." + "4" * 10**5]
)
def test_monstrous_strings_get_short_messages(codec):
    with pytest.raises(NotSupportedError) as caught:
        parse_codec(codec)
    assert len(str(caught.value)) < 300
