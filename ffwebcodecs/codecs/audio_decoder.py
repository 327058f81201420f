"""AudioDecoder: coded chunks in, samples out, on a worker of its own."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from typing import TYPE_CHECKING

from .._public import public
from .._runtime import trace
from .._spec.codecs.audio_config import (
    AudioDecoderConfig,
    AudioDecoderConfigInit,
    AudioDecoderSupport,
)
from .._spec.codecs.audio_strings import parse_audio_codec
from ..errors import NotSupportedError
from ..frames.audio_data import AudioData
from ._audio_decoding import AudioDecoderDriver, layout_of, require_decoder
from ._decoder import Decoder
from ._outputs import Outputs
from .encoded_audio_chunk import EncodedAudioChunk

if TYPE_CHECKING:
    from ._audio_decoding import SoundOutput


@public
class AudioDecoder(Decoder):
    """Decodes chunks into samples, in the order of the chunks.

    `decode` and the other methods only queue work and return; a worker thread decodes. Output and
    errors arrive through the callbacks: on the event loop, if the decoder was made while one was
    running in this thread, else on the worker, one at a time.

    Parameters
    ----------
    output : callable, optional
        Called with each AudioData, one for each chunk of most codecs. It is yours: close it.
        Not called while an `audio_data` loop gets it all.
    error : callable, optional
        Called with an exception, at most once; the decoder is closed then. An exception that a
        callback raises arrives here too. Both callbacks are given, or neither, for a codec of which
        `audio_data` loops are all that is used.
    frame_pool_size : int or None, optional
        How many AudioData may be out, not closed, before the decoder stops taking chunks; None: no
        limit, for they are small.
    stall_timeout : float, optional
        Seconds after which the decoder says that it waits for output to be closed: a
        `FramePoolWarning`, and `FramePoolExhaustedError` for a pending `flush`,
        or a `decode` or `ready` that waits.
    max_queue : int or None, optional
        How many chunks may wait in the queue. Beyond that `decode` waits until there is room, or,
        where an event loop runs, raises QuotaExceededError: ``await decoder.ready()`` before it.
        None: no limit.

    Raises
    ------
    InvalidArgumentError
        A callback is not callable or is an async function, or a number is out of range.

    Notes
    -----
    The behaviour is that of AudioDecoder in the W3C WebCodecs specification; `close` may be called
    twice. What an OpusHead says is to be skipped is left out, again after each `flush`; what other
    codecs need to get going comes out, for only the file says how much that is (`read_audio` leaves
    it out). The format of the samples is the codec's own.

    The timestamp of the output is its chunk's, later by what was left out in front of it; a second
    one of the same chunk follows the first.

    Examples
    --------
    >>> decoder = AudioDecoder(output=lambda data: data.close(), error=print)
    >>> decoder.configure({"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2})
    >>> decoder.decode(EncodedAudioChunk(type="key", timestamp=0, data=bytes(1920)))
    >>> decoder.flush().result()
    >>> decoder.close()
    """

    __slots__ = ()

    _takes = EncodedAudioChunk
    _loop = "audio_data"
    _copies = "keep copies and close the originals (copy_to, to_ndarray)"

    def __init__(
        self,
        output: Callable[[AudioData], object] | None = None,
        error: Callable[[BaseException], object] | None = None,
        *,
        frame_pool_size: int | None = None,
        stall_timeout: float = 5.0,
        max_queue: int | None = None,
    ) -> None:
        super().__init__(output, error)
        self._begin(AudioDecoderDriver, frame_pool_size, stall_timeout, max_queue)

    @staticmethod
    def is_config_supported(
        config: AudioDecoderConfig | AudioDecoderConfigInit,
    ) -> AudioDecoderSupport:
        """Return whether this FFmpeg has a decoder for `config`, and the configuration as
        understood: members that are unknown here are left out, as the specification has it.

        As in browsers the codec alone decides: a description that is missing or not usable shows
        when the decoder is configured.

        Raises
        ------
        InvalidArgumentError
            The configuration is not valid, whatever the FFmpeg.
        """
        parsed = AudioDecoderConfig._read(config, False)
        _require_layout(parsed)
        try:
            require_decoder(parse_audio_codec(parsed.codec))
        except NotSupportedError:
            return AudioDecoderSupport(False, parsed)
        return AudioDecoderSupport(True, parsed)

    def configure(self, config: AudioDecoderConfig | AudioDecoderConfigInit) -> None:
        """Set up for a stream; the next chunk must be a key chunk.

        A configuration that cannot be used closes the decoder, and the error callback says why.

        Raises
        ------
        InvalidArgumentError
            The configuration is not valid. Nothing has changed.
        InvalidStateError
            The decoder is closed.
        """
        parsed = AudioDecoderConfig.parse(config)
        _require_layout(parsed)
        self._configure(parsed)

    def decode(self, chunk: EncodedAudioChunk) -> None:
        """Queue one chunk.

        Raises
        ------
        InvalidArgumentError
            `chunk` is no EncodedAudioChunk.
        InvalidStateError
            The decoder is not configured. Or there is no room in the queue, and this is a callback:
            waiting would not end.
        DataError
            A key chunk is due (after `configure` or `flush`) and this is none. Nothing has changed.
        QuotaExceededError
            `max_queue` chunks wait already, and an event loop runs in this thread, which must not
            block. Nothing has changed.
        AbortError, EncodingError, NotSupportedError, FramePoolExhaustedError
            It waited for room, and the decoder was reset or closed, or failed, or waits
            itself for output to be closed. Nothing was queued.
        """
        # What `_decode` does where there is nothing else to it.
        if (
            self._key_required
            or type(chunk) is not EncodedAudioChunk
            or not self._engine.enqueue(chunk, "decode")
        ):
            self._decode(chunk)

    def audio_data(
        self, chunks: Iterable[EncodedAudioChunk] | AsyncIterable[EncodedAudioChunk]
    ) -> Outputs[AudioData]:
        """Return what gives the samples to a loop, ``for`` or ``async for``, and feeds the decoder
        meanwhile.

        At most fourteen chunks and outputs wait together, so the loop's pace is that of all, and
        memory stays bounded. After the last of `chunks` all output comes, as after `flush`. The
        callbacks are not called meanwhile. A loop that is left before its end (``break``, an
        exception, a task that is cancelled) resets the decoder: `configure` it to go on.

        Parameters
        ----------
        chunks : iterable or asynchronous iterable of EncodedAudioChunk
            A plain one is gone over in this thread by ``for``, and on a thread of its own by
            ``async for``, which must not wait for it.

        Returns
        -------
        iterator and asynchronous iterator of AudioData
            For one loop, under asyncio or trio, or without either. ``with`` or its `close`,
            ``async with`` or `aclose` end it.

        Raises
        ------
        InvalidArgumentError
            `chunks` cannot be gone over.
        InvalidStateError
            The decoder is not configured, another such loop is running, or the callbacks are still
            to get output.
        AbortError
            In the loop: `reset` or `close` was called meanwhile.
        EncodingError, NotSupportedError, FramePoolExhaustedError
            In the loop, after all output before it: why the decoder failed. So are the
            exceptions of `chunks`, and of `decode` for what it gives.

        Examples
        --------
        >>> async for data in decoder.audio_data(chunks):
        ...     with data:
        ...         print(data.timestamp, data.number_of_frames)
        """
        return Outputs(self, chunks)

    def _wrap(self, output: SoundOutput) -> tuple[AudioData]:
        picture, timestamp, sound = output
        picture.lease = self._pool.lend(timestamp)
        data = AudioData._from_native(picture, timestamp, True, sound)
        if trace.enabled:
            data._note(self._place())
        return (data,)


def _require_layout(config: AudioDecoderConfig) -> None:
    if config.channel_layout is not None:
        layout_of(config)
