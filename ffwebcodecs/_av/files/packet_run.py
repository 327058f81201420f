"""Several packets of one stream read in one step, where `av_read_frame` gives what is wanted.

With the pump one call does it, without the GIL: whoever decodes meanwhile on another thread keeps
it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, avformat
from .. import pump
from ..codecs import packet

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVPacket
    from .demux import DemuxerCore

    Read = tuple[Any, int, int, int, int, int]
    Plain = tuple[Any, int, int, int]
    Clock = tuple[int, int, int, int, int, int] | None

MOST = 256
"""Packets a call: whoever decodes on another thread is asked for the GIL once for all of them."""
_BYTES = 1 << 17  # to read about, at most
_TIME = 2000  # to take about, at most: microseconds


class PacketRun:
    """Reads packets of one stream. Not thread-safe: the demuxer's owner locks.

    Parameters
    ----------
    demuxer : DemuxerCore
    number : int
        Of the stream.
    clock : tuple of int, optional
        How ticks become microseconds: the tick that counts as 0, what they are multiplied by, what
        is added, what they are divided by; and two times that are not plain.
    """

    __slots__ = ("_clock", "_demuxer", "_number", "_pump", "_room", "_stock")

    def __init__(self, demuxer: DemuxerCore, number: int, clock: Clock = None) -> None:
        self._demuxer, self._number, self._clock = demuxer, number, clock
        self._stock: list[AVPacket] = []  # empty ones
        self._room = 1  # the next time; whoever wants one chunk is not to wait for many
        self._pump = pump.for_files()

    def read(self) -> list[Read | Plain]:
        """Return the next packets; none: the next one is to be read otherwise, which tells whether
        it is the end.

        Returns
        -------
        list of (AVPacket or the pump's Packet, int, int, int, int, int)
            Each with both its times, its duration, its flags and its size. Of plain ones, with a
            clock, the pump gives (Packet, int, int, int): whether it is a key packet, its time and
            its duration in microseconds.
        """
        context = self._demuxer.plain_context()
        if context is None:
            return []
        room = self._room
        self._room = min(2 * room, MOST)
        if self._pump is None:
            found, code = self._read_each(context, room)
        else:
            where = pump.number(context)
            found, code = self._pump.read(where, self._number, room, _BYTES, _TIME, self._clock)
        self._demuxer.has_read(code)
        return found

    def _read_each(self, context: AVFormatContext, room: int) -> tuple[list[Read | Plain], int]:
        found: list[Read | Plain] = []
        number, left, code = self._number, _BYTES, 0
        read, stock = avformat.av_read_frame, self._stock
        if len(stock) < room:
            stock += packet.allocate_many(room - len(stock))
        for ptr in stock[:room]:
            while (code := read(context, ptr)) >= 0 and ptr.stream_index != number:
                avcodec.av_packet_unref(ptr)
            if code < 0:
                break
            size = ptr.size
            found.append((ptr, ptr.pts, ptr.dts, ptr.duration, ptr.flags, size))
            left -= size
            if left < 0:
                break
        del stock[: len(found)]
        return found, code
