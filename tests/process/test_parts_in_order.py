"""Parts on any executor: what comes of them is in order, few are on their way, and none is lost."""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import part_work
import pytest

from ffwebcodecs import (
    AbortError,
    InvalidArgumentError,
    InvalidStateError,
    OperationError,
    TranscodeProgress,
)
from ffwebcodecs._runtime.process_pool import WorkerProcesses
from ffwebcodecs.files._parts_running import (
    PartsProgress,
    opened,
    parse_executor,
    run_in_order,
    workers_of,
)

pytestmark = pytest.mark.once
if not hasattr(os, "mkfifo"):
    pytest.skip("there are no FIFOs on Windows", allow_module_level=True)


def executor_of(kind: str, workers: int = 2) -> Executor:
    if kind == "threads":
        return ThreadPoolExecutor(workers)
    if kind == "own":
        return WorkerProcesses(workers)
    return ProcessPoolExecutor(workers, mp_context=multiprocessing.get_context(kind))


@pytest.mark.parametrize("kind", ["threads", "own", "forkserver"])
def test_results_come_in_order_though_the_first_ends_last(kind: str, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "one")
    pipe = str(tmp_path / "one")
    parts = [(pipe, None), (None, pipe), (None, None)]
    with executor_of(kind) as executor:
        found = list(run_in_order(executor, part_work.wait_for, parts))
    assert found == [f"{before} {after}" for before, after in parts]


@pytest.mark.parametrize("kind", ["threads", "own"])
def test_few_parts_are_on_their_way(kind: str) -> None:
    taken = 0

    def parts() -> Iterator[int]:
        nonlocal taken
        for each in range(1, 21):
            taken = each
            yield each

    with executor_of(kind) as executor:
        for given, _ in enumerate(run_in_order(executor, part_work.double, parts()), 1):
            assert taken - given < 2 + 2
    assert (given, taken) == (20, 20)


def test_workers_are_counted() -> None:
    with ThreadPoolExecutor(3) as executor:
        assert workers_of(executor) == 3
    with WorkerProcesses(5) as pool:
        assert workers_of(pool) == 5
    assert workers_of(Executor()) >= 1


@pytest.mark.parametrize("kind", ["threads", "own"])
def test_a_part_that_fails_ends_those_that_run(kind: str) -> None:
    # Parts 0 and 1 would never end.
    with pytest.raises(LookupError, match="there is no 2"), executor_of(kind, 3) as executor:
        list(run_in_order(executor, part_work.for_ever, range(9)))


def test_whoever_stops_asking_ends_those_that_run() -> None:
    with ThreadPoolExecutor(2) as executor:
        with closing(run_in_order(executor, part_work.count_to, [3, 3, 3])) as results:
            assert next(results) == 3
        others = run_in_order(executor, part_work.for_ever, [1, 1], hear=stop)
        with pytest.raises(StopAsyncIteration):
            next(others)


def stop(number: int, told: object) -> None:
    raise StopAsyncIteration


def test_the_part_of_a_killed_worker_is_made_once_more(tmp_path: Path) -> None:
    parts = [None, str(tmp_path / "mark"), None, None]
    with opened(2) as executor:
        found = list(run_in_order(executor, part_work.die_at_first, parts))
    assert len(found) == 4
    assert os.getpid() not in found


def test_a_part_that_kills_two_workers_is_named() -> None:
    with (
        pytest.raises(OperationError, match=r"^2 is lost: its worker process was killed by SIGK"),
        opened(2) as executor,
    ):
        list(run_in_order(executor, part_work.die, range(9)))


def test_a_broken_pool_says_what_to_do() -> None:
    with executor_of("forkserver") as executor:
        with pytest.raises(OperationError, match=r"has died on .*make another one.*part_seconds"):
            list(run_in_order(executor, part_work.die, range(9)))
        with pytest.raises(OperationError, match="make another one"):
            list(run_in_order(executor, part_work.double, range(9)))


def test_an_executor_that_is_shut_down_is_refused() -> None:
    with ThreadPoolExecutor(2) as executor:
        pass
    with pytest.raises(InvalidStateError, match="after shutdown"):
        list(run_in_order(executor, part_work.double, range(9)))


def test_a_part_that_somebody_else_cancels_is_an_error(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "one")
    executor = ThreadPoolExecutor(1)

    def shut(number: int, told: object) -> None:
        executor.shutdown(wait=False, cancel_futures=True)

    with pytest.raises(AbortError, match="somebody else"):
        list(run_in_order(executor, part_work.count_to, [1, 1, 1], hear=shut))
    executor.shutdown()


@pytest.mark.parametrize("kind", ["threads", "own"])
def test_progress_counts_over_all_parts(kind: str) -> None:
    heard: list[TranscodeProgress] = []
    progress = PartsProgress(heard.append, 400_000)
    with executor_of(kind) as executor:
        lengths = [4, 1, 5]
        found = run_in_order(executor, part_work.count_to, lengths, hear=progress.told)
        for number, frames in enumerate(found):
            progress.told(number, (frames, frames * 40_000))
    counts = [each.frames for each in heard]
    assert counts == sorted(set(counts))
    assert counts[-1] == 10
    assert counts[0] == 1  # it was told while it ran
    times = [each.timestamp for each in heard]
    assert times == sorted(times)


def test_what_runs_no_parts_is_refused() -> None:
    assert parse_executor(None) is None
    assert parse_executor(3) == 3
    for given in (0, -1, True, 1.5, "threads", ThreadPoolExecutor):
        with pytest.raises(InvalidArgumentError, match="executor must be"):
            parse_executor(given)

    class Client:  # as Dask's, whose futures are of another kind
        def get_executor(self) -> None:
            pass

    with pytest.raises(InvalidArgumentError, match=r"get_executor\(\)"):
        parse_executor(Client())
