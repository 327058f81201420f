"""File objects that are written as the file is made, and what they may do meanwhile."""

from __future__ import annotations

import gc
import io
import os
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from attack import rounds
from clips import ROOT, clip
from fragment_helpers import FILM, Sink, both, film, live
from interrupting import Interrupted, Moments

from ffwebcodecs import InvalidStateError, Muxer, open_handles

OPTIONS: dict[str, Any] = {"format": "mp4", "fragmented": True, "tracks": ["video"]}


class OddError(Exception):
    pass


class Raising(Sink):
    """Raises at one call, and counts those after it."""

    def __init__(self, at: int, error: BaseException) -> None:
        super().__init__()
        self.calls = 0
        self._at = at
        self._error = error

    def write(self, data: bytes) -> int:
        self.calls += 1
        if self.calls > self._at:
            raise self._error
        return super().write(data)


def fill(muxer: Muxer) -> None:
    config, chunks = film()
    for chunk in chunks:
        muxer.add_chunk(chunk, config)


@pytest.mark.parametrize("format", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize(
    "kind",
    [OSError, ValueError, OddError, KeyboardInterrupt, StopIteration, MemoryError, SystemExit],
)
def test_what_the_object_raises_reaches_the_caller(format: str, kind: type[BaseException]) -> None:
    config, chunks = film()
    whole = len(live(((chunk, config) for chunk in chunks), format).parts)
    for at in range(whole):
        error = kind("of the object")
        sink = Raising(at, error)
        muxer = Muxer(sink, **{**OPTIONS, "format": format})
        with pytest.raises(kind) as caught:
            for chunk in chunks:
                muxer.add_chunk(chunk, config)
            muxer.close()
        assert caught.value is error
        # Nothing more comes: no trailer either.
        if not muxer.closed:
            with pytest.raises(InvalidStateError, match="has failed before"):
                muxer.add_chunk(chunks[0], config)
            with pytest.raises(InvalidStateError, match="has failed before"):
                muxer.flush()
            muxer.close()
        assert (sink.calls, muxer.closed) == (at + 1, True)
        del caught, error, sink
    gc.collect()


def test_what_on_segment_raises_reaches_the_caller() -> None:
    error = OddError("of the function")

    def take(data: bytes, info: Any) -> None:
        if info.index == 2:
            raise error

    sink = Sink()
    with pytest.raises(OddError) as caught, Muxer(sink, on_segment=take, **OPTIONS) as muxer:
        fill(muxer)
    assert caught.value is error
    assert len(sink.parts) == 3  # the third one had it, and nobody a fourth


class Partial(Sink):
    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def write(self, data: bytes) -> int:
        return super().write(data[: self._most])


@pytest.mark.parametrize("most", [1000, 4097, 1 << 20])
def test_an_object_may_take_less_at_a_time(most: int) -> None:
    sink = Partial(most)
    with Muxer(sink, **OPTIONS) as muxer:
        fill(muxer)
    config, chunks = film()
    assert b"".join(sink.parts) == live(((c, config) for c in chunks), "mp4").data


def test_what_an_object_buffers_is_flushed() -> None:
    reading, writing = os.pipe()
    config, chunks = film()
    with open(reading, "rb", buffering=0) as reader, open(writing, "wb", 1 << 20) as file:
        os.set_blocking(reading, False)
        with Muxer(file, on_segment=lambda data, _: given.append(data), **OPTIONS) as muxer:
            given: list[bytes] = []
            for chunk in chunks[:20]:
                muxer.add_chunk(chunk, config)
            assert reader.read(1 << 20) == b"".join(given) != b""
            muxer.discard()


class Answering(io.RawIOBase):
    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> Any:
        return self._answer


class Buffered:
    def __init__(self, answer: Any) -> None:
        self._answer = answer

    def write(self, data: bytes) -> Any:
        return self._answer


@pytest.mark.parametrize(
    ("sink", "error"),
    [
        (Answering(None), BlockingIOError),
        (Answering(0), BlockingIOError),
        (Buffered(0), BlockingIOError),
        (Buffered(-1), OSError),
        (Buffered(1 << 40), OSError),
        (Buffered("many"), OSError),
        (Buffered(2.5), OSError),
    ],
    ids=lambda each: f"{type(each).__name__}",
)
def test_wrong_answers_are_errors(sink: Any, error: type[Exception]) -> None:
    with pytest.raises(error), Muxer(sink, **OPTIONS) as muxer:
        fill(muxer)


def test_an_object_that_does_not_answer_has_taken_all() -> None:
    with Muxer(Buffered(None), **OPTIONS) as muxer:
        fill(muxer)


CALLS: list[tuple[str, Callable[[Muxer], object]]] = [
    ("add_chunk", lambda muxer: muxer.add_chunk(film()[1][0], film()[0])),
    ("flush", lambda muxer: muxer.flush()),
    ("close", lambda muxer: muxer.close()),
    ("discard", lambda muxer: muxer.discard()),
    ("with", lambda muxer: muxer.__enter__()),
]


@pytest.mark.parametrize("call", [call for _, call in CALLS], ids=[name for name, _ in CALLS])
def test_the_object_must_not_use_its_muxer(call: Callable[[Muxer], object]) -> None:
    holder: list[Muxer] = []
    refusals: list[InvalidStateError] = []

    class Inside(Sink):
        def write(self, data: bytes) -> int:
            try:
                call(holder[0])
            except InvalidStateError as error:
                refusals.append(error)
            return super().write(data)

    sink = Inside()
    with Muxer(sink, **OPTIONS) as muxer:
        holder.append(muxer)
        fill(muxer)
    holder.clear()
    assert len(refusals) == len(sink.parts)
    assert "must not use the same muxer" in str(refusals[0])
    config, chunks = film()
    assert b"".join(sink.parts) == live(((c, config) for c in chunks), "mp4").data
    refusals.clear()


def test_the_object_may_use_another_muxer() -> None:
    inner = Sink()

    class Inside(Sink):
        def write(self, data: bytes) -> int:
            with Muxer(inner, **OPTIONS) as other:
                fill(other)
            return super().write(data)

    sink = Inside()
    with Muxer(sink, **OPTIONS) as muxer:
        fill(muxer)
    one = b"".join(sink.parts)
    assert b"".join(inner.parts) == one * len(sink.parts)


def test_an_object_that_is_left_is_not_called_again() -> None:
    sink = Sink()
    muxer = Muxer(sink, **OPTIONS)
    config, chunks = film()
    for chunk in chunks[:20]:
        muxer.add_chunk(chunk, config)
    got = len(sink.parts)
    assert got == 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        del muxer
        gc.collect()
    assert len(sink.parts) == got
    with pytest.raises(ZeroDivisionError), Muxer(sink, **OPTIONS) as other:
        for chunk in chunks[:20]:
            other.add_chunk(chunk, config)
        raise ZeroDivisionError
    assert len(sink.parts) == 2 * got


def test_another_thread_discards_while_the_object_waits() -> None:
    waiting, go = threading.Event(), threading.Event()

    class Slow(Sink):
        def write(self, data: bytes) -> int:
            waiting.set()
            assert go.wait(60)
            return super().write(data)

    sink = Slow()
    muxer = Muxer(sink, **OPTIONS)
    errors: list[BaseException] = []

    def write() -> None:
        try:
            fill(muxer)
        except InvalidStateError as error:
            errors.append(error.with_traceback(None))

    writer = threading.Thread(target=write)
    writer.start()
    assert waiting.wait(60)
    discarding = threading.Thread(target=muxer.discard)
    discarding.start()
    while not muxer._core.stopped:  # type: ignore[union-attr]
        pass
    go.set()
    writer.join()
    discarding.join()
    assert [len(errors), len(sink.parts), muxer.closed] == [1, 1, True]


@pytest.mark.attack
def test_interrupts_at_any_moment_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    # A generator that is dropped while it is interrupted tells of it here.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    config, chunks = film()
    packets = [(chunk, config) for chunk in chunks]

    def run(moments: Moments | None) -> None:
        muxer = Muxer(Sink(), **OPTIONS)
        try:
            sys.settrace(None if moments is None else moments.trace)
            for chunk, each in packets[:17]:
                muxer.add_chunk(chunk, each)
            muxer.flush()
        finally:
            sys.settrace(None)
            muxer.discard()

    folders = ("_av/files", "files")
    counting = Moments(folders)
    run(counting)
    before = open_handles()
    step = max(1, counting.count // rounds(60, 100_000))
    for at in range(0, counting.count, step):
        moments = Moments(folders, at)
        try:
            run(moments)
        except Interrupted as error:
            error.with_traceback(None)
        gc.collect()
        assert open_handles() == before, moments.where


PROCESS = """
import os, sys, threading, warnings
import ffwebcodecs as w
warnings.simplefilter("ignore")
with w.Demuxer(sys.argv[1]) as d:
    config, chunks = d.video_config, [*d.chunks()]
class Sink:
    def __init__(self): self.parts = []
    def write(self, data): self.parts.append(data)
def make(sink):
    return w.Muxer(sink, format="mp4", fragmented=True, tracks=["video"])
def add(muxer):
    for chunk in chunks[:20]: muxer.add_chunk(chunk, config)

# In a child, no muxer of the parent writes.
if hasattr(os, "fork"):
    sink = Sink()
    forked = make(sink)
    add(forked)
    got = len(sink.parts)
    pid = os.fork()
    if not pid:
        try: forked.flush()
        except w.InvalidStateError: os._exit(len(sink.parts) - got)
        os._exit(99)
    assert os.waitpid(pid, 0)[1] == 0
    forked.close()

left = make(Sink())
add(left)

inside = threading.Event()
class Slow:
    def write(self, data):
        inside.set()
        threading.Event().wait()
slow = make(Slow())
threading.Thread(target=add, args=(slow,), daemon=True).start()
inside.wait()
"""


def test_the_process_ends_with_muxers_left_and_in_write_and_after_a_fork() -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROCESS, clip(FILM)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_sound_and_picture_in_one_write_each() -> None:
    given = live(both(), "mp4")
    media = [data for data, _ in given.segments]
    assert given.parts[: len(media)] == media
