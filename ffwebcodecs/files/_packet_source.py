"""Where a `Video` has its packets from, by number: a file, whose seeks are verified, or chunks."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from .._av import averror
from .._av.codecs import packet
from .._av.files.demux import DemuxerCore
from .._av.files.stated import Stated
from .._spec.files.packet_table import NOPTS, PacketTable, microseconds
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import EncodingError
from ._packet_finder import PacketFinder, Place

if TYPE_CHECKING:
    from .._ffi._types import AVPacket

_NEAR = 64  # packets that are read over rather than jumped over
_FEW = 8  # packets before the wanted one that are nothing to speak of
_STRANGE = 256  # packets after a seek that may be unknown: the rest of one that was cut
_MOST_FAILURES = 1
_MOST_HELD = 64  # packets that are looked at to know the first of them
_BACK = (500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000, 16_000_000, 32_000_000)
# Their packets are found by their place; what they say of times is coarse, or nothing.
_STREAMS = ("mpegts", "mpeg", "mpegvideo", "m4v", "h261", "h263", "h264", "hevc", "vvc", "evc")
_BY_BYTE = frozenset((*_STREAMS, "vc1", "cavsvideo", "avs2", "avs3"))
_BY_DECODING = frozenset(("avi", "gxf"))  # they know no other time


class Counters:
    """What was done; `Video.stats` shows it."""

    __slots__ = (
        "cache_hits",
        "frames_given",
        "packets_read",
        "pictures_decoded",
        "seek_misses",
        "seeks",
    )

    def __init__(self) -> None:
        self.seeks = self.seek_misses = self.packets_read = 0
        self.pictures_decoded = self.frames_given = self.cache_hits = 0


class PacketSource(Protocol):
    """Gives packets by their number in decoding order. Not thread-safe: its owner locks."""

    next: int | None
    """The number of the packet that `read` gives, None if that is not known."""
    reopen: Callable[..., DemuxerCore] | None
    """Opens the file anew, at its beginning; None where that cannot be."""

    def go_to(self, number: int) -> None:
        """See to it that `read` gives this packet next."""

    def read(self, ptr: AVPacket) -> int | None:
        """Read the next packet into `ptr`; return its number, None at the end."""

    def stated(self) -> Stated | None:
        """Return what a file states; None of what is no file."""

    def refuse_inside(self) -> None:
        """Raise InvalidStateError if the file object that is being read calls this."""

    def interrupt(self) -> None:
        """End what waits for the input, for good."""

    def close(self, wait: bool = True) -> None:
        """Let go of it; twice is fine."""


class ChunkPackets:
    """The packets of chunks that a program has."""

    def __init__(self, chunks: Sequence[EncodedVideoChunk], counters: Counters) -> None:
        self._chunks = chunks
        self._counters = counters
        self.next: int | None = 0
        self.reopen: Callable[..., DemuxerCore] | None = None

    def go_to(self, number: int) -> None:
        if number != self.next:
            self._counters.seeks += 1
        self.next = number

    def read(self, ptr: AVPacket) -> int | None:
        number = self.next
        assert number is not None
        if number >= len(self._chunks):
            return None
        packet.reference(ptr, self._chunks[number]._decodable())
        self._counters.packets_read += 1
        self.next = number + 1
        return number

    def stated(self) -> Stated | None:
        return None

    def refuse_inside(self) -> None:
        pass

    def interrupt(self) -> None:
        pass

    def close(self, wait: bool = True) -> None:
        self._chunks = ()


class FilePackets:
    """The packets of a file.

    A seek of libavformat's ends somewhere. The packets that come then are looked up in the table:
    if they are those before the wanted one, they are read over; if they are behind it, or nobody
    knows them, the next seek goes further back, at last to the beginning of the file opened anew.

    Parameters
    ----------
    core : DemuxerCore
        Taken.
    table : PacketTable
        All packets of its video.
    reopen : callable, optional
        Opens the file again, at its beginning.
    """

    def __init__(
        self,
        core: DemuxerCore,
        table: PacketTable,
        counters: Counters,
        reopen: Callable[..., DemuxerCore] | None = None,
    ) -> None:
        self._core = core
        self._table = table
        self._counters = counters
        self.reopen = reopen
        self._finder: PacketFinder | None = None
        self._held: deque[AVPacket] = deque()
        self._gives_nothing = False  # not one packet came after a seek
        self._failures = 0  # of all tries for a packet; then it is read from the beginning
        self._first_try = 0  # the one that was right the last time
        # Whether a seek to a key packet's own time ends at the one before: some demuxers count
        # from another zero. None: not yet known.
        self._is_early: bool | None = None
        self._later = 0
        kind = core.info.format_name.split(",")[0]
        self._by_byte = kind in _BY_BYTE
        self._by_decoding = kind in _BY_DECODING
        self._first_key = int(table.keys[0]) if len(table.keys) else 0
        self._is_coarse = kind == "mpeg"  # several packets lie at one position
        self.next: int | None = None

    @property
    def demuxer(self) -> DemuxerCore:
        """What reads the file."""
        return self._core

    def leave_place(self) -> int | None:
        """Return the number of the packet that the demuxer gives next, to who reads on there and
        then says how far with `come_back`; None if it is another one than `read` gives.
        """
        number = self.next
        if self._held or number is None:
            return None
        self.next = None  # an interrupt may come before it is known that all went well
        return number

    def come_back(self, number: int, count: int) -> None:
        """Say which packet is the next one now, and how many were read."""
        self._counters.packets_read += count
        self.next = number

    def go_to(self, number: int) -> None:
        place = self.next
        if place is not None and place <= number <= place + _NEAR and self._read_over(number):
            return
        tries = [] if self._failures >= _MOST_FAILURES else list(self._tries(number))
        first = self._first_try
        order = list(range(first, len(tries))) + list(range(min(first, len(tries))))
        for index in order:
            target, by_byte = tries[index]
            if self._lands(target, by_byte, number):
                self._first_try = min(index, 3)
                return
            self._counters.seek_misses += 1
            if self._gives_nothing and self.reopen is not None:
                break  # as fragmented MP4 in HLS does
        self._failures += 1
        if self.reopen is not None and self._begins_anew(number):
            return
        way = (
            "neither a seek nor reading from the beginning finds what the index says; make it again"
        )
        if self.reopen is None:
            way = "it can be read only once, and not sought in; read it into memory first"
        raise NotThereError(f"packet {number} cannot be reached: {way}")

    def _tries(self, number: int) -> Iterator[tuple[int, bool]]:
        """Yield places to seek to, a time or a byte, each further back."""
        table = self._table
        if self._by_byte:
            # Exactly there, some parsers find the next packet only; some packets have no position.
            position = table.position[: number + 1]
            for back in (8, 2, 0, 32, 128) if self._is_coarse else (2, 0, 8, 32, 128):
                known = np.flatnonzero(position[: max(0, number + 1 - back)] >= 0)
                if len(known):
                    yield int(position[known[-1]]), True
            yield 0, True
            return
        time = self._time(table.presentation, number)
        # Some go by decoding times, which edit lists leave behind the others.
        decoding = time if table.dts[number] == NOPTS else self._time(table.dts, number)
        tries = [max(time, decoding) + self._later * abs(time - decoding), min(time, decoding)]
        # At the beginning, nothing is further back than need be.
        is_first = number == 0 or number == self._first_key
        for each in reversed(tries) if self._by_decoding or is_first else tries:
            yield each, False
        before = table.keys[: np.searchsorted(table.keys, number)]
        if len(before):
            yield self._time(table.presentation, int(before[-1])), False
        first = self._time(table.presentation, 0)
        for step in _BACK:
            if time - step <= first:
                break
            yield time - step, False
        yield first, False
        yield first - 10_000_000, False

    def _time(self, column: Any, number: int) -> int:
        return int(microseconds(column[number : number + 1], self._table.time_base)[0])

    def _lands(self, target: int, by_byte: bool, number: int) -> bool:
        """Jump, and find out where that was; return whether it was not behind the packet."""
        self._held.clear()
        self.next = None
        self._gives_nothing = True
        if not self._core.jump(target, by_byte):
            return False
        self._counters.seeks += 1
        place = self._identify()
        self._gives_nothing = place is None and self._gives_nothing
        if place is None or place > number:
            self.next = None
            if self._later:
                self._later, self._is_early = 0, False
            return False
        if number - place > _FEW and self._is_early is None and not self._first_try:
            self._later, self._is_early = 1, True
        self.next = place
        return self._read_over(number)

    def _begins_anew(self, number: int) -> bool:
        assert self.reopen is not None
        self._held.clear()
        self.next = None
        core = self.reopen()
        self._core, old = core, self._core
        old.close()
        self._counters.seeks += 1
        self.next = 0
        return self._read_over(number)

    def _identify(self) -> int | None:
        """Read packets until the first of them is known; those from it on are held."""
        finder = self._finder
        if finder is None:
            finder = self._finder = PacketFinder(self._table)
        held = self._held
        places: list[Place] = []
        strange = 0
        while strange < _STRANGE:
            number, more = finder.find(places) if places else (None, True)
            if number is not None:
                return number
            if more and len(places) < _MOST_HELD and self._hold(places):
                continue
            if not places:
                return None
            strange += 1
            self._gives_nothing = False
            held.popleft()
            del places[0]
        return None

    def _hold(self, places: list[Place]) -> bool:
        ptr = packet.allocate()
        try:
            if not self._core.read(ptr):
                return False
        except BaseException as error:
            del ptr  # nor does the error keep it
            averror.let_go(error)
            raise
        self._counters.packets_read += 1
        places.append(packet.place(ptr))
        self._held.append(ptr)
        return True

    def _read_over(self, number: int) -> bool:
        """Read the packets before this one; return whether they were those that come there."""
        if self.next == number:
            return True
        ptr = packet.allocate()
        try:
            while self.next is not None and self.next < number:
                if self.read(ptr) is None:
                    return False
                packet.unref(ptr)
        except NotThereError:
            return False
        except BaseException as error:
            del ptr
            averror.let_go(error)
            raise
        return self.next == number

    def read(self, ptr: AVPacket) -> int | None:
        number = self.next
        assert number is not None
        held = self._held
        if number >= len(self._table):
            return None
        self.next = None  # an interrupt may come before it is known that all went well
        if held:
            packet.move(ptr, held.popleft())
        elif self._core.read(ptr):
            self._counters.packets_read += 1
        else:
            raise NotThereError(f"packet {number} is not there any more")
        if packet.size_of(ptr) != self._table.size[number]:
            packet.unref(ptr)
            raise NotThereError(f"packet {number} is not what it was")
        self.next = number + 1
        return number

    def stated(self) -> Stated | None:
        return Stated(self._core)

    def refuse_inside(self) -> None:
        self._core.refuse_inside()

    def interrupt(self) -> None:
        self._core.interrupt()

    def close(self, wait: bool = True) -> None:
        self._held.clear()
        self._core.close(wait)


class NotThereError(EncodingError):
    """Reading on gave other packets than the index has."""
