"""Sound on its way into a file: laid out in time without gaps, resampled, encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, NamedTuple

from .._av.codecs import packet
from .._av.frames import samples, sound_parts
from .._av.frames.resampler import Resampler
from .._spec.codecs.audio_config import AudioDecoderConfig
from ..codecs.encoded_audio_chunk import EncodedAudioChunk
from ..errors import DataError
from ._silence import check_written

if TYPE_CHECKING:
    from .._av.frames.channel_layout import Channels
    from .._av.frames.samples import SoundShape
    from .._ffi._types import AVFrame, AVPacket
    from ..codecs._audio_encoding import SoundEncoding
    from ._sound_target import SoundSource

    # Opens the encoder of a sound.
    Open = Callable[[SoundSource], SoundEncoding]

_MICROSECOND = 1_000_000
# Seconds: what a time differs less from the end of what came before is a rounded time, and what
# goes back further than that is a mistake, as of pictures.
_ROUNDED, _BACK = Fraction(1, 2000), Fraction(1, 10)
_PIECE = 1 << 16  # samples of silence at once


class EncodedPiece(NamedTuple):
    """A chunk of the output, with what `Muxer.add_chunk` takes beside it."""

    chunk: EncodedAudioChunk
    config: AudioDecoderConfig


class EncodedSound:
    """Lays sound out along the output's time, so that nothing is missing and nothing twice.

    Encoders count samples, and containers believe them: a gap becomes silence, what overlaps is
    heard once.

    Parameters
    ----------
    open : callable
        Opens the encoder.
    source : SoundSource
        What will come, as far as that is known: the first frame has the last word about rate and
        channels.
    name : str
        Whose sound it is, for people.
    has_no_delay : bool
        Whether the output has no place to say what the encoder puts in front, nor a time at which
        sound begins, as AVI: then that is left out, in whole packets.

    Raises
    ------
    NotSupportedError
        No encoder takes it.
    """

    __slots__ = (
        *("_begins", "_config", "_count", "_encoding", "_from", "_name", "_open", "_places"),
        *("_resampler", "_has_no_delay", "_hidden", "_sent", "_silent", "_since", "_source"),
        "end",
    )

    def __init__(
        self, open: Open, source: SoundSource, name: str, *, has_no_delay: bool = False
    ) -> None:
        self._open, self._source, self._name = open, source, name
        self._encoding = open(source)
        self._has_no_delay = has_no_delay
        self._hidden: int | None = None  # samples of silence before the first one
        self._config: AudioDecoderConfig | None = None
        self._resampler: Resampler | None = None
        self._from: SoundShape | None = None  # what comes
        self._places: Channels | None = None  # where channels are that a frame places elsewhere
        self._sent: SoundShape | None = None  # what it is to the encoder, None: see the frame
        self._since = Fraction(0)  # when what comes has begun to be of that shape
        self._count = 0  # samples of that shape that came
        self._silent = Fraction(0)  # seconds of gaps
        self._begins: Fraction | None = None  # where the first sample lies in the output
        self.end = Fraction(0)
        """Seconds of the output up to which it has come."""

    @property
    def codec(self) -> str:
        """FFmpeg's name of the codec."""
        return self._encoding.codec

    @property
    def has_begun(self) -> bool:
        """Whether any sound has come."""
        return self._begins is not None

    def begin(self, when: Fraction) -> None:
        """Let the first sample lie at `when` seconds of the output."""
        self._begins = self.end = self._since = when

    def add(
        self,
        ptr: AVFrame,
        when: Fraction,
        *,
        counted: bool = True,
        shape: SoundShape | None = None,
    ) -> Iterator[EncodedPiece]:
        """Encode a frame, borrowed, that is heard at `when` seconds of the output; yield what is
        ready. `counted` says whether that time is exact to the sample, else it is rounded; `shape`
        is what the frame holds, if more is known than it says itself.

        Raises
        ------
        DataError
            It goes back, and is not `counted`.
        """
        shape = shape or samples.describe(ptr)
        if self._begins is None:
            self.begin(Fraction(0))
        if shape != self._from:
            yield from self._change(shape)
        rate = shape.sample_rate
        missing = when - self.end
        number = round(missing * rate)
        if not counted and abs(missing) < _ROUNDED:
            number = 0
        if number > 0:
            yield from self._silence(shape, number)
        elif number < 0:
            if not counted and missing < -_BACK:
                raise DataError(
                    f"{self._name}: sound goes back to {float(when):.6f} s of the output, after "
                    f"{float(self.end):.6f} s: times go up"
                )
            size = samples.count(ptr)
            if size + number <= 0:
                return
            ptr = sound_parts.part(ptr, -number, size + number)
        yield from self._push(ptr)

    def fill(self, until: Fraction) -> Iterator[EncodedPiece]:
        """Let there be silence up to a time, as far as no sound has come."""
        if self._from is None:
            if self._begins is None:
                self.begin(Fraction(0))
            yield from self._change(self._encoding.sound)
        assert self._from is not None
        number = int((until - self.end) * self._from.sample_rate)
        yield from self._silence(self._from, number)

    def _change(self, shape: SoundShape) -> Iterator[EncodedPiece]:
        """Let what comes be of this shape."""
        if self._from is None:
            self._decide(shape)
        else:
            yield from self._drain()
        self._from, self._since, self._count = shape, self.end, 0
        given = self._encoding.sound
        as_said = shape.channels.layout is not None or (
            shape.channels.number != given.channels.number
        )
        if not as_said:
            shape = shape._replace(channels=given.channels)  # each stays the one that it is
        self._sent = shape
        if (shape.sample_rate, shape.channels) != (given.sample_rate, given.channels):
            self._resampler = Resampler(shape, given.sample_fmt, given.sample_rate, given.channels)
            self._sent = None
            self._places = None if as_said else shape.channels

    def _decide(self, shape: SoundShape) -> None:
        """Open the encoder anew, if the first frame is not what was to be expected."""
        source = self._source
        if (shape.sample_rate, shape.channels.number) == (
            source.sample_rate,
            source.channels.number,
        ):
            return
        source = source._replace(sample_rate=shape.sample_rate, channels=shape.channels)
        encoding = self._open(source)
        self._encoding.close()
        self._encoding, self._source = encoding, source

    def _silence(self, shape: SoundShape, number: int) -> Iterator[EncodedPiece]:
        self._silent += Fraction(max(0, number), shape.sample_rate)
        check_written(self._silent)
        while number > 0:
            size = min(number, _PIECE)
            yield from self._push(sound_parts.silence(shape, size))
            number -= size

    def _push(self, ptr: AVFrame) -> Iterator[EncodedPiece]:
        assert self._from is not None
        self._count += samples.count(ptr)
        self.end = self._since + Fraction(self._count, self._from.sample_rate)
        ready: AVFrame | None = ptr
        if self._resampler is not None:
            if self._places is not None:
                ptr = sound_parts.part(ptr, 0, samples.count(ptr), self._places)
            ready = self._resampler.convert(ptr)
        yield from self._encode(ready)

    def _encode(self, ptr: AVFrame | None) -> Iterator[EncodedPiece]:
        if ptr is None or not samples.count(ptr):
            return
        if self._has_no_delay and self._hidden is None:
            self._lead_in(samples.describe(ptr))
        self._encoding.send(ptr, self._sent)
        yield from self._ready()

    def _lead_in(self, shape: SoundShape) -> None:
        """Put so much silence in front that a packet begins with the first sample."""
        encoding = self._encoding
        size = encoding.frame_size
        self._hidden = -encoding.initial_padding % size if size else 0
        if self._hidden:
            encoding.send(sound_parts.silence(shape, self._hidden))

    def _ready(self) -> Iterator[EncodedPiece]:
        while (ptr := self._encoding.receive()) is not None:
            if self._config is None:
                config = self._encoding.decoder_config
                if self._hidden is not None:
                    config = replace(config, initial_padding=None)
                self._config = config
            if self._hidden is not None and (packet.times(ptr)[0] or 0) < self._hidden:
                continue
            yield EncodedPiece(self._chunk(ptr), self._config)

    def _chunk(self, ptr: AVPacket) -> EncodedAudioChunk:
        encoding = self._encoding
        rate = encoding.sound.sample_rate
        pts, _ = packet.times(ptr)
        # As `AudioEncoder` tells times: those of what was given to it.
        late = encoding.initial_padding if self._hidden is None else -self._hidden
        when = Fraction((pts or 0) + late, rate) + (self._begins or 0)
        lasts = Fraction(packet.duration(ptr) or 0, rate)
        return EncodedAudioChunk._from_native(
            ptr, True, round(when * _MICROSECOND), round(lasts * _MICROSECOND)
        )

    def _drain(self) -> Iterator[EncodedPiece]:
        resampler, self._resampler = self._resampler, None
        if resampler is not None:
            yield from self._encode(resampler.convert(None))

    def finish(self) -> Iterator[EncodedPiece]:
        """Yield what is left."""
        if self._from is None:
            return
        yield from self._drain()
        self._encoding.drain()
        waiting = list(self._ready())
        if waiting:
            # Some know only now what the header says: FLAC its length and checksum.
            config = self._encoding.decoder_config
            if self._hidden is not None:
                config = replace(config, initial_padding=None)
            yield from (EncodedPiece(one.chunk, config) for one in waiting)

    def close(self) -> None:
        """Free the encoder; twice is fine."""
        if self._resampler is not None:
            self._resampler.close()
        self._resampler = None
        self._encoding.close()
