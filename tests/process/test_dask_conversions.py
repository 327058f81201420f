"""Conversions whose parts the workers of a Dask cluster make."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import part_work
import pytest
from cli_helpers import names, run
from clips import framemd5
from convert_helpers import digests, film

from ffwebcodecs import OperationError, transcode
from ffwebcodecs.files._parts_running import run_in_order, workers_of

distributed = pytest.importorskip("distributed", reason="tools/install.sh fetches it")
pytestmark = [pytest.mark.slow, pytest.mark.once]


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """Start a scheduler, and a worker process that stands in another folder."""
    before = os.getcwd()
    os.chdir(tmp_path_factory.mktemp("elsewhere"))
    cluster = distributed.LocalCluster(
        n_workers=1,
        threads_per_worker=2,
        host="127.0.0.1",
        dashboard_address="127.0.0.1:0",
        worker_dashboard_address="127.0.0.1:0",
        local_directory=tmp_path_factory.mktemp("dask"),
        silence_logs=logging.CRITICAL,
    )
    os.chdir(before)
    with cluster, distributed.Client(cluster) as client:
        yield client


def test_a_cluster_makes_the_parts(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(film().parent)
    executor = client.get_executor()
    assert workers_of(executor) == 2
    out = tmp_path / "out.mkv"
    # A function without a name travels by its value there.
    parts = {"executor": executor, "part_seconds": 1, "map_frame": lambda frame: frame}
    result = transcode(film().name, out, codec="ffmpeg:ffv1", **parts)
    assert result.frames_written == 75
    assert digests(out) == digests(film())


def test_the_command_line_finds_the_scheduler(client: Any, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    parts = ("--scheduler", client.scheduler.address, "--part-seconds", 1)
    done = run("transcode", film(), out, *parts, "--quantizer", 20)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.startswith(f"{out}: 75 frames, ".encode())
    assert len(framemd5(out)) == 75


def test_a_part_that_fails_ends_the_conversion(client: Any, tmp_path: Path) -> None:
    with pytest.raises(LookupError, match="there is no 2"):
        list(run_in_order(client.get_executor(), part_work.refuse, range(9)))

    def fail(frame: Any) -> None:
        raise OperationError(f"not at {frame.timestamp}")

    parts = {"executor": client.get_executor(), "part_seconds": 1, "map_frame": fail}
    with pytest.raises(OperationError, match="not at"):
        transcode(film(), tmp_path / "out.mkv", **parts)
    assert names(tmp_path) == []
