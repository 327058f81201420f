"""Video: one request after the other, each ahead of the last, decodes each packet once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from bar_clips import BY_NAME, FRAMES
from barcodes import code_of, see
from interrupts import interrupt_at, steps_of

from ffwebcodecs import Demuxer, EncodedVideoChunk, EncodingError, Video
from ffwebcodecs._av import pump

pytestmark = pytest.mark.divided


def bars(name: str) -> Path:
    return BY_NAME[name].path()


def codes(video: Video, indices: Sequence[int]) -> list[int | None]:
    return [code_of(row) for row in video.read(indices, "GRAY8")]


def windows(length: int, stride: int, first: int = 0) -> list[range]:
    return [range(at, min(at + length, FRAMES)) for at in range(first, FRAMES, stride)]


@pytest.mark.parametrize("options", [{"threads": 1, "cache_bytes": 0}, {"threads": 2}], ids=str)
@pytest.mark.parametrize("length", [1, 7, 16])
def test_batches_in_a_row_decode_each_packet_once(length: int, options: dict[str, Any]) -> None:
    with Video(bars("one-group.ts"), **options) as video:
        for indices in windows(length, length):
            assert codes(video, indices) == list(indices)
        stats = video.stats
        # A first request for one frame is a picture for itself: nothing says that more will follow.
        again = 1 if length == 1 else 0
        assert (stats.pictures_decoded, stats.seeks) == (FRAMES + again, 1 + again)
        assert stats.cached_frames == 0


def test_a_row_that_begins_inside_a_group_reads_what_lies_before_it_twice_at_most() -> None:
    with Video(bars("one-group.ts"), threads=1) as video:
        for indices in windows(8, 8, 19):
            assert [see(frame).code for frame in video.frames(indices)] == list(indices)
        assert video.stats.pictures_decoded <= FRAMES + 19 + 8 + 3


def test_strides_forward_decode_no_packet_twice() -> None:
    with Video(bars("one-group.ts"), threads=1) as video:
        for indices in windows(4, 12):
            assert codes(video, indices) == list(indices)
        assert video.stats.pictures_decoded <= FRAMES
    for step in (5, 30):
        with Video(bars("one-group.ts"), threads=1, cache_bytes=0) as video:
            for index in range(0, FRAMES, step):
                assert see(video[index]).code == index
            assert video.stats.pictures_decoded <= FRAMES


@pytest.mark.parametrize("length, stride", [(16, 8), (16, 4), (9, 8)])
def test_windows_that_overlap_keep_what_they_share(length: int, stride: int) -> None:
    with Video(bars("one-group.ts"), threads=1) as video:
        shared = (length - stride) * video._core.store.picture_bytes * 2
        for indices in windows(length, stride):
            assert codes(video, indices) == list(indices)
        # The second begins again, and shows what the others will share.
        assert video.stats.pictures_decoded <= FRAMES + length + stride
    with Video(bars("one-group.ts"), threads=1, cache_bytes=shared) as video:
        for indices in windows(length, stride):
            assert codes(video, indices) == list(indices)
            assert video.stats.cached_bytes <= shared
    with Video(bars("one-group.ts"), threads=1, cache_bytes=0) as video:
        for indices in windows(length, stride):
            assert codes(video, indices) == list(indices)
        assert video.stats.cached_frames == 0


def test_requests_elsewhere_decode_no_packet_ahead() -> None:
    with Video(bars("closed.mp4"), threads=1, cache_bytes=0) as video:
        table = video._core.engine.table
        expected = 0
        for first in (50, 20, 65, 3, 33, 31):
            indices = range(first, first + 4)
            assert codes(video, indices) == list(indices)
            groups = {int(table.starts[index]) for index in indices}
            last = max(int(table.shown[index]) for index in indices)
            expected += last - min(groups) + 1
        assert video.stats.pictures_decoded <= expected


def test_a_row_that_is_left_and_taken_up_again_is_right() -> None:
    with Video(bars("open.ts"), threads=2) as video:
        for indices in windows(6, 6):
            assert codes(video, indices) == list(indices)
            back = indices[0] // 2
            assert see(video[back]).code == back
            assert [see(frame).code for frame in video.frames([back + 1, back])] == [back + 1, back]


@pytest.mark.parametrize("threads", [1, 2])
def test_damage_ahead_is_not_that_of_the_frames_before_it(threads: int) -> None:
    with Demuxer(bars("one-group.ts")) as demuxer:
        config = demuxer.video_config
        assert config is not None
        chunks = list(demuxer.chunks())
    with Video.from_chunks(chunks, config, threads=threads) as video:
        shown = video._core.engine.table.shown
        broken = int(shown[:16].max()) + 1
        lost = shown.tolist().index(broken)
    chunk = chunks[broken]
    chunks[broken] = EncodedVideoChunk(
        type=chunk.type, timestamp=chunk.timestamp, duration=chunk.duration, data=b"\0\0\0\1\x41"
    )
    with Video.from_chunks(chunks, config, threads=threads) as video:
        assert codes(video, range(16)) == list(range(16))
        with pytest.raises(EncodingError, match=f"frame {lost} "):
            video.read([lost])
        assert codes(video, range(16)) == list(range(16))


def test_an_interrupted_request_leaves_nothing_to_go_on_with() -> None:
    with Video(bars("one-group.ts"), threads=1, cache_bytes=0) as video:

        def read(first: int, length: int = 4) -> list[int | None]:
            return [see(frame).code for frame in video.frames(range(first, first + length))]

        assert read(0) == list(range(4))
        steps = steps_of(lambda: read(4))
        assert steps > 200
        for step in range(0, steps, 23):
            first = 8 + step % 50
            assert read(first) == list(range(first, first + 4))
            interrupt_at(step, lambda: read(first + 4))  # noqa: B023
            assert read(first + 4, 6) == list(range(first + 4, first + 10))


def test_a_row_without_the_pump(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pump, "video_run", lambda _plan: None)
    with Video(bars("one-group.ts"), threads=1) as video:
        for indices in windows(16, 16):
            assert codes(video, indices) == list(indices)
        assert video.stats.pictures_decoded == FRAMES
