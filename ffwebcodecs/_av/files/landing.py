"""Where a seek has come to: the packets there decide, not what FFmpeg says.

Indices hold decoding times, some demuxers lead to any packet, others count wrong or have no index:
the first key packet may be shown later than the time that was asked for, or packets may come first
that cannot be decoded without those before them. So packets are read until it is known which key
packet is the last at or before the time; what was read stays to be read. If there is none, the seek
goes further back: before the key packet that was found, then 0.5, 1, 2, 4 ... seconds, at last to
the beginning. So the number of steps is bounded, whatever is in the file.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

from ..._spec.codecs import families
from ...errors import DataError, EncodingError
from ..codecs import packet
from .seeking import tick

if TYPE_CHECKING:
    from ..._ffi._types import AVPacket
    from .seeking import Seekability
    from .stream_info import StreamInfo
    from .streams import CopiedStream

_FIRST_STEP = 500_000  # microseconds
# What is read behind a key packet to see whether another one follows in time. Where a group of
# pictures is longer, the one that was found does as well.
_MOST_BYTES = 16 << 20
# Of other streams, what lies so many microseconds before the time is kept.
_MARGIN = 1_000_000
_NEVER = -(2**63)
# Program streams: what comes first after a seek may be the rest of a picture, alone, with the time
# of the next one, or before that. All is right from a packet on that begins where a time is stated.
_CUTS = "mpeg"


class Seekable(Protocol):
    """A demuxer, as a seek uses it."""

    info: StreamInfo
    others: list[CopiedStream]
    seekability: Seekability
    is_fresh: bool
    """Nothing has been read yet."""
    timestamp: int
    """Presentation time of the packet of the video that was read last."""

    def go(self, timestamp: int | None) -> bool:
        """Go to about this time, None: to the beginning; return whether FFmpeg says that it did."""

    def read_on(self, ptr: AVPacket) -> int | None:
        """Read the next packet of any stream, from where the last `go` led to."""

    def reopen(self) -> None:
        """Go to the beginning by opening the input again."""

    def is_key(self, ptr: AVPacket) -> bool:
        """Return whether the packet is a key frame."""


class Landing:
    """The packets at the last key packet of the video at or before a time; the first key packet, if
    there is none before.

    Parameters
    ----------
    source : Seekable
    decodes : bool
        Packets are decoded: those count as key packets only that hold a whole picture.

    Attributes
    ----------
    packets : deque of (AVPacket, int)
        To be read before all others, in the order of the file; with the presentation time, of those
        of the video. The video's begin with the key packet.
    failure : EncodingError or None
        What came instead of the packet after these.
    at_beginning : bool
        Nothing that could be decoded lies before it.
    passed : list of int
        Presentation times of the first packets of the file, which come before any key packet.
    wanted : int
        The time, in microseconds.
    """

    __slots__ = (
        "_begins",
        "_decodes",
        "_is_first",
        "_is_hasty",
        "_is_timed",
        "_key",
        "_late",
        "_size",
        "_source",
        "_targets",
        "at_beginning",
        "failure",
        "packets",
        "passed",
        "wanted",
    )

    def __init__(self, source: Seekable, decodes: bool) -> None:
        self._source = source
        self._decodes = decodes
        self.packets: deque[tuple[AVPacket, int]] = deque()
        self.failure: EncodingError | None = None
        self.at_beginning = False
        self.passed: list[int] = []
        self.wanted = 0
        self._key: int | None = None  # presentation time of the key packet
        self._late: int | None = None  # decoding time of one that is shown too late
        self._size = 0
        self._begins = False  # no other key packet was met before the one there is
        self._is_hasty = source.seekability.has_index  # where a seek leads to needs no second look
        self._is_first = True  # no packet of the video came since the last `go`
        self._is_timed = True  # the times that come are what they are in a row
        self._targets: Iterator[int] | None = None

    def begin(self) -> None:
        """Read the file, which nothing has been read of, up to its first key packet; if there is
        none within reach, what was read is what there is.
        """
        self._read(True, _NEVER)

    def find(self, wanted: int) -> bool:
        """Go to the key packet for this time; return whether the file can be gone to at all."""
        self.wanted = wanted
        kind, info = self._source.seekability, self._source.info
        start, duration = info.start_time, info.duration
        if not kind.goes_back:
            return self._land(None, _NEVER)  # what is left out now could not be had later
        if kind.counts or (start is not None and wanted <= start):
            return self._land(None, wanted)
        last = wanted if duration is None else min(wanted, (start or 0) + duration)
        if self._land(wanted, wanted):
            if self._decodes and self._key == wanted and self._begins:
                self._look_for_twin(wanted, start or 0)
            return True
        return any(
            self._land(target, wanted) for target in _earlier(last, self._late, start or 0)
        ) or self._land(None, wanted)

    def _look_for_twin(self, wanted: int, start: int) -> None:
        """Begin before a key packet that is shown at `wanted`, if another picture is shown then
        too: that one comes first.
        """
        self._is_hasty = False
        for target in (wanted - 1, *_earlier(wanted, None, start)):
            if self._land(target, wanted) and (self._key != wanted or not self._begins):
                return
        self._land(None, wanted)

    def further_back(self) -> bool:
        """Go to an earlier key packet, because the decoder's first picture is too late; return
        whether there may be one.
        """
        key = self._key
        if self.at_beginning or key is None:
            return False
        start = self._source.info.start_time or 0
        if self._targets is None:
            self._targets = _earlier(key, key, start)
        target = next(self._targets, None)
        if target is None or min(target, key - 1) <= start:
            return self._land(None, _NEVER)
        return self.find(min(target, key - 1))

    def _land(self, target: int | None, wanted: int) -> bool:
        """Go to about `target`, None: to the beginning, and read on; return whether there is a
        key packet for `wanted`.
        """
        source = self._source
        if not (target is None and source.seekability.reopens and not source.is_fresh):
            if not source.go(target):
                return False
            self._read(target is None, wanted)
            if target is not None or self.packets or self.failure is not None:
                return self._key is not None or target is None
            if not source.seekability.opens_again:
                return True
        # Some demuxers find nothing any more, not even what they began with.
        source.reopen()
        self._read(True, wanted)
        return True

    def _read(self, at_beginning: bool, wanted: int) -> None:
        """Read on until the key packet for `wanted` is known."""
        self.packets.clear()
        self.passed.clear()
        self.failure = self._key = self._late = None
        self._size, self._is_first, self._begins = 0, True, False
        self._is_timed = at_beginning or self._source.info.format_name != _CUTS
        self.at_beginning = at_beginning
        source = self._source
        index = source.info.index
        while self._size < _MOST_BYTES:
            ptr = packet.allocate()
            try:
                found = source.read_on(ptr)
            except EncodingError as error:
                self.failure = error.with_traceback(None)
                break
            if found is None:
                break
            if found == index:
                if self._is_enough(ptr, source.timestamp, wanted):
                    break
            elif not _is_past(source.others, ptr, wanted - _MARGIN):
                self._keep(ptr, 0)

    def _is_enough(self, ptr: AVPacket, timestamp: int, wanted: int) -> bool:
        """Take or leave a packet of the video; return whether the key packet is known now."""
        source, found = self._source, self._key is not None
        is_first, self._is_first = self._is_first, False
        if not self._is_timed:
            self._is_timed = not is_first and packet.place(ptr)[0] >= 0
        _, dts = packet.times(ptr)
        is_later = (timestamp if dts is None else dts) > wanted  # so is all that follows
        if timestamp == wanted and found and self._decodes and self._has_twin(wanted):
            self._keep(ptr, timestamp)
            return True
        if self._is_timed and source.is_key(ptr):
            begins = self.at_beginning and not found
            if begins or (
                timestamp <= wanted and not (self._decodes and _needs_others(source.info, ptr))
            ):
                self._begins = not found and not self.at_beginning
                self._begin_with(ptr, timestamp)
                return timestamp >= wanted or (is_first and self._is_hasty)
            if timestamp > wanted:
                self._late = dts
                is_later = True
        # Before the first key packet of all, none may follow: then these are all there is.
        if found or self.at_beginning:
            self._keep(ptr, timestamp)
        return is_later and (found or not self.at_beginning)

    def _has_twin(self, wanted: int) -> bool:
        """Return whether one of the packets from the key packet on is shown at `wanted`."""
        index = self._source.info.index
        return any(time == wanted and ptr.stream_index == index for ptr, time in self.packets)

    def _begin_with(self, ptr: AVPacket, timestamp: int) -> None:
        index = self._source.info.index
        others = [kept for kept in self.packets if kept[0].stream_index != index]
        if self._key is None and len(others) < len(self.packets):
            videos = [kept for kept in self.packets if kept[0].stream_index == index]
            self.passed = [time for old, time in videos if not packet.is_discarded(old)]
        self.packets = deque(others)
        self._size = sum(packet.size_of(other) for other, _ in others)
        self.at_beginning = self.at_beginning and self._key is None
        self._key = timestamp
        self._keep(ptr, timestamp)

    def _keep(self, ptr: AVPacket, timestamp: int) -> None:
        self.packets.append((ptr, timestamp))
        self._size += packet.size_of(ptr)


def _needs_others(info: StreamInfo, ptr: AVPacket) -> bool:
    """Return whether a key packet's picture is whole only with those before it, as where a stream
    is refreshed bit by bit.
    """
    family = families.of_codec(info.codec)
    try:
        length_size = family.length_size(info.extradata or None)
    except DataError:
        length_size = None  # start codes, not a record
    return family.needs_others(packet.view(ptr), length_size)


def _is_past(others: list[CopiedStream], ptr: AVPacket, timestamp: int) -> bool:
    """Return whether a packet of another stream lies before a time, or nobody wants it."""
    for stream in others:
        if stream.index == ptr.stream_index:
            pts, dts = packet.times(ptr)
            when = dts if pts is None else pts
            if when is None or stream.is_cover:  # that belongs to the whole
                return False
            if stream.kind == "subtitle":  # it may still be shown
                when += packet.duration(ptr) or 0
            return when < tick(timestamp, stream.time_base)
    return True


def _earlier(base: int, late: int | None, lowest: int) -> Iterator[int]:
    """Yield earlier and earlier times, above the lowest: that before a key packet found too late,
    and those in growing steps before `base`.
    """
    if late is not None and lowest < late <= base:
        yield late - 1
    step = _FIRST_STEP
    while base - step > lowest:
        yield base - step
        step *= 2
