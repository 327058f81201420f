"""What cases have in common: the clocks, and pictures to work on."""

from __future__ import annotations

import resource
from time import perf_counter, process_time

Result = tuple[int, float]

cpu_times: list[float] = []


def clock() -> float:
    """Return the time, and note the CPU time of all threads and finished children; a case calls it
    at start and end.
    """
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu_times.append(process_time() + children.ru_utime + children.ru_stime)
    return perf_counter()


def peak_kib() -> int:
    """Return the most memory that this process had, or a child of it if that had more."""
    with open("/proc/self/status") as file:
        own = next(int(line.split()[1]) for line in file if line.startswith("VmHWM"))
    return max(own, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)


def i420(width: int, height: int) -> bytearray:
    import numpy as np

    size = width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)
    return bytearray((16 + np.arange(size, dtype=np.uint32) * 7 % 219).astype(np.uint8).tobytes())
