"""Presentation times by arithmetic: no FFmpeg."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from ffwebcodecs._spec.files.reorder import Keys, Reorder, Stamp


def presentation_times(
    dts: Sequence[int | None],
    keys: list[int],
    delay: int,
    *,
    pts: Sequence[int | None] | None = None,
    durations: list[int] | None = None,
    counts: bool = False,
    packed: bool = False,
    step: int = 1,
    origin: int | None = None,
) -> tuple[list[int], list[int | None]]:
    """Return when each picture of a whole stream is shown and decoded, in decoding order."""
    reorder = Reorder(delay, stored=pts is not None, counts=counts, packed=packed, step=step)
    if origin is not None:
        reorder.origin = origin
    pictures = [
        Stamp(key, None if pts is None else pts[i], dts[i], durations[i] if durations else 0)
        for i, key in enumerate(keys)
    ]
    for picture in pictures:
        reorder.push(picture)
    reorder.finish()
    return [each.time or 0 for each in pictures], [each.decoded for each in pictures]


def by_type(types: str) -> list[int]:
    keys = Keys()
    return [keys.by_type(one == "B") for one in types]


def by_count(counts: list[tuple[int, bool]]) -> list[int]:
    keys = Keys()
    return [keys.by_count(count, key) for count, key in counts]


def order(keys: list[int]) -> list[int]:
    return sorted(range(len(keys)), key=keys.__getitem__)


def test_b_pictures_are_shown_before_the_reference_decoded_last() -> None:
    # ISO/IEC 13818-2, 6.1.1.11: its example of coded and of display order.
    assert order(by_type("IPBBPBBIBB")) == [0, 2, 3, 1, 5, 6, 4, 8, 9, 7]


def test_counts_begin_anew_at_key_pictures() -> None:
    coded = [(0, True), (8, False), (4, False), (2, False), (6, False), (0, True), (2, False)]
    assert order(by_count(coded)) == [0, 3, 2, 4, 1, 5, 6]


def test_counts_go_on_at_key_pictures_of_open_groups() -> None:
    coded = [(0, True), (4, False), (2, False), (10, True), (6, False), (8, False)]
    assert order(by_count(coded)) == [0, 2, 1, 4, 5, 3]


def test_key_picture_after_key_picture_is_shown_after_it() -> None:
    assert order(by_count([(0, True), (0, True), (0, True)])) == [0, 1, 2]


def test_packet_without_picture_stays_in_its_place() -> None:
    keys = Keys()
    assert [keys.by_count(None, False), keys.by_count(0, True)] == [0, 0]
    assert keys.by_count(None, False) == 0


def test_first_picture_shown_gets_the_first_decoding_time() -> None:
    times, decoded = presentation_times(list(range(7)), by_type("IPBBPBB"), 1)
    assert times == [0, 3, 1, 2, 6, 4, 5]
    assert decoded == [-1, 0, 1, 2, 3, 4, 5]


def test_gaps_of_the_decoding_times_are_where_the_encoder_saw_them() -> None:
    # Shown at 0, 5, 6, 7 and 11: an encoder decodes each when the one before the last is shown.
    times, _ = presentation_times([-5, 0, 5, 6, 7], by_type("IPBPP"), 1)
    assert [time - times[0] for time in times] == [0, 6, 5, 7, 8]


def test_packed_pictures_are_shown_with_their_packets() -> None:
    times, decoded = presentation_times([0, 3, 4, 5, 6], by_type("IPBBP"), 1, packed=True)
    assert times == [0, 5, 3, 4, 6]
    assert all(d is not None and d <= t for d, t in zip(decoded, times, strict=True))


def test_delay_of_two() -> None:
    keys = by_count([(0, True), (8, False), (4, False), (2, False), (6, False), (10, False)])
    assert presentation_times(list(range(6)), keys, 2)[0] == [0, 4, 2, 1, 3, 5]


def test_without_decoding_times_each_picture_follows_the_one_before() -> None:
    none = [None] * 5
    times, decoded = presentation_times(none, by_type("IPBBP"), 1, durations=[4, 4, 4, 6, 4])
    assert (times, decoded) == ([0, 14, 4, 8, 18], none)
    assert presentation_times(none, by_type("IPBBP"), 1, step=10, origin=7)[0] == [
        7,
        37,
        17,
        27,
        47,
    ]


def test_reference_without_a_time_is_shown_when_the_next_one_is_decoded() -> None:
    pts = [110, None, 120, 130, None, 150, 160]
    dts = [100, 110, 120, 130, 140, 150, 160]
    times, decoded = presentation_times(dts, by_type("IPBBPBB"), 1, pts=pts, durations=[10] * 7)
    assert times == [110, 140, 120, 130, 170, 150, 160]
    assert decoded == dts


def test_stored_times_are_interpolated_where_pictures_are_counted() -> None:
    keys = by_count([(0, True), (6, False), (2, False), (4, False)])
    pts = [100, 190, None, None]
    times = presentation_times([None] * 4, keys, 1, pts=pts, durations=[40] * 4, counts=True)[0]
    assert times == [100, 190, 140, 180]


def test_stream_that_begins_without_a_time_is_counted_back() -> None:
    keys = by_count([(0, True), (6, False), (2, False), (4, False)])
    pts = [None, 170, None, 150]
    times = presentation_times([None] * 4, keys, 2, pts=pts, durations=[20] * 4, counts=True)[0]
    assert times == [110, 170, 130, 150]


def test_pictures_before_the_first_time_wait_for_it() -> None:
    keys = by_count([(0, True), (2, False), (4, False), (6, False)])
    for delay in (0, 1):
        pts = [None, None, 90, None]
        times = presentation_times([None] * 4, keys, delay, pts=pts, step=20, counts=True)[0]
        assert times == [50, 70, 90, 110]
    none = [None] * 3
    assert presentation_times(none, keys[:3], 1, pts=none, step=20)[0] == [0, 20, 40]


def test_delay_that_was_stated_too_small_grows() -> None:
    keys = by_type("IPBBPBBPBB")
    times, _ = presentation_times(list(range(10)), keys, 0)
    assert len(set(times)) == 10
    assert [times[i] for i in (6, 4, 8, 9, 7)] == sorted(times[i] for i in (6, 4, 8, 9, 7))


@pytest.mark.parametrize("seed", range(20))
def test_times_are_the_shown_ones_for_any_order(seed: int) -> None:
    dice = random.Random(seed)
    delay, count = dice.randint(0, 6), 200
    shown = sorted(dice.sample(range(10 * count), count))
    # Pictures move forward in decoding order by `delay` places at most, as decoders allow.
    coded: list[int] = []
    waiting = list(range(count))
    while waiting:
        # Pictures decoded before their turn may not be more than the delay.
        early = sum(one > waiting[0] for one in coded)
        coded.append(waiting.pop(0 if early >= delay else dice.randrange(min(len(waiting), 9))))
    before = [shown[0] - 10 * (delay - i) for i in range(delay)]
    dts = (before + shown)[:count]
    times, decoded = presentation_times(dts, coded, delay)
    moved = times[coded.index(0)] - shown[0]
    by_place = sorted(zip(coded, times, strict=True))
    known = [time - moved for _, time in by_place][: count - delay]
    assert known == shown[: count - delay]
    assert all(d is not None and d <= t for d, t in zip(decoded, times, strict=True))


def test_pictures_wait_no_longer_than_their_order_needs() -> None:
    keys = by_type("IPBBP")
    stamps = [Stamp(key, None, time) for time, key in enumerate(keys)]
    reorder, known = Reorder(1), []
    for stamp in stamps:
        reorder.push(stamp)
        known.append(sum(one.time is not None for one in stamps))
    assert known == [0, 1, 2, 3, 4]
    still = Reorder(0)
    still.push(first := Stamp(0, None, 5))
    assert first.time == 5


def test_a_key_picture_with_the_time_of_a_leading_one_is_shown_after_it() -> None:
    # I B P, then the key picture of an open group with one leading picture, which has its time.
    keys, pts = [0, 8, 4, 16, 12, 20], [0, 20, 10, 30, 30, 50]
    for wrong in (30, 21):
        pts[3] = wrong
        reorder = Reorder(1, stored=True, counts=True, step=10, rises=True)
        pictures = [Stamp(key, time, None, 10) for key, time in zip(keys, pts, strict=True)]
        for picture in pictures:
            reorder.push(picture)
        reorder.finish()
        assert [picture.time for picture in pictures] == [0, 20, 10, 40, 30, 50]


def test_times_that_fall_far_stay_as_they_are() -> None:
    reorder = Reorder(1, stored=True, counts=True, step=10, rises=True)
    pictures = [Stamp(number, time, None, 10) for number, time in enumerate([500, 510, 0, 10])]
    for picture in pictures:
        reorder.push(picture)
    reorder.finish()
    assert [picture.time for picture in pictures] == [500, 510, 0, 10]
