"""What of the streams that are copied belongs to the part of a film that is converted.

Packets lie in a file about in the order of decoding. So when reading begins at the key packet for
`start`, most of what is heard and read from `start` on comes after it, but not all: sound may lie
before the picture that it goes with, and a subtitle begins long before it ends. Therefore what lies
before that place is looked through first.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from .._av.codecs import packet
from .._av.files.seeking import tick
from ..errors import EncodingError
from ._clock import FilmClock

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._ffi._types import AVPacket

_MICROSECOND = 1_000_000
# How long before `start` is looked: for sound, and for subtitles that are still shown then.
_SOUND = 5 * _MICROSECOND
_SUBTITLES = 30 * _MICROSECOND
# Sound before `start` that is decoded, so that nothing is heard of where decoding began.
_WARM_UP = 1 * _MICROSECOND


class CopiedPacket:
    """A packet of another stream than the video; takes the AVPacket."""

    __slots__ = ("index", "ptr")

    def __init__(self, index: int, ptr: AVPacket) -> None:
        self.index = index
        self.ptr = ptr


class OtherStreams:
    """Collects the packets of the streams in `copied`, with the times that they have in the output,
    and those in `heard`, with their own.

    Parameters
    ----------
    demuxer : DemuxerCore
    clock : FilmClock
        Which part is wanted.

    Attributes
    ----------
    copied, heard : mapping of int to (int, int)
        Stream index to time base; `heard` are those of sound that are decoded.
    """

    __slots__ = (
        *("_clock", "_covers", "_demuxer", "_early", "_seen", "_sounds", "_texts", "_until"),
        "_waiting",
        "copied",
        "heard",
    )

    def __init__(self, demuxer: DemuxerCore, clock: FilmClock) -> None:
        self.copied: Mapping[int, tuple[int, int]] = {}
        self.heard: Mapping[int, tuple[int, int]] = {}
        self._demuxer = demuxer
        self._clock = clock
        self._covers = frozenset(one.index for one in demuxer.others if one.is_cover)
        self._texts = frozenset(one.index for one in demuxer.others if one.kind == "subtitle")
        self._sounds = {one.index for one in demuxer.others if one.kind == "audio"}
        self._waiting: list[CopiedPacket] = []
        self._early: list[CopiedPacket] = []
        # What was looked at already: texts by their places, for several may have one time.
        self._until: dict[int, int] = {}
        self._seen: set[tuple[int, int, int, int]] = set()

    def add(self, index: int, ptr: AVPacket) -> None:
        """Look at a packet, which is borrowed."""
        time_base = self.copied.get(index) or self.heard.get(index)
        if time_base is None:
            return
        if self._was_seen(index, ptr):
            return
        kept = self._kept(index, ptr, time_base)
        if kept is not None:
            self._waiting.append(kept)

    def _was_seen(self, index: int, ptr: AVPacket) -> bool:
        if index in self._texts:
            return (index, *packet.place(ptr)) in self._seen
        order = packet.order(ptr)
        return order is not None and order <= self._until.get(index, order - 1)

    def _kept(self, index: int, ptr: AVPacket, time_base: tuple[int, int]) -> CopiedPacket | None:
        """Return a packet as it is written, None if it does not belong to the part."""
        clock = self._clock
        if index in self._covers:  # it belongs to the whole, wherever that begins
            return CopiedPacket(index, packet.clone(ptr))
        when = packet.start(ptr, time_base)
        if index in self.heard:
            return self._heard(index, ptr, when)
        begin, end = when, None
        if when is not None:
            if index in self._texts:
                end = packet.stop(ptr, time_base)
            if clock.start is not None and when < clock.start:
                if end is None or end <= clock.start:
                    return None
                begin = clock.start
            if clock.stop is not None and when >= clock.stop:
                self._sounds.discard(index)
                return None
        kept = packet.clone(ptr)
        if begin != when or (end is not None and clock.stop is not None and end > clock.stop):
            assert begin is not None
            assert end is not None
            last = end if clock.stop is None else min(end, clock.stop)
            packet.show(kept, tick(begin, time_base), tick(last, time_base))
        if clock.zero:
            packet.shift(kept, -tick(clock.zero, time_base))
        return CopiedPacket(index, kept)

    def _heard(self, index: int, ptr: AVPacket, when: int | None) -> CopiedPacket | None:
        """Return a packet that is decoded, None if nothing of it is heard in the part. Those before
        it are what a decoder needs to begin with.
        """
        clock = self._clock
        if when is not None:
            if clock.start is not None and when < clock.start - _WARM_UP:
                return None
            if clock.stop is not None and when >= clock.stop:
                self._sounds.discard(index)
                return None
        return CopiedPacket(index, packet.clone(ptr))

    def take(self) -> list[CopiedPacket]:
        """Return what was collected, and forget it."""
        waiting, self._waiting = self._waiting, []
        return waiting

    def begin_again(self) -> None:
        """Reading begins anew at an earlier place."""
        self._waiting = list(self._early)

    @property
    def is_wanted(self) -> bool:
        """Whether any stream is."""
        return bool(self.copied or self.heard)

    @property
    def is_heard(self) -> bool:
        """Whether all sound up to `stop` has come."""
        return not any(index in self.copied or index in self.heard for index in self._sounds)

    def close(self) -> None:
        """Let go of all packets."""
        self._waiting, self._early = [], []

    def look_back(self) -> None:
        """Collect what lies before the place from which the video is read for `start`."""
        start, demuxer = self._clock.start, self._demuxer
        kind = demuxer.seekability
        if start is None or not self.is_wanted or not kind.goes_back or kind.counts or kind.reopens:
            return  # else all is read anyway
        if demuxer.source.is_remote:
            return  # to read twice from a network costs more than it brings
        texts = [index for index in self._texts if index in self.copied]
        try:
            demuxer.seek(start - (_SUBTITLES if texts else _SOUND))
            self._read_up_to(start)
        except EncodingError:
            pass  # who reads on from `start` says why
        self.begin_again()

    def _read_up_to(self, start: int) -> None:
        demuxer, video = self._demuxer, self._demuxer.info.index
        shown: dict[int, AVPacket] = {}  # of subtitles that last until the next one
        ptr = packet.allocate()
        while (found := demuxer.read_any(ptr)) is not None:
            time_base = self.copied.get(found) or self.heard.get(found)
            if found == video:
                _, dts = packet.times(ptr)
                if (demuxer.timestamp if dts is None else dts) >= start:
                    break
            elif time_base is not None and found not in self._covers:
                self._note(found, ptr, time_base, shown)
            packet.unref(ptr)
        for index, kept in shown.items():
            time_base = self.copied[index]
            packet.show(kept, tick(start, time_base), tick(start, time_base))
            packet.shift(kept, -tick(self._clock.zero, time_base))
            self._early.append(CopiedPacket(index, kept))

    def _note(
        self,
        index: int,
        ptr: AVPacket,
        time_base: tuple[int, int],
        shown: dict[int, AVPacket],
    ) -> None:
        order, when = packet.order(ptr), packet.start(ptr, time_base)
        if index in self._texts:
            self._seen.add((index, *packet.place(ptr)))
        elif order is not None:
            self._until[index] = max(order, self._until.get(index, order))
        kept = self._kept(index, ptr, time_base)
        if kept is not None:
            self._early.append(kept)
        if index in self._texts and when is not None and when <= (self._clock.start or 0):
            shown.pop(index, None)
            if kept is None and not packet.duration(ptr):
                shown[index] = packet.clone(ptr)
