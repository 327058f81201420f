"""The times of the frames that are to be written: whether they make a film."""

from __future__ import annotations

from ..errors import DataError

# Microseconds by which a time may go back, as in files whose clock is not exact: such a frame is
# shown right after the one before. More would hide whatever follows.
_JITTER = 100_000
# From frame to frame on average, at least: no camera is faster that gives frames their real times.
_LEAST = 100
_FEW = 3  # frames that may share a time
_ENOUGH = 100  # of which it is plain what they mean


class GivenTimes:
    """Looks at times in the order in which frames come."""

    __slots__ = ("_count", "_first", "_latest")

    def __init__(self) -> None:
        self._count = self._first = self._latest = 0

    def take(self, timestamp: int) -> None:
        """Look at the next one, in microseconds.

        Raises
        ------
        DataError
            Times go back, or all frames so far would be shown in an instant.
        """
        if not self._count:
            self._first = self._latest = timestamp
        elif timestamp < self._latest - _JITTER:
            raise DataError(
                f"the frame at {timestamp} us comes after one at {self._latest} us: times must go "
                "up (a file that was joined of several begins anew at each)"
            )
        self._latest = max(self._latest, timestamp)
        self._count += 1
        if self._count == _ENOUGH:
            self.check()

    def check(self) -> None:
        """Raise DataError if the frames that came would be shown in an instant."""
        count, length = self._count, self._latest - self._first
        if count < _FEW or length >= _LEAST * (count - 1):
            return
        where = f"all have the timestamp {self._first} us"
        remedy = "give each its own time, or framerate=25 to show so many a second"
        if length:
            where = f"lie between {self._first} and {self._latest} us"
            remedy = "are they counted in seconds, milliseconds or frames?"
        raise DataError(
            f"{count} frames {where}, and would be shown in an instant. Timestamps are "
            f"microseconds, 1_000_000 a second: {remedy}"
        )
