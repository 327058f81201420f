"""What a file object raises comes out, wherever it does; what it calls itself is refused."""

from __future__ import annotations

import gc
import io
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from typing import Any

import attack
import pytest
from clips import FRAMES, clip
from file_objects import Own, film
from interrupting import Interrupted, Moments

import ffwebcodecs
from ffwebcodecs import Demuxer, EncodingError, InvalidStateError, Video, read_frames

NAME = "h264-bframes.mp4"


class Own_(Exception):  # noqa: N801, N818
    """A program's own error."""


def use(file: Any) -> None:
    """Open, describe, read, go back, look beside."""
    with Demuxer(file) as demuxer:
        assert demuxer.streams
        taken = demuxer.chunks()
        for _ in range(20):
            next(taken)
        demuxer.seek(1_000_000)
        assert sum(1 for _ in demuxer.chunks())


def use_frames(file: Any) -> None:
    """Read frames, and frames by number."""
    for frame in read_frames(file, start=200_000):
        frame.close()
    file.seek(0)
    with Video(file) as video:
        for index in (40, 0):
            video[index].close()
        video.check()


@pytest.mark.attack
@pytest.mark.parametrize("work", [use, use_frames])
@pytest.mark.parametrize("name", [NAME, "vp9.webm", "h264-bframes.ts", "mpeg4.avi"])
def test_what_it_raises_at_any_call_comes_out(name: str, work: Callable[[Any], None]) -> None:
    data = clip(name).read_bytes()
    most = max(4000, len(data) // 12)
    whole = Own(data, most=most)
    work(whole)
    dice = attack.dice(f"{name} {work.__name__}")
    calls = sorted(dice.sample(range(whole.calls), min(whole.calls, attack.rounds(8, 10_000))))
    errors = [
        OSError(5, "x"),
        Own_(),
        EOFError(),
        EncodingError("x"),
        Interrupted(),
        GeneratorExit(),
    ]
    quiet = 0
    for number in calls:
        error = dice.choice(errors).with_traceback(None)

        def act(error: BaseException = error) -> None:
            raise error

        file = Own(data, most=most, at=number, act=act)
        with pytest.raises(type(error)) as caught:
            work(file)
        quiet += caught.value is not error or file.calls != number + 1
        del caught
        error.__traceback__ = error.__context__ = None
        gc.collect()
        assert not any(ffwebcodecs.open_handles().values()), (number, error)
    attack.report("file objects that raise", len(calls), quiet, "another error, or called again")
    assert not quiet


def test_after_that_only_close_is_left() -> None:
    file = Own(film().read_bytes())
    with Demuxer(file) as demuxer:
        next(demuxer.chunks())
        file.at = file.calls

        def act() -> None:
            raise Own_

        file.act = act
        with pytest.raises(Own_):
            list(demuxer.chunks())
        calls = file.calls
        for call in (lambda: demuxer.seek(0), lambda: next(demuxer.chunks())):
            with pytest.raises(InvalidStateError, match="only close is left"):
                call()
        assert file.calls == calls


def test_an_end_of_iteration_does_not_end_the_frames() -> None:
    blocks = iter([clip("h264-bframes.ts").read_bytes()[:9000]])

    class Blocks:
        def read(self, size: int) -> bytes:
            return next(blocks)

    with pytest.raises(RuntimeError, match=r"read\(\) of <Blocks> raised StopIteration") as caught:
        list(read_frames(Blocks()))
    assert isinstance(caught.value.__cause__, StopIteration)
    del caught
    gc.collect()


# An interrupt between the making of what is closed and its ``with`` leaves it to the collector.
@pytest.mark.filterwarnings("ignore:unclosed demuxer:ResourceWarning")
@pytest.mark.attack
@pytest.mark.slow
def test_interrupts_at_any_moment_come_out() -> None:
    data = clip(NAME).read_bytes()

    def work() -> None:
        file = Own(data, most=5000)
        found.append(weakref.ref(file))
        use(file)

    found: list[weakref.ref[Own]] = []
    counted = Moments(("_av/files/object", "_av/files/file_object", "_av/files/custom_input"))
    counted.during(work)
    dice = attack.dice("interrupted file objects")
    count = min(counted.count, attack.rounds(25, 10_000))
    lost = 0
    for number in sorted(dice.sample(range(counted.count), count)):
        moments = Moments(
            ("_av/files/object", "_av/files/file_object", "_av/files/custom_input"), at=number
        )
        lost += not moments.during(work)
        gc.collect()
        assert not any(ffwebcodecs.open_handles().values()), moments.where
        assert found[-1]() is None, moments.where
    attack.report("interrupts of file objects", count, lost, "it was lost")
    assert not lost


@pytest.mark.parametrize("kind", ["next", "seek", "close", "streams"])
@pytest.mark.parametrize("at_open", [True, False])
def test_what_reads_it_cannot_be_used_from_inside(kind: str, at_open: bool) -> None:
    refused: list[BaseException] = []
    readers: list[Demuxer] = []

    class Calling(Own):
        def read(self, size: int) -> bytes:
            if readers:
                do: dict[str, Callable[[], object]] = {
                    "next": lambda: next(readers[0].chunks()),
                    "seek": lambda: readers[0].seek(0),
                    "close": readers[0].close,
                    "streams": lambda: readers[0].streams,
                }
                try:
                    do[kind]()
                except BaseException as error:
                    refused.append(error.with_traceback(None))
            return super().read(size)

    file = Calling(clip(NAME).read_bytes(), most=4000)
    with Demuxer(file) as demuxer:
        readers.append(demuxer)
        assert sum(1 for _ in demuxer.chunks()) == FRAMES
        if at_open:
            demuxer.seek(0)
            assert sum(1 for _ in demuxer.chunks()) == FRAMES
        readers.clear()
    if refused:
        assert {type(error) for error in refused} == {InvalidStateError}
        assert "own functions" in str(refused[0])


def test_another_input_can_be_read_from_inside() -> None:
    counts: list[int] = []

    class Calling(Own):
        def read(self, size: int) -> bytes:
            with Demuxer(Own(clip(NAME).read_bytes(), most=9000)) as other:
                counts.append(sum(1 for _ in other.chunks()))
            return super().read(size)

    with Demuxer(Calling(clip("h264-bframes.ts").read_bytes())) as demuxer:
        assert sum(1 for _ in demuxer.chunks()) == FRAMES
    assert set(counts) == {FRAMES}


def test_frames_and_videos_cannot_be_closed_from_inside() -> None:
    refused: list[type[BaseException]] = []
    closes: list[Callable[[], object]] = []

    class Calling(Own):
        def read(self, size: int) -> bytes:
            if closes:
                try:
                    closes[0]()
                except Exception as error:
                    refused.append(type(error))
            return super().read(size)

    frames: Any = read_frames(Calling(film().read_bytes()))
    closes.append(frames.close)
    seen = 0
    for _ in frames:
        seen += 1
        if refused and seen > 200:  # it went on
            break
    closes.clear()
    frames.close()
    assert seen == 201
    assert refused and set(refused) == {InvalidStateError}
    refused.clear()
    video = Video(Calling(film().read_bytes()), cache_bytes=0)
    closes.append(video.close)
    for index in (480, 5, 250):
        video[index].close()
    assert refused and set(refused) == {InvalidStateError}
    closes.clear()
    video.close()


def test_another_thread_can_close_what_the_object_waits_in() -> None:
    inside, go_on = threading.Event(), threading.Event()

    class Waiting(Own):
        def read(self, size: int) -> bytes:
            if waits:
                inside.set()
                go_on.wait()
            return super().read(size)

    waits: list[int] = []
    file = Waiting(film().read_bytes())
    demuxer = Demuxer(file)
    waits.append(1)
    errors: list[BaseException] = []

    def read() -> None:
        try:
            for _ in demuxer.chunks():
                pass
        except BaseException as error:
            errors.append(error.with_traceback(None))

    thread = threading.Thread(target=read)
    thread.start()
    assert inside.wait(10)
    calls = file.calls
    demuxer.close()
    assert demuxer.closed
    go_on.set()
    thread.join(10)
    assert not thread.is_alive()
    assert [type(error) for error in errors] == [InvalidStateError]
    assert file.calls <= calls + 1


EXIT = """
import io, sys, threading, time
from ffwebcodecs import Demuxer
inside = threading.Event()
class Waiting(io.BytesIO):
    def read(self, size=-1):
        if self.tell() > 70000:
            inside.set()
            time.sleep(0.6)
        return super().read(size)
data = open(sys.argv[1], "rb").read() * 40
def read():
    with Demuxer(Waiting(data)) as demuxer:
        for _ in demuxer.chunks():
            pass
threading.Thread(target=read, daemon=True).start()
inside.wait()
print("leaving")
"""


@pytest.mark.slow
def test_an_exit_while_a_thread_is_inside_of_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", EXIT, clip("h264-bframes.ts")],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "leaving\n", "")


@pytest.mark.once
def test_what_a_closed_object_says_comes_out() -> None:
    file = io.BytesIO(clip(NAME).read_bytes())
    file.close()
    with pytest.raises(ValueError, match="closed file"):
        Demuxer(file)
