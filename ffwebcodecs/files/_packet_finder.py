"""Which packet of a table is this one? Asked after a seek, of the packets that come then."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from .._spec.files.packet_table import NOPTS, PacketTable, microseconds

if TYPE_CHECKING:
    import numpy.typing as npt

Place = tuple[int, int, int]
"""Position, size, decoding time in microseconds."""

_CHECKED = 3  # packets that have to follow as they should, where position or time do not fit


class PacketFinder:
    """Looks packets up by what they say of themselves.

    Position, time and size together tell a packet. Where one of the first two is missing, or other
    than it was when all was read in a row (times of raw streams, positions in segments), the
    packets behind it have to fit as well.
    """

    __slots__ = ("_by_position", "_by_time", "_positions", "_sorted_times", "_table", "_times")

    def __init__(self, table: PacketTable) -> None:
        self._table = table
        self._by_position = np.argsort(table.position, kind="stable")
        self._positions = table.position[self._by_position]
        times = microseconds(table.dts, table.time_base)
        self._times = np.where(table.dts == NOPTS, NOPTS, times)
        self._by_time = np.argsort(self._times, kind="stable")
        self._sorted_times = self._times[self._by_time]

    def find(self, places: Sequence[Place]) -> tuple[int | None, bool]:
        """Return the number of the first of these packets, which follow each other, None if it is
        not known; and whether more of them could tell.
        """
        position, _, time = places[0]
        at_position = self._equal(self._positions, self._by_position, position)
        if position < 0:
            at_position = at_position[:0]
        at_time = self._equal(self._sorted_times, self._by_time, time)
        if time == NOPTS:
            at_time = at_time[:0]
        both = np.intersect1d(at_position, at_time, assume_unique=True)
        for candidates, needed in ((both, 1), (at_position, _CHECKED), (at_time, _CHECKED)):
            found = self._fitting(candidates, places)
            if not len(found):
                continue
            if len(found) > 1:
                return None, True
            number = int(found[0])
            left = len(self._table) - number
            return (number, False) if len(places) >= min(needed, left) else (None, True)
        return None, False

    def _fitting(
        self, found: npt.NDArray[np.int64], places: Sequence[Place]
    ) -> npt.NDArray[np.int64]:
        """Return those of some packets that are as large as these, and the ones behind as well."""
        sizes = self._table.size
        for offset, (_, size, _) in enumerate(places):
            found = found[found + offset < len(sizes)]
            found = found[sizes[found + offset] == size]
        return found

    @staticmethod
    def _equal(
        values: npt.NDArray[np.int64], order: npt.NDArray[np.int64], value: int
    ) -> npt.NDArray[np.int64]:
        first, last = (
            np.searchsorted(values, value, "left"),
            np.searchsorted(values, value, "right"),
        )
        return order[first:last]
