"""One scenario in one process: ``python -m memcheck.worker SCENARIO leaks|growth ...``.

The last line of standard output is the result, as JSON.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import json
import os
import threading
import time
import warnings
from pathlib import Path
from typing import Any

from .scenario import Scenario, all_scenarios

_PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> int:
    """Return the bytes of this process that are in memory, after everything free was given back."""
    import ffwebcodecs

    gc.collect()
    # A worker may be just about to free a decoder of some MB: wait until nothing changes.
    same, before = 0, None
    while same < 10:
        time.sleep(0.003)
        now = ffwebcodecs.open_handles(), threading.active_count()
        same = same + 1 if now == before else 0
        before = now
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (AttributeError, OSError):
        pass  # not glibc
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * _PAGE


def settle(seconds: float = 10) -> dict[str, int]:
    """Wait for workers that are on their way out; return the native objects that are left."""
    import ffwebcodecs

    gc.collect()
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        left = {kind: count for kind, count in ffwebcodecs.open_handles().items() if count}
        if not left and threading.active_count() == 1:
            break
        time.sleep(0.002)
    return left


class Run:
    """Counts the calls of a scenario's step."""

    def __init__(self, scenario: Scenario) -> None:
        self._scenario = scenario
        self._next = 0
        self.collect_every = 0

    def calls(self, cycles: int) -> int:
        """Return how many calls make so many cycles."""
        return max(1, cycles // self._scenario.each)

    def go(self, step: Any, cycles: int) -> None:
        """Run so many cycles."""
        first = self._next
        self._next = last = first + self.calls(cycles)
        for index in range(first, last):
            step(index)
            if self.collect_every and index % self.collect_every == 0:
                gc.collect()

    def whole(self, cycles: int) -> None:
        """Open the scenario, run so many cycles and close it; nothing of it is left."""
        with self._scenario.open() as step:
            self.go(step, cycles)


def measure_leaks(scenario: Scenario, cycles: int, file: Path, html: Path | None) -> dict[str, Any]:
    """Run under memray."""
    from . import leaks

    run = Run(scenario)
    # A collection that starts inside one of memray's hooks frees what memray then believes leaked.
    gc.disable()
    run.collect_every = max(1, run.calls(cycles) // 50)
    left: dict[str, int] = {}

    def warm_up() -> None:
        run.whole(max(3 * scenario.each, min(cycles, 200)))
        settle(0.1 if scenario.leaks else 10)

    def measured() -> None:
        run.whole(cycles)
        left.update(settle(0.1 if scenario.leaks else 10))

    # The warm-up is watched as well: CPython makes tables for each function that is traced first.
    leaks.track(warm_up, file)
    start = time.perf_counter()
    leaks.track(measured, file)
    seconds = time.perf_counter() - start
    found = leaks.read(file)
    if html is not None:
        leaks.report(file, html)
    file.unlink()
    return {
        "ours": found.ours,
        "all": found.all,
        "peak": found.peak,
        "handles": left,
        "seconds": seconds,
        "leaks": [leak._asdict() for leak in found.leaks[:8]],
    }


def measure_growth(scenario: Scenario, cycles: int) -> dict[str, Any]:
    """Run alone, and look at the process after a tenth of the cycles and after all."""
    run = Run(scenario)
    start = time.perf_counter()
    with scenario.open() as step:
        run.go(step, cycles // 10)
        before = resident()
        run.go(step, cycles - cycles // 10)
        after = resident()
    del step
    left = settle()
    seconds = time.perf_counter() - start
    return {"growth": after - before, "resident": after, "handles": left, "seconds": seconds}


def main() -> None:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("scenario")
    parser.add_argument("what", choices=["leaks", "growth"])
    parser.add_argument("--cycles", type=int, help="default: the scenario's")
    parser.add_argument("--file", type=Path, help="where memray records")
    parser.add_argument("--html", type=Path, help="where the flame graph goes")
    arguments = parser.parse_args()
    # Frames are dropped unclosed on purpose here.
    warnings.simplefilter("ignore", ResourceWarning)
    scenario = all_scenarios()[arguments.scenario]
    import ffwebcodecs

    cycles = arguments.cycles or scenario.cycles
    mode = ffwebcodecs.ffmpeg_info().mode
    if arguments.what == "leaks":
        result = measure_leaks(scenario, cycles, arguments.file, arguments.html)
    else:
        result = measure_growth(scenario, cycles)
    print(json.dumps({"scenario": scenario.name, "mode": mode, "cycles": cycles, **result}))


if __name__ == "__main__":
    main()
