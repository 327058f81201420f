"""read_frames: which frames it gives, and who owns them."""

from __future__ import annotations

import gc

import pytest
from clips import FRAMES, clip, framemd5

import ffwebcodecs
from ffwebcodecs import Demuxer, read_frames

NAME = "h264-bframes.mp4"


def times(**options: int) -> list[int]:
    found = []
    for frame in read_frames(clip(NAME), **options):
        with frame:
            found.append(frame.timestamp)
    return found


def all_times() -> list[int]:
    return [frame.timestamp for frame in framemd5(clip(NAME))]


def test_start_skips_to_the_first_frame_at_or_after_it() -> None:
    # 0.7 s is no key frame: what lies between the key frame and it is decoded, not given.
    assert times(start=700_000) == [t for t in all_times() if t >= 700_000]


def test_stop_is_excluded() -> None:
    assert times(stop=all_times()[10]) == all_times()[:10]


def test_step_takes_every_nth_frame() -> None:
    assert times(step=7) == all_times()[::7]


def test_start_stop_and_step_combine() -> None:
    inside = [t for t in all_times() if 300_000 <= t < 1_000_000]
    assert times(start=300_000, stop=1_000_000, step=3) == inside[::3]


def test_start_after_the_end_gives_nothing() -> None:
    assert times(start=10_000_000) == []


@pytest.mark.parametrize("step", [0, -1])
def test_step_must_be_positive(step: int) -> None:
    with pytest.raises(ffwebcodecs.InvalidArgumentError, match=str(step)):
        times(step=step)


def test_chunks_with_a_config_read_as_a_file_does() -> None:
    with Demuxer(clip(NAME)) as demuxer:
        config = demuxer.video_config
        chunks = list(demuxer.chunks())
    count = 0
    for frame in read_frames(chunks, config):
        frame.close()
        count += 1
    assert count == FRAMES


def test_dropped_frames_free_their_memory_without_a_warning() -> None:
    # Warnings are errors here; the loop keeps one frame at a time.
    highest = 0
    for _ in read_frames(clip(NAME)):
        highest = max(highest, ffwebcodecs.open_handles()["frame"])
    assert highest < FRAMES


def test_leaving_the_loop_early_frees_the_decoder() -> None:
    for frame in read_frames(clip(NAME)):
        frame.close()
        break
    gc.collect()
    assert not any(ffwebcodecs.open_handles().values())


def test_frames_outlive_the_generator() -> None:
    kept = list(read_frames(clip(NAME), stop=300_000))
    assert len(kept) == 9
    for frame, expected in zip(kept, all_times(), strict=False):
        assert frame.timestamp == expected
        frame.close()


def test_closing_a_frame_frees_it_while_the_loop_waits() -> None:
    for frame in ffwebcodecs.read_frames(clip("h264-bframes.mp4"), threads=1):
        held = ffwebcodecs.open_handles()["frame"]
        frame.close()
        # What is left is the decoder's own spare, if any: not the frame that was closed.
        assert ffwebcodecs.open_handles()["frame"] == held - 1
