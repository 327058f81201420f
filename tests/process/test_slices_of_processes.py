"""Threads that help to convert: forks, the end of the interpreter, no threads at all."""

from __future__ import annotations

import os

import pytest
from ffi_helpers import run_python

pytestmark = pytest.mark.slow

SETUP = """
import os, signal, sys, threading, time
import warnings
warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12: fork with threads
signal.alarm(60)
import ffwebcodecs as w
from ffwebcodecs._av.scale import helpers
size = 2048 * 1024
frame = w.VideoFrame(bytes(range(256)) * (size * 3 // 2 // 256), format="I420", coded_width=2048,
                     coded_height=1024, timestamp=0)
wanted = bytearray(size * 4)
frame.copy_to(wanted, format="RGBA", threads=1)
def same(threads=3):
    out = bytearray(size * 4)
    frame.copy_to(out, format="RGBA", threads=threads)
    return out == wanted
def child(work):
    pid = os.fork()
    if not pid:
        code = 1
        try:
            code = 0 if work() else 2
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_child_has_helpers_of_its_own() -> None:
    code = f"""{SETUP}
assert same()
print(child(same), same())
"""
    assert run_python(code).split() == ["0", "True"]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_fork_in_the_middle_hangs_neither() -> None:
    code = f"""{SETUP}
begun, go = threading.Event(), threading.Event()
found = []
def work(worker, part, arena):
    if worker:
        begun.set()
        go.wait()
    elif not found:
        begun.wait()
        found.append(None)
        pid = os.fork()
        if pid:
            found.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            go.set()
        else:
            found.append("child")
done = helpers.Team(work, 4, 1).run(helpers.Arena())
if "child" in found:
    os._exit(0 if not done and same() else 3)
print(found[-1], done, same())
"""
    assert run_python(code).split() == ["0", "True", "True"]


@pytest.mark.parametrize("daemon", [False, True])
def test_the_interpreter_ends_in_the_middle(daemon: bool) -> None:
    code = f"""{SETUP}
assert same()
begun = threading.Event()
def convert():
    for _ in range(3 if not {daemon} else 10 ** 9):
        same(2)
        begun.set()
threading.Thread(target=convert, daemon={daemon}).start()
begun.wait()
print("ended")
"""
    assert run_python(code).split() == ["ended"]


def test_where_no_thread_can_start_the_caller_does_all() -> None:
    code = f"""{SETUP}
import _thread
def refuse(*_):
    raise RuntimeError("can't start new thread")
_thread.start_new_thread = refuse
print(same(), len(helpers._alive))
"""
    assert run_python(code).split() == ["True", "0"]
