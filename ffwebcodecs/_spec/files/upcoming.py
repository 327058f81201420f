"""How long pictures are shown, as far as the packets tell that have been read anyway.

What a container states of a picture's duration is often no more than the usual one. The next
picture's time says it exactly, if it is known; nothing is read for it.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

_NEVER, _END = -(2**63), 2**63

# How long a picture is shown, of its time and its stated duration.
Lasting = Callable[[int, int], int]


class Upcoming:
    """The times of the pictures that have been read and not been shown yet.

    `held` tells how long the last one is shown, if anything does.
    """

    __slots__ = ("_held", "_hidden", "_latest", "_shown", "_times")

    def __init__(self, held: Lasting | None = None) -> None:
        self._held = held
        self._times: list[int] = []  # a heap
        self._latest = _NEVER
        self._shown = False
        self._hidden = False

    def add(self, timestamp: int, dts: int) -> None:
        """Note a packet's presentation and decoding time, the latter -2**63 if there is none."""
        if dts < self._latest:  # reading goes on elsewhere
            self._times.clear()
            self._shown = False
        self._latest = dts
        heappush(self._times, timestamp)

    def end(self) -> None:
        """Note that no packet follows."""
        self._latest = _END

    def lasting(self, timestamp: int, stated: int) -> int:
        """Return how long the picture at `timestamp` is shown, the next one that is decoded;
        `stated` if nothing else is known.
        """
        times = self._times
        passed = 0
        while times and times[0] <= timestamp:
            heappop(times)
            passed += 1
        if passed > 1 and self._shown:
            self._hidden = True  # there are packets without a picture: their times say nothing
        self._shown = True
        if self._hidden:
            return stated
        if not times:
            held = self._held if self._latest == _END else None
            return stated if held is None else held(timestamp, stated)
        gap = times[0] - timestamp
        # A picture that is decoded later is not shown before then: none comes in between. Else the
        # time to the next one may be shorter than this, but not longer.
        return gap if times[0] <= self._latest or gap < stated else stated
