"""Several packets of one stream read in one step, where `av_read_frame` gives what is wanted.

In API mode one call in C does it, without the GIL: whoever decodes meanwhile on another thread
keeps it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ... import _ffi
from ..._ffi import avcodec, avformat, ffi
from ..codecs import packet

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVPacket
    from .demux import DemuxerCore

MOST = 16
_BYTES = 1 << 16  # to read about, at most
_TIME = 2000  # to take about, at most: microseconds
_FIELDS = 5


class Read(NamedTuple):
    """A packet, and what it says."""

    ptr: AVPacket
    pts: int
    dts: int
    duration: int
    flags: int
    size: int


class PacketRun:
    """Reads packets of one stream. Not thread-safe: the demuxer's owner locks."""

    __slots__ = ("_about", "_code", "_demuxer", "_number", "_packets", "_room", "_stock")

    def __init__(self, demuxer: DemuxerCore, number: int) -> None:
        self._demuxer, self._number = demuxer, number
        self._stock: list[AVPacket] = []  # empty ones
        self._packets: Any = None
        self._room = 1  # the next time; whoever wants one chunk is not to wait for many
        if _ffi.load().mode == "api":
            self._packets = ffi.new("AVPacket *[]", MOST)
            self._about = ffi.new("int64_t[]", _FIELDS * MOST)
            self._code = ffi.new("int *")

    def read(self) -> list[Read]:
        """Return the next packets; none: the next one is to be read otherwise, which tells whether
        it is the end.
        """
        context = self._demuxer.plain_context()
        if context is None:
            return []
        room = self._room
        self._room = min(2 * room, MOST)
        stock = self._stock
        if len(stock) < room:
            stock += packet.allocate_many(MOST - len(stock))
        if self._packets is None:
            found, code = self._read_each(context, room)
        else:
            found, code = self._read_together(context, room)
        del stock[: len(found)]
        self._demuxer.has_read(code)
        return found

    def _read_together(self, context: AVFormatContext, room: int) -> tuple[list[Read], int]:
        self._packets[0:room] = self._stock[:room]
        count = avformat.ffwc_read_run(
            context, self._number, room, self._packets, _BYTES, _TIME, self._about, self._code
        )
        about = ffi.unpack(self._about, _FIELDS * count) if count else []
        fields = [about[index::_FIELDS] for index in range(_FIELDS)]
        return list(map(Read, self._stock[:count], *fields)), self._code[0]

    def _read_each(self, context: AVFormatContext, room: int) -> tuple[list[Read], int]:
        found: list[Read] = []
        number, left, code = self._number, _BYTES, 0
        read = avformat.av_read_frame
        for ptr in self._stock[:room]:
            while (code := read(context, ptr)) >= 0 and ptr.stream_index != number:
                avcodec.av_packet_unref(ptr)
            if code < 0:
                break
            size = ptr.size
            found.append(Read(ptr, ptr.pts, ptr.dts, ptr.duration, ptr.flags, size))
            left -= size
            if left < 0:
                break
        return found, code
