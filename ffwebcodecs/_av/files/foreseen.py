"""How long pictures are shown, as `Upcoming` tells: in C where the pump is, which uses it too."""

from __future__ import annotations

from typing import Any

from ..._spec.files.upcoming import Lasting, Upcoming
from .. import pump


class PumpedUpcoming:
    """Does what `Upcoming` does.

    Attributes
    ----------
    times : Upcoming of the pump
        Asks nobody about the last picture of all.
    """

    __slots__ = ("_held", "add", "end", "times")

    def __init__(self, times: Any, held: Lasting | None) -> None:
        self.times = times
        self.add, self.end = times.add, times.end
        self._held = held

    def lasting(self, timestamp: int, stated: int) -> int:
        """Return how long the picture at `timestamp` is shown, the next one that is decoded;
        `stated` if nothing else is known.
        """
        found: int | None = self.times.lasting(timestamp, stated)
        if found is not None:
            return found
        return stated if self._held is None else self._held(timestamp, stated)


Foreseen = Upcoming | PumpedUpcoming


def foreseen(held: Lasting | None) -> Foreseen:
    """Return what remembers times; `held` as for `Upcoming`."""
    times = pump.upcoming()
    return Upcoming(held) if times is None else PumpedUpcoming(times, held)
