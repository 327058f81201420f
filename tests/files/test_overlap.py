"""`Video.read` decodes the next picture while the last one is converted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from clips import Clip
from interrupts import interrupt_at, steps_of

from ffwebcodecs import EncodingError, InvalidArgumentError, Video, VideoDecoderConfig
from ffwebcodecs._av.scale.sharing import cores
from ffwebcodecs.files.demuxer import Demuxer

# A codec whose decoder has no threads.
FLV = Clip("one-thread.flv", "flv", "-g", "15")
NAME = "ffwebcodecs-prefetch"

needs_cores = pytest.mark.skipif(cores() < 2, reason="one core has nobody to help")


@pytest.fixture(scope="module")
def path() -> Path:
    return FLV.path()


@pytest.fixture(autouse=True)
def nobody_is_left() -> Iterator[None]:
    yield
    assert NAME not in {thread.name for thread in threading.enumerate()}


@needs_cores
def test_frames_are_those_of_one_thread(path: Path) -> None:
    with Video(path, threads=1) as one, Video(path) as other:
        for indices in ([*range(20)], [30, 2, 2, 17], [5]):
            wanted = one.read(indices, width=96, height=64)
            assert (other.read(indices, width=96, height=64) == wanted).all()
            assert (other.read(indices, width=96, height=64, threads=1) == wanted).all()


def test_an_error_of_the_conversion_ends_it(path: Path) -> None:
    with Video(path) as video:
        with pytest.raises(InvalidArgumentError, match="shape"):
            video.read(range(20), out=np.empty((20, 1, 1, 3), np.uint8))
        assert len(video.read(range(3))) == 3


def test_a_frame_that_cannot_be_decoded_is_named_after_those_before_it(path: Path) -> None:
    with Demuxer(path) as demuxer:
        config = demuxer.video_config
        chunks = list(demuxer.chunks())
    kind = type(chunks[0])
    chunks[5] = kind(
        type="delta", timestamp=chunks[5].timestamp, duration=chunks[5].duration, data=b"\0" * 40
    )
    assert isinstance(config, VideoDecoderConfig)
    for threads in (None, 1):
        with Video.from_chunks(chunks, config, threads=threads) as video:
            out = np.zeros((8, video[0].coded_height, video[0].coded_width, 3), np.uint8)
            with pytest.raises(EncodingError, match="frame 5"):
                video.read(range(8), out=out)
            assert out[4].any()
            assert not out[5:].any()


@needs_cores
def test_interrupts_leave_nobody_behind(path: Path) -> None:
    with Video(path, cache_bytes=0) as video:
        wanted = video.read(range(4), width=32, height=32)

        def call() -> None:
            video.read(range(4), width=32, height=32)

        for step in range(0, steps_of(call), 29):
            interrupt_at(step, call)
            assert (video.read(range(4), width=32, height=32) == wanted).all()


def threads_of(video: Video, threads: int | None) -> set[str]:
    """Return the names of the threads that ran Python while frames were read."""
    names: set[str] = set()
    threading.setprofile(lambda *_: names.add(threading.current_thread().name))
    try:
        video.read(range(6), threads=threads)
    finally:
        threading.setprofile(None)
    return names


def test_one_thread_stays_one(path: Path) -> None:
    for own, threads in ((1, None), (None, 1), (1, 1)):
        with Video(path, threads=own) as video:
            assert NAME not in threads_of(video, threads)


@needs_cores
def test_another_thread_decodes(path: Path) -> None:
    with Video(path) as video:
        assert NAME in threads_of(video, None)
