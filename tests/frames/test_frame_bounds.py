"""No byte outside the caller's buffers is read or written (tests/support/guard_pages.py)."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest
from clips import SUPPORT

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="needs mprotect")


def run(part: str) -> subprocess.CompletedProcess[str]:
    program = SUPPORT / "guard_pages.py"
    command = [sys.executable, "-W", "error", str(program), part]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.parametrize("part", ["copies", "conversions", "chunks"])
def test_nothing_outside_the_buffers_is_touched(part):
    done = run(part)
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr[-2000:]


def test_a_byte_too_far_would_be_noticed():
    assert run("overrun").returncode in (-signal.SIGSEGV, -signal.SIGBUS)
