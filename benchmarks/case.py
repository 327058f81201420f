"""One measurement in a process of its own: `python benchmarks/case.py MODULE CASE ARGUMENT...`.

With FFWEBCODECS_BENCH_SERVED in the environment it measures once for each line that it reads, which
is the number of the round: so programs take turns without being started anew. Each measurement
prints JSON: how many frames, seconds, CPU seconds, and the most memory so far in KiB. With
FFWEBCODECS_BENCH_TWICE a case is done twice, and the second time counts. With
FFWEBCODECS_BENCH_SLOW, for Valgrind, calls of the pump end by their number alone.
"""

from __future__ import annotations

import importlib
import json
import os
import sys

from cases.clock import cpu_times, peak_kib


def measure(module: str, name: str, *arguments: str) -> None:
    case = getattr(importlib.import_module(module), name)
    if "FFWEBCODECS_BENCH_SLOW" in os.environ and "pyav" not in name:
        # Under Valgrind each frame takes as long as a call may: it would be one frame a call.
        from ffwebcodecs._av import pump

        pump.TIME = 3_600_000_000
    if "FFWEBCODECS_BENCH_TWICE" in os.environ:
        case(*arguments)
    cpu_times.clear()
    frames, seconds = case(*arguments)
    cpu = cpu_times[-1] - cpu_times[0]
    result = {"frames": frames, "seconds": seconds, "cpu": cpu, "peak": peak_kib()}
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    if "FFWEBCODECS_BENCH_SERVED" in os.environ:
        for line in sys.stdin:
            os.environ["FFWEBCODECS_BENCH_ROUND"] = line.strip()
            measure(*sys.argv[1:])
    else:
        measure(*sys.argv[1:])
