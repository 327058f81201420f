"""Two ways in which FFmpeg's allocations fail: the n-th, and all above a size."""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from typing import Any

from ffwebcodecs import ffmpeg_info

MAX_POINTS = 280
SIZES = [1, 8, 24, 40, 64, 100, 128, 200, 300, 400, 450, 500, 600, 800, 1000, 1500, 2000, 3000]
SIZES += [5000, 7000, 9000, 12_000, 20_000, 30_000, 50_000, 100_000, 200_000, 500_000, 1 << 20]


class Shim:
    """The n-th allocation fails."""

    def __init__(self, after: bool) -> None:
        self._lib = ctypes.CDLL(None)
        self._after = int(after)
        for name in ("allocations", "failed", "live"):
            getattr(self._lib, f"fault_{name}").restype = ctypes.c_long
        self._lib.fault_arm.argtypes = [ctypes.c_long, ctypes.c_int]
        assert self._lib.fault_init() > 2, "the shim does not see FFmpeg's libraries"

    def points(self, run: Callable[[], Any]) -> Iterator[int]:
        self._lib.fault_arm(0, 0)
        run()
        count = self._lib.fault_allocations()
        # The first ones each: that is where things are opened. Of a long stream, a sample.
        first = MAX_POINTS // 2
        yield from range(1, min(count, first) + 1)
        yield from range(first + 1, count + 1, max(1, -(-(count - first) // first)))

    def arm(self, point: int) -> None:
        self._lib.fault_arm(point, self._after)

    def disarm(self) -> bool:
        failed = self._lib.fault_failed() > 0
        self._lib.fault_arm(0, 0)
        return failed

    def live(self) -> int:
        """Return how many of FFmpeg's allocations are not freed."""
        return int(self._lib.fault_live())


class Limit:
    """All allocations of more than so many bytes fail."""

    def __init__(self) -> None:
        self._set = ctypes.CDLL(ffmpeg_info().libraries["avutil"][0]).av_max_alloc
        self._set.argtypes, self._set.restype = [ctypes.c_size_t], None

    def points(self, _run: Callable[[], Any]) -> Iterator[int]:
        yield from SIZES

    def arm(self, point: int) -> None:
        self._set(point)

    def disarm(self) -> bool:
        self._set(0x7FFFFFFF)
        return True

    def live(self) -> int:
        return 0  # not known
