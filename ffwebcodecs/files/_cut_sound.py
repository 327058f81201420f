"""One stream of sound of which a part is copied: cut to the sample, and not coded anew."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from .._av.codecs import packet
from .._av.files import sound_streams
from .._av.files.copied_packets import PacketCheck, RefusedPacketError
from .._av.files.seeking import tick
from .._av.files.sound import SampleCounter
from .._spec.codecs import opus
from .._spec.codecs.sound_packets import samples_in
from .._spec.files import sound_cuts
from .._spec.files.sound_clock import SoundClock
from .._spec.files.sound_grid import grid_of
from ..codecs.encoded_audio_chunk import EncodedAudioChunk
from ._encoded_sound import EncodedPiece
from ._sound_config import make_sound_config
from ._sound_decoding import DRIFTS

if TYPE_CHECKING:
    from .._av.files.sound_streams import SoundStream
    from .._av.files.streams import CopiedStream
    from .._ffi._types import AVPacket
    from .._spec.codecs.audio_config import AudioDecoderConfig
    from ._clock import FilmClock
    from .muxer import Muxer

_MICROSECOND = 1_000_000
_MOST_BEFORE = 64  # packets that are kept for a decoder to begin with
_LONG_SILENCE = 5_000_000  # microseconds that what is written waits for sound


class _Placed(NamedTuple):
    """A packet, ours, with its first sample and how many it holds."""

    ptr: AVPacket
    position: int
    samples: int


class CutSound:
    """Copies the part of a stream of sound that a conversion takes; packets in, chunks out. What
    the first packets hold before the part is an encoder's delay of that length to the muxer, and
    what the last one holds behind it is discarded.

    Parameters
    ----------
    stream : CopiedStream
    sound : SoundStream
        The same one.
    first : AVPacket or None
        Its first packet, if that is known.
    clock : FilmClock
        Which part is wanted, and what is 0 of the output; settled before the first packet.
    name : str
        Of the track in the output.
    muxer : Muxer
        Borrowed.
    """

    __slots__ = (
        *("_before", "_check", "_clock", "_config", "_counter", "_expected", "_film", "_first"),
        *("_low", "_muxer", "_number", "_shown", "_sound", "_stream"),
        *("damaged", "end", "heard", "name", "why"),
    )
    is_copied = True

    def __init__(
        self,
        stream: CopiedStream,
        sound: SoundStream,
        first: AVPacket | None,
        clock: FilmClock,
        name: str,
        muxer: Muxer,
    ) -> None:
        self._sound = sound
        self._check = PacketCheck(stream, 0)
        self._counter = SampleCounter(sound.parameters)
        self._film = clock
        self._clock: SoundClock | None = None
        self._first = None if first is None else packet.clone(first)
        self._expected: int | None = None
        self._low: int | None = None  # nothing before is heard
        self._before: deque[_Placed] = deque(maxlen=_MOST_BEFORE)
        self._config: AudioDecoderConfig | None = None
        self._muxer = muxer
        self._stream = stream
        self._number: int | None = None  # of the copied stream, if it is one
        self._shown = muxer._shown
        self.name = name
        self.damaged = 0
        self.why = ""
        """Packets that cannot be copied, and why the last one cannot."""
        self.heard = 0
        """Packets of which something lay in the part."""
        self.end = Fraction(0)
        """Seconds of the output up to which its sound has come."""
        make_sound_config(sound, None, self._shown)  # raises what is to be raised

    def feed(self, ptr: AVPacket) -> Iterator[EncodedPiece]:
        """Take a packet of the file, borrowed; yield the chunks that are ready."""
        if packet.size_of(ptr):
            yield from self._take(self._check.ready(packet.clone(ptr)))

    def finish(self, time: int | None = None) -> Iterator[EncodedPiece]:
        """Yield what is left."""
        yield from self._take(self._check.end())

    def keep_up(self, time: int) -> Iterator[EncodedPiece]:
        """If no sound has come long after that of a picture, `time` microseconds of the output, for
        which what is written waits, let it be copied packet by packet: then nothing is cut in
        front of it.
        """
        late = time - (self._film.pictures or 0)
        if self._config is None and self._number is None and late > _LONG_SILENCE:
            self._muxer._tracks.withdraw(self.name)
            self._number = self._muxer._add_copied_stream(self._stream)
            if self._muxer._refused is not None:
                self._muxer._refused.names[self._number] = f"audio {self._stream.codec}"
        return iter(())

    def close(self) -> None:
        """Let go of all packets; twice is fine."""
        self._before.clear()
        self._first = None

    def _take(self, found: list[AVPacket]) -> Iterator[EncodedPiece]:
        try:
            self._check.tell()
        except RefusedPacketError as error:
            self._refuse(error.why, error.count)
        for ptr in found:
            yield from self._look_at(ptr)

    def _refuse(self, why: str, count: int = 1) -> None:
        self.damaged += count
        self.why = why

    def _look_at(self, ptr: AVPacket) -> Iterator[EncodedPiece]:
        count = self._samples(ptr)
        ticks = packet.order_shown(ptr)
        if not count or ticks is None:
            self._refuse("nothing tells how many samples it holds")
            return
        clock = self._clock or self._begin(ptr, count)
        position, expected = (
            clock.position(ticks - self._sound.zero, self._expected),
            self._expected,
        )
        if expected is not None and position < expected:
            position = expected  # what overlaps by less than `PacketCheck` minds
        self._expected = position + count
        skip = packet.skips(ptr)
        if skip[0]:
            self._low = max(self._low or 0, position + skip[0])
        placed = _Placed(ptr, position, count)
        begin, end = self._begin_sample(), self._end_sample()
        last = position + count - min(skip[1], count)
        if last <= begin or packet.is_discarded(ptr):
            packet.unhide(ptr)
            self._before.append(placed)
            return
        if end is not None and position >= end:
            return
        if self._number is not None:
            packet.shift(ptr, -tick(self._film.zero, self._sound.parameters.time_base))
            self._muxer._add_copied_packet(self._number, ptr)
            return
        if self._config is None:
            yield from self._open(placed, begin)
        self.heard += 1
        yield self._piece(placed, begin, last if end is None else min(last, end))

    def _samples(self, ptr: AVPacket) -> int:
        parameters = self._sound.parameters
        found = samples_in(
            parameters.codec, packet.view(ptr), parameters.extradata, self._sound.sample_rate
        )
        return found or self._counter.of(packet.size_of(ptr))

    def _begin(self, ptr: AVPacket, count: int) -> SoundClock:
        """Return the clock, as the first packet of the stream says where it begins."""
        first, parameters = self._first or ptr, self._sound.parameters
        rate = self._sound.sample_rate
        clock = SoundClock(rate, parameters.time_base, self._sound.format_name.startswith(DRIFTS))
        ticks = (packet.order_shown(first) or 0) - self._sound.zero
        hidden = sound_streams.padding_of(self._sound, first) or 0
        origin = clock.nearest(ticks)
        if hidden and clock.is_near(ticks, -hidden):
            origin = -hidden
        clock.begin(origin, grid_of(parameters.codec, parameters.extradata, rate, count))
        if hidden:
            self._low = origin + hidden
        clock.has_landed = self._first is not None and packet.place(first) != packet.place(ptr)
        self._clock = clock
        return clock

    def _begin_sample(self) -> int:
        film = self._film
        begin = _sample(film.zero if film.start is None else film.start, self._sound.sample_rate)
        return begin if self._low is None else max(begin, self._low)

    def _end_sample(self) -> int | None:
        stop = self._film.stop
        return None if stop is None else _sample(stop, self._sound.sample_rate)

    def _open(self, placed: _Placed, begin: int) -> Iterator[EncodedPiece]:
        """Yield what a decoder needs before the first packet that is heard, and know then what is
        hidden of all.
        """
        before = self._needed(placed)
        first = before[0].position if before else placed.position
        sound = self._sound
        plain = sound_cuts.is_plain(sound.parameters.codec)
        hidden = 0 if plain else max(0, begin - first)
        config = make_sound_config(sound, hidden or None, self._shown)
        if sound.parameters.codec == "opus" and config.description is not None:
            head = bytes(config.description)
            config = replace(config, description=opus.with_pre_skip(head, hidden))
        native = config._native._replace(time_base=(1, sound.sample_rate))
        self._config = replace(config, _native=native)
        for each in before:
            yield self._piece(each, begin, each.position + each.samples)

    def _needed(self, placed: _Placed) -> list[_Placed]:
        """Return the packets just before one, as many as a decoder needs."""
        before: list[_Placed] = []
        expected = placed.position
        for each in reversed(self._before):
            if each.position + each.samples != expected:
                break
            before.insert(0, each)
            expected = each.position
        self._before.clear()
        number = sound_cuts.needed_before(
            self._sound.parameters.codec,
            [each.samples for each in before],
            [packet.size_of(each.ptr) for each in before],
        )
        return before[len(before) - number :]

    def _piece(self, placed: _Placed, begin: int, end: int) -> EncodedPiece:
        """Return a packet as a chunk of which nothing is heard from the sample `end` on."""
        ptr, position, samples = placed
        rate = self._sound.sample_rate
        if sound_cuts.is_plain(self._sound.parameters.codec):
            size = packet.size_of(ptr) // samples
            skipped = max(0, begin - position)
            packet.behind(ptr, skipped * size)
            ptr = packet.shortened(ptr, (end - position - skipped) * size)
            position, samples = position + skipped, end - position - skipped
        lasting = max(0, min(samples, end - position))
        packet.skip_samples(ptr, 0, samples - lasting)
        zero = _sample(self._film.zero, rate)
        self.end = Fraction(position + lasting - zero, rate)
        chunk = EncodedAudioChunk._from_native(
            ptr,
            True,
            round(Fraction((position - zero) * _MICROSECOND, rate)),
            round(Fraction(lasting * _MICROSECOND, rate)),
        )
        assert self._config is not None
        return EncodedPiece(chunk, self._config)


def _sample(time: int, rate: int) -> int:
    """Return the first sample that is not before a time, in microseconds."""
    return -(-time * rate // _MICROSECOND)
