"""Exceptions that come between any two lines, or any two bytecodes, of the package.

A signal handler raises at some of them. Python's own modules are left out: a ``with`` of theirs
that is broken off between the lock and the block, where Python hears no signal, holds the lock for
ever (threading, as it starts a thread).
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import ffwebcodecs

PACKAGE = str(Path(ffwebcodecs.__file__).parent)


class Interrupted(BaseException):
    """What stands here for KeyboardInterrupt, which would end pytest if it went astray."""


def silence_alarm() -> None:
    """Stop the timer, and leave a handler that does nothing, not none: a signal that another thread
    has been given may come after its timer has stopped.
    """
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, lambda *_: None)


def steps_of(call: Callable[[], object], *, opcodes: bool = False) -> int:
    """Return how many lines, or bytecodes, `call` runs."""
    return _run(call, -1, opcodes)[0]


def interrupt_at(step: int, call: Callable[[], object], *, opcodes: bool = False) -> bool:
    """Run `call` and raise Interrupted before its line, or bytecode, number `step`; return whether
    that came out again: a destructor drops it.
    """
    return _run(call, step, opcodes)[1]


def _run(call: Callable[[], object], step: int, opcodes: bool) -> tuple[int, bool]:
    count = 0
    wanted = "opcode" if opcodes else "line"

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal count
        if event == "call":
            if not frame.f_code.co_filename.startswith(PACKAGE):
                return None
            frame.f_trace_opcodes, frame.f_trace_lines = opcodes, not opcodes
        elif event == wanted:
            count += 1
            if count == step + 1:
                raise Interrupted
        return trace

    before = sys.gettrace()
    with _destructors_may_be_broken_off():
        try:
            sys.settrace(trace)
            call()
        except Interrupted:
            return count, True
        finally:
            sys.settrace(before)
    return count, False


@contextmanager
def _destructors_may_be_broken_off() -> Iterator[None]:
    """Say nothing of an interrupt inside a destructor, nor of an object that an interrupt left with
    nobody: both are what is asked for here.
    """
    lost = sys.unraisablehook

    def hook(problem: Any) -> None:
        if not issubclass(problem.exc_type, Interrupted | ResourceWarning):
            lost(problem)

    sys.unraisablehook = hook
    try:
        yield
    finally:
        sys.unraisablehook = lost
