"""Where a file that is written as it is made is cut: arithmetic alone."""

from __future__ import annotations

import pytest

from ffwebcodecs._spec.files.fragments import FragmentCuts, length_of_index, mime_type
from ffwebcodecs._spec.files.sound_timeline import SoundEntry, SoundTimeline
from ffwebcodecs._spec.files.timeline import Entry, Timeline

STEP = 40_000


def cuts(wanted: int | None, group: int, count: int) -> list[int]:
    """The numbers of the pictures that begin fragments, with a key frame each `group` pictures."""
    plan, found = FragmentCuts(wanted), []
    for number in range(count):
        time, is_key = number * STEP, number % group == 0
        if plan.is_due(time, is_key):
            plan.cut()
            found.append(number)
        plan.note_picture(time, time + STEP, is_key)
    return found


@pytest.mark.parametrize(
    ("wanted", "group", "expected"),
    [
        (None, 25, [25, 50, 75]),
        (1_000_000, 25, [25, 50, 75]),
        (1_500_000, 25, [50]),
        (500_000, 10, [20, 40, 60, 80]),
        # A group of 4 s, cut each second; one of 1 s, cut each 0.48 s, and where it ends.
        (1_000_000, 100, [25, 50, 75]),
        (480_000, 25, [12, 24, 25, 37, 49, 50, 62, 74, 75, 87, 99]),
        (1, 25, list(range(1, 100))),
    ],
)
def test_pictures(wanted: int | None, group: int, expected: list[int]) -> None:
    assert cuts(wanted, group, 100) == expected


def test_sound_behind_the_last_picture_counts_from_its_end() -> None:
    plan = FragmentCuts(None)
    plan.note_picture(0, 3_000_000, True)
    assert not plan.is_due_for_sound(3_900_000)
    assert plan.is_due_for_sound(4_000_000)


def test_init_segment_ends_with_the_index() -> None:
    def box(kind: bytes, size: int, wide: bool = False) -> bytes:
        head = (1 if wide else size).to_bytes(4, "big") + kind
        head += size.to_bytes(8, "big") if wide else b""
        return head + bytes(size - len(head))

    head = box(b"ftyp", 24) + box(b"free", 100, wide=True) + box(b"moov", 300)
    assert length_of_index(head + box(b"moof", 80) + box(b"mdat", 5000)) == len(head)
    assert length_of_index(head) == len(head)


@pytest.mark.parametrize(
    ("codecs", "expected"),
    [
        (["avc1.64001f", "opus"], 'video/mp4; codecs="avc1.64001f, opus"'),
        (["avc1.64001f", "opus", "opus"], 'video/mp4; codecs="avc1.64001f, opus"'),
        (["avc1.64001f", "ffmpeg:dts"], "video/mp4"),
        ([], "video/mp4"),
    ],
)
def test_mime_type(codecs: list[str], expected: str) -> None:
    assert mime_type("video/mp4", codecs) == expected


def test_sound_that_is_hurried_goes_on_where_it_ends() -> None:
    timeline = SoundTimeline(44100)
    times = [round(number * 1024 / 44100 * 1e6) for number in range(6)]
    positions = []
    for number, time in enumerate(times):
        ready = timeline.push(SoundEntry(number, time, 23_220, 1024))
        positions += [] if ready is None else [ready.position]
        if number in (2, 3):
            hurried = timeline.hurry()
            assert hurried is not None
            assert hurried.lasting == 1024
            positions.append(hurried.position)
            assert timeline.hurry() is None
    last = timeline.finish()
    assert last is not None
    assert [*positions, last.position] == [number * 1024 for number in range(6)]
    assert timeline.finish() is None


def test_sound_of_unknown_length_is_not_hurried() -> None:
    timeline = SoundTimeline(44100)
    timeline.push(SoundEntry(0, 0, None, None))
    assert timeline.hurry() is None
    assert timeline.finish() is not None


def test_a_timeline_may_begin_early() -> None:
    timeline = Timeline(True)
    for number in range(3):
        assert list(timeline.push(Entry(number, number * STEP, number * STEP - STEP, STEP))) == []
    timeline.begin()
    assert timeline.started
    assert [each.item for each in timeline.push(Entry(3, 3 * STEP, 2 * STEP, STEP))] == [0, 1, 2]
    assert timeline.last is not None
    assert timeline.last.item == 3
