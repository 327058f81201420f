"""Video: several threads, decoding ahead, closing in the middle, forks, the interpreter's end."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bar_clips import BY_NAME, FRAMES, STEP
from barcodes import see

from ffwebcodecs import InvalidArgumentError, InvalidStateError, Video

WAIT = 30  # seconds that nothing takes


def bars(name: str) -> Path:
    return BY_NAME[name].path()


@pytest.fixture
def video() -> Iterator[Video]:
    with Video(bars("open.ts")) as opened:
        yield opened


def settle(video: Video) -> None:
    """Wait until what works ahead has ended."""
    ahead = video._core.ahead
    if ahead is not None:
        ahead.wait(WAIT)
        assert not ahead.thread.is_alive()


@pytest.mark.parametrize("cache_bytes", [0, 50_000, 1 << 28])
def test_threads_share_a_video(cache_bytes: int) -> None:
    def work(seed: int) -> list[tuple[int, int]]:
        order = random.Random(seed).choices(range(FRAMES), k=25)
        if seed % 3 == 0:
            return [(index, see(video[index]).code) for index in order]
        if seed % 3 == 1:
            return list(zip(order, (see(frame).code for frame in video.frames(order)), strict=True))
        return list(enumerate((see(frame).code for frame in video[20:45]), 20))

    with Video(bars("open.ts"), cache_bytes=cache_bytes) as video, ThreadPoolExecutor(4) as pool:
        results = list(pool.map(work, range(9)))
    assert sum(map(len, results)) == 9 * 25
    assert all(index == code for result in results for index, code in result)


def test_what_is_prefetched_needs_no_decoding(video: Video) -> None:
    begin = int(video.timestamps[0])
    video.prefetch(begin + 30 * STEP, before=5 * STEP, after=10 * STEP)
    settle(video)
    decoded = video.stats.pictures_decoded
    assert decoded > 0
    assert video.stats.cached_frames == 16
    assert video.stats.frames_given == 0
    for index in (30, 25, 40, 33):
        assert see(video[index]).code == index
    with video.at(begin + 30 * STEP) as frame:
        assert frame.timestamp == begin + 30 * STEP
    assert video.stats.pictures_decoded == decoded
    assert video.stats.cache_hits == 5


def test_what_is_shown_at_the_time_comes_first(video: Video) -> None:
    begin = int(video.timestamps[0])
    video.prefetch(begin + 12 * STEP + 7, before=0, after=0)
    settle(video)
    assert 12 in video._core.store
    video.prefetch(10**12)  # where nothing is
    settle(video)


def test_prefetching_stays_within_the_bytes() -> None:
    with Video(bars("open.ts"), cache_bytes=60_000) as video:
        begin = int(video.timestamps[0])
        video.prefetch(begin + 40 * STEP, before=40 * STEP, after=40 * STEP)
        settle(video)
        stats = video.stats
        assert 30_000 < stats.cached_bytes <= 60_000
        kept = [index for index in range(FRAMES) if index in video._core.store]
        assert 40 in kept
        assert len(kept) == stats.cached_frames
    with Video(bars("open.ts"), cache_bytes=0) as video:
        video.prefetch(begin, after=10 * STEP)
        settle(video)
        assert video.stats.pictures_decoded == 0


def test_the_next_call_calls_it_off(video: Video) -> None:
    begin = int(video.timestamps[0])
    for turn in range(12):
        video.prefetch(begin + turn * 6 * STEP, before=20 * STEP, after=20 * STEP)
        first = video._core.ahead
        index = (turn * 31 + 40) % FRAMES
        assert see(video[index]).code == index
        assert first.thread.ident is not None
    settle(video)
    assert [see(frame).code for frame in video[::9]] == list(range(0, FRAMES, 9))


def test_wrong_spans_are_refused(video: Video) -> None:
    for spans in ({"before": -1}, {"after": "long"}):
        with pytest.raises(InvalidArgumentError):
            video.prefetch(0, **spans)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError):
        video.prefetch("now")  # type: ignore[arg-type]
    assert video._core.ahead is None


def use_until_closed(video: Video, ready: threading.Event, ends: list[BaseException]) -> None:
    try:
        while True:
            for frame in video:
                frame.close()
                ready.set()
    except BaseException as error:
        ends.append(error)


def test_closing_ends_what_other_threads_do() -> None:
    for _ in range(5):
        video = Video(bars("open.ts"), cache_bytes=0)
        ready = threading.Event()
        ends: list[BaseException] = []
        arguments = video, ready, ends
        threads = [threading.Thread(target=use_until_closed, args=arguments) for _ in range(2)]
        for thread in threads:
            thread.start()
        assert ready.wait(WAIT)
        video.prefetch(0, after=10**9)
        video.close()
        for thread in threads:
            thread.join(WAIT)
            assert not thread.is_alive()
        assert [type(end) for end in ends] == [InvalidStateError] * 2


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_fork_has_the_kept_frames_and_no_file() -> None:
    code = """
import os, sys, warnings
warnings.simplefilter("ignore", DeprecationWarning)
from ffwebcodecs import InvalidStateError, Video
video = Video(sys.argv[1])
video[7].close()
child = os.fork()
if child == 0:
    try:
        with video[7] as frame:
            good = frame.to_ndarray("GRAY8").shape == (64, 64)
        try:
            video[60]
        except InvalidStateError as error:
            good = good and "process that made it" in str(error)
        else:
            good = False
        video.close()
        os._exit(0 if good else 3)
    except BaseException as error:
        print(repr(error), flush=True)
        os._exit(4)
_, status = os.waitpid(child, 0)
with video[60] as frame:
    assert frame.timestamp == video.timestamps[60]
video.close()
sys.exit(os.waitstatus_to_exitcode(status))
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code, bars("open.ts")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_interpreter_ends_while_it_works_ahead() -> None:
    code = """
import sys
from ffwebcodecs import Video
video = Video(sys.argv[1])
sys.keep = video, iter(video), video[3]
other = Video(sys.argv[1])
other.prefetch(0, after=10**9)
sys.modules["other"] = other  # goes when nothing can be imported any more
next(sys.keep[1]).close()
video.prefetch(0, after=10**9)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, bars("open.ts")],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
