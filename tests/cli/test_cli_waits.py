"""At the command line nothing waits for ever: Ctrl-C and --timeout end it; - is standard input."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from cli_helpers import run
from clips import ROOT, clip
from silent_helpers import silent, transport_stream

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no such pipes on Windows"),
]

NAME = "h264-bframes.mp4"


def start(*arguments: object) -> subprocess.Popen[bytes]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-m", "ffwebcodecs", *map(str, arguments)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
        # A test run in the background ignores the signal, and would hand that down.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
    )


def ends_with_130(process: subprocess.Popen[bytes]) -> None:
    with process:
        assert process.stderr is not None
        try:
            assert process.wait(10) == 130
            assert process.stderr.read() == b""
        finally:
            process.kill()


def commands(source: str, folder: Path) -> dict[str, list[object]]:
    return {
        "probe": ["probe", source],
        "transcode": ["transcode", source, folder / "out.mp4"],
        "remux": ["remux", source, folder / "out.mkv"],
        "frames": ["frames", source, "-o", folder / "out"],
        "sheet": ["sheet", source, "-o", folder / "out.png"],
        "images": ["images", source, folder / "out.mp4"],
        # Where other threads wait than the one that hears of Ctrl-C.
        "jobs": ["transcode", source, clip(NAME), folder / "{stem}.mp4", "--jobs", "2"],
    }


@pytest.mark.divided
@pytest.mark.parametrize(
    ("kind", "command"),
    [
        ("http", "probe"),
        ("http", "transcode"),
        ("http", "jobs"),
        ("http", "sheet"),
        ("fifo", "transcode"),
        ("fifo", "remux"),
        ("fifo", "frames"),
        ("fifo", "jobs"),
    ],
)
def test_ctrl_c_ends_the_wait(command: str, kind: str, tmp_path: Path) -> None:
    started: list[subprocess.Popen[bytes]] = []
    data = b"" if command in ("probe", "jobs") else transport_stream()
    with silent(kind, tmp_path, data, lambda: started[0].send_signal(signal.SIGINT)) as one:
        # It waits until the input has been opened, which is after this.
        started.append(start(*commands(one.source, tmp_path)[command]))
        ends_with_130(started[0])
    assert {path.name for path in tmp_path.iterdir()} <= {"fifo", "out", clip(NAME).name}


def test_ctrl_c_ends_the_wait_for_a_picture(tmp_path: Path) -> None:
    started: list[subprocess.Popen[bytes]] = []
    with silent("fifo", tmp_path, b"", lambda: started[0].send_signal(signal.SIGINT)) as one:
        started.append(start(*commands(one.source, tmp_path)["images"]))
        ends_with_130(started[0])


@pytest.mark.divided
@pytest.mark.parametrize(("kind", "command"), [("http", "transcode"), ("fifo", "probe")])
def test_the_timeout_is_the_reason_given(command: str, kind: str, tmp_path: Path) -> None:
    with silent(kind, tmp_path, b"") as one:
        done = run(*commands(one.source, tmp_path)[command], "--timeout", "0.2")
    assert done.returncode == 1
    assert b"waited 0.2 s for" in done.stderr
    assert one.source.encode() in done.stderr
    assert {path.name for path in tmp_path.iterdir()} <= {"fifo"}


@pytest.mark.divided
@pytest.mark.parametrize("command", ["transcode", "remux", "frames", "sheet"])
def test_a_dash_is_standard_input(command: str, tmp_path: Path) -> None:
    done = run(*commands("-", tmp_path)[command], stdin=transport_stream())
    assert done.stderr == b""
    assert done.returncode == 0


def test_a_file_given_as_standard_input_is_read_in_any_order(tmp_path: Path) -> None:
    """An MP4 that has its index at the end."""
    outputs = []
    for source, opened in (("-", clip(NAME)), (clip(NAME), Path(os.devnull))):
        with open(opened, "rb") as file:
            process = subprocess.run(
                [sys.executable, "-m", "ffwebcodecs", "probe", "--json", str(source)],
                stdin=file,
                capture_output=True,
                check=True,
            )
        outputs.append(process.stdout.replace(str(source).encode(), b"it"))
    assert outputs[0].replace(b'"-"', b'"it"') == outputs[1].replace(b'"it"', b'"it"')


EXIT = """
import os, signal, sys, threading
import ffwebcodecs
signal.alarm(30)
def read():
    with ffwebcodecs.Demuxer(sys.argv[1]) as demuxer:
        for chunk in demuxer.chunks(): pass
threading.Thread(target=read, daemon=True).start()
sys.stdin.read()
"""
FORK = """
import os, signal, sys
import ffwebcodecs
signal.alarm(30)
demuxer = ffwebcodecs.Demuxer(sys.argv[1], options={"analyzeduration": 100_000})
next(demuxer.chunks())
child = os.fork()
if child == 0:
    try:
        next(demuxer.chunks())
    except ffwebcodecs.InvalidStateError:
        demuxer.close()
        del demuxer
        sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
next(demuxer.chunks())
demuxer.close()
assert not any(ffwebcodecs.open_handles().values()) or ffwebcodecs.open_handles()["packet"]
"""


def program(
    text: str, source: str, ready: Callable[[], object] = lambda: None
) -> subprocess.CompletedProcess[bytes]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", text, source],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    ready()
    output, errors = process.communicate(timeout=40)
    return subprocess.CompletedProcess([], process.returncode, output, errors)


@pytest.mark.parametrize("kind", ["http", "tcp", "fifo"])
def test_an_interpreter_that_exits_during_a_wait_exits_cleanly(kind: str, tmp_path: Path) -> None:
    import threading

    waiting = threading.Event()
    with silent(kind, tmp_path, transport_stream(), waiting.set) as one:
        done = program(EXIT, one.source, lambda: waiting.wait(30))
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("kind", ["http", "fifo"])
def test_a_fork_leaves_the_input_to_its_parent(kind: str, tmp_path: Path) -> None:
    with silent(kind, tmp_path, transport_stream()) as one:
        done = program(FORK, one.source)
    assert (done.returncode, done.stderr) == (0, b"")
