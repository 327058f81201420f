"""The frame pool: bounded, exact, and never silent. Every test holds frames."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from clips import clip

import ffwebcodecs
from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
    FrameCache,
    FramePoolExhaustedError,
    FramePoolWarning,
    InvalidArgumentError,
    VideoDecoder,
    VideoFrame,
    create_image_bitmap,
)
from ffwebcodecs._runtime import pool as pool_module
from ffwebcodecs._runtime.pool import FramePool

CLIP = "h264-bframes.mp4"
PATIENCE = 10.0  # seconds: a bound on waits that normally take milliseconds


def load(count: int | None = None) -> tuple[Any, list[EncodedVideoChunk]]:
    with Demuxer(clip(CLIP)) as demuxer:
        return demuxer.video_config, list(demuxer.chunks())[:count]


class Held:
    """Holds every frame it is given, and says when there are enough."""

    def __init__(self) -> None:
        self.frames: list[VideoFrame] = []
        self.changed = threading.Condition()

    def __call__(self, frame: VideoFrame) -> None:
        with self.changed:
            self.frames.append(frame)
            self.changed.notify_all()

    def wait(self, test: Callable[[], bool]) -> bool:
        with self.changed:
            return self.changed.wait_for(test, PATIENCE)

    def close(self) -> None:
        for frame in self.frames:
            frame.close()


def test_worker_stops_at_the_bound_and_queue_size_shows_the_rest() -> None:
    config, chunks = load()
    held = Held()
    with VideoDecoder(held, pytest.fail, frame_pool_size=4) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        assert held.wait(lambda: len(held.frames) == 4)
        assert decoder.pool.in_use == 4
        assert decoder.decode_queue_size > 0
        # One frame closed lets exactly one more through, in order; and so on to the last.
        done = decoder.flush()
        for index in range(len(chunks)):
            assert held.wait(lambda index=index: len(held.frames) > index)
            assert len(held.frames) <= index + 4
            held.frames[index].close()
        done.result(PATIENCE)
        assert [frame.timestamp for frame in held.frames] == sorted(c.timestamp for c in chunks)
        assert decoder.pool.in_use == 0
        assert decoder.pool.peak == 4
        assert decoder.decode_queue_size == 0


def test_clones_share_a_lease_and_views_hold_none() -> None:
    config, chunks = load(12)
    held = Held()
    with VideoDecoder(held, pytest.fail, frame_pool_size=None) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.flush().result(PATIENCE)
        count = len(held.frames)
        assert decoder.pool[:3] == (None, count, count)
        clones = [frame.clone() for frame in held.frames]
        derived = [VideoFrame(frame, timestamp=0) for frame in clones]
        assert decoder.pool.in_use == count
        held.close()
        assert decoder.pool.in_use == count
        planes = clones[0].planes
        for frame in clones + derived:
            frame.close()
        assert decoder.pool.in_use == 0
        assert len(bytes(planes[0].data)) > 0


def test_no_bound_holds_everything_without_a_word() -> None:
    config, chunks = load()
    held = Held()
    with VideoDecoder(held, pytest.fail, frame_pool_size=None, stall_timeout=0.05) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.flush().result(PATIENCE)
        assert len(held.frames) == decoder.pool.peak == len(chunks)
        held.close()


def test_stall_warns_once_rejects_the_flush_and_goes_on() -> None:
    config, chunks = load()
    held = Held()
    with (
        VideoDecoder(held, pytest.fail, frame_pool_size=3, stall_timeout=0.1) as decoder,
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        with pytest.raises(FramePoolExhaustedError) as failure:
            decoder.flush().result(PATIENCE)
        # Asked for during the same stall: rejected too, but nobody is warned twice.
        with pytest.raises(FramePoolExhaustedError):
            decoder.flush().result(PATIENCE)
        assert [w.category for w in caught] == [FramePoolWarning]
        message = str(failure.value)
        for frame in held.frames:
            assert f"{frame.timestamp} us" in message
        for part in ("3 of 3", "create_image_bitmap", "FrameCache", "frame_pool_size"):
            assert part in message
        assert decoder.state == "configured"
        assert len(held.frames) == 3

        # Frames are closed as they come from here on, and everything arrives.
        again = decoder.flush()
        for index in range(len(chunks)):
            assert held.wait(lambda index=index: len(held.frames) > index)
            held.frames[index].close()
        again.result(PATIENCE)
        assert [frame.timestamp for frame in held.frames] == sorted(c.timestamp for c in chunks)
        # ... and the decoder takes a new run.
        decoder.decode(chunks[0])
        decoder.flush().result(PATIENCE)
        assert len(held.frames) == len(chunks) + 1
        held.close()
        assert len(caught) == 1


def test_two_stalls_are_two_warnings() -> None:
    config, chunks = load()
    held = Held()
    with (
        VideoDecoder(held, pytest.fail, frame_pool_size=2, stall_timeout=0.05) as decoder,
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        for stall in range(2):
            with pytest.raises(FramePoolExhaustedError):
                decoder.flush().result(PATIENCE)
            before = len(held.frames)
            held.frames[stall].close()
            assert held.wait(lambda before=before: len(held.frames) > before)
        assert [w.category for w in caught] == [FramePoolWarning] * 2
    held.close()


def test_full_pool_without_waiting_work_is_no_stall() -> None:
    config, chunks = load(1)
    held = Held()
    with (
        VideoDecoder(held, pytest.fail, frame_pool_size=1, stall_timeout=0.02) as decoder,
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        decoder.configure(config)
        decoder.decode(chunks[0])
        decoder.flush().result(PATIENCE)
        assert decoder.pool.in_use == 1
        # Longer than the timeout, and no work waits: there is nothing to report.
        assert not threading.Event().wait(0.2)
        assert caught == []
        held.close()


@pytest.mark.once
def test_slow_consumer_that_makes_progress_is_not_accused() -> None:
    config, chunks = load(20)
    seen: list[int] = []
    pause = threading.Event()
    kept: list[VideoFrame] = []

    def output(frame: VideoFrame) -> None:
        # Keeps two frames, closes the older one after a while: all together take longer than the
        # timeout, each of them far less than half of it, when a warning would come.
        seen.append(frame.timestamp)
        kept.append(frame)
        if len(kept) == 2:
            threading.Thread(target=close_later, args=(kept.pop(0),)).start()

    def close_later(frame: VideoFrame) -> None:
        pause.wait(0.15)
        frame.close()

    with (
        VideoDecoder(output, pytest.fail, frame_pool_size=2, stall_timeout=2) as decoder,
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.flush().result(PATIENCE)
        assert len(seen) == len(chunks)
        assert caught == []
        for frame in kept:
            frame.close()


def test_pool_recovers_when_frames_are_collected() -> None:
    config, chunks = load()
    held = Held()
    with VideoDecoder(held, pytest.fail, frame_pool_size=2) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        assert held.wait(lambda: len(held.frames) == 2)
        with pytest.warns(ResourceWarning):
            del held.frames[:]
            gc.collect()
            assert held.wait(lambda: len(held.frames) == 2)
        held.close()
        decoder.reset()


def test_reset_and_close_end_a_stall_at_once() -> None:
    config, chunks = load()
    for action in ("reset", "close"):
        held = Held()
        decoder = VideoDecoder(held, pytest.fail, frame_pool_size=1, stall_timeout=60)
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        assert held.wait(lambda held=held: len(held.frames) == 1)
        pending = decoder.flush()
        getattr(decoder, action)()
        with pytest.raises(ffwebcodecs.AbortError):
            pending.result(PATIENCE)
        if action == "reset":
            held.close()
            decoder.configure(config)
            decoder.decode(chunks[0])
            decoder.flush().result(PATIENCE)
            assert len(held.frames) == 2
        decoder.close()
        held.close()


@pytest.mark.parametrize("raw", [True, False])
def test_the_story_of_a_cache_for_thirty_frames_and_a_pool_of_eight(raw: bool) -> None:
    """A clip of 14 frames: keeping the frames stalls and is reported, keeping copies plays on."""
    config, chunks = load(14)
    frames: list[VideoFrame] = []
    with FrameCache(max_frames=30) as cache:
        keep = frames.append if raw else lambda frame: cache.put(frame.timestamp, frame)
        with (
            VideoDecoder(keep, pytest.fail, frame_pool_size=8, stall_timeout=0.2) as decoder,
            warnings.catch_warnings(record=True) as caught,
        ):
            warnings.simplefilter("always")
            decoder.configure(config)
            for chunk in chunks:
                decoder.decode(chunk)
            done = decoder.flush()
            if raw:
                with pytest.raises(FramePoolExhaustedError):
                    done.result(PATIENCE)
                assert len(frames) == decoder.pool.peak == 8
                assert [w.category for w in caught] == [FramePoolWarning]
            else:
                done.result(PATIENCE)
                assert cache.keys() == sorted(c.timestamp for c in chunks)
                assert decoder.pool.peak <= 2
                assert caught == []
    for frame in frames:
        frame.close()


@pytest.mark.parametrize("raw", [True, False])
def test_the_same_story_on_an_event_loop(raw: bool) -> None:
    config, chunks = load(14)
    frames: list[VideoFrame] = []

    async def main() -> None:
        with FrameCache(max_frames=30) as cache:
            keep = frames.append if raw else lambda frame: cache.put(frame.timestamp, frame)
            with VideoDecoder(keep, pytest.fail, frame_pool_size=8, stall_timeout=0.2) as decoder:
                decoder.configure(config)
                for chunk in chunks:
                    decoder.decode(chunk)
                if raw:
                    with pytest.raises(FramePoolExhaustedError), pytest.warns(FramePoolWarning):
                        await decoder.flush()
                else:
                    await decoder.flush()
                    assert len(cache) == 14
                    assert decoder.pool.peak <= 2
        for frame in frames:
            frame.close()

    asyncio.run(asyncio.wait_for(main(), PATIENCE))
    assert len(frames) == (8 if raw else 0)


def test_tracing_names_where_frames_are_held() -> None:
    config, chunks = load(10)
    held = Held()
    here = __file__.rsplit("/", 1)[-1]
    ffwebcodecs.trace_frames(True)
    try:
        with VideoDecoder(held, pytest.fail, frame_pool_size=1, stall_timeout=0.1) as decoder:
            decoder.configure(config)
            decoder.decode(chunks[0])
            decoder.flush().result(PATIENCE)
            clone = held.frames[0].clone()
            line = clone.clone.__func__.__code__.co_firstlineno  # the library's, not ours
            for chunk in chunks:
                decoder.decode(chunk)
            with pytest.raises(FramePoolExhaustedError) as failure, pytest.warns(FramePoolWarning):
                decoder.flush().result(PATIENCE)
            # The clone's line; the callback is an object, so its repr stands for it.
            assert str(failure.value).count(f"{here}:") == 1
            assert "Held object" in str(failure.value)
            assert f"video_frame.py:{line}" not in str(failure.value)
            held.frames[0].close()
            with pytest.raises(FramePoolExhaustedError) as failure:
                decoder.flush().result(PATIENCE)
            assert "Held object" not in str(failure.value)  # closed: only the clone holds it now
            clone.close()
    finally:
        ffwebcodecs.trace_frames(False)
        held.close()


def test_untraced_stall_says_how_to_trace() -> None:
    config, chunks = load()
    held = Held()
    with VideoDecoder(held, pytest.fail, frame_pool_size=1, stall_timeout=0.05) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        with (
            pytest.raises(FramePoolExhaustedError, match=r"trace_frames\(True\)"),
            pytest.warns(FramePoolWarning),
        ):
            decoder.flush().result(PATIENCE)
    held.close()


def test_stats_are_exact_under_threads() -> None:
    config, chunks = load()
    held = Held()
    with VideoDecoder(held, pytest.fail, frame_pool_size=None) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.flush().result(PATIENCE)
        count = len(held.frames)
        stop = threading.Event()
        bad: list[Any] = []

        def watch() -> None:
            while not stop.is_set():
                stats = decoder.pool
                if not 0 <= stats.in_use <= count or stats.peak != count:
                    bad.append(stats)

        def churn() -> None:
            for _ in range(50):
                clones = [frame.clone() for frame in held.frames]
                for clone in clones:
                    clone.close()

        threads = [threading.Thread(target=churn) for _ in range(2)]
        watcher = threading.Thread(target=watch)
        for thread in (watcher, *threads):
            thread.start()
        for thread in threads:
            thread.join()
        stop.set()
        watcher.join()
        assert bad == []
        assert decoder.pool.in_use == count
        halves = [held.frames[::2], held.frames[1::2]]
        closers = [
            threading.Thread(target=lambda part=part: [f.close() for f in part]) for part in halves
        ]
        for thread in closers:
            thread.start()
        for thread in closers:
            thread.join()
        assert decoder.pool.in_use == 0
        assert decoder.pool.oldest_timestamp is None


def test_oldest_frame_is_named() -> None:
    config, chunks = load(8)
    held = Held()
    with VideoDecoder(held, pytest.fail) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.flush().result(PATIENCE)
        assert decoder.pool.capacity == 16
        assert decoder.pool.oldest_timestamp == held.frames[0].timestamp
        held.frames[0].close()
        assert decoder.pool.oldest_timestamp == held.frames[1].timestamp
        age = decoder.pool.oldest_age
        assert age is not None and age >= 0
        held.close()


def test_bitmaps_hold_no_lease() -> None:
    config, chunks = load(4)
    bitmaps = []

    def keep(frame: VideoFrame) -> None:
        with frame:
            bitmaps.append(create_image_bitmap(frame))

    with VideoDecoder(keep, pytest.fail, frame_pool_size=1) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.flush().result(PATIENCE)
        assert decoder.pool.in_use == 0
        decoder.reset()
    assert len(bitmaps) == 4
    for bitmap in bitmaps:
        assert bitmap.to_ndarray().shape == (bitmap.height, bitmap.width, 4)
        bitmap.close()


@pytest.mark.parametrize("size", [0, -1, 1.5, "8", True])
def test_bad_pool_size_is_refused(size: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="frame_pool_size"):
        VideoDecoder(print, print, frame_pool_size=size)


@pytest.mark.parametrize("timeout", [0, -1, float("nan"), "5", None])
def test_bad_stall_timeout_is_refused(timeout: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="stall_timeout"):
        VideoDecoder(print, print, stall_timeout=timeout)


def test_a_lease_with_holders_goes_back_with_the_last_one_that_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # What frames do on interpreters where dropping the last reference does not free at once.
    monkeypatch.setattr(pool_module, "FREES_LATE", True)
    woken: list[None] = []
    pool = FramePool(1)
    lease, first, clone = pool.lend(7), object(), object()
    lease.hold(first)
    lease.hold(clone)
    pool.wake = lambda: woken.append(None)
    lease.let_go(first)
    lease.let_go(first)
    assert (pool.stats().in_use, len(woken)) == (1, 0)
    lease.let_go(clone)
    assert (pool.stats().in_use, pool.room(0), len(woken)) == (0, True, 1)
    del lease
    gc.collect()
    assert (pool.stats().in_use, len(woken)) == (0, 1)
