"""Decoding times by arithmetic: no FFmpeg."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest

from ffwebcodecs._spec.files.timeline import WINDOW, Entry, Timeline
from ffwebcodecs.errors import InvalidArgumentError

Times = list[tuple[int, int | None]]


def run(
    times: list[int], *, reorders: bool = True, dts: list[int | None] | None = None
) -> tuple[Timeline, list[Entry]]:
    timeline = Timeline(reorders)
    found: list[Entry] = []
    for i, pts in enumerate(times):
        found += timeline.push(Entry(i, pts, dts[i] if dts else None, None))
    found += timeline.finish()
    assert [entry.item for entry in found] == list(range(len(times)))
    return timeline, found


def check(found: list[Entry]) -> None:
    decoded = [entry.dts for entry in found if entry.dts is not None]
    assert len(decoded) == len(found)
    assert all(a < b for a, b in pairwise(decoded))
    assert all(dts <= entry.pts for dts, entry in zip(decoded, found, strict=True))


def pyramid(groups: int, step: int = 40) -> list[int]:
    """I, then groups of P, B, b, b: the order of decoding."""
    times = [0]
    for group in range(groups):
        start = group * 4
        times += [(start + k) * step for k in (4, 2, 1, 3)]
    return times


def test_one_picture_of_delay() -> None:
    _, found = run([0, 120, 40, 80, 240, 160, 200])
    assert [entry.dts for entry in found] == [-40, 0, 40, 80, 120, 160, 200]


def test_two_pictures_of_delay() -> None:
    _, found = run(pyramid(2))
    assert [entry.dts for entry in found] == [-80, -40, 0, 40, 80, 120, 160, 200, 240]


def test_long_stream_goes_on_as_it_began() -> None:
    times = pyramid(100)
    _, found = run(times)
    assert [entry.dts for entry in found] == [(i - 2) * 40 for i in range(len(times))]


def test_without_reordering_both_times_are_the_same() -> None:
    _, found = run([5, 45, 90], reorders=False)
    assert [entry.dts for entry in found] == [5, 45, 90]
    assert [entry.duration for entry in found[:2]] == [40, 45]


def test_reordering_that_begins_late_stays_valid() -> None:
    start = [i * 40 for i in range(2 * WINDOW)]
    later = [2 * WINDOW * 40 + t for t in pyramid(50)]
    _, found = run(start + later)
    check(found)


@pytest.mark.parametrize("seed", range(20))
def test_any_order_within_sixteen_pictures_is_valid(seed: int) -> None:
    chance = random.Random(seed)
    times: list[int] = []
    at = 0
    while len(times) < 300:
        count = chance.randint(1, 16)
        group = [at + (k + 1) * 1000 for k in range(count)]
        # The last of the group is decoded first, as a P picture is.
        first = group.pop()
        chance.shuffle(group)
        times += [first, *group]
        at += count * 1000
    _, found = run(times)
    check(found)


def test_missing_first_decoding_times_are_filled_in() -> None:
    _, found = run([0, 120, 40, 80], dts=[None, None, 0, 40])
    assert [entry.dts for entry in found] == [-80, -40, 0, 40]


def test_offset_brings_the_earliest_picture_to_zero() -> None:
    timeline, _ = run([-100, 20, -60, -20])
    assert timeline.offset == 100


def test_hidden_pictures_do_not_count_for_the_offset() -> None:
    timeline = Timeline(True)
    list(timeline.push(Entry(0, -100, -200, None, hidden=True)))
    list(timeline.push(Entry(1, -20, -100, None)))
    list(timeline.finish())
    assert timeline.offset == 20


def test_decoding_time_that_does_not_increase_is_refused() -> None:
    timeline = Timeline(True)
    list(timeline.push(Entry(0, 0, 0, None)))
    with pytest.raises(InvalidArgumentError, match="not after its predecessor's, 0 us"):
        timeline.push(Entry(1, 40, 0, None))
    list(timeline.push(Entry(1, 40, 40, None)))


def test_chunk_that_comes_far_too_late_is_refused() -> None:
    timeline = Timeline(True)
    for i in range(3 * WINDOW):
        list(timeline.push(Entry(i, i * 40, None, None)))
    with pytest.raises(InvalidArgumentError, match=r"comes too late: pictures after \d+ us"):
        timeline.push(Entry(99, 60, None, None))


def test_memory_is_bounded() -> None:
    timeline = Timeline(True)
    waiting = 0
    for i, pts in enumerate(pyramid(100)):
        waiting += 1 - len(list(timeline.push(Entry(i, pts, None, None))))
        assert waiting <= WINDOW
