"""Which frames follow from packets, by arithmetic: no FFmpeg."""

from __future__ import annotations

import pickle
import random
from fractions import Fraction

import numpy as np
import pytest

from ffwebcodecs._spec.codecs.unshown import looks_at, recovery, shows_nothing
from ffwebcodecs._spec.files.packet_table import (
    CORRUPT,
    DISCARD,
    KEY,
    NO_PICTURE,
    NOPTS,
    PacketTable,
    microseconds,
    problem_of,
)

MILLISECONDS = (1, 1000)


def table(
    pts: list[int],
    keys: tuple[int, ...] = (0,),
    *,
    flags: dict[int, int] | None = None,
    duration: int = 0,
    dts: list[int] | None = None,
    time_base: tuple[int, int] = MILLISECONDS,
    rate: tuple[int, int] = (0, 1),
) -> PacketTable:
    count = len(pts)
    bits = np.zeros(count, np.uint8)
    bits[list(keys)] |= KEY
    for number, bit in (flags or {}).items():
        bits[number] |= bit
    return PacketTable(
        np.array(pts, np.int64),
        np.array(range(count) if dts is None else dts, np.int64),
        np.full(count, duration, np.int64),
        np.arange(count, dtype=np.int64) * 100,
        np.full(count, 100, np.int32),
        bits,
        time_base,
        rate,
    )


# I P B B, then an open group: I B B (leading) P
OPEN = [0, 120, 40, 80, 240, 160, 200, 280]


def test_frames_are_in_the_order_in_which_they_are_shown() -> None:
    one = table(OPEN, (0, 4))
    assert one.shown.tolist() == [0, 2, 3, 1, 5, 6, 4, 7]
    assert one.timestamps.tolist() == [t * 1000 for t in sorted(OPEN)]
    assert one.key_frames.tolist() == [True, *[False] * 5, True, False]
    assert one.keys.tolist() == [0, 4]


def test_leading_pictures_begin_one_key_earlier() -> None:
    one = table(OPEN, (0, 4))
    # The frames at 160 and 200 ms are decoded after the key packet 4, which is shown at 240 ms.
    assert [one.start_of(i) for i in range(8)] == [0, 0, 0, 0, 0, 0, 4, 4]


def test_several_keys_may_be_shown_later_than_a_picture() -> None:
    one = table([0, 300, 200, 100], (0, 1, 2))
    assert one.start_of(one.shown.tolist().index(3)) == 0


def test_what_comes_before_the_first_key_begins_with_it() -> None:
    one = table([0, 40, 80], (1,), flags={0: NO_PICTURE})
    assert one.timestamps.tolist() == [40000, 80000]
    assert one.starts.tolist() == [1, 1]
    assert table([0, 40, 80], ()).starts.tolist() == [0, 0, 0]


def test_hidden_packets_are_keys_but_no_frames() -> None:
    one = table([0, 40, 80, 120], (0, 2), flags={0: DISCARD, 1: NO_PICTURE, 3: CORRUPT})
    assert one.shown.tolist() == [2, 3]
    assert one.keys.tolist() == [0, 2]


def test_frames_of_one_time_stay_in_decoding_order() -> None:
    one = table([0, 40, 40, 40, 80])
    assert one.shown.tolist() == [0, 1, 2, 3, 4]
    assert one.durations.tolist() == [40000, 0, 0, 40000, 40000]


def test_a_clock_that_is_set_back_begins_a_new_part() -> None:
    again = [0, 120, 40, 80]
    clock = [*range(1000, 1004), *range(4)]
    one = table([1000 + t for t in again] + again, (0, 4), dts=clock)
    assert one.parts.tolist() == [0, 4]
    assert one.shown.tolist() == [0, 2, 3, 1, 4, 6, 7, 5]
    assert one.starts.tolist() == [0] * 4 + [4] * 4
    assert one.durations.tolist() == [40000] * 8


def test_recordings_that_overlap_a_little_stay_in_a_row() -> None:
    pictures = [0, 120, 40, 80, 160, 200]
    one = table(
        [*pictures, *(160 + t for t in pictures)], (0, 4, 6), dts=[*range(6), *range(4, 10)]
    )
    assert one.parts.tolist() == [0, 6]
    assert one.shown.tolist() == [0, 2, 3, 1, 4, 5, 6, 8, 9, 7, 10, 11]
    # Leading pictures are decoded after a key picture, which begins nothing for all that.
    assert table([0, 40, 160, 80, 120, 200], (0, 2), dts=[*range(6)]).parts.tolist() == [0]


def test_leading_pictures_of_a_part_begin_in_it() -> None:
    one = table([1000, 1040, 80, 0, 40], (0, 2), dts=[NOPTS] * 5)
    assert one.shown.tolist() == [0, 1, 3, 4, 2]
    assert one.starts.tolist() == [0, 0, 2, 2, 2]


def test_durations_are_the_gaps_and_the_last_ones_own() -> None:
    assert table([0, 30, 100], duration=50).durations.tolist() == [30000, 70000, 50000]
    assert table([0, 30, 60, 100]).durations.tolist() == [30000, 30000, 40000, 30000]
    assert table([7]).durations.tolist() == [40000]
    assert table([7], rate=(50, 1)).durations.tolist() == [20000]
    assert table([], ()).durations.tolist() == []


def test_decoding_times_stand_in_where_there_are_no_others() -> None:
    one = table([NOPTS, 50, NOPTS, NOPTS], dts=[10, 20, 30, NOPTS])
    assert one.presentation.tolist() == [10, 50, 30, 30]
    assert table([NOPTS, 5], dts=[NOPTS, NOPTS]).presentation.tolist() == [0, 5]


@pytest.mark.parametrize(
    "time_base", [(1, 90000), (1001, 30000), (1, 1000), (1, 10**9), (1, 3), (7, 2**31 - 1), (2, 1)]
)
def test_microseconds_are_rounded_to_the_nearest(time_base: tuple[int, int]) -> None:
    pick = random.Random(repr(time_base))
    ticks = [0, 1, -1, 3, -3, *(pick.randrange(-(2**38), 2**38) for _ in range(50))]
    wanted = []
    for each in ticks:
        exact = Fraction(each * time_base[0] * 1_000_000, time_base[1])
        whole = int(abs(exact) + Fraction(1, 2))
        wanted.append(whole if exact >= 0 else -whole)
    assert microseconds(np.array(ticks, np.int64), time_base).tolist() == wanted


def test_microseconds_that_do_not_fit_stay_at_the_end() -> None:
    far = np.array([2**61, -(2**61), 5], np.int64)
    assert microseconds(far, (1, 1)).tolist() == [2**60, -(2**60), 5_000_000]
    assert microseconds(far, (1, 1_000_000)).tolist() == [2**60, -(2**60), 5]


def test_parts_begin_at_key_frames_from_which_nothing_goes_back() -> None:
    pts = [40 * i for i in range(100)]
    one = table(pts, tuple(range(0, 100, 10)))
    assert one.edges(1) == [0, 100]
    assert one.edges(4) == [0, 20, 50, 70, 100] or one.edges(4) == [0, 30, 50, 80, 100]
    assert one.edges(1000) == [*range(0, 100, 10), 100]
    assert table(pts).edges(8) == [0, 100]
    assert table([], ()).edges(3) == []
    assert table(OPEN, (0, 4)).edges(2) == [0, 6, 8]


def test_a_key_frame_with_later_ones_that_need_an_earlier_key_is_no_edge() -> None:
    # Number 2 is shown after number 3, a key, but needs the key 0.
    one = table([0, 40, 120, 80], (0, 3))
    assert one.edges(2) == [0, 4]


def test_what_follows_is_not_pickled() -> None:
    one = table(OPEN, (0, 4))
    bare = len(pickle.dumps(one))
    assert len(one.timestamps) == 8
    assert len(pickle.dumps(one)) == bare
    assert pickle.loads(pickle.dumps(one)) == one
    assert one != table(OPEN, (0, 5))
    assert one != 3


@pytest.mark.parametrize(
    "change",
    [
        {"pts": 2**63 - 1},
        {"dts": -(2**63) + 1},
        {"duration": -1},
        {"position": -2},
        {"size": -1},
        {"flags": 16},
    ],
)
def test_impossible_columns_are_told(change: dict[str, int]) -> None:
    one = table(OPEN, (0, 4))
    assert problem_of(one) is None
    for name, value in change.items():
        getattr(one, name)[3] = value
    assert problem_of(one) is not None


# ---- packets of which no picture comes -----------------------------------------------------------


def nothing(codec: str, data: bytes, extradata: bytes = b"") -> bool:
    return shows_nothing(codec, data[:31], data[-1] if data else 0, len(data), extradata)


def test_an_empty_packet_shows_nothing() -> None:
    assert nothing("h264", b"")
    assert not nothing("h264", b"\0")
    assert not looks_at("h264")


def test_vp8_says_it_in_its_first_byte() -> None:
    # RFC 6386, 9.1: the fifth bit of the first byte is show_frame.
    assert nothing("vp8", bytes([0b000_0_0001, 2, 3, 4]))
    assert not nothing("vp8", bytes([0b000_1_0001, 2, 3, 4]))


@pytest.mark.parametrize(
    ("first", "hidden"),
    [
        (0b10_0_0_0_1_1_0, False),  # an inter frame, shown
        (0b10_0_0_0_1_0_0, True),
        (0b10_0_0_1_000, False),  # shows a frame that was decoded before
        (0b10_1_1_0_0_1_0, True),  # profile 3 has a bit more
        (0b10_1_1_0_0_1_1, False),
        (0b10_1_1_0_1_00, False),
    ],
)
def test_vp9_says_it_in_its_uncompressed_header(first: int, hidden: bool) -> None:
    assert nothing("vp9", bytes([first, 1, 2, 3])) is hidden
    # The last frame of a superframe is shown; its index ends with this marker.
    assert not nothing("vp9", bytes([first, 1, 2, 0b110_00_001]))


def obu(kind: int, payload: bytes) -> bytes:
    return bytes([kind << 3 | 2, len(payload)]) + payload


SEQUENCE = obu(1, bytes([0x00, 1, 2, 3]))
DELIMITER = obu(2, b"")
SHOWN, UNSHOWN, EXISTING = 0b0_01_1_0000, 0b0_01_0_0000, 0b1_000_0000


@pytest.mark.parametrize("before", [b"", DELIMITER, DELIMITER + SEQUENCE])
@pytest.mark.parametrize("kind", [3, 6])
def test_av1_shows_what_a_frame_of_the_unit_shows(before: bytes, kind: int) -> None:
    hidden = obu(kind, bytes([UNSHOWN, 0, 0]))
    assert nothing("av1", before + hidden)
    assert not nothing("av1", before + obu(kind, bytes([SHOWN, 0, 0])))
    assert not nothing("av1", before + obu(kind, bytes([EXISTING])))
    assert not nothing("av1", before + hidden + obu(6, bytes([SHOWN])))
    # The last unit needs no size.
    assert nothing("av1", before + bytes([kind << 3, UNSHOWN, 0]))


# As FFmpeg's encoder writes it: 25 ticks a second, so that a picture's time has five bits.
VOL = bytes.fromhex("000001b001000001b58913000001000000012000c48d8800cd02040814430000")


def test_mpeg4_placeholders_have_no_coded_picture() -> None:
    # vop_coding_type 01, modulo_time_base 0, marker, 5 bits of time, marker, vop_coded
    for coded, hidden in (("0", True), ("1", False)):
        bits = f"01{0}1{'00000'}1{coded}"
        data = b"\0\0\1\xb6" + int(bits.ljust(16, "1"), 2).to_bytes(2, "big")
        assert nothing("mpeg4", data, VOL) is hidden
        assert not nothing("mpeg4", data, b"")  # without the header it cannot be told
        assert not nothing("mpeg4", data + bytes(100), VOL)


def test_recovery_counts_the_frames_until_pictures_are_right() -> None:
    # SEI, payload type 6, one byte: recovery_frame_cnt as Exp-Golomb, exact_match ...
    slice_ = b"\0\0\1\x41\x9a\x00"
    for count, first in ((0, 0b1_100_0000), (3, 0b00100_100)):
        assert recovery("h264", b"\0\0\1\x06\x06\x01" + bytes([first]) + slice_, b"") == count
    assert recovery("h264", b"\0\0\1\x65\x88" + slice_, b"") == 0
    assert recovery("hevc", b"anything", b"") == 0
