"""What an AudioEncoder's worker runs: sound becomes packets, packets become chunks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._av.codecs import packet
from .._spec.numbers import INT64_MAX, INT64_MIN
from ..errors import EncodingError
from ._audio_encoding import SoundEncoding
from .encoded_audio_chunk import EncodedAudioChunk
from .encoded_audio_chunk_metadata import EncodedAudioChunkMetadata

if TYPE_CHECKING:
    from .._av.frames.picture import Picture
    from .._ffi._types import AVPacket
    from .._spec.codecs.audio_config import AudioDecoderConfig
    from .._spec.codecs.audio_encoder_config import AudioEncoderConfig
    from ..frames._sound_piece import SoundPiece

    Output = tuple[EncodedAudioChunk, EncodedAudioChunkMetadata]


class PendingSound:
    """A piece of sound on its way to the encoder; holds the samples."""

    __slots__ = ("picture", "sound", "timestamp")

    def __init__(self, picture: Picture, sound: SoundPiece, timestamp: int) -> None:
        self.picture = picture
        self.sound = sound
        self.timestamp = timestamp


class AudioEncoderStatus:
    """Which encoder runs; written by the worker."""

    __slots__ = ("encoder",)

    def __init__(self) -> None:
        self.encoder: str | None = None


class AudioEncoderDriver:
    """Runs a `SoundEncoding` for an engine. An output is a chunk and its metadata.

    The samples are counted from the first piece after `open` or `drain` on, whose timestamp all
    times begin with: later ones say nothing, as in browsers.
    """

    def __init__(self, status: AudioEncoderStatus) -> None:
        self._status = status
        self._encoding: SoundEncoding | None = None
        self._config: AudioEncoderConfig | None = None
        self._start: int | None = None  # microseconds
        self._emitted: AudioDecoderConfig | None = None
        self._is_described = False
        self._held: AVPacket | None = None  # one ahead, at the end
        self._is_draining = False

    def open(self, config: AudioEncoderConfig) -> None:
        self._release()
        self._encoding = SoundEncoding(config)
        self._config = config
        self._status.encoder = self._encoding.name

    def send(self, pending: PendingSound) -> None:
        encoding, config = self._encoding, self._config
        if encoding is None or config is None:
            return
        sound = pending.sound
        if (sound.sample_rate, sound.channels) != (config.sample_rate, config.number_of_channels):
            raise EncodingError(
                f"the audio data at {pending.timestamp} us has {sound.sample_rate:g} Hz and "
                f"{sound.channels} channels, the configuration {config.sample_rate} Hz and "
                f"{config.number_of_channels}: configure the encoder for it, or resample it"
            )
        if self._start is None:
            self._start = pending.timestamp
            self._is_described = False
        encoding.send(pending.picture.ptr, sound.shape)

    def receive(self) -> Output | None:
        encoding = self._encoding
        if encoding is None:
            return None
        ptr, self._held = self._held or encoding.receive(), None
        if ptr is None:
            return None
        if self._is_draining and encoding.codec == "flac":
            # Behind its last packet it says what belongs into the header: length and checksum.
            self._held = encoding.receive()
            return self._wrapped(encoding, ptr, self._held is None)
        return self._wrapped(encoding, ptr, False)

    def drain(self) -> None:
        if self._encoding is not None:
            self._encoding.drain()
            self._is_draining = True

    def restart(self) -> None:
        # What was drained is opened anew by the next piece.
        self._start = self._held = None
        self._is_draining = False

    def close(self) -> None:
        self._release()
        self._emitted = None

    def _release(self) -> None:
        encoding, self._encoding = self._encoding, None
        self._config = self._start = self._held = None
        self._is_described = self._is_draining = False
        if encoding is not None:
            encoding.close()

    def _wrapped(self, encoding: SoundEncoding, ptr: AVPacket, is_last: bool) -> Output:
        config = None
        if not self._is_described:
            # It is the first packet, which may bring the headers: later ones change nothing.
            self._is_described = True
            config = encoding.decoder_config
            if config == self._emitted:
                config = None  # nor does it begin anew with what only the end of the last one told
            else:
                self._emitted = config
        elif is_last:
            config = encoding.decoder_config
        rate = encoding.sound.sample_rate
        pts, _ = packet.times(ptr)
        assert pts is not None
        assert self._start is not None
        # What fills the last one up counts as well: that is how long it takes to play.
        lasts = (packet.duration(ptr) or 0) + packet.skips(ptr)[1]
        timestamp = self._start + (pts + encoding.initial_padding) * 1_000_000 // rate
        duration = lasts * 1_000_000 // rate
        if not INT64_MIN <= timestamp <= INT64_MAX - duration:
            raise EncodingError(f"the chunk at {timestamp} us is beyond what a timestamp can be")
        packet.place_in_time(ptr, timestamp, timestamp, duration)
        chunk = EncodedAudioChunk._from_native(ptr, True, timestamp, duration)
        return chunk, EncodedAudioChunkMetadata(config)
