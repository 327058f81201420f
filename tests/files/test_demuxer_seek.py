"""Demuxer: reading on, seeking, and several threads at one file."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from clips import FRAMES, clip
from demux_helpers import NAME, chunks, described, packets

from ffwebcodecs import (
    Demuxer,
    InvalidArgumentError,
    InvalidStateError,
    read_frames,
)

# ---- reading and seeking -------------------------------------------------------------------------


def test_use_after_close() -> None:
    demuxer = Demuxer(clip(NAME))
    running = demuxer.chunks()
    next(running)
    demuxer.close()
    assert demuxer.closed
    for use in (lambda: next(running), demuxer.chunks, lambda: demuxer.seek(0), demuxer.__enter__):
        with pytest.raises(InvalidStateError):
            use()
    assert "closed" in repr(demuxer)


def test_second_iteration_goes_on_where_the_first_stopped() -> None:
    expected = chunks(clip(NAME))
    with Demuxer(clip(NAME)) as demuxer:
        first = demuxer.chunks()
        times = [next(first).timestamp for _ in range(5)]
        times += [chunk.timestamp for chunk in demuxer.chunks()]
        assert times == [timestamp for _, timestamp, _ in expected]
        assert list(demuxer.chunks()) == []
        assert len(list(demuxer.chunks(start=0))) == len(expected)


# Key frames lie at 0, 0.5 and 1 second.
SEEKS = [
    *((0, 0), (1, 0), (499_999, 0), (500_000, 500_000), (500_001, 500_000), (999_999, 500_000)),
    *((1_000_000, 1_000_000), (1_499_999, 1_000_000), (10**9, 1_000_000), (2**62, 1_000_000)),
    *((-1, 0), (-(10**9), 0), (-(2**62), 0)),
]


@pytest.mark.parametrize("name", [NAME, "h264-bframes.mkv", "vp9.webm", "h264-bframes.mov"])
def test_seek_finds_the_last_key_chunk_at_or_before(name: str) -> None:
    times = [timestamp for key, timestamp, _ in packets(clip(name)) if key]
    with Demuxer(clip(name)) as demuxer:
        for target, _ in random.Random(1).sample(SEEKS, len(SEEKS)):
            expected = max([t for t in times if t <= target], default=times[0])
            demuxer.seek(target)
            found = next(demuxer.chunks())
            assert (found.type, found.timestamp) == ("key", expected), target
            found = next(demuxer.chunks(start=target))
            assert (found.type, found.timestamp) == ("key", expected), target


@pytest.mark.parametrize("name", ["h264-bframes.ts", "h264.avi", "vp8.ivf", "h264-bframes.h264"])
def test_seek_to_the_start_works_in_plainer_containers_too(name: str) -> None:
    with Demuxer(clip(name)) as demuxer:
        first = [(c.timestamp, bytes(c.data)) for c in demuxer.chunks()]
        demuxer.seek(0)
        again = [(c.timestamp, bytes(c.data)) for c in demuxer.chunks()]
    assert [data for _, data in again] == [data for _, data in first]
    # FFmpeg 4.3 takes a raw stream's first frame for one of 25 a second, until it knows the rate.
    slack = 10_000 if name.endswith(".h264") else 0
    assert all(abs(a[0] - b[0]) <= slack for a, b in zip(again, first, strict=True))


@pytest.mark.parametrize("value", [None, "0", 0.5, float("nan"), 2**63])
def test_seek_takes_microseconds(value: Any) -> None:
    with Demuxer(clip(NAME)) as demuxer:
        with pytest.raises(InvalidArgumentError):
            demuxer.seek(value)
        assert next(demuxer.chunks()).timestamp == 0


def test_seek_knows_the_start_offset() -> None:
    with Demuxer(clip("h264-offset.mkv")) as demuxer:
        demuxer.seek(12_345_000 + 700_000)
        assert next(demuxer.chunks()).timestamp == 12_845_000
        demuxer.seek(0)
        assert next(demuxer.chunks()).timestamp == 12_345_000


def test_decoding_after_a_seek_gives_the_same_pictures() -> None:
    path = clip(NAME)

    def pictures(frames: Iterator[Any]) -> dict[int, bytes]:
        found = {}
        for frame in frames:
            with frame:
                pixels = bytearray(frame.allocation_size())
                frame.copy_to(pixels)
                found[frame.timestamp] = bytes(pixels)
        return found

    whole = pictures(read_frames(path))
    with Demuxer(path) as demuxer:
        config = demuxer.video_config
        for start in (700_000, 0, 1_100_000):
            part = pictures(read_frames(list(demuxer.chunks(start=start)), config))
            assert part == {t: p for t, p in whole.items() if t >= start // 500_000 * 500_000}


def test_two_threads_share_the_chunks_of_one_demuxer() -> None:
    expected = sorted(chunks(clip(NAME)))
    found: list[tuple[bool, int, int]] = []
    with Demuxer(clip(NAME)) as demuxer:

        def read() -> None:
            found.extend(map(described, demuxer.chunks()))

        threads = [threading.Thread(target=read) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
    assert sorted(found) == expected


def test_close_on_another_thread_while_chunks_are_read() -> None:
    data = clip(NAME).read_bytes()
    for seed in range(50):
        demuxer, count = Demuxer(data), random.Random(seed).randrange(FRAMES)
        ready = threading.Event()

        def close(demuxer: Demuxer = demuxer, ready: threading.Event = ready) -> None:
            ready.wait(10)
            demuxer.close()

        thread = threading.Thread(target=close)
        thread.start()
        try:
            for index, _ in enumerate(demuxer.chunks()):
                if index == count:
                    ready.set()
        except InvalidStateError:
            pass
        ready.set()
        thread.join(10)
        assert not thread.is_alive()
