"""What a pickle holds is read up to its last pixel, and nothing behind it
(tests/support/guard_pieces.py).
"""

from __future__ import annotations

import subprocess
import sys

import pytest
from clips import SUPPORT


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.skipif(sys.platform == "win32", reason="needs mprotect")
@pytest.mark.parametrize("part", ["pictures", "encoders"])
def test_nothing_outside_the_pieces_is_touched(part: str) -> None:
    program = SUPPORT / "guard_pieces.py"
    command = [sys.executable, "-W", "error", str(program), part]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    assert (done.returncode, done.stdout.strip()) == (0, "done"), done.stderr[-2000:]
