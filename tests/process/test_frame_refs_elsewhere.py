"""References in other processes: spawned, forked, ended; and interrupted ones."""

from __future__ import annotations

import gc
import multiprocessing
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import attack
import pytest
from bar_clips import BY_NAME, FRAMES
from barcodes import see
from clips import ROOT
from handles import live_handles
from interrupting import Moments

from ffwebcodecs import FrameRef, Video
from ffwebcodecs.files._open_videos import VIDEOS

forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")


@pytest.fixture(autouse=True)
def nothing_stays_open() -> Iterator[None]:
    yield
    FrameRef.clear_cache()


def whole(name: str = "closed.mp4") -> FrameRef:
    with Video(BY_NAME[name].path()) as video:
        return video.ref


def code(ref: FrameRef) -> int:
    return see(ref.open()).code


def codes(ref: FrameRef) -> list[int]:
    return [see(frame).code for frame in ref.frames()]


@pytest.mark.slow
@pytest.mark.once
def test_a_spawned_worker_opens_them() -> None:
    ref = whole()
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        assert list(pool.map(code, ref[::9], chunksize=3)) == list(range(0, FRAMES, 9))
        assert pool.submit(codes, ref[70:40:-4]).result() == list(range(70, 40, -4))


QUIET = """
import warnings
warnings.simplefilter("error")
warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12: fork with threads
"""
FORK = """
import gc, os, signal, sys, threading
sys.path.insert(0, "tests/support")
signal.alarm(60)
from barcodes import see
import ffwebcodecs as w
from ffwebcodecs.files._open_videos import VIDEOS
paths = sys.argv[1:]
refs = []
for path in paths:
    with w.Video(path) as video: refs.append(video.ref)
def code(ref): return see(ref.open()).code
def check(seed):
    for ref in refs:
        for number in range(seed % 7, len(ref), 37): assert code(ref[number]) == number, number
check(1)
video, index = VIDEOS.video(refs[0]._source), VIDEOS.index(refs[0]._source)
frames = refs[1][10:].frames()
assert see(next(frames)).code == 10
go_on = True
def work():
    while go_on: check(2)
threads = [threading.Thread(target=work, daemon=True) for _ in range(2)] if THREADS else []
for each in threads: each.start()
children = []
for seed in range(3):
    pid = os.fork()
    if pid == 0:
        signal.alarm(30)
        threads = []
        if seed == 2: os._exit(0)
        try:
            for each in frames: each.close()  # some have come out already
        except w.InvalidStateError as error:
            assert "belongs to the process that made it" in str(error), error
        else:
            raise AssertionError("not refused")
        check(seed)
        assert VIDEOS.index(refs[0]._source) is index
        assert VIDEOS.video(refs[0]._source) is not video
        w.FrameRef.clear_cache()
        del video, frames
        gc.collect()
        # What threads held that are not here stays.
        assert THREADS or not any(w.open_handles().values()), w.open_handles()
        check(seed + 3)
        if seed == 0: os._exit(0)
        sys.exit(0)
    children.append(pid)
for pid in children:
    assert os.waitpid(pid, 0)[1] == 0
go_on = False
for each in threads: each.join()
assert [see(each).code for each in frames] == list(range(11, 75))
check(5)
assert THREADS or VIDEOS.video(refs[0]._source) is video
del video, frames
w.FrameRef.clear_cache()
gc.collect()
assert not any(w.open_handles().values()), w.open_handles()
print("unharmed")
"""
EXIT = """
import sys
sys.path.insert(0, "tests/support")
import ffwebcodecs as w, atexit, threading
with w.Video(sys.argv[1]) as video: ref = video.ref
def late(): print(ref[5].read().shape)
if HOW == "atexit": atexit.register(late)
ref[3].open().close()
if HOW == "atexit": atexit.register(late)
frames = ref.frames()
next(frames).close()
kept = [ref[9].open()]
kept[0].close()
if HOW == "atexit":  # which waits for it
    threading.Thread(target=lambda: [each.close() for each in ref.frames()]).start()
if HOW == "daemon":
    threading.Thread(target=lambda: [ref[n % 70].open().close() for n in range(10**6)],
                     daemon=True).start()
"""


def run(script: str, *arguments: object) -> str:
    done = subprocess.run(
        [sys.executable, "-c", QUIET + script, *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@forks
@pytest.mark.slow
@pytest.mark.divided
@pytest.mark.parametrize("threads", [False, True])
def test_a_forked_child_opens_its_own_and_harms_nobody(threads: bool) -> None:
    paths = [BY_NAME[name].path() for name in ("closed.mp4", "open.ts")]
    assert run(f"THREADS = {threads}\n{FORK}", *paths) == "unharmed\n"


@pytest.mark.slow
@pytest.mark.divided
@pytest.mark.parametrize("how", ["atexit", "daemon"])
def test_the_end_of_the_interpreter_closes_all_without_a_word(how: str) -> None:
    said = run(f"HOW = {how!r}\n{EXIT}", BY_NAME["closed.mp4"].path())
    assert said == (2 * "(64, 64, 3)\n" if how == "atexit" else "")


WAYS: dict[str, Callable[[FrameRef], object]] = {
    "open": lambda ref: ref[5].open().close(),
    "frames": lambda ref: codes(ref[5:9]),
    "read": lambda ref: ref[5:7].read(),
    "twice": lambda ref: (code(ref[5]), code(ref[6])),
}


@pytest.mark.attack
@pytest.mark.divided
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # of the frame that nobody got
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_leaves_nothing_open_and_the_next_opening_is_right(way: str) -> None:
    ref, other = whole(), whole("open.ts")
    FrameRef.set_cache(max_open=1)
    mine = ("files/_open_videos", "files/frame_ref", "files/_frame_source", "files/_source_digest")

    def call() -> None:
        code(other[2])
        WAYS[way](ref)

    counted = Moments(mine)
    counted.during(call)
    FrameRef.clear_cache()
    tries = min(attack.rounds(4, 1000), counted.count)
    failed = []
    for at in attack.dice(f"references {way}").sample(range(counted.count), tries):
        moment = Moments(mine, at)
        moment.during(call)
        gc.collect()
        if len(VIDEOS._entries) > 1 or live_handles().get("format_context", 0) > 1:
            failed.append(f"{moment.where}: {live_handles()}")
        if code(ref[20]) != 20 or code(other[30]) != 30:
            failed.append(f"{moment.where}: wrong")
        FrameRef.clear_cache()
        gc.collect()
        if live_handles():
            failed.append(f"{moment.where}: {live_handles()} left")
    FrameRef.set_cache(max_open=8)
    attack.report(f"Ctrl-C while a reference is opened: {way}", tries, len(failed), "files left")
    assert not failed


def resident() -> int:
    """Return the bytes of memory that this process has, shared ones too."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def go_through(refs: list[FrameRef], seed: int, step: int) -> list[int]:
    """Open a frame of each file, in an order of its own; return the memory after each `step`."""
    FrameRef.set_cache(max_open=4, max_bytes=8 << 20)
    dice, sizes = random.Random(seed), []
    for done, ref in enumerate(dice.sample(refs, len(refs)), 1):
        number = dice.randrange(FRAMES)
        assert code(ref[number]) == number
        if done % step == 0:
            sizes.append(resident())
    return sizes


@forks
@pytest.mark.slow
@pytest.mark.attack
@pytest.mark.skipif(not os.path.exists("/proc/self/statm"), reason="no /proc")
def test_the_memory_of_workers_stays_flat_over_many_files(tmp_path: Path) -> None:
    count, workers, step = attack.rounds(12, 1000), attack.rounds(1, 8), attack.rounds(4, 100)
    refs = []
    for number in range(count):
        name = ("closed.mp4", "open.ts", "closed.mkv")[number % 3]
        path = tmp_path / f"{number}{Path(name).suffix}"
        shutil.copy(BY_NAME[name].path(), path)
        with Video(path, threads=1) as video:
            refs.append(video.ref)
    with multiprocessing.get_context("fork").Pool(workers) as pool:
        found = pool.starmap(go_through, [(refs, seed, step) for seed in range(workers)], 1)
    grown = [max(sizes) / sizes[0] for sizes in found]
    attack.report(
        f"{count} files through references in {workers} workers",
        workers,
        sum(each > 1.05 for each in grown),
        "memory grown",
    )
    assert max(grown) <= 1.05, found
