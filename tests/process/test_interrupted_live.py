"""Live frames that are interrupted, or closed, at any moment: nothing of them is left."""

from __future__ import annotations

import gc
import io
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import attack
import pytest
from clips import clip
from decode_helpers import wait_until
from file_objects import Stream
from handles import live_handles
from interrupting import Moments

from ffwebcodecs import LiveFrames, read_frames, remux

pytestmark = pytest.mark.attack
PLACES = ("_runtime/latest", "files/live_frames", "files/_reading", "files/read_frames")


@pytest.fixture(autouse=True)
def untraced() -> Iterator[None]:
    before = sys.gettrace()
    yield
    sys.settrace(before)


@pytest.fixture(scope="module")
def data() -> bytes:
    file = io.BytesIO()
    remux(clip("h264-bframes.mp4"), file, format="mkv", fragmented=True)
    return file.getvalue()


def nothing_is_left() -> None:
    gc.collect()
    wait_until(
        lambda: (
            not live_handles()
            and not any(each.name == "ffwebcodecs-live" for each in threading.enumerate())
        ),
        "all is closed",
    )


# Ctrl-C between the making of what is closed and its ``with`` leaves it to the collector.
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_interrupt_at_any_moment_leaves_nothing(data: bytes) -> None:
    def work() -> None:
        with read_frames(Stream(data, 3000), live=True) as frames:
            next(frames).close()
            next(frames).close()

    whole = Moments(PLACES)
    whole.during(work)
    nothing_is_left()
    count = min(whole.count, attack.rounds(25, 10_000))
    moments = sorted(attack.dice("interrupted live").sample(range(whole.count), count))
    for at in moments:
        Moments(PLACES, at=at).during(work)
        nothing_is_left()
    attack.report("Ctrl-C in live frames", count, 0, "a thread or a decoder is left")


def test_closing_at_any_moment_ends_all(data: bytes) -> None:
    dice, tries = attack.dice("closed live"), attack.rounds(20, 2_000)
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for _ in range(tries):
            frames: Any = read_frames(Stream(data, 500), live=True)
            assert isinstance(frames, LiveFrames)
            end = time.perf_counter() + dice.random() * 0.02
            while time.perf_counter() < end:
                pass
            closers = [threading.Thread(target=frames.close) for _ in range(dice.randrange(3))]
            for each in closers:
                each.start()
            frames.close()
            for each in closers:
                each.join()
            assert frames.closed
            del frames
    finally:
        sys.setswitchinterval(before)
    nothing_is_left()
    attack.report("live frames closed while they are read", tries, 0, "a crash, a thread left")
