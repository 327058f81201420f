"""What docs/scaling.md shows runs as it stands there; Ray's and torch's in `make scaling`."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import recipes
from clips import FRAMES, clip, framemd5

import ffwebcodecs

pytestmark = pytest.mark.slow


def test_the_page_has_a_piece_for_each_framework() -> None:
    found = recipes.pieces()
    for title in ("Dask", "joblib", "Ray", "torch's DataLoader"):
        assert len(found[title]) == 1
        compile(found[title][0], title, "exec")


@pytest.mark.parametrize(("title", "module"), [("Dask", "distributed"), ("joblib", "joblib")])
def test_references_are_opened_by_the_workers(title: str, module: str, tmp_path: Path) -> None:
    if importlib.util.find_spec(module) is None:
        pytest.skip(f"not installed: {module} (tools/install.sh fetches it)")
    recipes.film(tmp_path)
    recipes.check(title, recipes.run(recipes.pieces()[title][0], tmp_path))


def test_array_jobs_decode_every_frame_once(tmp_path: Path) -> None:
    count = 5  # of a film with three groups
    recipes.film(tmp_path)
    by_references, job = recipes.pieces()["Spark and Slurm"]
    assert recipes.run(by_references, tmp_path) == [f"3 {FRAMES}"]
    command = [sys.executable, "-m", "ffwebcodecs", "index", "clip.mp4", "-o", "clip.index"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    parts = ffwebcodecs.VideoIndex(clip(recipes.FILM)).split(count)
    times, means = [], []
    for number in range(count):
        lines = recipes.run(job, tmp_path, str(count), SLURM_ARRAY_TASK_ID=str(number))
        assert len(lines) == (len(parts[number]) if number < len(parts) else 0)
        times += [int(line.split()[0]) for line in lines]
        means += [float(line.split()[1]) for line in lines]
    assert times == [frame.timestamp for frame in framemd5(clip(recipes.FILM))]
    np.testing.assert_allclose(means, recipes.brightness())
    assert os.listdir(tmp_path)
