"""AudioEncoder: samples in, coded chunks out, on a worker of its own."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any

from .._public import public
from .._runtime.completion import Completion
from .._runtime.engine import Engine
from .._spec.codecs.audio_encoder_config import (
    AudioEncoderConfig,
    AudioEncoderConfigInit,
    AudioEncoderSupport,
)
from .._spec.numbers import show
from ..errors import InvalidArgumentError, InvalidStateError, NotSupportedError
from ..frames.audio_data import AudioData
from ._audio_encoder_driver import (
    AudioEncoderDriver,
    AudioEncoderStatus,
    PendingSound,
)
from ._audio_encoding import SoundEncoding
from ._codec import Codec, queue_limit
from ._outputs import Outputs
from .encoded_audio_chunk import EncodedAudioChunk
from .encoded_audio_chunk_metadata import EncodedAudioChunkMetadata


@public
class AudioEncoder(Codec):
    """Encodes samples into chunks, in the order of the samples.

    `encode` and the other methods only queue work and return; a worker thread encodes. Chunks and
    errors arrive through the callbacks: on the event loop, if the encoder was made while one was
    running in this thread, else on the worker, one at a time.

    Parameters
    ----------
    output : callable, optional
        Called with each EncodedAudioChunk and its EncodedAudioChunkMetadata. Not called while a
        `chunks` loop gets it all.
    error : callable, optional
        Called with an exception, at most once; the encoder is closed then. An exception that a
        callback raises arrives here too. Both callbacks are given, or neither, for a codec of which
        `chunks` loops are all that is used.
    max_queue : int or None, optional
        How many pieces may wait in the queue. Beyond that `encode` waits until there is room, or,
        where an event loop runs, raises QuotaExceededError: ``await encoder.ready()`` before it.
        None: no limit.

    Raises
    ------
    InvalidArgumentError
        A callback is not callable, or is an async function, or `max_queue` is out of range.

    Notes
    -----
    The behaviour is that of AudioEncoder in the W3C WebCodecs specification; `close` may be called
    twice. A chunk has as many samples as the codec likes, however many an AudioData has. The first
    chunk has the timestamp of the first AudioData after `configure` or `flush`, the others follow
    it by the samples that came: later timestamps say nothing. What the encoder puts in front
    (``decoder_config.initial_padding``) is not counted off.

    Examples
    --------
    >>> encoder = AudioEncoder(output=lambda chunk, metadata: chunks.append(chunk), error=print)
    >>> encoder.configure({"codec": "opus", "sample_rate": 48000, "number_of_channels": 2})
    >>> with AudioData(format="f32", sample_rate=48000, number_of_frames=960, number_of_channels=2,
    ...                timestamp=0, data=bytes(7680)) as data:
    ...     encoder.encode(data)
    >>> encoder.flush().result()
    >>> encoder.close()
    """

    __slots__ = ("_status",)

    _kind = "encoder"
    _action = "encode"
    _loop = "chunks"
    _queued = "pieces"

    def __init__(
        self,
        output: Callable[[EncodedAudioChunk, EncodedAudioChunkMetadata], object] | None = None,
        error: Callable[[BaseException], object] | None = None,
        *,
        max_queue: int | None = None,
    ) -> None:
        super().__init__(output, error)
        self._status = AudioEncoderStatus()
        self._engine = Engine(AudioEncoderDriver(self._status), self, None, queue_limit(max_queue))

    @staticmethod
    def is_config_supported(
        config: AudioEncoderConfig | AudioEncoderConfigInit,
    ) -> AudioEncoderSupport:
        """Return whether this FFmpeg can encode `config`, and the configuration as understood:
        members that are unknown here are left out, as the specification has it.

        An encoder is opened to find out, and closed.

        Raises
        ------
        InvalidArgumentError
            The configuration is not valid, whatever the FFmpeg.
        """
        parsed = AudioEncoderConfig._read(config, False)
        try:
            SoundEncoding(parsed).close()
        except NotSupportedError:
            return AudioEncoderSupport(False, parsed)
        return AudioEncoderSupport(True, parsed)

    def configure(self, config: AudioEncoderConfig | AudioEncoderConfigInit) -> None:
        """Set up for a stream; samples queued before are encoded as they were configured.

        A configuration that cannot be used closes the encoder, and the error callback says why.

        Raises
        ------
        InvalidArgumentError
            The configuration is not valid. Nothing has changed.
        InvalidStateError
            The encoder is closed.
        """
        self._engine.configure(AudioEncoderConfig.parse(config))

    def encode(self, data: AudioData) -> None:
        """Queue some samples. The encoder takes its own reference: close the data when you like.

        Parameters
        ----------
        data : AudioData
            Of the configuration's rate and number of channels, else the encoder closes with
            EncodingError; in any format.

        Raises
        ------
        InvalidArgumentError
            `data` is no AudioData or is closed.
        InvalidStateError
            The encoder is not configured. Or there is no room in the queue, and this is a callback:
            waiting would not end.
        QuotaExceededError
            `max_queue` pieces wait already, and an event loop runs in this thread, which must not
            block. Nothing has changed.
        AbortError, EncodingError, NotSupportedError
            It waited for room, and the encoder was reset or closed, or failed. Nothing was queued.
        """
        if not isinstance(data, AudioData):
            raise InvalidArgumentError(f"encode takes an AudioData, got {show(data)}")
        sound, timestamp = data._sound, data.timestamp
        try:
            picture = data._open_picture()
        except InvalidStateError as error:
            raise InvalidArgumentError(str(error)) from None
        self._engine.require("encode")
        self._require_heard()
        pending = PendingSound(picture, sound, timestamp)
        place: int | None = None
        while not self._engine.enqueue(pending, "encode"):
            place = self._engine.wait_for_room(place)

    def chunks(
        self, data: Iterable[AudioData] | AsyncIterable[AudioData]
    ) -> Outputs[tuple[EncodedAudioChunk, EncodedAudioChunkMetadata]]:
        """Return what gives the chunks to a loop, ``for`` or ``async for``, and feeds the encoder
        meanwhile.

        At most fourteen pieces and outputs wait together, so the loop's pace is that of all, and
        memory stays bounded. After the last of `data` all output comes, as after `flush`. The
        callbacks are not called meanwhile. A loop that is left before its end (``break``, an
        exception, a task that is cancelled) resets the encoder: `configure` it to go on.

        Parameters
        ----------
        data : iterable or asynchronous iterable of AudioData
            A plain one is gone over in this thread by ``for``, and on a thread of its own by
            ``async for``, which must not wait for it. Each AudioData is taken: it is closed
            when the encoder has its own reference.

        Returns
        -------
        iterator and asynchronous iterator of (EncodedAudioChunk, EncodedAudioChunkMetadata)
            For one loop, under asyncio or trio, or without either. ``with`` or its `close`,
            ``async with`` or `aclose` end it.

        Raises
        ------
        InvalidArgumentError
            `data` cannot be gone over.
        InvalidStateError
            The encoder is not configured, another such loop is running, or the callbacks are still
            to get output.
        AbortError
            In the loop: `reset` or `close` was called meanwhile.
        EncodingError, NotSupportedError
            In the loop, after all output before it: why the encoder failed. So are the
            exceptions of `data`, and of `encode` for what it gives.

        Examples
        --------
        >>> async for chunk, metadata in encoder.chunks(read_audio_data("clip.mp4")):
        ...     muxer.add_chunk(chunk, metadata)
        """
        return Outputs(self, data)

    def flush(self) -> Completion[None]:
        """Ask for all chunks of the samples queued so far; the last one is filled up with silence.

        The next samples begin a stream anew, with a time of their own.

        Returns
        -------
        Completion
            ``await`` it or call its ``result(timeout=None)``. It fails with InvalidStateError if
            the encoder is not configured, AbortError after `reset` or `close`, EncodingError if
            encoding fails.
        """
        return super().flush()

    @property
    def encode_queue_size(self) -> int:
        """AudioData that the encoder has not taken yet."""
        return self._engine.queue_size

    @property
    def encoder_name(self) -> str | None:
        """FFmpeg's name of the encoder that runs (``"libopus"``), None before it is open."""
        return self._status.encoder

    def _take(self, box: list[Any]) -> None:
        data = box.pop()
        try:
            self.encode(data)
        finally:
            if isinstance(data, AudioData):
                data.close()

    def _wrap(
        self, raw: tuple[EncodedAudioChunk, EncodedAudioChunkMetadata]
    ) -> tuple[EncodedAudioChunk, EncodedAudioChunkMetadata]:
        return raw
