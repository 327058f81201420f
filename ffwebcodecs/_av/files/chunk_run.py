"""Several packets of the video read in one step, where each gives a chunk as it is.

The pump reads them without the GIL: whoever decodes meanwhile on another thread keeps it. They wait
where those wait that a seek has read, so whoever reads on otherwise gets them next.
"""

from __future__ import annotations

from itertools import chain, starmap, tee
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from .. import pump
from .stream_info import NO_VIDEO

if TYPE_CHECKING:
    from .demux import DemuxerCore

MOST = 256
"""Packets a call, as of `packet_run`."""
_BYTES = 1 << 17  # to read about, at most
_TIME = 2000  # to take about, at most: microseconds


class ChunkRun:
    """Reads the video's packets ahead. Not thread-safe: the demuxer's owner locks.

    Parameters
    ----------
    demuxer : DemuxerCore
    """

    __slots__ = ("_demuxer", "_kind", "_pump", "_room")

    def __init__(self, demuxer: DemuxerCore) -> None:
        self._demuxer = demuxer
        self._room = 1  # the next time; whoever wants one chunk is not to wait for many
        self._pump = None if demuxer.info.index == NO_VIDEO else pump.for_files()
        self._kind = None if self._pump is None else self._pump.Packet

    def fill(self) -> None:
        """Read some packets if none waits, as long as nothing is special about them."""
        demuxer = self._demuxer
        if self._pump is None or demuxer._ready or demuxer._upcoming is not None:
            return
        context, (num, den) = demuxer.video_context(), demuxer.info.time_base
        if context is None or not 0 < num < 1 << 31 or not 0 < den < 1 << 31:
            return
        room = self._room
        self._room = min(2 * room, MOST)
        setup = pump.number(context), demuxer.info.index, room, _BYTES, _TIME, num, den
        reads = starmap(self._pump.read_video, [(*setup, demuxer._step, demuxer._latest)])
        # Read and kept in one step, in C: what is interrupted in between would be lost.
        kept, told = tee(reads)
        demuxer._ready.extend(chain.from_iterable(map(itemgetter(0), kept)))
        _, code, came, times, rest = next(told)
        demuxer.has_read_video(came, times, code, None if rest is None else rest.ptr)

    def take(self) -> tuple[Any, int] | None:
        """Return what waits first, and its time, if it was read here; of any thread."""
        ready = self._demuxer._ready
        try:
            found = ready.popleft()
        except IndexError:
            return None
        if type(found[0]) is self._kind:
            return found
        ready.appendleft(found)
        return None
