"""memory_report counts what the process holds; set_memory_limit bounds what its caches keep."""

from __future__ import annotations

import gc
import os
import random
import sys
import threading
from collections.abc import Iterator

import attack
import numpy as np
import pytest
import suite
from clips import clip
from frame_helpers import content, make, pattern
from interrupting import Interrupted, Moments

import ffwebcodecs
from ffwebcodecs import (
    AudioData,
    FrameCache,
    InvalidArgumentError,
    MemoryReport,
    Video,
    VideoFrame,
    memory_report,
    read_frames,
    set_memory_limit,
)

SIZE = 128 * 48 * 3 // 2  # I420, whose rows need no padding


@pytest.fixture(autouse=True)
def no_limit() -> Iterator[None]:
    gc.collect()
    yield
    set_memory_limit(None)


def frame(timestamp: int = 0) -> VideoFrame:
    return make("I420", 128, 48, timestamp=timestamp)


def test_a_report_counts_frames_where_they_are() -> None:
    before = memory_report()  # this thread may have converted something before
    assert before.total == before.bytes["scratch"]
    with FrameCache() as cache:
        held = [frame(number) for number in range(4)]
        report = memory_report()
        assert (report.counts["frames"], report.bytes["frames"]) == (4, 4 * SIZE)
        cache.put("a", held.pop())
        cache.put("b", held.pop())
        report = memory_report()
        assert (report.counts["frames"], report.bytes["frames"]) == (2, 2 * SIZE)
        assert (report.counts["frame caches"], report.bytes["frame caches"]) == (1, 2 * SIZE)
        assert report.total == 4 * SIZE + before.total
        assert (report.droppable, report.limit) == (2 * SIZE, None)
        clone, view = held[0].clone(), held[1].planes[0].data
        for each in held:
            each.close()
        # A view holds the frame's memory, a clone and what it is of have the same.
        assert memory_report().counts["frames"] == 2
        clone.close()
        del clone, view, each
        held.clear()
        assert memory_report().counts["frames"] == 0
    assert memory_report().total == before.total


def test_a_report_counts_chunks_sound_and_scratch_memory() -> None:
    chunk = ffwebcodecs.EncodedVideoChunk(type="key", timestamp=0, data=bytes(1000))
    said = {"sample_rate": 48000, "number_of_frames": 1024, "timestamp": 0}
    two = AudioData(format="s16", number_of_channels=2, data=bytes(4096), **said)
    many = AudioData(format="s16-planar", number_of_channels=10, data=bytes(20480), **said)
    report = memory_report()
    assert (report.counts["chunks"], report.bytes["chunks"]) == (1, 1000)
    assert report.counts["frames"] == 2
    assert 4096 + 20480 <= report.bytes["frames"] < 4096 + 20480 + 11 * 128  # rows are padded
    two.close()
    many.close()
    del chunk
    assert memory_report().bytes["chunks"] == memory_report().bytes["frames"] == 0

    def convert() -> None:
        with make("I444P12", 64, 48) as deep:
            deep.to_ndarray()
        inside.append(memory_report().counts["scratch"])

    inside: list[int] = []
    before = memory_report().counts["scratch"]
    thread = threading.Thread(target=convert)
    thread.start()
    thread.join()
    assert inside == [before + 1]
    gc.collect()
    assert memory_report().counts["scratch"] == before  # it went with the thread


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="no shared memory without names")
def test_slots_of_shared_frames_are_reported_and_never_dropped() -> None:
    with ffwebcodecs.SharedFrames(3, 128, 48, "I420") as shared, frame() as each:
        set_memory_limit(0)
        ticket = shared.put(each)
        report = memory_report()
        assert report.counts["shared frames"] == 1
        assert report.bytes["shared frames"] >= 3 * SIZE
        assert (report.droppable, report.bytes["frames"]) == (0, SIZE)
        with ffwebcodecs.open_shared(ticket) as shown:
            assert content(shown) == pattern("I420", 128, 48)
    assert "shared frames" not in memory_report().bytes


@pytest.mark.once
def test_a_report_is_a_table() -> None:
    report = MemoryReport(
        {"frames": 3110400, "videos": 20}, {"frames": 1, "videos": 1}, 3110420, 20, 99
    )
    assert str(report).splitlines() == [
        "          number            bytes",
        "frames         1        3,110,400",
        "videos         1               20",
        "total                   3,110,420",
        "caches                         20  (limit 99)",
    ]


@pytest.mark.once
@pytest.mark.parametrize("limit", [-1, "1", 1.5, float("nan")])
def test_a_limit_is_bytes_or_none(limit: object) -> None:
    set_memory_limit(12345)
    with pytest.raises(InvalidArgumentError):
        set_memory_limit(limit)  # type: ignore[arg-type]
    assert memory_report().limit == 12345


def test_what_was_used_longest_ago_goes_first_whichever_cache_has_it() -> None:
    with FrameCache() as one, FrameCache() as other:
        for number in range(3):
            one.put(number, frame())
            other.put(number, frame())
        borrowed = one.get(0)
        other.get(1)
        # By use: other 0, one 1, one 2, other 2, one 0, other 1.
        set_memory_limit(4 * SIZE)
        assert (one.keys(), other.keys()) == ([2, 0], [2, 1])
        set_memory_limit(2 * SIZE + 1)
        assert (one.keys(), other.keys()) == ([0], [1])
        one.put(7, frame())
        assert (one.keys(), other.keys()) == ([7], [1])
        assert one.stats.evictions + other.stats.evictions == 5
        set_memory_limit(0)
        assert (one.keys(), other.keys()) == ([], [])
        assert borrowed is not None  # what the program holds is never freed
        assert borrowed.to_ndarray().tobytes() == pattern("I420", 128, 48)
        assert (memory_report().counts["frames"], memory_report().droppable) == (1, 0)
        other.put(8, frame())
        assert other.keys() == []
        set_memory_limit(None)
        other.put(8, frame())
        assert other.keys() == [8]


@pytest.mark.parametrize("limit", [None, 0, 100_000])
def test_a_limit_changes_no_frame_of_a_video(limit: int | None) -> None:
    path = clip("h264-bframes.mp4")
    expected = []
    for each in read_frames(path):
        with each:
            expected.append(content(each))
    order = list(range(len(expected))) * 2
    random.Random(3).shuffle(order)
    set_memory_limit(limit)
    with Video(path) as video:
        for index in order:
            with video[index] as shown:
                assert content(shown) == expected[index]
            if limit is not None:
                assert memory_report().droppable <= limit
        assert (memory_report().bytes["videos"] > 0) == (limit != 0)
        assert memory_report().bytes["videos"] == video.stats.cached_bytes
        video.prefetch(0)
        batch = video.read(order[:20], "GRAY8")
        assert np.array_equal(batch[3], video.read([order[3]], "GRAY8")[0])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_begins_with_zeros() -> None:
    with FrameCache() as cache, frame():
        cache.put(0, frame())
        set_memory_limit(2 * SIZE)
        reading, writing = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                first = memory_report()
                cache.put(1, frame())
                cache.put(2, frame())
                second = memory_report()
                with frame():
                    third = memory_report().counts["frames"]
                said = first.total, first.limit, second.droppable, cache.keys(), third
                os.write(writing, repr(said).encode())
            finally:
                os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as said:
            # What the child adds to is its own.
            assert said.read() == repr((0, 2 * SIZE, 2 * SIZE, [1, 2], 1))
        os.waitpid(child, 0)
        assert (memory_report().counts["frames"], memory_report().droppable) == (1, SIZE)


def test_a_cache_that_is_busy_is_passed_over() -> None:
    inside, go = threading.Event(), threading.Event()

    class Slow:
        def __hash__(self) -> int:
            return 1

        def __eq__(self, other: object) -> bool:
            inside.set()
            return go.wait(10)

    with FrameCache() as busy, FrameCache() as free:
        busy.put(Slow(), frame())
        thread = threading.Thread(target=busy.get, args=(Slow(),))
        thread.start()
        assert inside.wait(10)
        set_memory_limit(SIZE)
        free.put(0, frame())  # would wait for ever for what waits for us
        assert (len(free), memory_report().droppable) == (0, SIZE)
        go.set()
        thread.join(10)


@pytest.mark.attack
def test_threads_that_fill_caches_under_a_changing_limit() -> None:
    rounds = attack.rounds(80, 1500)
    caches = [FrameCache(max_frames=40) for _ in range(3)]
    failures: list[BaseException] = []

    def fill(number: int) -> None:
        choose = random.Random(number)
        try:
            for turn in range(rounds):
                cache = choose.choice(caches)
                cache.put(choose.randrange(60), frame(turn))
                if choose.random() < 0.2:
                    set_memory_limit(choose.choice([None, 0, 5 * SIZE, 30 * SIZE]))
                if choose.random() < 0.2:
                    report = memory_report()
                    assert report.total >= report.droppable >= 0
                found = cache.get(choose.randrange(60))
                assert found is None or found.width == 128
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=fill, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
        assert not thread.is_alive()
    assert failures == []
    set_memory_limit(7 * SIZE)
    report = memory_report()
    assert report.droppable <= 7 * SIZE
    assert report.bytes["frame caches"] == sum(len(cache) for cache in caches) * SIZE
    for cache in caches:
        cache.close()


@pytest.mark.once
@pytest.mark.skipif(hasattr(sys, "pypy_version_info"), reason="traces opcodes of CPython")
def test_an_interrupt_at_any_moment_leaves_no_lock_and_counts_right() -> None:
    step = attack.rounds(4, 1)
    at = suite.SEED % step
    while True:
        with FrameCache() as one, FrameCache() as other:
            for number in range(3):
                one.put(number, frame())
                other.put(number, frame())
            moments = Moments(("_runtime", "frames/frame_cache"), at)
            sys.settrace(moments.trace)
            try:
                set_memory_limit(3 * SIZE)
            except Interrupted:
                pass
            finally:
                sys.settrace(None)
            set_memory_limit(2 * SIZE)
            assert len(one) + len(other) == 2
            assert memory_report().droppable == 2 * SIZE
            thread = threading.Thread(target=lambda: [len(one), len(other)])
            thread.start()
            thread.join(5)
            assert not thread.is_alive(), moments.where
            set_memory_limit(None)
        if moments.count <= at:
            break
        at += step
    assert at > 20
