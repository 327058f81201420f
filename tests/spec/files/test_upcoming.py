"""Durations from times that are known: no FFmpeg."""

from __future__ import annotations

from ffwebcodecs._spec.files.upcoming import Upcoming

NEVER = -(2**63)


def test_duration_is_the_gap_to_the_next_picture_that_was_read() -> None:
    known = Upcoming()
    for time in (0, 40, 200):
        known.add(time, time)
    assert [known.lasting(0, 40), known.lasting(40, 40), known.lasting(200, 40)] == [40, 160, 40]


def test_picture_that_may_come_in_between_keeps_its_stated_duration() -> None:
    known = Upcoming()
    known.add(0, -80)
    known.add(120, -40)  # decoded before the two that are shown before it
    assert known.lasting(0, 40) == 40
    assert known.lasting(0, 0) == 0  # not known
    known.add(60, 0)
    assert known.lasting(0, 100) == 60  # no longer than to this one
    known.add(30, 30)
    assert [known.lasting(30, 40), known.lasting(60, 40)] == [30, 40]
    known.end()
    assert known.lasting(60, 40) == 60


def test_packets_without_pictures_say_nothing() -> None:
    known = Upcoming()
    for time in (0, 40, 41, 80, 81, 120):
        known.add(time, time)
    known.lasting(0, 40)
    known.lasting(40, 40)
    assert known.lasting(80, 40) == 40


def test_reading_elsewhere_forgets_what_was_read() -> None:
    known = Upcoming()
    for time in (0, 40, 80):
        known.add(time, time)
    known.add(20, 20)
    assert known.lasting(20, 7) == 7


def test_without_decoding_times_a_duration_only_gets_shorter() -> None:
    known = Upcoming()
    for time in (0, 30, 90):
        known.add(time, NEVER)
    assert [known.lasting(0, 40), known.lasting(30, 40)] == [30, 40]
