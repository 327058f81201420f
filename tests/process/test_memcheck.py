"""The leak checker catches leaks, and a few of its scenarios in small: `make memcheck` runs all."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from clips import ROOT

pytest.importorskip("memray")

from memcheck.__main__ import GROWTH_LIMIT, judge, marked_line
from memcheck.leaks import LIMIT
from memcheck.scenario import all_scenarios

pytestmark = [
    pytest.mark.divided,
    pytest.mark.slow,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="memray's native traces"),
]


def worker(name: str, what: str, cycles: int, file: Path) -> dict[str, Any]:
    command = [sys.executable, "-m", "memcheck.worker", name, what, "--cycles", str(cycles)]
    environment = {**os.environ, "MALLOC_ARENA_MAX": "1"}
    done = subprocess.run(
        [*command, "--file", file],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    if "MissingMediaError" in done.stderr:
        pytest.skip(done.stderr.splitlines()[-1])
    assert done.returncode == 0, done.stderr[-3000:]
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


@pytest.mark.once
@pytest.mark.parametrize("name", ["lost_references", "kept_clones"])
def test_a_deliberate_leak_is_caught_and_traced_to_its_line(name: str, tmp_path: Path) -> None:
    result = worker(name, "leaks", 100, tmp_path / "memray.bin")
    assert result["ours"] > 100 * 64 * 64
    assert judge(result)
    assert any(leak["place"] == marked_line(name) for leak in result["leaks"])


@pytest.mark.parametrize(
    "name",
    [
        *("frames_dropped", "zero_copy_out", "chunks", "read_frames_closed", "decoders_dropped"),
        *("sounds_lent", "sound_encoders_dropped", "live_streams", "images"),
    ],
)
def test_a_quick_run_leaves_nothing(name: str, tmp_path: Path) -> None:
    cycles = all_scenarios()[name].cycles // 20
    result = worker(name, "leaks", cycles, tmp_path / "memray.bin")
    assert not result["handles"]
    assert not judge(result), judge(result)


def test_a_process_that_decodes_does_not_grow(tmp_path: Path) -> None:
    result = worker("read_frames_dropped", "growth", 5_000, tmp_path / "unused")
    assert not result["handles"]
    assert result["growth"] < GROWTH_LIMIT


@pytest.mark.once
def test_every_scenario_says_what_it_does() -> None:
    scenarios = all_scenarios()
    assert len(scenarios) > 20
    assert sum(each.leaks for each in scenarios.values()) == 2
    assert all(each.text and each.cycles >= 1000 for each in scenarios.values())
    assert LIMIT <= 16 * 1024
