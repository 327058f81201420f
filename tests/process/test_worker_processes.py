"""Worker processes: no call is lost with one, and none is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from concurrent.futures import CancelledError
from pathlib import Path

import part_work
import pytest

from ffwebcodecs import InvalidArgumentError, InvalidStateError, OperationError
from ffwebcodecs._runtime import process_worker
from ffwebcodecs._runtime.process_pool import WorkerProcesses

pytestmark = pytest.mark.once
if not hasattr(os, "mkfifo"):
    pytest.skip("there are no FIFOs on Windows", allow_module_level=True)


def is_gone(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    # In a container there may be nobody to bury orphans.
    state = Path(f"/proc/{process}/stat")
    return state.exists() and state.read_text().rpartition(")")[2].split()[0] == "Z"


def test_calls_are_made_in_other_processes_that_end_with_the_pool() -> None:
    with WorkerProcesses(2) as pool:
        makers = {future.result() for future in [pool.submit(part_work.who, i) for i in range(6)]}
        assert os.getpid() not in makers
        assert len(makers) <= 2
    assert all(map(is_gone, makers))
    with pytest.raises(InvalidStateError):
        pool.submit(part_work.who, 0)


def test_workers_find_the_package_after_the_folder_has_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = os.fspath(Path(process_worker.__file__).parents[2])
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in ("", home)])
    assert repr(home) in process_worker.command(0)[-1]


def test_large_results_are_not_copied_into_the_pickle() -> None:
    with WorkerProcesses(1) as pool:
        assert pool.submit(part_work.zeros, 3_000_000).result() == bytes(3_000_000)


def test_an_error_comes_with_the_traceback_of_the_worker() -> None:
    with WorkerProcesses(1) as pool:
        with pytest.raises(LookupError, match="there is no 2") as caught:
            pool.submit(part_work.refuse, 2).result()
        assert "part_work.py" in str(caught.value.__cause__)
        with pytest.raises(RuntimeError, match="OddError: of its own kind"):
            pool.submit(part_work.refuse_oddly, 0).result()
        assert pool.submit(part_work.double, 4).result() == 8  # the worker works on


def test_the_call_of_a_killed_worker_is_made_once_more(tmp_path: Path) -> None:
    with WorkerProcesses(1) as pool:
        first = pool.submit(part_work.who, 0).result()
        again = pool.submit(part_work.die_at_first, str(tmp_path / "mark")).result()
        assert is_gone(first)
        assert again != first
        assert pool.submit(part_work.who, 0).result() == again


def test_a_call_that_kills_two_workers_fails_and_others_go_on() -> None:
    with WorkerProcesses(1) as pool:
        with pytest.raises(OperationError, match="killed by SIGKILL, as if memory ran out"):
            pool.submit(part_work.die, 2).result()
        assert pool.submit(part_work.double, 4).result() == 8


def test_a_pool_that_is_left_by_an_exception_ends_what_runs(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "never")
    with pytest.raises(KeyError), WorkerProcesses(1) as pool:
        worker = pool.submit(part_work.who, 0).result()
        waiting = pool.submit(part_work.wait_for, (str(tmp_path / "never"), None))
        behind = pool.submit(part_work.double, 1)
        raise KeyError
    assert is_gone(worker)
    with pytest.raises(CancelledError):
        waiting.result()
    assert behind.cancelled()


def test_what_the_program_itself_defines_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def of_main(_: object) -> None:
        pass

    monkeypatch.setattr(of_main, "__module__", "__main__")
    with WorkerProcesses(1) as pool, pytest.raises(InvalidArgumentError, match="__main__"):
        pool.submit(part_work.double, of_main)


# No guard of `__main__`; a worker that ran this once more would print twice.
SCRIPT = """
import sys, part_work
from ffwebcodecs._runtime.process_pool import WorkerProcesses
with WorkerProcesses(1) as pool:
    pool.submit(part_work.say_who_and_wait, sys.argv[1]).result()
"""


def begin(tmp_path: Path) -> tuple[subprocess.Popen[str], int]:
    """Start a program whose worker waits for ever; return it and the worker's number."""
    os.mkfifo(tmp_path / "never")
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    program = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "never")],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    )
    assert program.stdout is not None
    worker = int(program.stdout.readline())
    return program, worker


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    program, _ = begin(tmp_path)
    program.kill()
    # Its outputs end when nobody has them any more: the worker, which says nothing, has ended.
    assert program.communicate(timeout=60) == ("", "")


def test_ctrl_c_is_the_parents_to_hear(tmp_path: Path) -> None:
    program, worker = begin(tmp_path)
    os.killpg(program.pid, signal.SIGINT)  # as a terminal does, to all of them
    _, said = program.communicate(timeout=60)
    assert is_gone(worker)
    assert said.count("Traceback") == 1
    assert said.strip().endswith("KeyboardInterrupt")
