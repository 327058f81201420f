"""Timecodes: SMPTE ST 12-1 and arithmetic."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ffwebcodecs._spec.files.timecode import counted_anew, moved, parse, text_of

FILM, PAL, NTSC, NTSC60 = Fraction(24), Fraction(25), Fraction(30000, 1001), Fraction(60000, 1001)


@pytest.mark.parametrize(
    ("text", "rate", "count"),
    [
        ("00:00:00:00", PAL, 0),
        ("01:00:00:00", PAL, 90000),
        ("10:59:59:24", PAL, 11 * 90000 - 1),
        ("01:00:00:00", NTSC, 108000),  # 30 labels a second, none left out
        # Two labels are left out at the start of each minute, but for each tenth: 107,892 an hour.
        ("00:00:59;29", NTSC, 1799),
        ("00:01:00;02", NTSC, 1800),
        ("00:09:59;29", NTSC, 17981),
        ("00:10:00;00", NTSC, 17982),
        ("01:00:00;00", NTSC, 107892),
        ("00:01:00;04", NTSC60, 3600),
        ("01:00:00.00", NTSC60, 215784),
    ],
)
def test_labels_count_frames(text: str, rate: Fraction, count: int) -> None:
    drops = text[8] != ":"
    assert parse(text, rate) == (count, drops)
    assert text_of(count, rate, drops) == text.replace(".", ";")


def test_no_label_is_one_that_is_left_out_and_each_differs() -> None:
    rate = NTSC
    nominal = round(rate)
    labels = [text_of(count, rate, True) for count in range(nominal * 60 * 11)]
    assert len(set(labels)) == len(labels)
    left_out = [f"{frame:02}" for frame in range(nominal // 15)]
    for label in labels:
        if label[6:8] == "00" and label[9:] in left_out:
            assert label[4] == "0", label
    assert [parse(label, rate) for label in labels] == [(n, True) for n in range(len(labels))]


def test_a_day_later_they_begin_anew() -> None:
    assert text_of(24 * 90000 + 1, PAL, False) == "00:00:00:01"
    assert moved("23:59:59;29", NTSC, round(1_001_000 / 30)) == "00:00:00;00"


@pytest.mark.parametrize(
    ("text", "rate", "microseconds", "expected"),
    [
        ("01:00:00:00", PAL, 0, "01:00:00:00"),
        ("01:00:00:00", PAL, 2_480_000, "01:00:02:12"),
        ("01:00:00;00", NTSC, 60_060_000, "01:01:00;02"),
        ("00:59:59:23", FILM, 41_667, "01:00:00:00"),
        ("01:00:00:00", PAL, -80_000, "01:00:00:00"),  # what begins before the first frame
        ("noon", PAL, 0, None),
        ("01:00:00:25", PAL, 0, None),
        ("01:61:00:00", PAL, 0, None),
    ],
)
def test_a_cut_moves_the_label(
    text: str, rate: Fraction, microseconds: int, expected: str | None
) -> None:
    assert moved(text, rate, microseconds) == expected


@pytest.mark.parametrize(
    ("text", "rate", "other", "expected"),
    [
        ("01:00:00:12", PAL, Fraction(50), "01:00:00:24"),
        ("01:00:00:24", Fraction(50), PAL, "01:00:00:12"),
        ("01:00:00;15", NTSC, PAL, "01:00:00:12"),
        ("00:01:00;02", NTSC, NTSC60, "00:01:00;04"),
        ("01:00:00:10", PAL, PAL, "01:00:00:10"),
        ("nothing", PAL, FILM, None),
    ],
)
def test_another_rate_counts_the_same_moment(
    text: str, rate: Fraction, other: Fraction, expected: str | None
) -> None:
    assert counted_anew(text, rate, other) == expected
