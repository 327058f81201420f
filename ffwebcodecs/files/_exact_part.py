"""What of a film is copied and what is encoded anew so that a part is exact."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from .._spec.files.packet_table import DISCARD, KEY, NO_PICTURE, PacketTable, microseconds

if TYPE_CHECKING:
    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]

_HIDDEN = DISCARD | NO_PICTURE
_FEW = 32


class ExactPart:
    """The frames of a part, by where they come from.

    Attributes
    ----------
    head, tail : list of int
        Times, in microseconds, of the frames that are encoded, in front and behind.
    copied : list of int
        Numbers of the packets that are copied, in decoding order.
    hides : bool
        Whether packets among them give no frame.
    replaced : list of int
        Numbers of the packets of which the frames are encoded.
    last : int
        The number of the last packet of all of these.
    lasting : dict
        How long each frame is shown, by its time, in microseconds.
    """

    __slots__ = ("copied", "head", "hides", "last", "lasting", "replaced", "tail", "time_of")

    def __init__(
        self,
        head: list[int],
        copied: list[int],
        tail: list[int],
        times: dict[int, int],
        lasting: dict[int, int],
        wanted: list[int],
        hides: bool,
    ) -> None:
        self.head, self.copied, self.tail = head, copied, tail
        self.time_of = times  # of each packet that is copied
        self.lasting = lasting
        self.hides = hides
        self.replaced = sorted(set(wanted) - set(copied))
        self.last = max(*wanted, *copied, 0)

    @property
    def encoded(self) -> int:
        """How many frames are encoded."""
        return len(self.head) + len(self.tail)

    def decoding_times(self, delay: int) -> list[int]:
        """Return the decoding time of each frame of the part, in decoding order: the presentation
        times in order of size, delayed by as many pictures as those that are copied are reordered
        by, and those that are encoded, by `delay` at most.
        """
        order = [*self.head, *(self.time_of[number] for number in self.copied), *self.tail]
        shown = sorted(order)
        rank = {time: place for place, time in enumerate(shown)}
        delay = max(delay, *(place - rank[time] for place, time in enumerate(order)))
        gaps = sorted(after - before for before, after in pairwise(shown))
        step = max(1, gaps[len(gaps) // 2] if gaps else 1)
        before = [shown[0] - (delay - place) * step for place in range(delay)]
        return [*before, *shown][: len(order)]


def plan(
    table: PacketTable,
    start: int | None,
    stop: int | None,
    begins_anew: Callable[[int], bool],
    can_encode: bool = True,
) -> ExactPart | None:
    """Return what to do for the frames from `start` to before `stop`, None if there are none.

    Parameters
    ----------
    table : PacketTable
        Its times do not go back.
    start, stop : int or None
        Microseconds of the file.
    begins_anew : callable
        Whether a stream may go on with this key packet behind other pictures.
    can_encode : bool
        Whether that is known of the codec, and frames can be encoded.
    """
    shown, stamps = table.shown, table.timestamps
    first = 0 if start is None else int(np.searchsorted(stamps, start, side="left"))
    end = len(stamps) if stop is None else int(np.searchsorted(stamps, stop, side="left"))
    if first >= end:
        return None
    wanted = shown[first:end]
    times = stamps[first:end].tolist()
    lasting = dict(zip(times, table.durations[first:end].tolist(), strict=True))
    every = microseconds(table.presentation, table.time_base)
    key = _first_key(table, wanted, every, times[0], begins_anew)
    copied = [] if key is None else _whole_prefix(table, key, wanted, every)
    if can_encode and key is not None and len(copied) < _FEW and not begins_anew(key):
        # FFmpeg loses pictures of H.264 that begins with an open group, and soon ends.
        key = _first_key(table, wanted, every, None, begins_anew)
        copied = [] if key is None else _whole_prefix(table, key, wanted, every)
    if key is None:
        return ExactPart(times, [], [], {}, lasting, wanted.tolist(), False)
    begin = int(every[key])
    later = int(every[copied].max())
    kept = _with_hidden(table, copied, every)
    return ExactPart(
        [time for time in times if time < begin],
        kept,
        [time for time in times if time > later],
        {number: int(every[number]) for number in kept},
        lasting,
        wanted.tolist(),
        len(kept) > len(copied),
    )


def _first_key(
    table: PacketTable,
    wanted: Int64,
    every: Int64,
    begin: int | None,
    begins_anew: Callable[[int], bool],
) -> int | None:
    """Return the first key packet from which on packets can be copied: the one that is shown at
    `begin`, or one that may follow others.
    """
    latest = np.maximum.accumulate(every)
    for number in np.sort(wanted[table.flags[wanted] & KEY != 0]).tolist():
        if number and latest[number - 1] >= every[number]:
            continue  # what comes before it is shown behind it
        if every[number] == begin or begins_anew(number):
            return int(number)
    return None


def _whole_prefix(table: PacketTable, key: int, wanted: Int64, every: Int64) -> list[int]:
    """Return as many of the packets from a key packet on, in decoding order, as are the first
    frames that are shown, and wanted all of them. Those before it are not among them.
    """
    numbers = np.arange(key, int(wanted.max()) + 1)
    is_shown = table.flags[numbers] & _HIDDEN == 0
    numbers = numbers[is_shown & (every[numbers] >= every[key])]
    rank = np.empty(len(numbers), np.int64)
    rank[np.argsort(every[numbers], kind="stable")] = np.arange(len(numbers))
    is_whole = np.maximum.accumulate(rank) == np.arange(len(numbers))
    is_whole &= np.logical_and.accumulate(np.isin(numbers, wanted))
    found: list[int] = numbers[: int(np.flatnonzero(is_whole)[-1]) + 1].tolist()
    return found


def _with_hidden(table: PacketTable, copied: list[int], every: Int64) -> list[int]:
    """Return the packets with those between and behind them that give no frame of their own, which
    others may need: second fields, pictures that are only referred to.
    """
    key, last = copied[0], copied[-1]
    end = last + 1
    while end < len(table) and table.flags[end] & NO_PICTURE:
        end += 1
    numbers = np.arange(key, end)
    is_hidden = (table.flags[numbers] & _HIDDEN != 0) & (every[numbers] >= every[key])
    return sorted([*copied, *numbers[is_hidden].tolist()])
