"""Compressed data. The streams were made with the ffmpeg program (testsrc2 at 160x96, or 162x98),
by libx264, libx265, libvpx, libaom and SVT-AV1; profile and level are what ffprobe says of them.
"""

from __future__ import annotations

import contextlib
import random
import time
from collections.abc import Callable

import pytest
from awkward import NEVER_A_STRUCTURE

from ffwebcodecs._spec.codecs import av1, avc, hevc, vp8, vp9
from ffwebcodecs._spec.codecs.families import BY_NAME
from ffwebcodecs._spec.codecs.grammar import Stream
from ffwebcodecs._spec.codecs.nal import iter_nal_units
from ffwebcodecs._spec.codecs.strings import parse_codec
from ffwebcodecs.errors import DataError, InvalidArgumentError, NotSupportedError

AVCC_BASELINE = bytes.fromhex(
    "0142c00affe100176742c00ad9028db011000003000100000300140f12264801000568cb83cb20"
)
AVCC_422_INTERLACED = bytes.fromhex(
    "017a0015ffe1001b677a0015bcd942c8f11086022000000300200000030283e28532c001000668fba3cb22c0fef8f8"
    "00"
)
SPS_HIGH = bytes.fromhex("6764000aacd9428db011000003000100000300140f122596")
SPS_HIGH10 = bytes.fromhex("676e000aa6cd9428db011000000300100000030140f122596001")[:25]
PPS_HIGH = bytes.fromhex("68ebe3cb22c0")
SEI_USER_DATA = bytes.fromhex("0605ffffa6dc45e9bde6d948b7962cd820d923eeef78323634")
SEI_RECOVERY_POINT = bytes.fromhex("060601c480")
SEI_PICTURE_TIMING = bytes.fromhex("0601013280")
AVC_IDR = bytes.fromhex("65888400dfd4d44633d757db446292a8981d0036812153bc")
AVC_I_SLICE = bytes.fromhex("41889905ffd4576d6278acb0bcc4d2f3f8eb5a3939741eaa")
AVC_P_SLICE = bytes.fromhex("419a236c477fc2c29c31c9ea6943aba41e31ddf07f40a082")

# The fixed part, and two of the four arrays.
HVCC_HEAD = "0102200000009000000000001ef000fcfdfafa00000f"
HEVC_SPS_MAIN10 = bytes.fromhex(
    "42010102200000030090000003000003001ea0142061365959a4932bc05a020000030002000003001410"
)
HVCC_MAIN10 = (
    bytes.fromhex(
        HVCC_HEAD
        + "02"
        + "2000010018"
        + "40010c01ffff02200000030090000003000003001e959809"
        + "210001002a"
    )
    + HEVC_SPS_MAIN10
)
HVCC_MAIN = bytes.fromhex("0101600000009000000000001ef000fcfdf8f800000f00")
HEVC_SPS_422 = bytes.fromhex(
    "4201010408000003009d0800000300001eb0142061365959a4932bc05a020000030002000003000300141022"
)
HEVC_IDR = bytes.fromhex("2801af1142f3ecbebe4555e9")
HEVC_CRA = bytes.fromhex("2a01ac104d27350be870a667")
HEVC_TRAIL = bytes.fromhex("0201d02149e10c622857515b")
HEVC_SEI = bytes.fromhex("4e0105ffffffff")

VP8_KEY = bytes.fromhex("f043009d012aa000600000070885858885848802")
VP8_DELTA = bytes.fromhex("310e0001102000180970340b6fbcb9b5269942c1")
VP9_KEY = bytes.fromhex("824983420009f005f60238241c18420006407fd5")
VP9_DELTA = bytes.fromhex("86004092f051250000607a10fd7a6c7db3df0d75")
VP9_KEY_10 = bytes.fromhex("924983420004f802fb031c120e0c290002c87fd5")
VP9_KEY_444 = bytes.fromhex("a249834200013e00bec047048383084000f87fd5")
AV1_KEY = bytes.fromhex("12000a0a00000003b4fdf36be40132c90f1400203800002100208280dd5152a3fe9487d7")
AV1_KEY_SVT = bytes.fromhex("0a0a00000003b4fdf3efe40132d815140821402000008003ef02000f20dd5cda60")
AV1_DELTA = bytes.fromhex("120032d90a2901f020000011a0f00000210ae082a000dd8899c881673d6a7160f007")
AV1_SHOWN_AGAIN = bytes.fromhex("1a01b8")
AV1C_HDR = bytes.fromhex("81004c000a0d00000003b4fdf36be542440241")
AV1C_444 = bytes.fromhex("812000000a0a20000003b4fdf36be408")


def avc_string(data: object) -> str:
    return avc.codec_string(Stream(data))


def hevc_string(data: object) -> str:
    return hevc.codec_string(Stream(data))


def av1_string(data: object) -> str:
    return av1.codec_string(Stream(data))


def annexb(*units: bytes) -> bytes:
    return b"".join(b"\0\0\0\1" + unit for unit in units)


def prefixed(*units: bytes, size: int = 4) -> bytes:
    return b"".join(len(unit).to_bytes(size, "big") + unit for unit in units)


def test_avcc_gives_what_the_encoder_wrote():
    config = avc.parse_avcc(AVCC_BASELINE)
    assert (config.profile, config.constraints, config.level) == (66, 0xC0, 10)
    assert config.length_size == 4
    assert [len(unit) for unit in config.sps] == [23]
    assert config.pps == [bytes.fromhex("68cb83cb20")]


@pytest.mark.parametrize(
    ("unit", "profile", "level", "chroma", "depth", "width", "height"),
    [
        (avc.parse_avcc(AVCC_BASELINE).sps[0], 66, 10, "420", 8, 160, 96),
        (avc.parse_avcc(AVCC_422_INTERLACED).sps[0], 122, 21, "422", 8, 162, 98),
        (SPS_HIGH, 100, 10, "420", 8, 160, 96),
        (SPS_HIGH10, 110, 10, "420", 10, 160, 96),
    ],
)
def test_h264_sequence_parameters(unit, profile, level, chroma, depth, width, height):
    sps = avc.parse_sps(unit)
    assert (sps.profile, sps.level, sps.chroma, sps.bit_depth) == (profile, level, chroma, depth)
    assert (sps.width, sps.height) == (width, height)


def test_hevc_parameters_agree_between_hvcc_and_sps():
    config = hevc.parse_hvcc(HVCC_MAIN10)
    assert config.units[1] == HEVC_SPS_MAIN10
    from_sps, picture = hevc.parse_sps(HEVC_SPS_MAIN10)
    for name in ("profile", "profile_space", "tier", "level", "compatibility", "constraints"):
        assert getattr(config, name) == getattr(from_sps, name), name
    assert (config.profile, config.level, config.bit_depth, config.chroma) == (2, 30, 10, "420")
    assert (picture.width, picture.height, picture.bit_depth) == (160, 96, 10)
    assert hevc.parse_sps(HEVC_SPS_422)[1].chroma == "422"


@pytest.mark.parametrize(
    ("make", "data", "expected"),
    [
        (avc_string, AVCC_BASELINE, "avc1.42C00A"),
        (avc_string, SPS_HIGH, "avc1.64000A"),
        (avc_string, annexb(SEI_USER_DATA, SPS_HIGH, PPS_HIGH), "avc1.64000A"),
        # Main 10: compatible with profile 2 only, whose bit reads as 4 in reverse.
        (hevc_string, HVCC_MAIN10, "hvc1.2.4.L30.90"),
        (hevc_string, HEVC_SPS_MAIN10, "hvc1.2.4.L30.90"),
        (hevc_string, annexb(HEVC_SPS_MAIN10), "hvc1.2.4.L30.90"),
        (hevc_string, HVCC_MAIN, "hvc1.1.6.L30.90"),
        (hevc_string, HEVC_SPS_422, "hvc1.4.10.L30.9D.8"),
        (av1_string, AV1_KEY, "av01.0.00M.08"),
        (av1_string, AV1C_444, "av01.1.00M.08"),
        (av1_string, AV1C_HDR, "av01.0.00M.10.0.110.09.16.09.0"),
    ],
)
def test_codec_strings_of_real_streams(make, data, expected):
    assert make(data) == expected
    assert parse_codec(expected).string == expected


def test_entry_names_can_be_chosen():
    assert avc.codec_string(Stream(SPS_HIGH, tag="avc3")) == "avc3.64000A"
    assert hevc.codec_string(Stream(HVCC_MAIN, tag="hev1")) == "hev1.1.6.L30.90"


def test_vp9_codec_strings():
    make = vp9.make_string
    assert make(0, 10) == "vp09.00.10.08"
    assert make(2, 31, 10, "420", (9, 16, 9), False) == "vp09.02.31.10.01.09.16.09.00"
    assert make(1, 10, 8, "444", (2, 2, 2), True) == "vp09.01.10.08.03.02.02.02.01"
    assert make(1, 10, 8, "444", (2, 2, 2), False) == "vp09.01.10.08"
    assert make(1, 10, 8, "440", (1, 1, 1), False) == "vp09.01.10.08"


@pytest.mark.parametrize(
    ("width", "height", "rate", "level"),
    [
        (256, 144, 15, 10),
        (384, 192, 30, 11),
        (1280, 720, 30, 31),
        (1920, 1080, 30, 40),
        (1920, 1080, 60, 41),
        (3840, 2160, 30, 50),
        (3840, 2160, 60, 51),
        (7680, 4320, 30, 60),
        (7680, 4320, None, 60),
        (65536, 65536, 60, 62),
    ],
)
def test_vp9_level_is_the_lowest_that_holds_the_video(width, height, rate, level):
    assert vp9.level_for(width, height, rate) == level


def test_vp8_and_vp9_headers():
    frame = vp8.parse_header(VP8_KEY)
    assert (frame.key, frame.shown, frame.width, frame.height) == (True, True, 160, 96)
    for data, profile, depth, chroma in (
        (VP9_KEY, 0, 8, "420"),
        (VP9_KEY_10, 2, 10, "420"),
        (VP9_KEY_444, 1, 8, "444"),
    ):
        frame = vp9.parse_header(data)
        assert (frame.profile, frame.bit_depth, frame.chroma) == (profile, depth, chroma)
        assert (frame.key, frame.width, frame.height) == (True, 160, 96)


def test_av1_sequence_header():
    sequence = av1.parse_av1c(AV1C_HDR).sequence
    assert (sequence.profile, sequence.bit_depth, sequence.chroma) == (0, 10, "420")
    assert (sequence.width, sequence.height) == (160, 96)
    assert (sequence.color, sequence.full_range) == ((9, 16, 9), False)
    assert av1.find_sequence(AV1_KEY_SVT).width == 160
    assert av1.find_sequence(AV1_DELTA) is None


@pytest.mark.parametrize(
    ("family", "units", "key"),
    [
        ("avc", [SPS_HIGH, PPS_HIGH, SEI_USER_DATA, AVC_IDR], True),
        ("avc", [AVC_IDR], True),
        ("avc", [b"\x09\x10", SPS_HIGH, PPS_HIGH, AVC_IDR], True),
        ("avc", [SPS_HIGH, PPS_HIGH, SEI_RECOVERY_POINT, AVC_I_SLICE], True),
        ("avc", [SPS_HIGH, PPS_HIGH, AVC_I_SLICE], None),
        ("avc", [AVC_I_SLICE], False),
        ("avc", [SEI_PICTURE_TIMING, AVC_P_SLICE], False),
        ("avc", [SPS_HIGH, PPS_HIGH, AVC_P_SLICE], False),
        # recovery_frame_cnt 1: ue(1) is 010
        ("avc", [SPS_HIGH, PPS_HIGH, bytes.fromhex("0606014480"), AVC_P_SLICE], False),
        ("avc", [SPS_HIGH, PPS_HIGH], None),
        ("hevc", [HEVC_SPS_MAIN10, HEVC_SEI, HEVC_IDR], True),
        ("hevc", [HEVC_CRA], True),
        ("hevc", [b"\x20\x01\xaf"], True),
        ("hevc", [HEVC_SEI, HEVC_TRAIL], False),
        ("hevc", [HEVC_SPS_MAIN10], None),
    ],
)
def test_nal_units_are_key_frames_by_their_type(family, units, key):
    assert BY_NAME[family].is_key(annexb(*units)) is key
    assert BY_NAME[family].is_key(b"\0" + annexb(*units).replace(b"\0\0\0\1", b"\0\0\1")) is key
    for size in (2, 4):
        data = prefixed(*units, size=size)
        assert BY_NAME[family].is_key(data, length_size=size) is key
        assert BY_NAME[family].is_key(memoryview(bytearray(data)), length_size=size) is key


@pytest.mark.parametrize(
    ("family", "units", "needs"),
    [
        ("avc", [SPS_HIGH, PPS_HIGH, AVC_IDR], False),
        ("avc", [SEI_RECOVERY_POINT, AVC_I_SLICE], False),
        ("avc", [AVC_I_SLICE], False),
        # A recovery point on a picture that is not intra, or some frames before it holds.
        ("avc", [SEI_RECOVERY_POINT, AVC_P_SLICE], True),
        ("avc", [bytes.fromhex("0606014480"), AVC_I_SLICE], True),
        ("avc", [AVC_P_SLICE], True),
        ("hevc", [HEVC_CRA], False),
        ("hevc", [HEVC_SEI, HEVC_TRAIL], True),
    ],
)
def test_a_gradual_refresh_is_told_from_a_key_picture(family, units, needs):
    assert BY_NAME[family].needs_others(annexb(*units)) is needs
    assert BY_NAME[family].needs_others(prefixed(*units, size=4), length_size=4) is needs


def test_frames_that_are_called_key_need_others_if_they_say_so():
    assert [BY_NAME["vp8"].needs_others(data) for data in (VP8_KEY, VP8_DELTA)] == [False, True]
    assert [BY_NAME["vp9"].needs_others(data) for data in (VP9_KEY, VP9_DELTA)] == [False, True]


def test_a_key_frame_is_found_behind_a_long_first_unit():
    long = SEI_USER_DATA[:2] + b"\x05" * 9000
    for pad in range(4080, 4100):  # the start code straddles the first window
        filler = b"\x06\x05" + b"\x05" * pad
        assert avc.is_key(annexb(filler, AVC_IDR)) is True
        assert avc.is_key(annexb(filler, AVC_P_SLICE)) is False
    assert avc.is_key(annexb(long, AVC_IDR)) is True
    assert avc.is_key(prefixed(long, AVC_IDR), length_size=4) is True


@pytest.mark.parametrize(
    ("family", "data", "key"),
    [
        ("vp8", VP8_KEY, True),
        ("vp8", VP8_DELTA, False),
        ("vp8", VP8_KEY[:3] + b"junk" + VP8_KEY[7:], False),
        ("vp9", VP9_KEY, True),
        ("vp9", VP9_KEY_10, True),
        ("vp9", VP9_KEY_444, True),
        ("vp9", VP9_DELTA, False),
        # A superframe: the frames, then an index between two equal markers.
        ("vp9", VP9_KEY + VP9_DELTA + bytes([0xC1, 20, 20, 0xC1]), True),
        ("vp9", VP9_DELTA + VP9_KEY + bytes([0xC1, 20, 20, 0xC1]), False),
        ("vp9", VP9_KEY[:1] + b"\0\0\0" + VP9_KEY[4:], False),
        ("av1", AV1_KEY, True),
        ("av1", AV1_KEY_SVT, True),
        ("av1", AV1_DELTA, False),
        ("av1", AV1_SHOWN_AGAIN, False),
        # Without its sequence header, which may be in the description.
        ("av1", AV1_KEY[:2] + AV1_KEY[14:], None),
        ("av1", AV1_KEY[:14], None),
        ("ffmpeg", b"anything", None),
    ],
)
def test_key_frames_of_the_other_codecs(family, data, key):
    assert BY_NAME[family].is_key(data) is key


@pytest.mark.parametrize("family", ["avc", "hevc", "vp8", "vp9", "av1"])
@pytest.mark.parametrize("length_size", [None, 1, 2, 4])
def test_empty_data_is_no_key_frame(family, length_size):
    assert BY_NAME[family].is_key(b"", length_size=length_size) is False


def test_nal_units_come_back_as_they_went_in():
    units = [SPS_HIGH, PPS_HIGH, SEI_USER_DATA, AVC_IDR]
    assert [bytes(u) for u in iter_nal_units(annexb(*units))] == units
    assert [bytes(u) for u in iter_nal_units(annexb(*units) + b"\0\0")] == units
    for size in (1, 2, 4):
        assert [bytes(u) for u in iter_nal_units(prefixed(*units, size=size), size)] == units


def shown(parse: Callable[[object], object]) -> str:
    return f"{parse.__module__.rpartition('.')[2]}.{parse.__name__}"


PARSERS = [
    avc.parse_avcc,
    hevc.parse_hvcc,
    av1.parse_av1c,
    avc.parse_sps,
    hevc.parse_sps,
    av1.parse_sequence,
    vp8.parse_header,
    vp9.parse_header,
    avc_string,
    hevc_string,
    av1_string,
]


@pytest.mark.parametrize("parse", PARSERS, ids=shown)
def test_short_data_is_a_data_error(parse):
    for data in (b"", b"\1", b"\x81\0"):
        with pytest.raises(DataError):
            parse(data)


@pytest.mark.parametrize("parse", PARSERS, ids=shown)
@pytest.mark.parametrize("value", [v for v in NEVER_A_STRUCTURE if v != b"abcd"] + [None])
def test_what_is_no_buffer_is_an_invalid_argument(parse, value):
    with pytest.raises(InvalidArgumentError):
        parse(value)


def mutations(count: int) -> list[bytes]:
    seeds = [value for value in globals().values() if isinstance(value, bytes)]
    seeds.append(annexb(SPS_HIGH, PPS_HIGH, SEI_RECOVERY_POINT, AVC_I_SLICE))
    chance = random.Random(20261121)
    results = []
    for _ in range(count):
        data = bytearray(chance.choice([*seeds, chance.randbytes(40)]))
        for _ in range(chance.randrange(6)):
            at = chance.randrange(len(data) + 1)
            choice = chance.randrange(4)
            if choice == 0:
                del data[at:]
            elif choice == 1:
                data[at : at + 1] = chance.randbytes(1)
            elif choice == 2:
                data.insert(at, chance.choice((0, 1, 3, 255)))
            else:
                del data[at : at + 1]
        results.append(bytes(data))
    return results


def test_mutated_data_gives_an_answer_or_a_data_error():
    for data in mutations(1500):
        for family in ("avc", "hevc", "vp8", "vp9", "av1"):
            for size in (None, 1, 4):
                assert BY_NAME[family].is_key(data, length_size=size) in (True, False, None)
        list(av1.iter_obus(data))
        list(iter_nal_units(data))
        for parse in PARSERS:
            with contextlib.suppress(DataError, NotSupportedError):
                result = parse(data)
                if isinstance(result, str):
                    parse_codec(result)


@pytest.mark.parametrize("pattern", [b"\0", b"\xff", b"\0\0\1", b"\0\0\1\x06", b"\x12\0"])
def test_megabytes_of_nonsense_are_answered_at_once(pattern):
    data = pattern * (2**20 // len(pattern))
    start = time.process_time()
    for family in ("avc", "hevc", "vp8", "vp9", "av1"):
        for size in (None, 1, 4):
            assert BY_NAME[family].is_key(data, length_size=size) in (False, None)
    # Milliseconds; the margin is for a busy machine. Quadratic work would take minutes.
    assert time.process_time() - start < 5
