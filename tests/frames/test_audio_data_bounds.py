"""No byte outside the caller's sound is read or written (tests/support/guard_sound.py)."""

from __future__ import annotations

import subprocess
import sys

import pytest
from clips import SUPPORT

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="needs mprotect"),
    pytest.mark.slow,
    pytest.mark.sweep,
]


def test_nothing_outside_the_buffers_is_touched() -> None:
    command = [sys.executable, "-W", "error", str(SUPPORT / "guard_sound.py")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr[-2000:]
