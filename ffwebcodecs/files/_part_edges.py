"""How a film is divided into parts: the index is, never the container."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from .._av.files.demux import DemuxerCore
from .._av.files.opening import Opening
from .._av.files.scan import scan
from .._runtime.helper import HelperThread
from .._spec.files.packet_table import NO_PICTURE, PacketTable
from ._held_picture import hold_last
from ._part import Part, WholeJob
from ._source_digest import SourceDigest, digest_of_open

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    Int64 = npt.NDArray[np.int64]

_AROUND = 64  # packets beside those of a part that its worker knows again
_KEYS = 2  # key packets before a part that are among them
_SMALL = 2048  # packets of a file of which all are sent


class ScannedFile(NamedTuple):
    """A file of which all packets are known.

    Attributes
    ----------
    table : PacketTable
    digest : SourceDigest
    shortfalls : (str or None, str or None)
        What is missing at its end, and what if the last packet is not whole.
    """

    table: PacketTable
    digest: SourceDigest
    shortfalls: tuple[str | None, str | None]


def scan_file(source: str, opening: Opening) -> ScannedFile:
    """Read all packets of a file's video once."""
    demuxer = DemuxerCore(source, opening, helper=HelperThread)
    try:
        digest = digest_of_open(demuxer)
        table = hold_last(scan(demuxer), demuxer)
        return ScannedFile(table, digest, (demuxer.shortfall(), demuxer.shortfall(1)))
    finally:
        demuxer.close()


class PartEdges:
    """Which parts a film has, between two times of its file.

    Parameters
    ----------
    table : PacketTable
        Of the whole file.
    start, stop : int or None
        Microseconds of the file.
    part_seconds : float
        About how long parts are; they begin with key frames.
    context : int
        How many frames before and after its own a part needs.

    Attributes
    ----------
    edges : list of int
        The first frame of each part, and the one after the last; of fewer than three there is
        nothing to divide.
    """

    def __init__(
        self,
        table: PacketTable,
        start: int | None,
        stop: int | None,
        part_seconds: float,
        context: int = 0,
    ) -> None:
        self._table = table
        self._start, self._stop = start, stop
        self._context = context
        self.edges: list[int] = []
        times = table.timestamps
        # Where the clock goes back, who reads from the beginning says what is wrong.
        if table.problem is None and len(times) and not (np.diff(times) < 0).any():
            first = 0 if start is None else int(times.searchsorted(start))
            last = len(times) if stop is None else int(times.searchsorted(stop))
            if first < last:
                self.edges = [first, *self._inner(first, last, part_seconds), last]

    def _inner(self, first: int, last: int, part_seconds: float) -> list[int]:
        """Return the frames between two at which parts begin."""
        table = self._table
        times = table.timestamps
        # What begins a part is a key frame from which on nothing has to begin earlier.
        needed = np.minimum.accumulate(table.starts[::-1])[::-1]
        is_possible = table.key_frames & (needed >= table.shown)
        is_possible[1:] &= np.diff(times) > 0
        possible = np.flatnonzero(is_possible)
        possible = possible[(possible > first) & (possible < last)]
        begin, end = int(times[first]), int(times[last - 1] + table.durations[last - 1])
        count = round((end - begin) / (part_seconds * 1_000_000))
        count = min(count, len(possible) + 1)
        if count < 2:
            return []
        wanted = begin + np.arange(1, count) * ((end - begin) / count)
        after = np.searchsorted(times[possible], wanted).clip(0, len(possible) - 1)
        before = (after - 1).clip(0)
        nearer = wanted - times[possible[before]] < times[possible[after]] - wanted
        chosen: list[int] = np.unique(possible[np.where(nearer, before, after)]).tolist()
        return chosen

    @property
    def begins_twice(self) -> bool:
        """Whether the first two frames have the same time: nobody may have counted them."""
        first = self._table.timestamps[self.edges[0] : self.edges[0] + 2]
        return len(first) > 1 and bool(first[0] == first[1])

    @property
    def first_rate(self) -> float | None:
        """Frames per second by what the first frame's packet says, if it says it."""
        table = self._table
        number = table.shown[self.edges[0]]
        ticks = int(table.duration[number])
        return table.time_base[1] / (ticks * table.time_base[0]) if ticks > 0 else None

    def parts(self, job: WholeJob) -> Iterator[Part]:
        """Make the parts, each when it is asked for."""
        table, edges = self._table, self.edges
        times, total = table.timestamps, len(edges) - 1
        for number, (first, last) in enumerate(pairwise(edges)):
            needed = slice(max(first - self._context, 0), last + self._context)
            begin = int(table.starts[needed].min())
            end = int(table.shown[needed].max()) + 1
            while end < len(table) and table.flags[end] == NO_PICTURE:
                end += 1  # second fields
            piece, offset = _around(table, begin, end)
            is_last = number == total - 1
            yield Part(
                number=number,
                total=total,
                times=times[first:last].copy(),
                durations=table.durations[first:last].copy(),
                start=int(times[first]) if number else self._start,
                stop=self._stop if is_last else int(times[last]),
                table=piece,
                offset=offset,
                first_packet=begin - offset,
                stop_packet=end - offset,
                film_begin=int(times[edges[0]]),
                end=int(times[last - 1] + table.durations[last - 1] if is_last else times[last]),
                job=job,
            )


def _around(table: PacketTable, begin: int, end: int) -> tuple[PacketTable, int]:
    """Return the packets from some before `begin` to some after `end`, and how many come before
    them.
    """
    low, high = 0, len(table)
    if high > _SMALL:
        keys = table.keys
        place = int(keys.searchsorted(begin)) - _KEYS
        low = max(0, min(int(keys[place]), begin - _AROUND)) if place > 0 else 0
        high = min(high, end + _AROUND)
    piece = slice(low, high)
    around = PacketTable(
        table.presentation[piece].copy(),  # what is unknown follows from what comes before
        table.dts[piece].copy(),
        table.duration[piece].copy(),
        table.position[piece].copy(),
        table.size[piece].copy(),
        table.flags[piece].copy(),
        table.time_base,
        table.rate,
    )
    return around, low
