"""Interrupts, forks and the end of the interpreter while somebody waits for room in a queue."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator

import attack
import pytest
from clips import VPX, Clip, clip
from decode_helpers import TIMEOUT
from interrupting import Interrupted, Moments
from queue_helpers import Caller, Queued

pytestmark = pytest.mark.slow

FILM = Clip("vp8-64x64-500.webm", "libvpx", *VPX, size="64x64", frames=500)


@pytest.fixture(autouse=True)
def untraced() -> Iterator[None]:
    before = sys.gettrace()
    yield
    sys.settrace(before)


class Opener:
    """A thread that lets the worker go on as soon as somebody waits for room."""

    def __init__(self, queued: Queued) -> None:
        self._queued, self._over = queued, threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._queued.waiting() and not self._over.is_set():
            pass
        self._queued.go()

    def end(self) -> None:
        self._over.set()
        self._thread.join(TIMEOUT)


def waited(kind: str, at: int) -> tuple[Moments, str | None]:
    """Interrupt a call that waits at moment `at`; return what is wrong after it."""
    queued, moment = Queued(kind, max_queue=1), Moments(at=at)
    with queued.codec:
        queued.fill(1)
        opener = Opener(queued)
        interrupted = moment.during(queued.put)
        opener.end()
        # Others get in, whatever was held or noted by the one that was interrupted.
        callers = [Caller(queued.put) for _ in range(2)] if "Audio" in kind else []
        begun = time.monotonic()
        for caller in callers:
            if caller.outcome() is not None:
                return moment, f"{caller.error!r}"
        queued.codec.flush().result(TIMEOUT)
        if time.monotonic() - begun > TIMEOUT / 2:
            return moment, "others wait long"
        if queued.waiting() or queued.codec._engine.epoch.woken:
            return moment, "it stands in the line for ever"
        expected = 3 + len(callers)
        if not interrupted and queued.count != expected:
            return moment, f"{queued.count} came out of {expected}"
        inside = ("queueing.py", "completion.py", "epoch.py")
        if interrupted and moment.where.startswith(inside) and queued.count != expected - 1:
            return moment, f"it was queued: {queued.count} of {expected - 1}"
    return moment, None


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # between the making and the with block
@pytest.mark.attack
@pytest.mark.parametrize("kind", ["VideoDecoder", "VideoEncoder", "AudioDecoder"])
def test_an_interrupt_at_any_moment_of_the_wait(kind: str) -> None:
    whole, harm = waited(kind, -1)
    assert harm is None
    count = min(whole.count, attack.rounds(15, 10**6))
    moments = sorted(attack.dice(f"room {kind}").sample(range(whole.count), count))
    results = [waited(kind, at) for at in moments]
    harms = [f"{moment.where}: {harm}" for moment, harm in results if harm]
    attack.report(f"Ctrl-C while {kind} waits for room", len(moments), len(harms), "a hang, a lie")
    assert not harms


@pytest.mark.skipif(not hasattr(signal, "SIGALRM"), reason="there is no SIGALRM on Windows")
def test_a_signal_ends_the_wait_at_once_and_nothing_is_queued() -> None:
    def ring(*_: object) -> None:
        raise Interrupted

    queued, before = Queued("AudioDecoder", max_queue=1), signal.signal(signal.SIGALRM, ring)
    try:
        with queued.codec:
            queued.fill(1)
            begun = time.monotonic()
            with pytest.raises(Interrupted):
                signal.setitimer(signal.ITIMER_REAL, 0.02)
                queued.put()
            assert time.monotonic() - begun < 0.9
            assert (queued.size, queued.waiting()) == (1, 0)
            queued.go()
            queued.put()
            queued.codec.flush().result(TIMEOUT)
            assert queued.count == 3
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


# Decoders whose queues are full, for their one frame is held.
SETUP = """
import asyncio, os, signal, sys, threading, time
from ffwebcodecs import Demuxer, InvalidStateError, VideoDecoder
kept, pause = [], threading.Event()
with Demuxer(sys.argv[1]) as demuxer:
    config, chunks = demuxer.video_config, list(demuxer.chunks())
def begin():
    decoder = VideoDecoder(kept.append, print, frame_pool_size=1, stall_timeout=1000, max_queue=1)
    decoder.configure(config)
    return decoder
def feed(decoder):
    for chunk in chunks: decoder.decode(chunk)
    print("all were queued")
def rooms(decoder): return len(decoder._engine.epoch.rooms)
def until_they_wait(decoder, count=1):
    while rooms(decoder) < count: pause.wait(0.001)
if hasattr(signal, "alarm"): signal.alarm(60)
"""
EXITS = {
    "a daemon decodes": """
one = begin()
threading.Thread(target=feed, args=(one,), daemon=True).start()
until_they_wait(one)
""",
    "daemons decode": """
many = begin()
def put():
    while True: many.decode(chunks[0])
for _ in range(4): threading.Thread(target=put, daemon=True).start()
until_they_wait(many)
""",
    "a task that was left": """
loop = asyncio.new_event_loop()
async def begin_feeding():
    decoder = begin()
    async def feed_loop():
        for chunk in chunks:
            await decoder.ready()
            decoder.decode(chunk)
        print("all were queued")
    task = asyncio.ensure_future(feed_loop())
    while not (kept and rooms(decoder)): await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    return decoder
left = loop.run_until_complete(begin_feeding())
loop.close()
""",
}
ALL = "all of that at once"


def run(code: str, source: object) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-c", SETUP + code, str(source)],
        capture_output=True,
        text=True,
        timeout=100,
    )
    return done.returncode, done.stdout, done.stderr


@pytest.mark.attack
@pytest.mark.parametrize("what", [ALL, *(EXITS if attack.LONG else ())])
def test_exit_is_clean_while(what: str) -> None:
    code = "".join(EXITS.values()) if what == ALL else EXITS[what]
    assert run(code, clip("h264-bframes.mp4")) == (0, "", "")


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_made_by_the_one_who_waits_is_told() -> None:
    code = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12: fork with threads
class InParent(Exception): pass
child = None
def ring(*_):
    global child
    child = os.fork()
    if child: raise InParent
decoder = begin()
signal.signal(signal.SIGALRM, ring)
def kill_later():
    until_they_wait(decoder)
    os.kill(os.getpid(), signal.SIGALRM)
threading.Thread(target=kill_later).start()
try:
    feed(decoder)
except InParent:
    assert os.waitpid(child, 0)[1] == 0
    decoder.close()
    for frame in kept: frame.close()
    print("parent")
except InvalidStateError as error:
    assert child == 0 and "a fork" in str(error), error
    os._exit(0)
"""
    assert run(code, clip("h264-bframes.mp4")) == (0, "parent\n", "")


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="there is no /proc")
@pytest.mark.attack
def test_memory_does_not_grow_with_the_film() -> None:
    count = attack.rounds(3_000, 20_000)
    code = (
        f"COUNT = {count}"
        + """
def size():
    with open("/proc/self/statm") as file: return int(file.read().split()[1]) * 4096 >> 10
count = 0
def output(frame):
    global count
    count += 1
    frame.close()
def film():
    with Demuxer(sys.argv[1]) as demuxer: yield from demuxer.chunks()
def make():
    decoder = VideoDecoder(output, print, max_queue=8)
    with Demuxer(sys.argv[1]) as demuxer: decoder.configure(demuxer.video_config)
    return decoder
def in_a_thread():
    with make() as decoder:
        for number in range(COUNT // 500):
            for chunk in film(): decoder.decode(chunk)
            if number == 0: before = size()
        print(size() - before)
        decoder.flush().result()
async def on_a_loop():
    with make() as decoder:
        for number in range(COUNT // 500):
            for chunk in film():
                await decoder.ready()
                decoder.decode(chunk)
            if number == 0: before = size()
        print(size() - before)
        await decoder.flush()
in_a_thread()
asyncio.run(on_a_loop())
assert count == 2 * COUNT, count
"""
    )
    status, shown, errors = run(code, FILM.path())
    assert (status, errors) == (0, "")
    attack.report(f"film of {count} chunks through max_queue=8", 2 * count, 0, "memory grew")
    assert max(map(int, shown.split())) < 3 << 10, shown  # KiB
