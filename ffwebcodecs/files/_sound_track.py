"""A track of sound on its way into a file: its chunks, and where their samples lie."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from .._av.codecs import packet
from .._av.files.containers import Container, Wanted
from .._av.files.mux import MuxerCore
from .._av.files.written_sound import WrittenPacket, WrittenSound
from .._spec.codecs.audio_config import AudioDecoderConfig
from .._spec.codecs.sound_packets import adts_header, flac_header, samples_in
from .._spec.files.sound_timeline import SoundEntry, SoundTimeline, samples_at, time_of
from ..codecs.encoded_audio_chunk import EncodedAudioChunk
from ..errors import DataError, InvalidArgumentError, NotSupportedError
from ._sound_setup import describe_sound

_SECOND = 1_000_000
_MP3_DECODER = 529  # samples by which every decoder of MP3 is late
_LONGEST_SILENCE = 3600  # seconds
_EARLY = 1000  # microseconds by which the time of a first chunk that is early may be wrong


class SoundTrack:
    """One track.

    Parameters
    ----------
    name : str or int
        As the caller knows it.
    tags : dict of str to str
        Its language, its title.
    """

    __slots__ = (
        *(
            "_config",
            "_container",
            "_is_ended",
            "_is_padded",
            "_is_split",
            "_new_header",
            "_ready",
            "_strips",
            "_timeline",
        ),
        *("_written", "index", "known_metadata", "name", "shift", "sound", "tags", "waiting_bytes"),
    )

    def __init__(self, name: str | int, tags: dict[str, str]) -> None:
        self.name = name
        self.tags = tags
        self.index = -1  # in the file
        self.shift = 0  # samples that are added to all positions
        self.sound: WrittenSound | None = None  # None: nothing has come
        self._written: int | None = None  # where the last packet ends, None: anywhere
        self.waiting_bytes = 0
        self.known_metadata: object = None  # what was checked last
        self._config: AudioDecoderConfig | None = None
        self._container: Container | None = None
        self._timeline: SoundTimeline | None = None
        self._ready: deque[SoundEntry] = deque()
        self._is_padded = False
        self._strips = False
        self._is_ended = False
        self._is_split = False  # an encoder has ended and begun again
        self._new_header: bytes | None = None  # the codec's, as the encoder knows it by now

    def begin(
        self,
        chunk: EncodedAudioChunk,
        config: AudioDecoderConfig | None,
        container: Container,
        besides: Sequence[Wanted],
    ) -> None:
        """Take what the first chunk, which is given to `push` then, tells of all."""
        if config is None:
            raise InvalidArgumentError(
                f"the first chunk of the track {self.name!r} needs metadata with a "
                "decoder_config: add_chunk(chunk, metadata) as AudioEncoder gives it, or "
                "add_chunk(chunk, demuxer.audio_config)"
            )
        if chunk.type != "key" and not chunk._from_container:
            raise DataError(f"the first chunk, at {chunk.timestamp} us, must be a key chunk")
        sound = describe_sound(config, chunk, container, besides)
        sound.tags = self.tags
        native, padding, tick = sound.native, sound.initial_padding, None
        if native is not None and native.of_file:
            numerator, denominator = native.time_base
            tick = max(1, -(-numerator * _SECOND // max(1, denominator)))
            self._is_padded = True
        elif padding and abs(chunk.timestamp + time_of(padding, sound.sample_rate)) < _EARLY:
            self._is_padded = True  # as the times of a file are, which somebody else has read
        self._timeline = SoundTimeline(
            sound.sample_rate,
            0 if self._is_padded else padding,
            tick,
            -padding if self._is_padded and padding else None,
        )
        self._strips = sound.codec == "aac" and container.name not in ("adts", "mpegts", "latm")
        self._config, self._container, self.sound = config, container, sound

    def push(self, chunk: EncodedAudioChunk, config: AudioDecoderConfig | None) -> None:
        """Take a chunk."""
        sound, timeline = self.sound, self._timeline
        assert sound is not None
        assert timeline is not None
        is_new = config is not None and config != self._config
        if not is_new and self._new_header is not None:
            self._is_split = True  # what was the end of all is none
        if config is not None and is_new:
            self._check_same(chunk, config)
        samples = samples_in(sound.codec, chunk.data, sound.extradata, sound.sample_rate)
        if samples is None:
            samples = sound.samples_of(chunk.byte_length)
        _, discard = packet.skips(chunk._ptr)
        if samples is None and chunk.duration and chunk.duration % 1000:
            samples = samples_at(chunk.duration, sound.sample_rate) + discard
        entry = SoundEntry(chunk, chunk.timestamp, chunk.duration, samples, discard)
        ready = timeline.push(entry)
        self.waiting_bytes += chunk.byte_length
        if ready is not None:
            self._ready.append(ready)

    def _check_same(self, chunk: EncodedAudioChunk, config: AudioDecoderConfig) -> None:
        first, sound = self._config, self.sound
        assert first is not None
        assert sound is not None
        now = describe_sound(config, chunk, self._container, ())  # type: ignore[arg-type]
        what = None
        if now.codec != sound.codec:
            what = f"codec {config.codec!r} after {first.codec!r}"
        elif now.sample_rate != sound.sample_rate:
            what = f"{now.sample_rate} Hz after {sound.sample_rate}"
        elif now.channels.number != sound.channels.number:
            what = f"{now.channels.number} channels after {sound.channels.number}"
        elif now.codec == "flac":
            self._new_header = now.extradata  # the encoder knows its length and checksum by now
        elif now.extradata != sound.extradata:
            what = "another description"
        if what is not None:
            raise NotSupportedError(
                f"the chunk at {chunk.timestamp} us has {what}: a track holds one stream of one "
                "configuration, write another file"
            )

    @property
    def codec_string(self) -> str:
        """The codec, as WebCodecs calls it."""
        assert self._config is not None
        return self._config.codec

    @property
    def begins(self) -> int | None:
        """The first sample of the first packet, None if none has come."""
        return None if self._timeline is None else self._timeline.first

    def heard_from(self, container: Container) -> int:
        """Return the sample, by the chunks' clock, that must not lie before the file's zero."""
        sound, first = self.sound, self.begins
        assert sound is not None
        assert first is not None
        if not (container.hides_padding(sound.codec) or sound.is_silent_first):
            return first
        if self._is_padded:
            return max(first, 0)
        return first + sound.initial_padding

    @property
    def fills_gaps(self) -> bool:
        """Whether silence can be written where nothing is."""
        return self.sound is not None and self.sound.silence is not None

    def apart(self, offset: int) -> int:
        """Return by how many microseconds the sound is late where every stream begins at 0, given
        what would be added to all times.
        """
        sound, first = self.sound, self.begins
        assert sound is not None
        assert first is not None
        late = -first - samples_at(offset, sound.sample_rate)
        return time_of(max(0, late) if self.fills_gaps else late, sound.sample_rate)

    def late_by(self, container: Container) -> int:
        """Return how many samples of silence are heard that nobody has put in."""
        sound, first = self.sound, self.begins
        assert sound is not None
        if container.hides_padding(sound.codec) or sound.is_silent_first:
            return 0
        if self._is_padded:
            return max(0, -(first or 0)) if sound.initial_padding or (first or 0) < 0 else 0
        return sound.initial_padding

    @property
    def gap(self) -> tuple[int, int] | None:
        """The first place where nothing is heard, see `SoundTimeline`."""
        return None if self._timeline is None else self._timeline.gap

    @property
    def next_time(self) -> int | None:
        """When the first packet that is ready begins, in microseconds of the file; None: none."""
        if not self._ready or self.sound is None:
            return None
        return time_of(self._ready[0].position + self.shift, self.sound.sample_rate)

    @property
    def next_span(self) -> tuple[int, int] | None:
        """From when to when the first packet that is ready lasts; None: there is none."""
        if not self._ready or self.sound is None:
            return None
        entry, rate = self._ready[0], self.sound.sample_rate
        begin = entry.position + self._heard_shift
        return time_of(begin, rate), time_of(begin + entry.lasting, rate)

    is_waited_for = is_heard = True

    @property
    def codec(self) -> str:
        """FFmpeg's name of the codec."""
        assert self.sound is not None
        return self.sound.codec

    @property
    def reach(self) -> int:
        """Up to which time of the file what has come goes."""
        reach = None if self._timeline is None else self._timeline.reach
        if reach is None or self.sound is None:
            return 0
        return time_of(reach + self._heard_shift, self.sound.sample_rate)

    @property
    def _heard_shift(self) -> int:
        """As `shift`, without what readers take away again."""
        sound, container = self.sound, self._container
        if sound is None or container is None or not container.has_codec_delay(sound.codec):
            return self.shift
        return self.shift - sound.initial_padding

    @property
    def lasting(self) -> int:
        """Microseconds from the first chunk to the last one that is ready."""
        first = self.begins
        if not self._ready or self.sound is None or first is None:
            return 0
        return time_of(self._ready[-1].position - first, self.sound.sample_rate)

    def move(self, offset: int, container: Container) -> None:
        """Let the file's zero be so many microseconds before that of the chunks."""
        if self.sound is None or self.begins is None:
            return
        self.shift = samples_at(offset, self.sound.sample_rate)
        if container.has_codec_delay(self.sound.codec):
            self.shift += self.sound.initial_padding
        if container.has_constant_rate:
            self._written = 0
        elif not container.holds_sound_times:
            self.shift = -self.begins

    def write_next(self, core: MuxerCore) -> None:
        """Write the first packet that is ready."""
        self._write(core, self._ready.popleft())

    def finish(self) -> None:
        """Let the last packet be ready too."""
        if self._timeline is not None:
            entry = self._timeline.finish()
            if entry is not None:
                self._ready.append(entry)

    def hurry(self) -> None:
        """Let the last packet be ready, if it needs none after it, though others follow."""
        entry = None if self._timeline is None else self._timeline.hurry()
        if entry is not None:
            self._ready.append(entry)

    def end(self, core: MuxerCore) -> None:
        """Write what only the end tells, once all packets are written."""
        sound, header = self.sound, self._new_header
        if sound is None or sound.codec != "flac" or self._written is None or self._is_ended:
            return
        self._is_ended = True
        assert self.begins is not None
        total = self._written - self.begins - self.shift
        last = flac_header(header or sound.extradata, total, is_whole=not self._is_split)
        core.write_sound(
            self.index, WrittenPacket(packet.filled(0, 0), self._written, 0, 0, extradata=last)
        )

    def _write(self, core: MuxerCore, entry: SoundEntry) -> None:
        chunk = entry.item
        assert isinstance(chunk, EncodedAudioChunk)
        self.waiting_bytes -= chunk.byte_length
        skip, discard = 0, entry.discard
        sound, position = self.sound, entry.position + self.shift
        assert sound is not None
        lasting = entry.lasting
        if position < 0 and sound.is_silent_first and not core.container.holds_negative_times:
            position, lasting = 0, max(0, lasting + position)
        if not core.container.holds_sound_times and sound.silence is not None:
            self._fill(core, position)
        if core.container.name == "mp3":
            # FFmpeg's header says what it finds beside a packet. It counts from the delay that each
            # decoder has, so less cannot be said.
            skip = sound.initial_padding if sound.initial_padding > _MP3_DECODER else 0
            discard = discard if skip else 0
        core.write_sound(
            self.index,
            WrittenPacket(
                chunk._decodable(),
                position,
                lasting,
                discard,
                skip,
                adts_header(chunk.data) if self._strips else 0,
            ),
        )
        self._written = position + lasting

    def _fill(self, core: MuxerCore, position: int) -> None:
        """Write silence up to a sample, where the container knows no gaps and the codec is one of
        samples as they are.
        """
        sound, begin = self.sound, self._written
        assert sound is not None
        if begin is None or position <= begin:
            return
        if position - begin > _LONGEST_SILENCE * sound.sample_rate:
            raise InvalidArgumentError(
                f"the track {self.name!r} has a gap of {(position - begin) // sound.sample_rate} s "
                f"before its chunk, which {core.container.name} can only hold as silence, and that "
                f"for {_LONGEST_SILENCE} s at most; use .mka"
            )
        while begin < position:
            samples = min(sound.sample_rate, position - begin)
            core.write_sound(self.index, WrittenPacket(sound.silent(samples), begin, samples, 0))
            begin += samples
