"""The streams of a file that are read together, in the order of the file.

A file is read from one place. Whoever asks for other streams than those being read begins where
that began: at the beginning of the file, or where the last seek led.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import repeat
from typing import TYPE_CHECKING, Any

from .._av import averror
from .._av.codecs import packet
from .._av.files.packet_run import PacketRun
from .._av.files.sound import SampleCounter
from .._spec.files.microseconds import to_microseconds, to_ticks
from ..codecs.encoded_audio_chunk import EncodedAudioChunk
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import EncodingError, InvalidStateError

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._av.files.sound_streams import SoundStream
    from .._ffi._types import AVPacket
    from ._positions import Position

    Chunk = EncodedVideoChunk | EncodedAudioChunk

_MOST_BYTES = 1 << 26  # read to know where all of several streams begin
_BACK = (500_000, 1_000_000, 2_000_000, 4_000_000, 8_000_000, 16_000_000, 32_000_000)
_BEGINNING = -(2**62)


class _SoundPackets:
    """A stream of sound that is read: how its packets become chunks."""

    __slots__ = ("_microseconds", "_run", "_samples", "next", "stream")

    def __init__(self, core: DemuxerCore, stream: SoundStream) -> None:
        self.stream = stream
        self._samples = SampleCounter(stream.parameters)
        # The nearest microsecond to ticks: a fraction, with the half added.
        numerator, denominator = stream.parameters.time_base
        self._microseconds = 2 * numerator * 1_000_000, denominator, 2 * denominator
        clock = None if stream.is_coarse else self._plain_clock()
        self._run = PacketRun(core, stream.number, clock)
        self.next = 0  # microseconds, for a packet without a time

    def _plain_clock(self) -> tuple[int, int, int, int, int, int] | None:
        """Return what makes a chunk of a packet that needs no look; None: all do."""
        last, (factor, half, divisor) = self.stream.last, self._microseconds
        ends = (packet.NOPTS, packet.NOPTS) if last is None else (last.begin, last.before)
        clock = (self.stream.zero, factor, half, divisor, *ends)
        return clock if factor and all(-(2**63) <= each < 2**63 for each in clock) else None

    def chunk_of(self, ptr: AVPacket) -> EncodedAudioChunk:
        """Make a chunk of a packet; takes it."""
        return self._chunk_of(ptr, *packet.said_by(ptr))

    def chunks(self) -> list[EncodedAudioChunk]:
        """Read some chunks; none: the next packet is to be read as any other one."""
        chunks, make = [], EncodedAudioChunk._from_native
        for row in self._run.read():
            if len(row) == 4:
                chunks.append(make(*row))
                self.next = row[2] + row[3]
            else:
                chunks.append(self._chunk_of(*row))
        return chunks

    def _chunk_of(
        self, native: Any, pts: int, dts: int, ticks: int, flags: int, size: int
    ) -> EncodedAudioChunk:
        stream, (factor, half, divisor) = self.stream, self._microseconds
        timestamp, start, last = self.next, dts if pts == packet.NOPTS else pts, stream.last
        if last is not None and start in (last.begin, last.before):
            native = packet.pointer_of(native)
            last.mend(native, start)
            ticks = packet.duration(native) or 0
        if start != packet.NOPTS:
            timestamp = ((start - stream.zero) * factor + half) // divisor
        duration = (ticks * factor + half) // divisor if ticks else None
        if duration is None or stream.is_coarse:
            samples = self._samples.of(size)
            if samples and stream.sample_rate:
                duration = to_microseconds(samples, (1, stream.sample_rate))
        self.next = timestamp + (duration or 0)
        key = bool(flags & packet.KEY)
        return EncodedAudioChunk._from_native(native, key, timestamp, duration)


class StreamReader:
    """Reads one stream or several; its owner locks.

    Attributes
    ----------
    selected : frozenset of int or None
        The streams that are read, None before anything was asked for.
    waiting : deque of (int, Chunk)
        What has been read, to be given first; always the same deque.
    """

    __slots__ = ("_anchor", "_core", "_position", "_sounds", "selected", "waiting")

    def __init__(self, core: DemuxerCore, position: Position) -> None:
        self._core = core
        self._position = position
        self._anchor: int | None = None  # where the last seek led
        self._sounds: dict[int, _SoundPackets] = {}
        self.waiting: deque[tuple[int, Chunk]] = deque()
        self.selected: frozenset[int] | None = None

    def choose(self, streams: frozenset[int], start: int | None, *, goes: bool = True) -> None:
        """Read these streams from now on, from a time on or, if they are others than before, from
        where reading began. Without `goes` the caller goes to that time.

        Raises
        ------
        InvalidStateError
            It cannot be gone back to there.
        """
        if start is None and streams == self.selected:
            return
        core = self._core
        was_fresh = core.is_fresh
        if start is None and not was_fresh and not core.seekability.goes_back:
            raise InvalidStateError(
                f"{core.shown} can be read only once, and others of its streams have been read: "
                "chunks_of gives several in one pass"
            )
        self.selected = None
        self.waiting.clear()
        self._position.moved()
        core.select(streams)
        if start is not None:
            self._anchor = start
        self._sounds = {i: _SoundPackets(core, core.sound(i)) for i in streams if core.is_sound(i)}
        if start is not None and not goes:
            pass
        elif self._anchor is not None:
            self._go_to(self._anchor, streams)
        elif not was_fresh:
            self._go_to(_BEGINNING, streams)
        self.selected = streams

    def seek(self, timestamp: int) -> None:
        """Go on at this time with the streams that are read."""
        self._anchor = timestamp
        self.waiting.clear()
        video = self._core.info.index
        if self.selected is None and video < 0:
            return  # as soon as it is known what is read
        self._go_to(timestamp, self.selected or frozenset([video]))
        self._position.moved()

    def require(self, streams: frozenset[int]) -> None:
        """Raise InvalidStateError if others are read by now."""
        if self.selected != streams:
            raise InvalidStateError(
                "other streams of this Demuxer are read by now, and it reads in one place only: "
                "chunks_of gives several streams in one pass"
            )

    def _go_to(self, timestamp: int, streams: frozenset[int]) -> None:
        core = self._core
        if not self._sounds:
            core.seek(timestamp)
            return
        if not core.seekability.goes_back and not core.is_fresh:
            raise EncodingError(
                f"cannot seek in {core.shown}: it can be read only once; give a file, or its bytes"
            )
        for target in self._targets(timestamp):
            if target is None:
                if not core.restart():
                    raise EncodingError(
                        f"cannot go to the beginning of {core.shown}; give a file, or its bytes"
                    )
            elif not self._jump(target, streams):
                continue
            if self._begins(timestamp, streams, target is None):
                return

    def _targets(self, timestamp: int) -> Iterator[int | None]:
        core = self._core
        start = core.info.start_time or 0
        if timestamp > start and core.seekability.goes_back and not core.seekability.counts:
            yield timestamp
            yield from (timestamp - back for back in _BACK if timestamp - back > start)
        yield None

    def _jump(self, target: int, streams: frozenset[int]) -> bool:
        if self._core.info.index in streams:
            return self._core.jump(target, False)
        sound = next(iter(self._sounds.values())).stream
        ticks = to_ticks(target, sound.parameters.time_base) + sound.zero
        return self._core.jump(ticks, False, sound.number)

    def _begins(self, timestamp: int, streams: frozenset[int], at_beginning: bool) -> bool:
        """Read on until it is known where each stream begins for a time; return whether all of them
        do. What is to be given is kept.
        """
        read: list[tuple[int, Chunk]] = []
        begins: dict[int, int] = {}
        later: set[int] = set()
        size = 0
        while size < _MOST_BYTES and len(later) < len(streams):
            found = self._read(streams)
            if found is None:
                break
            index, chunk = found
            size += chunk.byte_length
            is_later = chunk.timestamp > timestamp
            if is_later and index not in begins and index not in later and not at_beginning:
                return False
            if chunk.type == "key" and (not is_later or index not in begins):
                begins[index] = len(read)
            if is_later and (index in begins or index in self._sounds):
                later.add(index)
            read.append(found)
        self.waiting.extend(
            each for i, each in enumerate(read) if i >= begins.get(each[0], len(read))
        )
        return True

    def next(self, streams: frozenset[int]) -> tuple[int, Chunk] | None:
        """Return the next chunk of these streams and the index of its own, None at the end."""
        self.require(streams)
        waiting = self.waiting
        if not waiting and len(streams) == len(self._sounds) == 1:
            index = next(iter(streams))
            waiting.extend(zip(repeat(index), self._sounds[index].chunks()))
        return waiting.popleft() if waiting else self._read(streams)

    def _read(self, streams: frozenset[int]) -> tuple[int, Chunk] | None:
        core = self._core
        ptr = packet.allocate()
        try:
            while (found := core.read_any(ptr)) is not None:
                if found in streams:
                    break
                packet.unref(ptr)
        except BaseException as error:
            del ptr  # nor does the error keep it
            averror.let_go(error)
            raise
        if found is None:
            return None
        sound = self._sounds.get(found)
        if sound is not None:
            return found, sound.chunk_of(ptr)
        key, timestamp = core.is_key(ptr), core.timestamp
        chunk = EncodedVideoChunk._from_native(ptr, key, timestamp, packet.duration(ptr))
        return found, chunk
