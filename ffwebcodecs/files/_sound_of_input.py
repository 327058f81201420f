"""The sound of one open file on its way into another, in file order, ready to be written."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from .._av.codecs import packet
from .._av.files.seeking import tick
from .._av.files.stream_info import NO_VIDEO
from ..errors import EncodingError
from ._kept_packets import kept_packets
from ._other_streams import OtherStreams

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._ffi._types import AVPacket
    from ._clock import FilmClock
    from ._damage import Damage
    from ._kept_sound import KeptSound
    from .muxer import Muxer

_BEFORE = 5_000_000  # microseconds before `start` where sound of its time may lie in a file


class SoundOfInput:
    """Reads the streams of sound of a file that an output gets, and covers.

    Parameters
    ----------
    demuxer : DemuxerCore
        Borrowed; nothing has been read.
    clock : FilmClock
        Settled.
    kept : KeptSound
        Has what is encoded.
    numbers : mapping of int to int
        Of what is copied, by its index in the file, the number in the output.
    damage : Damage
    """

    __slots__ = ("_bases", "_clock", "_damage", "_demuxer", "_kept", "_numbers", "_others", "came")

    def __init__(
        self,
        demuxer: DemuxerCore,
        clock: FilmClock,
        kept: KeptSound,
        numbers: Mapping[int, int],
        damage: Damage,
    ) -> None:
        self._demuxer, self._clock, self._kept = demuxer, clock, kept
        self._numbers, self._damage = numbers, damage
        self._others = others = OtherStreams(demuxer, clock)
        self._bases = bases = {stream.index: stream.time_base for stream in demuxer.others}
        others.heard = {index: bases[index] for index in kept.conversions}
        others.copied = {index: bases[index] for index in numbers}
        for stream in demuxer.others:
            stream.note_moved(-clock.zero, -tick(clock.zero, stream.time_base))
        self.came = False
        """Whether any sound has come."""

    def write(self, muxer: Muxer) -> Generator[Fraction | None, None, None]:
        """Write all into the output, packet by packet; yield up to which second of the output the
        stream of each has come, None if that is not known.
        """
        clock, demuxer, others = self._clock, self._demuxer, self._others
        if clock.start is not None and demuxer.info.index != NO_VIDEO:
            try:
                demuxer.seek(clock.start - _BEFORE)
            except EncodingError:
                pass  # a pipe is read from its beginning
        conversions = self._kept.conversions
        try:
            for index, ptr in kept_packets(demuxer, self._damage):
                others.add(index, ptr)
                for event in others.take():
                    yield self._take(muxer, event.index, event.ptr)
                if clock.stop is not None and others.is_heard:
                    break
            else:
                self._damage.end(demuxer)
            for conversion in conversions.values():
                for chunk, config in conversion.finish():
                    muxer.add_chunk(chunk, config, track=conversion.name)
                    yield conversion.end
        finally:
            others.close()
        self.came = self.came or any(one.heard for one in conversions.values())

    def _take(self, muxer: Muxer, index: int, ptr: AVPacket) -> Fraction | None:
        conversion = self._kept.conversions.get(index)
        if conversion is not None:
            for chunk, config in conversion.feed(ptr):
                muxer.add_chunk(chunk, config, track=conversion.name)
            return conversion.end
        self.came = True
        when = packet.start(ptr, self._bases[index])
        muxer._add_copied_packet(self._numbers[index], ptr)
        return None if when is None else Fraction(when, 1_000_000)
