"""Nothing outside the pixels is touched: unreadable pages lie before and behind them."""

from __future__ import annotations

import subprocess
import sys

import pytest
from clips import ROOT, SUPPORT
from suite import part

PARTS = 6

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="uses mprotect")


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, timeout=300)


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.parametrize("number", part(range(PARTS), 1 / PARTS))
def test_no_byte_outside_the_pixels_is_touched(number: int) -> None:
    done = run(str(SUPPORT / "scale_guards.py"), str(number), str(PARTS))
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) > 4000


@pytest.mark.slow
@pytest.mark.parametrize("offset", [-1, 0])
def test_the_guard_pages_do_guard(offset: int) -> None:
    code = f"""
import sys, ctypes
sys.path[:0] = [{str(SUPPORT)!r}, {str(ROOT)!r}]
from scale_reference import Memory
memory = Memory(100, before={offset == -1})
ctypes.string_at(memory.address + {offset if offset else 100}, 1)
"""
    assert run("-c", code).returncode < 0
