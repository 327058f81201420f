"""SVT-AV1 with one preset after another: pictures or a refusal, never a hang."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from clips import ROOT
from encode_helpers import need

# A process for each: what was encoded before is what counts.
CODE = """
import sys
import numpy as np
from ffwebcodecs import NotSupportedError, VideoFrame, write_frames

def pictures():
    noise = np.random.default_rng(0)
    for number in range(12):
        pixels = noise.integers(0, 256, (64, 64, 3), dtype=np.uint8)
        yield VideoFrame.from_ndarray(pixels, timestamp=number * 40_000)

for options in map(eval, sys.argv[2:]):
    try:
        result = write_frames(
            pictures(), sys.argv[1], codec="ffmpeg:libsvtav1", encoder_options=options
        )
        print(result.frames_written)
    except NotSupportedError as error:
        print("refused:", error)
"""


def after_one_another(folder: Path, *options: dict[str, str]) -> list[str]:
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", CODE, folder / "a.mkv", *map(repr, options)],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("last", [{"preset": "7"}, {"svtav1-params": "preset=6"}])
def test_a_higher_preset_after_a_lower_one_comes_back(last: dict[str, str], tmp_path: Path) -> None:
    need("libsvtav1")
    first, second = after_one_another(tmp_path, {"preset": "5"}, last)
    assert first == "12"
    assert second == "12" or "in a process that has encoded with preset 5 before" in second


def test_presets_that_go_together_all_encode(tmp_path: Path) -> None:
    need("libsvtav1")
    options = [{"preset": preset} for preset in ("7", "6", "5", "8")]
    assert after_one_another(tmp_path, *options, {}) == ["12"] * 5
