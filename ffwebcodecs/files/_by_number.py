"""Packets that are known by number, sent to the decoder several in one call."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from .._av.files.frame_run import FrameRun

if TYPE_CHECKING:
    import numpy.typing as npt

    from .._spec.files.packet_table import PacketTable
    from ..codecs._decoding import Core
    from ._packet_source import FilePackets


class ByNumber:
    """Says of the next packets of a file what their numbers tell, to a `FrameRun`.

    Parameters
    ----------
    packets : FilePackets
    table : PacketTable
        All of them.
    core : Core
        Their decoder.
    times : int64 array, optional
        When each is to be shown; default: its number stands for its time.
    start, stop : int, optional
        See `FrameRun`.

    Attributes
    ----------
    end : int
        The number of the first packet that is not to be read.
    run : FrameRun
    """

    __slots__ = ("_arrays", "_core", "_demuxer", "_number", "_packets", "_places", *("end", "run"))

    def __init__(
        self,
        packets: FilePackets,
        table: PacketTable,
        core: Core,
        times: npt.NDArray[np.int64] | None = None,
        start: int | None = None,
        stop: int | None = None,
    ) -> None:
        sizes = np.ascontiguousarray(table.size, np.int32)
        times = None if times is None else np.ascontiguousarray(times, np.int64)
        self._arrays = sizes, times  # what lies at these places
        self._places: tuple[int, int] = sizes.ctypes.data, 0 if times is None else times.ctypes.data
        self._packets, self._core, self._demuxer = packets, core, packets.demuxer
        self._number = 0
        self.end = 0
        self.run = FrameRun(packets.demuxer, core, None, start, stop, self)

    def is_of(self, core: Core) -> bool:
        """Return whether the packets still come from the same file, to this decoder."""
        return core is self._core and self._packets.demuxer is self._demuxer

    def tell(self) -> tuple[int, int, int, int] | None:
        """Return what is known, see `Numbers`."""
        next_one = self._packets.next
        if next_one is None or next_one >= self.end:
            return None
        number = self._packets.leave_place()
        if number is None:
            return None
        self._number = number
        return number, self.end, *self._places

    def note(self, count: int) -> None:
        """Say how many packets have been sent."""
        self._packets.come_back(self._number + count, count)
