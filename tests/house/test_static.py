"""The promise that a tool checks: the whole package has types."""

from __future__ import annotations

import subprocess
import sys

import pytest
from clips import ROOT

pytestmark = pytest.mark.slow


def run_module(name: str, *arguments: str) -> tuple[int, str]:
    pytest.importorskip(name)
    done = subprocess.run(
        [sys.executable, "-m", name, *arguments], capture_output=True, text=True, cwd=ROOT
    )
    return done.returncode, done.stdout + done.stderr


def test_package_passes_mypy_strict() -> None:
    status, text = run_module("mypy", "--strict")
    assert status == 0, text
