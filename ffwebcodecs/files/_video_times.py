"""Which frame is meant by a time, and which by an index."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sized
from typing import TYPE_CHECKING, Any

from .._spec.numbers import show, to_int64
from ..errors import InvalidArgumentError

if TYPE_CHECKING:
    import numpy.typing as npt

    Times = npt.NDArray[Any]

MODES = ("shown", "nearest", "exact")


def frame_index(value: Any, count: int) -> int:
    """Return an index as one from 0 on; raises IndexError if there is no such frame."""
    try:
        index = operator.index(value)
    except TypeError:
        raise InvalidArgumentError(
            f"a frame's index must be an integer, got {show(value)} "
            "(several: video.frames([...]) or video.read([...]); a time: video.at(...))"
        ) from None
    found = index + count if index < 0 else index
    if not 0 <= found < count:
        raise IndexError(f"frame index {show(index)} is out of range: there are {count} frames")
    return found


def frame_indices(values: Iterable[Any], count: int) -> tuple[Iterable[int], bool]:
    """Return indices from 0 on, and whether all are known: else they are looked at one by one."""
    if isinstance(values, range):
        if values:  # not `min` of them: there may be very many
            frame_index(values[0], count)
            frame_index(values[-1], count)
        if not values or values[0] >= 0 <= values[-1]:
            return values, True
    if isinstance(values, (str, bytes)) or not isinstance(values, Iterable):
        raise InvalidArgumentError(f"indices must be an iterable of integers, got {show(values)}")
    if isinstance(values, Sized):
        return [frame_index(each, count) for each in values], True
    return _each(values, count), False


def _each(values: Iterable[Any], count: int) -> Iterator[int]:
    for value in values:
        yield frame_index(value, count)


class Clock:
    """When frames are shown.

    Parameters
    ----------
    timestamps, durations : int64 array
        In microseconds. Where two recordings lie behind each other, timestamps may go back.
    """

    __slots__ = ("_durations", "_rises", "_timestamps")

    def __init__(self, timestamps: Times, durations: Times) -> None:
        self._timestamps = timestamps
        self._durations = durations
        self._rises = bool((timestamps[1:] >= timestamps[:-1]).all())

    def index_at(self, time: Any, mode: str) -> int:
        """Return which frame is meant by a time; see `Video.at`."""
        moment = to_int64(time, "the time")
        count = len(self._timestamps)
        if not count:
            raise InvalidArgumentError("there are no frames: check() says why")
        if mode == "shown":
            found = self._shown(moment)
            if found < 0:
                raise InvalidArgumentError(
                    f"no frame is shown at {moment} us: the first one begins at "
                    f"{self._timestamps.min()} us (mode='nearest' gives it)"
                )
            return found
        nearest = self._nearest(moment)
        if mode == "exact" and self._timestamps[nearest] != moment:
            raise InvalidArgumentError(
                f"no frame has the timestamp {moment} us; frame {nearest} comes nearest, with "
                f"{self._timestamps[nearest]} us"
            )
        return nearest

    def _shown(self, moment: int) -> int:
        times = self._timestamps
        if self._rises:
            return int(times.searchsorted(moment, "right")) - 1
        begun = times <= moment
        showing = (begun & (moment - times < self._durations)).nonzero()[0]
        if len(showing):
            return int(showing[0])
        if not begun.any():
            return -1
        latest = times[begun].max()
        return int((times == latest).nonzero()[0][-1])

    def _nearest(self, moment: int) -> int:
        """Return the frame whose timestamp is nearest, the first of those as near."""
        times = self._timestamps
        if not self._rises:
            return int(abs(times - moment).argmin())
        after = min(int(times.searchsorted(moment, "left")), len(times) - 1)
        if after and moment - int(times[after - 1]) <= int(times[after]) - moment:
            after -= 1
        return int(times.searchsorted(times[after], "left"))


def check_mode(mode: object) -> str:
    """Return a way to mean a frame by a time; raises InvalidArgumentError."""
    if not isinstance(mode, str) or mode not in MODES:
        raise InvalidArgumentError(f"mode must be one of {', '.join(MODES)}, got {show(mode)}")
    return mode
