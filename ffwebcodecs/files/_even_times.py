"""What becomes of times in a file that shows pictures at an even rate, whatever they are."""

from __future__ import annotations

from ._losses import Losses

# MPEG's program streams give some pictures a time; of the others players count.
_COUNTED = ("mpeg", "vob", "dvd", "svcd", "vcd")


class EvenTimes:
    """Looks whether pictures come at the rate that an output shows them at, and tells if not.

    Parameters
    ----------
    rate : float
        Of the output, in pictures per second.
    """

    __slots__ = ("_count", "_first", "_last", "_rate", "_worst")

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._count = self._first = self._last = 0
        self._worst = 0.0

    def take(self, timestamp: int) -> None:
        """Look at the time of the next picture, in microseconds."""
        if not self._count:
            self._first = timestamp
        off = abs(timestamp - self._first - self._count * 1e6 / self._rate)
        self._worst = max(self._worst, off)
        self._last = timestamp
        self._count += 1

    def tell(self, container: str, losses: Losses) -> None:
        """Tell if a picture is shown at another time, by more than one lasts."""
        step = 1e6 / self._rate
        if self._worst <= step * 1.001:
            return
        real, shown = (self._last - self._first + step) / 1e6, self._count / self._rate
        losses.add(
            "the times of the pictures",
            f"{container} shows {self._rate:.6g} a second",
            f"{container} shows pictures at an even rate of {self._rate:.6g} a second, and these "
            f"come at other times: {real:.3f} s become {shown:.3f} s "
            f"(framerate={self._rate:.6g} repeats and leaves out pictures instead)",
        )
        losses.check()


def counts_pictures(container: str) -> bool:
    """Return whether a container that has times shows pictures at an even rate for all that."""
    return container in _COUNTED
