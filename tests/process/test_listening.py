"""While an error's reason is looked for, nothing hangs, and no log is taken from anybody."""

from __future__ import annotations

import importlib.util
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import attack
import pytest
from clips import ROOT
from interrupting import Moments

from ffwebcodecs import Demuxer, EncodingError, ffmpeg_info, open_handles

CUT = b"\0\0\0\x10ftypisom\0\0\0\0\0\0\0\x10mdat" + b"x" * 8
FOLDERS = ("_av", "_ffi", "files")
BEGIN = """
import os, signal, sys, threading
from ffwebcodecs import Demuxer, EncodingError
def fail():
    try: Demuxer(sys.argv[1])
    except EncodingError as error: return str(error)
"""


@pytest.fixture
def cut(tmp_path: Path) -> Path:
    path = tmp_path / "cut.mp4"
    path.write_bytes(CUT)
    return path


def run(program: str, *arguments: object, **variables: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", BEGIN + program, *map(str, arguments)],
        capture_output=True,
        text=True,
        timeout=100,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_while_others_listen_can_open_and_fail(cut: Path) -> None:
    """The lock that another thread held is not held by anybody in the child."""
    program = """
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12: fork with threads
def work():
    while not over: fail()
over = False
fail()  # or a thread that imports what listens would hold the lock of that import in the child
threads = [threading.Thread(target=work) for _ in range(3)]
for thread in threads: thread.start()
for _ in range(int(sys.argv[2])):
    child = os.fork()
    if child == 0:
        signal.alarm(20)
        os._exit("moov" not in fail())
    print(os.waitpid(child, 0)[1], end=" ")
over = True
for thread in threads: thread.join()
"""
    tries = attack.rounds(12, 500)
    assert run(program, cut, tries).split() == ["0"] * tries


def test_python_ends_while_threads_listen(cut: Path) -> None:
    program = """
def work():
    while True:
        fail()
        failed.set()
failed = threading.Event()
for _ in range(3): threading.Thread(target=work, daemon=True).start()
failed.wait()
"""
    for _ in range(attack.rounds(2, 100)):
        assert run(program, cut) == ""


@pytest.mark.skipif(ffmpeg_info().mode != "abi", reason="C listens")
@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="there is no timer on Windows")
def test_a_signal_is_not_lost_where_ffmpeg_calls_python(cut: Path) -> None:
    """Its handler runs where Python begins next, which may be the function that C calls."""
    program = """
class Rung(BaseException): pass  # as KeyboardInterrupt: no argument is blamed for it
def ring(*_): raise Rung
def unraised(what):
    if "_hear" in repr(what.object) + str(what.err_msg): print("lost")
sys.unraisablehook = unraised
signal.signal(signal.SIGALRM, ring)
fail()
for number in range(int(sys.argv[2])):
    try:
        # Again, since Python drops what a handler raises in a destructor.
        signal.setitimer(signal.ITIMER_REAL, 1e-4 + number % 40 * 2.5e-5, 0.05)
        while True: fail()
    except Rung: signal.setitimer(signal.ITIMER_REAL, 0)
print("moov" in fail())
"""
    assert run(program, cut, attack.rounds(100, 20000)) == "True\n"


@pytest.mark.skipif(ffmpeg_info().mode != "abi", reason="C listens")
def test_an_interrupt_at_any_moment_gives_the_log_back(cut: Path) -> None:
    from ffwebcodecs._ffi import _listening

    def fail() -> None:
        with pytest.raises(EncodingError, match="moov"):
            Demuxer(cut)

    fail()
    given: list[object] = []

    class Log:
        """In the place of FFmpeg's function: who is to listen."""

        usual, ours = _listening._log[0].usual, _listening._log[0].ours
        set = staticmethod(given.append)

    def listen() -> None:
        _listening.overhear("", lambda: None)

    def moments(call: Callable[[], None]) -> int:
        counted = Moments(FOLDERS)
        counted.during(call)
        return counted.count

    before, held = _listening._log[0], open_handles()
    steps = moments(fail)
    for step in attack.dice("listening").sample(range(steps), min(steps, attack.rounds(40, 9999))):
        Moments(FOLDERS, step).during(fail)
        assert _listening._listener.owner() is None
        assert open_handles() == held
    _listening._log[0] = Log  # type: ignore[call-overload]
    try:
        for step in range(moments(listen)):
            given.clear()
            Moments(FOLDERS, step).during(listen)
            assert not given or given[-1] == Log.usual, step
    finally:
        _listening._log[0] = before
    fail()


@pytest.mark.skipif(ffmpeg_info().mode != "abi", reason="C listens")
def test_what_fails_while_its_thread_listens_does_not_wait(cut: Path) -> None:
    """As what a destructor or a signal's handler opens does."""
    from ffwebcodecs._ffi import _listening

    found: list[str] = []

    def inner() -> None:
        with pytest.raises(EncodingError) as caught:
            Demuxer(cut)
        found.append(str(caught.value))

    with pytest.raises(EncodingError):
        Demuxer(cut)
    thread = threading.Thread(target=_listening.overhear, args=("", inner), daemon=True)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    assert "Invalid data" in found[0]


@pytest.mark.skipif(importlib.util.find_spec("av") is None, reason="PyAV is not installed")
@pytest.mark.parametrize("order", ["import av; fail()", "fail(); import av"])
def test_pyav_with_the_same_ffmpeg_keeps_its_log(order: str, cut: Path) -> None:
    import av

    folder = Path(av.__file__).parent.parent / "av.libs"
    if not folder.is_dir():
        pytest.skip("PyAV brings no libraries")
    program = f"""
{order}
import av.logging, logging
logging.getLogger().addHandler(logging.NullHandler())
av.logging.set_level(av.logging.ERROR)
av.logging.set_skip_repeated(False)
def heard():
    with av.logging.Capture(local=False) as lines:
        try: av.open(sys.argv[1])
        except av.FFmpegError: pass
    return [line[2] for line in lines]
before = heard()
fail()
assert heard() == before
print(before)
"""
    variables = {"FFWEBCODECS_FFI": "abi", "FFWEBCODECS_LIBRARY_PATH": str(folder)}
    assert "moov atom not found" in run(program, cut, **variables)
