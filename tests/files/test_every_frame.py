"""Every frame of every kind of file, by its time: the picture's own bar code says which it is.

Each mode takes a part of the clips, and asks for a few frames of each; `make attack` asks for all
of all clips, and `make frames` prints how many were wrong.
"""

from __future__ import annotations

import functools
import random
import warnings
from collections.abc import Iterator

import attack
import pytest
import suite
from bar_clips import CLIPS, BarClip, prepare
from barcodes import Seen
from every_frame import (
    all_together,
    by_chunk,
    by_moment,
    by_start,
    cost_of,
    faults_of,
    in_windows,
    linear,
    one_by_one,
    opened,
    whole_part,
)

pytestmark = [pytest.mark.attack, pytest.mark.sweep]

ALWAYS = 15  # the first clips are those at which others were measured
_half = CLIPS if not suite.HALF else CLIPS[int(suite.HALF) - 1 :: 2]
_always = [clip for clip in _half if CLIPS.index(clip) < ALWAYS]
_others = [clip for clip in _half if clip not in _always]
HERE = _half if attack.LONG else _always + suite.part(_others, 0.35, "every frame")
every_clip = pytest.mark.parametrize("clip", HERE, ids=repr)
# Times that go back say nothing about which frame is meant.
timed_clip = pytest.mark.parametrize("clip", [c for c in HERE if not c.jumps], ids=repr)


@pytest.fixture(scope="module", autouse=True)
def all_clips() -> None:
    prepare(HERE)


@pytest.fixture(autouse=True)
def warned(clip: BarClip) -> Iterator[None]:
    """A file that was cut off may be complained of; no other."""
    with warnings.catch_warnings():
        if clip.torn:
            warnings.simplefilter("ignore")
        yield


@functools.cache
def frames_of(clip: BarClip) -> list[Seen]:
    if not clip.can_be_read:
        pytest.skip(f"this FFmpeg cannot read {clip}")
    frames, error = linear(clip, threads=1)
    assert error is None or clip.torn, error
    return frames


def some_of(clip: BarClip, few: int) -> list[int]:
    """Choose frames, the first and the last among them; all of them in the long form."""
    count = len(whole_part(clip, frames_of(clip)))
    if attack.LONG:
        few = count
    chance = random.Random(f"{suite.SEED} {clip}")
    chosen = {0, count - 1, *chance.sample(range(count), min(few, count))}
    return chance.sample(sorted(chosen), len(chosen))


@every_clip
def test_a_linear_read_gives_the_frames_that_the_ffmpeg_program_shows(clip: BarClip) -> None:
    assert faults_of(clip, frames_of(clip)) == []


@timed_clip
def test_start_gives_the_frame_of_that_time(clip: BarClip) -> None:
    score = by_start(clip, frames_of(clip), some_of(clip, 5))
    attack.report(f"start: {clip}", score.asked, score.wrong + score.failed, "wrong frames")
    assert score.good, score


@timed_clip
def test_a_range_holds_its_frames_and_no_other(clip: BarClip) -> None:
    frames = frames_of(clip)
    ends = sorted(some_of(clip, 2))
    score = in_windows(clip, frames, [(ends[0], ends[-1]), (ends[len(ends) // 2], ends[-1])])
    assert score.good, score


@timed_clip
def test_a_seek_lands_on_a_key_chunk_that_is_not_later(clip: BarClip) -> None:
    score = by_chunk(clip, frames_of(clip), some_of(clip, 4))
    assert score.good, score


@every_clip
def test_a_video_has_the_frames_of_a_linear_read(clip: BarClip) -> None:
    frames = frames_of(clip)
    with opened(clip) as video:
        assert len(video) == len(frames)
        assert list(video.timestamps) == [frame.timestamp for frame in frames]


@every_clip
def test_a_video_gives_each_frame_by_its_index(clip: BarClip) -> None:
    frames = whole_part(clip, frames_of(clip))
    with opened(clip) as video:
        assert one_by_one(video, frames, some_of(clip, 4)).good
    with opened(clip, cache_bytes=0) as video:
        score = one_by_one(video, frames, some_of(clip, 4)[::-1])
        attack.report(f"index: {clip}", score.asked, score.wrong + score.failed, "wrong frames")
        assert score.good, score


@every_clip
def test_a_video_gives_frames_together_forwards_and_backwards(clip: BarClip) -> None:
    frames = whole_part(clip, frames_of(clip))
    with opened(clip, cache_bytes=0) as video:
        forward = range(len(frames))[-40:]
        for what, indices in (
            ("slice", forward),
            ("reversed", forward[::-1]),
            ("frames", some_of(clip, 8)),
        ):
            score = all_together(video, frames, indices, what)
            assert score.good, score


@timed_clip
def test_a_video_gives_what_is_shown_at_a_time(clip: BarClip) -> None:
    frames = whole_part(clip, frames_of(clip))
    with opened(clip, threads=2) as video:
        score = by_moment(video, frames, some_of(clip, 3))
        assert score.good, score


@every_clip
def test_frames_asked_for_together_decode_no_picture_twice(clip: BarClip) -> None:
    frames_of(clip)
    for few in (3, 20):
        cost = cost_of(clip, some_of(clip, few))
        assert cost.is_good(clip), cost


COSTLY = ("open.mp4", "cut.mp4", "hevc.ts", "mpeg2.mpg", "cut-packed.avi", "mpeg2.gxf", "flv1.swf")


@pytest.mark.parametrize("clip", [c for c in CLIPS if c.name in COSTLY], ids=repr)
def test_one_frame_costs_one_seek_and_its_group_up_to_it(clip: BarClip) -> None:
    prepare([clip])
    with opened(clip) as video:
        count = len(video) - clip.torn
    for index in random.Random(7).sample(range(count), 7):
        cost = cost_of(clip, [index])
        assert (cost.pictures, cost.seeks) == (cost.least_pictures, 1), (index, cost)
