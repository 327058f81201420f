"""Encoders read the caller's memory and nothing beside it, at small sizes too."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from clips import ROOT, SUPPORT
from encode_helpers import need

CASES = [
    ("avc1.640028", "I420", "libx264"),
    ("avc1.640028", "NV12", "libx264"),
    ("avc1.6E0028", "I420P10", "libx264"),
    ("hvc1.1.6.L93.B0", "I420", "libx265"),
    ("vp8", "I420", "libvpx"),
    ("vp09.02.10.10", "I420P10", "libvpx-vp9"),
    ("av01.0.04M.08", "I420", "libsvtav1"),
    ("av01.1.04M.08", "I444", "libaom-av1"),
    ("ffmpeg:mpeg4", "I420", "mpeg4"),
    ("ffmpeg:ffv1", "RGBA", "ffv1"),
]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs mprotect")
@pytest.mark.divided
@pytest.mark.parametrize(("codec", "format", "name"), CASES)
def test_encoders_stay_within_lent_memory(codec: str, format: str, name: str) -> None:
    need(name)
    program = SUPPORT / "encode_guard.py"
    done = subprocess.run(
        [sys.executable, program, codec, format, "quality"],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert done.returncode == 0, done.stderr[-500:]
