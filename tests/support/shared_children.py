"""Processes that open tickets, and say what they see."""

from __future__ import annotations

import gc
import multiprocessing
import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest

import ffwebcodecs as w

METHODS = ("spawn", "fork", "forkserver")

linux = pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="SharedFrames needs Linux's locks and /proc"
)


def facts(frame: w.VideoFrame) -> dict[str, Any]:
    """Return all that is said of a frame, and a hash of its pixels."""
    with frame:
        return {
            "pixels": md5(pixels(frame)).hexdigest(),
            "format": frame.format,
            "times": (frame.timestamp, frame.duration),
            "visible": frame.visible_rect,
            "display": (frame.display_width, frame.display_height),
            "turn": (frame.rotation, frame.flip),
            "colors": frame.color_space.to_json(),
            "metadata": frame.metadata(),
        }


def pixels(frame: w.VideoFrame) -> bytearray:
    """Return the visible pixels, tight."""
    data = bytearray(frame.allocation_size())
    frame.copy_to(data)
    return data


def serve(pipe: Any) -> None:
    """Do what is asked for, in a process of its own, until the end is."""
    open_ones: list[Any] = []
    actions: dict[str, Callable[[Any], object]] = {
        "facts": lambda ticket: facts(w.open_shared(ticket)),
        "hold": lambda ticket: open_ones.append(w.open_shared(ticket)),
        "view": lambda ticket: open_ones.append(view(ticket)),
        "timestamps": lambda tickets: list(map(timestamp, tickets)),
        "let go": lambda _: open_ones.clear(),
    }
    while True:
        name, argument = pipe.recv()
        if name == "end":
            return
        try:
            pipe.send((True, actions[name](argument)))
        except w.WebCodecsError as error:
            pipe.send((False, str(error)))


def view(ticket: w.FrameTicket) -> Any:
    """Open a frame and close it, and return a view of its pixels."""
    with w.open_shared(ticket) as frame:
        return frame.planes[0].data


def timestamp(ticket: w.FrameTicket) -> int | None:
    """Open and close a frame; return its time, None if the ticket was no good any more."""
    try:
        with w.open_shared(ticket) as frame:
            assert set(pixels(frame)) == {frame.timestamp % 251}
            return frame.timestamp
    except w.InvalidStateError:
        return None


class Child:
    """A process that does what it is asked for."""

    def __init__(self, method: str = "fork", serve: Callable[[Any], None] = serve) -> None:
        context: Any = multiprocessing.get_context(method)
        self.pipe, other = context.Pipe()
        self.process = context.Process(target=serve, args=(other,), daemon=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12: fork with threads
            self.process.start()
        other.close()
        self.pid: int = self.process.pid

    def ask(self, name: str, argument: Any = None) -> Any:
        """Return the answer, or raise RuntimeError with the words of its error."""
        self.pipe.send((name, argument))
        return self.answer()

    def answer(self) -> Any:
        """Return the answer to what was sent."""
        done, value = self.pipe.recv()
        if not done:
            raise RuntimeError(value)
        return value

    def kill(self) -> None:
        """End it as ``kill -9`` does, and wait until it is gone."""
        os.kill(self.pid, signal.SIGKILL)
        self.process.join()

    def end(self) -> None:
        """Let it end by itself."""
        self.pipe.send(("end", None))  # closing would not tell: forks have that end as well
        self.process.join()
        self.pipe.close()


@contextmanager
def child(method: str = "fork") -> Iterator[Child]:
    """Start a process, and end it at the end."""
    started = Child(method)
    try:
        yield started
    finally:
        started.end()


def plain(time: int = 0, **options: Any) -> w.VideoFrame:
    """Return a small grey frame whose every byte says its time."""
    data = bytes([time % 251]) * (64 * 48)
    size = {"coded_width": 64, "coded_height": 48}
    return w.VideoFrame(data, format="GRAY8", timestamp=time, **size, **options)


def put(shared: w.SharedFrames, time: int = 0, timeout: float | None = 30) -> w.FrameTicket:
    """Put such a frame."""
    with plain(time) as frame:
        return shared.put(frame, timeout)


def names() -> set[str]:
    """Return what is in /dev/shm, but for semaphores, which take 32 bytes, and temporary files:
    tests that run beside this one have some.
    """
    found = set()
    for path in Path("/dev/shm").iterdir():
        with suppress(FileNotFoundError):
            if path.stat().st_size > 32 and not path.name.startswith("tmp"):
                found.add(path.name)
    return found


@contextmanager
def four_slots() -> Iterator[w.SharedFrames]:
    """Make a block for four frames; all its slots must come back."""
    with w.SharedFrames(4, 64, 48, "GRAY8") as made:
        yield made
        if not made.closed:
            gc.collect()
            made.wait(30)
            assert made.free_slots == 4


def seen(ticket: w.FrameTicket) -> int:
    """Open and close a frame; return its time."""
    with w.open_shared(ticket) as frame:
        return frame.timestamp


def mapped() -> bool:
    """Return whether this process has any such memory."""
    return "ffwebcodecs-shared" in Path("/proc/self/maps").read_text()
