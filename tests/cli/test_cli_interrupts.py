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


def run_interrupted(
    arguments: list[str], out: Path, *numbers: int, ignored: int | None = None
) -> tuple[int, bytes]:
    """Run a command, send it signals once there is something in `out`, return its exit status and
    what it said.
    """
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    # An import that is broken off leaves its file to a destructor, which would complain.
    command = [sys.executable, "-W", "error", "-W", "ignore::ResourceWarning"]

    def set_up() -> None:
        # A test run in the background ignores the signal, and would hand that down.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN if number == ignored else signal.SIG_DFL)

    with subprocess.Popen(
        [*command, "-m", "ffwebcodecs", *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        preexec_fn=set_up,  # noqa: PLW1509
    ) as process:
        assert process.stderr is not None
        # Once a temporary file has its name, it is at work.
        deadline = time.monotonic() + 30
        while not (out.is_dir() and names(out)):
            assert process.poll() is None
            assert time.monotonic() < deadline
        for number in numbers:
            process.send_signal(number)
        said = process.stderr.read()
        return process.wait(30), said


def conversion(tmp_path: Path, jobs: str = "1") -> list[str]:
    """Return the arguments of a long conversion of three files to the folder out."""
    inputs = []
    for name in ("a", "b", "c"):
        inputs.append(tmp_path / f"{name}.mp4")
        inputs[-1].symlink_to(long_clip())
    return [
        *("transcode", *map(str, inputs), str(tmp_path / "out" / "{stem}.mkv")),
        *("--size", "1280x960", "--preset", "slow"),
        *(("--jobs", jobs) if jobs != "parts" else ("--workers", "2", "--part-seconds", "2")),
    ]


@pytest.mark.slow
@pytest.mark.divided
@pytest.mark.parametrize(("jobs", "times"), [("1", 1), ("2", 1), ("1", 3), ("2", 3), ("parts", 3)])
def test_interrupt_ends_with_130_and_leaves_nothing(jobs: str, times: int, tmp_path: Path) -> None:
    """However often the key is pressed; workers have the same standard error, and end as well."""
    out = tmp_path / "out"
    interrupts = [signal.SIGINT] * times
    assert run_interrupted(conversion(tmp_path, jobs), out, *interrupts) == (130, b"")
    assert names(out) == []


@pytest.mark.slow
@pytest.mark.divided
@pytest.mark.parametrize(
    ("number", "status"), [(signal.SIGTERM, 143), (getattr(signal, "SIGHUP", None), 129)]
)
def test_terminated_conversion_leaves_nothing(
    number: int | None, status: int, tmp_path: Path
) -> None:
    if number is None or sys.platform == "win32":
        pytest.skip("there is no such signal on Windows")
    out = tmp_path / "out"
    assert run_interrupted(conversion(tmp_path), out, number) == (status, b"")
    assert names(out) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGHUP on Windows")
def test_hangup_that_is_ignored_stays_ignored(tmp_path: Path) -> None:
    """As under nohup: the second signal is the one that ends it."""
    out = tmp_path / "out"
    arguments = conversion(tmp_path)
    done = run_interrupted(arguments, out, signal.SIGHUP, signal.SIGTERM, ignored=signal.SIGHUP)
    assert done == (143, b"")
    assert names(out) == []


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="signals end a process at once on Windows")
def test_terminated_frames_are_whole_or_not_there(tmp_path: Path) -> None:
    out = tmp_path / "out"
    arguments = ["frames", str(long_clip()), "-o", str(out), "--size", "1280x960"]
    assert run_interrupted(arguments, out, signal.SIGTERM, signal.SIGTERM) == (143, b"")
    assert all(name.endswith(".png") and not name.startswith(".") for name in names(out))


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
