"""What tests have worker processes do: they import this module by its name."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from ffwebcodecs import VideoFrame
from ffwebcodecs._runtime.telling import tell


def double(number: int) -> int:
    return number * 2


def who(_: object) -> int:
    return os.getpid()


def zeros(length: int) -> bytearray:
    return bytearray(length)


def wait_for(pipes: tuple[str | None, str | None]) -> str:
    """Wait until one FIFO is written to, and then write to another."""
    before, after = pipes
    if before is not None:
        with open(before, "rb"):
            pass
    if after is not None:
        with open(after, "wb"):
            pass
    return f"{before} {after}"


def say_who_and_wait(pipe: str) -> None:
    print(os.getpid(), flush=True)
    wait_for((pipe, None))


def die_at_first(mark: str | None) -> int:
    """Die as if memory ran out, if nobody has done so before."""
    if mark is not None and not Path(mark).exists():
        Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()


def die(number: int) -> int:
    if number == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def refuse(number: int) -> int:
    if number == 2:
        raise LookupError(f"there is no {number}")
    return number


def refuse_oddly(_: object) -> None:
    class OddError(Exception):  # cannot be pickled
        pass

    raise OddError("of its own kind")


def for_ever(number: int) -> int:
    """Work until nobody wants to hear of it, but for part 2, which fails."""
    if number == 2:
        raise LookupError("there is no 2")
    count = 0
    while True:
        count += 1
        tell((count, count))


def count_to(frames: int) -> int:
    for frame in range(1, frames + 1):
        tell((frame, frame * 40_000))
    return frames


def kill_once(mark: str | None, frame: VideoFrame) -> VideoFrame:
    """Die at a frame in the middle, as if memory ran out; of a mark only if it is not there yet."""
    if frame.timestamp == 1_200_000 and not (mark and os.path.exists(mark)):
        if mark is not None:
            Path(mark).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return frame
