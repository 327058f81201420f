"""Where FFmpeg is missing, the message says what to install on every system, this one first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import ffi_helpers
import pytest

from ffwebcodecs._ffi import _report

pytestmark = pytest.mark.once

COMMANDS = {
    "Debian, Ubuntu": "apt install",
    "Fedora": "dnf install",
    "Alpine": "apk add",
    "Arch": "pacman -S",
    "macOS": "brew install",
    "conda": "conda install",
    "Windows": "winget install",
}


def test_info_without_ffmpeg_names_every_system(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ffwebcodecs", "info"],
        capture_output=True,
        text=True,
        cwd=ffi_helpers.ROOT,
        env={"FFWEBCODECS_LIBRARY_PATH": str(tmp_path), "PYTHONPATH": str(ffi_helpers.ROOT)},
    )
    assert done.returncode == 1
    assert done.stdout.startswith("ffwebcodecs ")
    lines = done.stderr.splitlines()
    for system, command in COMMANDS.items():
        assert [line for line in lines if line.strip().startswith(f"{system}:") and command in line]
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("names", "first"),
    [
        ({"debian"}, "Debian"),
        ({"fedora"}, "Fedora"),
        ({"rocky", "rhel"}, "Fedora"),
        (set(), "Debian"),
    ],
)
def test_the_system_at_hand_comes_first(names: set[str], first: str) -> None:
    assert _report.install_hint(names).splitlines()[1].strip().startswith(first)


def test_this_system_has_a_name() -> None:
    assert sys.platform in _report._this_system()
