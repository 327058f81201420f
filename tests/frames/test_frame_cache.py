"""FrameCache: copies with one owner; the originals are closed at once, whatever happens."""

from __future__ import annotations

import random
import threading
from typing import Any

import numpy as np
import pytest

import ffwebcodecs
from ffwebcodecs import (
    FrameCache,
    ImageBitmap,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    QuotaExceededError,
    VideoFrame,
)

I420_BYTES = 16 * 16 * 3 // 2
RGBA_BYTES = 16 * 16 * 4


def frame(value: int = 0, format: str = "I420") -> VideoFrame:
    """A 16 x 16 frame, every byte of it `value`."""
    size = {"I420": I420_BYTES, "RGBA": RGBA_BYTES, "I420AP12": 16 * 16 * 5}[format]
    pixels = bytes([value]) * size
    return VideoFrame(pixels, format=format, coded_width=16, coded_height=16, timestamp=value)


def value_of(bitmap: ImageBitmap | None) -> int:
    assert bitmap is not None
    array = bitmap.to_ndarray()
    assert (array == array.flat[0]).all()
    return int(array.flat[0])


def live() -> int:
    return ffwebcodecs.open_handles()["frame"]


def test_put_closes_the_frame_and_keeps_its_pixels() -> None:
    with FrameCache() as cache:
        original = frame(7)
        cache.put("seven", original)
        assert original.closed
        assert "seven" in cache
        assert len(cache) == 1
        assert value_of(cache.get("seven")) == 7
        assert cache.get("eight") is None


def test_own_format_is_kept_unless_another_is_asked_for() -> None:
    with FrameCache() as own, FrameCache(format="RGBA") as rgba:
        own.put(0, frame())
        rgba.put(0, frame())
        assert own.stats.bytes == I420_BYTES
        assert rgba.stats.bytes == RGBA_BYTES
        kept = own.get(0), rgba.get(0)
        assert [bitmap.format for bitmap in kept if bitmap] == ["I420", "RGBA"]


def test_least_recently_used_goes_first() -> None:
    with FrameCache(max_frames=3) as cache:
        for key in range(3):
            cache.put(key, frame(key))
        assert cache.get(0) is not None
        cache.put(3, frame(3))
        assert cache.keys() == [2, 0, 3]
        cache.put(2, frame(9))  # a new one under an old key counts as used, and evicts nothing
        assert cache.keys() == [0, 3, 2]
        assert value_of(cache.get(2)) == 9
        assert cache.stats[:2] == (3, 3 * I420_BYTES)
        assert cache.stats.evictions == 1


def test_bytes_are_bounded() -> None:
    with FrameCache(max_bytes=3 * I420_BYTES) as cache:
        for key in range(10):
            cache.put(key, frame(key))
            assert cache.stats.bytes <= 3 * I420_BYTES
        assert cache.keys() == [7, 8, 9]
        cache.put("large", frame(0, "RGBA"))  # takes the room of two of them and more
        assert cache.keys() == ["large"]
        assert cache.stats.evictions == 10


def test_frame_larger_than_the_cache_is_refused_and_closed() -> None:
    with FrameCache(max_bytes=I420_BYTES) as cache:
        cache.put(0, frame(1))
        large = frame(0, "RGBA")
        with pytest.raises(QuotaExceededError, match=f"{RGBA_BYTES} bytes.*{I420_BYTES}"):
            cache.put(1, large)
        assert large.closed
        assert cache.keys() == [0]


def test_frame_is_closed_when_the_copy_fails() -> None:
    with FrameCache(format="RGBA") as cache:
        odd = frame(0, "I420AP12")  # libswscale does not know it
        with pytest.raises(NotSupportedError):
            cache.put(0, odd)
        assert odd.closed
        unhashable = frame()
        with pytest.raises(InvalidArgumentError, match="hashable"):
            cache.put([], unhashable)  # type: ignore[arg-type]
        assert unhashable.closed
        assert len(cache) == 0
    late = frame()
    with pytest.raises(InvalidStateError):
        cache.put(0, late)
    assert late.closed


def test_closed_frame_is_refused() -> None:
    with FrameCache() as cache:
        closed = frame()
        closed.close()
        with pytest.raises(InvalidStateError):
            cache.put(0, closed)
        with pytest.raises(InvalidArgumentError):
            cache.put(0, "frame")  # type: ignore[arg-type]


def test_borrowed_bitmap_and_its_views_outlive_eviction_and_close() -> None:
    with FrameCache(max_frames=1) as cache:
        cache.put(0, frame(5))
        borrowed = cache.get(0)
        assert borrowed is not None
        view = borrowed.to_ndarray()
        cache.put(1, frame(6))  # evicts the first
        assert value_of(borrowed) == 5
        assert live() == 2
        del borrowed
        assert live() == 2  # the view alone keeps the memory
        assert (view == 5).all()
        del view
        assert live() == 1
        last = cache.get(1)
    assert value_of(last) == 6


def test_borrower_that_closes_does_no_harm() -> None:
    with FrameCache() as cache:
        cache.put(0, frame(3))
        first = cache.get(0)
        assert first is not None
        first.close()
        assert value_of(cache.get(0)) == 3


def test_pop_hands_over_ownership() -> None:
    with FrameCache() as cache:
        cache.put(0, frame(4))
        mine = cache.pop(0)
        assert mine is not None
        assert cache.pop(0) is None
        assert cache.stats.bytes == 0
    assert value_of(mine) == 4
    mine.close()
    with FrameCache() as cache:
        cache.put(0, frame(4))
        with pytest.warns(ResourceWarning):
            cache.pop(0)  # dropped unclosed: a mistake again


def test_clear_and_close_free_at_once() -> None:
    cache = FrameCache()
    for key in range(5):
        cache.put(key, frame(key))
    assert live() == 5
    cache.clear()
    assert live() == 0
    cache.put(0, frame())
    cache.close()
    cache.close()
    assert live() == 0
    assert cache.closed
    for use in (lambda: cache.get(0), lambda: cache.pop(0), cache.keys, cache.clear):
        with pytest.raises(InvalidStateError):
            use()
    with pytest.raises(InvalidStateError):
        assert 0 in cache
    assert len(cache) == 0


def test_dropped_cache_frees_everything_in_silence() -> None:
    cache = FrameCache()
    cache.put(0, frame())
    del cache
    assert live() == 0


def test_stats_count_hits_misses_and_evictions() -> None:
    with FrameCache(max_frames=2, max_bytes=10**6) as cache:
        for key in range(4):
            cache.put(key, frame(key))
        for key in range(4):
            cache.get(key)
        assert cache.stats == (2, 2 * I420_BYTES, 2, 10**6, 2, 2, 2)


def test_bitmap_becomes_a_frame_again() -> None:
    with FrameCache() as cache:
        cache.put(0, frame(8))
        bitmap = cache.get(0)
        assert bitmap is not None
        with VideoFrame(bitmap, timestamp=99) as again:
            pixels = bytearray(again.allocation_size())
            again.copy_to(pixels)
            assert pixels == bytes([8]) * I420_BYTES
            assert again.timestamp == 99


@pytest.mark.parametrize("bound", [0, -1, 2.5, "3", float("inf")])
def test_bad_bounds_are_refused(bound: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="max_frames"):
        FrameCache(max_frames=bound)
    with pytest.raises(InvalidArgumentError, match="max_bytes"):
        FrameCache(max_bytes=bound)
    with pytest.raises(InvalidArgumentError):
        FrameCache(format="I42O")


def test_threads_share_a_cache() -> None:
    cache = FrameCache(max_frames=8)
    wrong: list[str] = []

    def work(seed: int) -> None:
        dice = random.Random(seed)
        for _ in range(1500):
            key = dice.randrange(16)
            action = dice.randrange(8)
            if action < 3:
                cache.put(key, frame(key))
            elif action < 7:
                bitmap = cache.get(key)
                if bitmap is not None:
                    pixels = bitmap.to_ndarray()
                    if not np.all(pixels == key):
                        wrong.append(f"{key}: {pixels.flat[0]}")
            else:
                mine = cache.pop(key)
                if mine is not None:
                    mine.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    stats = cache.stats
    assert stats.frames == len(cache.keys()) <= 8
    assert stats.bytes == stats.frames * I420_BYTES
    cache.close()
