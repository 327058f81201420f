"""Samples laid end to end where times say so, gaps kept, ends cut: by arithmetic."""

from __future__ import annotations

from fractions import Fraction

import pytest

from ffwebcodecs import InvalidArgumentError
from ffwebcodecs._spec.files.sound_timeline import SoundEntry, SoundTimeline, samples_at, time_of

RATE = 44100


def placed(
    times: list[int],
    samples: list[int | None],
    timeline: SoundTimeline,
    last: int | None = None,
    discard: int = 0,
) -> list[tuple[int, int, int]]:
    """Return position, length and what is cut off of packets, the last one with a duration."""
    durations = [None] * (len(times) - 1) + [last]
    ends = [0] * (len(times) - 1) + [discard]
    rows = zip(times, durations, samples, ends, strict=True)
    found = [timeline.push(SoundEntry(None, *row)) for row in rows]
    found.append(timeline.finish())
    return [(each.position, each.lasting, each.discard) for each in found if each is not None]


@pytest.mark.parametrize("rounded", [round, int], ids=["nearest", "down"])
@pytest.mark.parametrize("rate", [8000, 11025, 22050, 44100, 48000, 96000])
def test_rounded_microseconds_become_exact_samples(rounded: type, rate: int) -> None:
    times = [rounded(Fraction(i * 1024 * 1_000_000, rate)) for i in range(500)]
    found = placed(times, [1024] * 500, SoundTimeline(rate))
    assert found == [(i * 1024, 1024, 0) for i in range(500)]


def test_milliseconds_become_exact_samples() -> None:
    times = [round(Fraction(i * 1024 * 1000, RATE)) * 1000 for i in range(500)]
    found = placed(times, [1024] * 500, SoundTimeline(RATE))
    assert found == [(i * 1024, 1024, 0) for i in range(500)]


def test_the_encoders_delay_lies_before_the_first_timestamp() -> None:
    times = [time_of(i * 1024, RATE) for i in range(3)]
    found = placed(times, [1024] * 3, SoundTimeline(RATE, 1024))
    assert [position for position, _, _ in found] == [-1024, 0, 1024]


def test_a_gap_is_kept_and_noted() -> None:
    timeline = SoundTimeline(48000)
    found = placed([0, 20_000, 520_000, 540_000], [960] * 4, timeline)
    assert [position for position, _, _ in found] == [0, 960, 24960, 25920]
    assert timeline.gap == (20_000, 24960 - 1920)


def test_a_gap_of_a_millisecond_in_whole_milliseconds_is_one() -> None:
    found = placed([0, 20_000, 41_000], [960] * 3, SoundTimeline(48000))
    assert [position for position, _, _ in found] == [0, 960, 1968]


def test_what_is_covered_by_the_next_packet_is_cut() -> None:
    found = placed([0, 20_000, 30_000], [960] * 3, SoundTimeline(48000))
    assert found == [(0, 960, 0), (960, 480, 480), (1440, 960, 0)]


def test_the_last_duration_says_how_much_is_heard() -> None:
    times = [time_of(i * 1024, RATE) for i in range(3)]
    for heard in (1, 2, 500, 1022, 1023, 1024):
        found = placed(times, [1024] * 3, SoundTimeline(RATE), time_of(heard, RATE))
        assert found[-1] == (2048, heard, 1024 - heard)


def test_a_rounded_duration_cuts_nothing() -> None:
    times = [i * 23_000 for i in range(3)]
    found = placed(times, [1024] * 3, SoundTimeline(RATE), 23_000)
    assert found[-1] == (2048, 1024, 0)


def test_what_a_packet_says_of_its_end_is_cut() -> None:
    found = placed([0, 20_000], [960, 960], SoundTimeline(48000), 20_000, discard=648)
    assert found[-1] == (960, 312, 648)


def test_packets_that_do_not_tell_last_until_the_next_one() -> None:
    found = placed([0, 2_667, 14_000], [None] * 3, SoundTimeline(48000), 5_000)
    assert found == [(0, 128, 0), (128, 544, 0), (672, 240, 0)]


def test_a_first_time_is_the_expected_one_if_it_is_near() -> None:
    near, far = SoundTimeline(48000, 0, 1000, -312), SoundTimeline(48000, 0, 1000, -312)
    assert placed([-7_000], [960], near)[0][0] == -312
    assert placed([-9_000], [960], far)[0][0] == -432


@pytest.mark.parametrize("second", [0, -1, -20_000])
def test_times_must_increase(second: int) -> None:
    timeline = SoundTimeline(48000)
    timeline.push(SoundEntry(None, 0, None, 960))
    with pytest.raises(InvalidArgumentError, match=f"chunk at {second} us comes after one at 0 us"):
        timeline.push(SoundEntry(None, second, None, 960))
    assert timeline.push(SoundEntry(None, 20_000, None, 960)) is not None  # nothing has changed


@pytest.mark.parametrize("rate", [7, 44100, 48000, 384000])
def test_samples_and_times_are_the_nearest(rate: int) -> None:
    for value in (0, 1, 2, 999, 12345, 10**9, -1, -777):
        assert abs(samples_at(value, rate) - Fraction(value * rate, 1_000_000)) <= Fraction(1, 2)
        assert abs(time_of(value, rate) - Fraction(value * 1_000_000, rate)) <= Fraction(1, 2)
