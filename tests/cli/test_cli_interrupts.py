"""Ctrl-C during a conversion: exit status, nothing left, and no interrupt that is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from cli_helpers import names
from clips import ROOT
from convert_helpers import long_clip

from ffwebcodecs._ffi import ffi
from ffwebcodecs.cli._interrupt import Interrupt


@pytest.mark.slow
@pytest.mark.parametrize(("jobs", "times"), [("1", 1), ("2", 1), ("1", 3), ("2", 3)])
def test_interrupt_ends_with_130_and_leaves_nothing(jobs: str, times: int, tmp_path: Path) -> None:
    """However often the key is pressed."""
    inputs = []
    for name in ("a", "b", "c"):
        inputs.append(tmp_path / f"{name}.mp4")
        inputs[-1].symlink_to(long_clip())
    out = tmp_path / "out"
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    # An import that is broken off leaves its file to a destructor, which would complain.
    command = [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning"]
    command += ["-m", "ffwebcodecs", "transcode", *map(str, inputs)]
    command += [str(out / "{stem}.mkv"), "--size", "1280x960", "--preset", "slow", "--jobs", jobs]
    with subprocess.Popen(
        command,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        # A test run in the background ignores the signal, and would hand that down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    ) as process:
        assert process.stderr is not None
        # Once a temporary file has its name, it is at work.
        deadline = time.monotonic() + 30
        while not (out.is_dir() and names(out)):
            assert process.poll() is None
            assert time.monotonic() < deadline
        for _ in range(times):
            process.send_signal(signal.SIGINT)
        assert process.stderr.read() == b""
        process.wait(30)
    assert process.returncode == 130
    assert names(out) == []


@pytest.fixture
def usual_interrupt() -> Iterator[None]:
    # A test run in the background ignores the signal.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("usual_interrupt")
def test_interrupt_that_was_caught_is_raised_where_the_work_asks() -> None:
    with pytest.raises(KeyboardInterrupt), Interrupt() as interrupt:
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        interrupt.check()


class Unlucky:
    """Ctrl-C comes while this is destroyed, so Python drops it."""

    def __del__(self) -> None:
        signal.raise_signal(signal.SIGINT)


@pytest.mark.usefixtures("usual_interrupt")
@pytest.mark.parametrize("kind", ["__del__", "ffi.gc"])
def test_interrupt_that_a_destructor_lost_ends_a_read_that_waits(kind: str) -> None:
    hook = sys.unraisablehook
    source, target = os.pipe()
    late = threading.Timer(30, os.close, [target])  # so that a failure is no endless wait
    late.start()
    try:
        with pytest.raises(KeyboardInterrupt), Interrupt():
            if kind == "__del__":
                Unlucky()
            else:
                ffi.gc(ffi.new("int *"), lambda _: signal.raise_signal(signal.SIGINT))
            assert os.read(source, 1)
    finally:
        late.cancel()
        late.join()
        for handle in (source, target):
            os.close(handle)
    assert sys.unraisablehook is hook


@pytest.mark.usefixtures("usual_interrupt")
def test_second_interrupt_does_not_break_off_the_tidying_up() -> None:
    tidy = False
    with pytest.raises(KeyboardInterrupt), Interrupt():
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            signal.raise_signal(signal.SIGINT)
            tidy = True
    assert tidy
