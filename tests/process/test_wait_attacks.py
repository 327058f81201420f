"""Interrupts at any moment of a wait for an input, and before any line of ours."""

from __future__ import annotations

import gc
import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import attack
import pytest
from handles import live_handles
from silent_helpers import Interrupted, descriptors, raising_alarm, read_all, silent
from silent_helpers import transport_stream as stream

fcntl = pytest.importorskip("fcntl", reason="there are no such pipes and signals on Windows")


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    with raising_alarm():
        yield


def ring_after(seconds: float, source: str) -> None:
    with pytest.raises(Interrupted):
        signal.setitimer(signal.ITIMER_REAL, seconds)
        read_all(source)


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # between the making and the with block
@pytest.mark.attack
@pytest.mark.parametrize("kind", ["pipe", "http"])
def test_interrupts_at_any_moment_lose_nothing(kind: str, tmp_path: Path) -> None:
    dice = attack.dice(f"waiting {kind}")
    tries = attack.rounds(8, 300)
    before, failed = descriptors(), 0
    for _ in range(tries):
        with silent(kind, tmp_path, stream()) as one:
            one.begin()
            ring_after(dice.uniform(0.0005, 0.03), one.source)
        for thread in threading.enumerate():
            if thread.name == "ffwebcodecs-input":
                thread.join(30)
        failed += bool(live_handles()) or descriptors() != before
    attack.report(f"interrupts of a wait: {kind}", tries, failed, "descriptors or handles left")
    assert not failed


OURS = ("connection.py", "custom_input.py", "helper.py", "interrupt.py", "pipe_reader.py")


def interrupted_at(source: str, line: int) -> tuple[type[BaseException] | None, int]:
    """Read a source that falls silent, raising before the line of `OURS` of this number; return
    what came of it, and how many lines were executed until then.
    """
    count = 0

    def count_line(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if event == "line":
            count += 1
            if count == line:
                raise Interrupted
        return count_line

    def trace(frame: FrameType, _: str, __: object) -> Any:
        code = frame.f_code
        # What a destructor raises is dropped.
        is_ours = os.path.basename(code.co_filename) in OURS and code.co_name != "__del__"
        return count_line if is_ours and "ffwebcodecs" in code.co_filename else None

    before, kind = sys.gettrace(), None
    sys.settrace(trace)
    try:
        # FFmpeg 4.3 would wait for more than there is before it opens.
        read_all(source, timeout=0.15, options={"analyzeduration": 100_000})
    except BaseException as error:
        kind = type(error)
    finally:
        sys.settrace(before)
    return kind, count


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["pipe", "tcp"])
def test_an_interrupt_before_any_line_loses_nothing(kind: str, tmp_path: Path) -> None:
    dice = attack.dice(f"lines {kind}")
    with silent(kind, tmp_path, stream()) as one:
        one.begin()
        found, total = interrupted_at(one.source, -1)
    assert found is TimeoutError
    assert total > 500
    lines = sorted(dice.sample(range(1, total), attack.rounds(12, 300)))
    before, failed = descriptors(), []
    for line in lines:
        with silent(kind, tmp_path, stream()) as one:
            one.begin()
            found, reached = interrupted_at(one.source, line)
        for thread in threading.enumerate():
            if thread.name == "ffwebcodecs-input":
                thread.join(30)
        if descriptors() != before:
            gc.collect()  # tracebacks, and what was interrupted, held each other
        wrong = reached >= line and found is not Interrupted
        if wrong or "format_context" in live_handles() or descriptors() != before:
            failed.append(line)
    attack.report(f"interrupts at lines: {kind}", len(lines), len(failed), "anything lost or left")
    assert not failed
