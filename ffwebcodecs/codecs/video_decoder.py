"""VideoDecoder: coded chunks in, frames out, on a worker of its own."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from functools import partial
from typing import TYPE_CHECKING

from .._av.codecs.decoder import has_decoder
from .._av.codecs.hardware_decoder import HardwareStatus
from .._public import public
from .._runtime import trace
from .._spec.codecs import families
from .._spec.codecs.config import VideoDecoderConfig, VideoDecoderConfigInit, VideoDecoderSupport
from .._spec.codecs.strings import parse_codec
from ..errors import DataError, NotSupportedError
from ..frames.video_frame import VideoFrame
from ._decoder import Decoder
from ._decoding import DecoderDriver, length_size_of, within_limit
from ._outputs import Outputs
from .encoded_video_chunk import EncodedVideoChunk

if TYPE_CHECKING:
    from ._decoding import PictureOutput


@public
class VideoDecoder(Decoder):
    """Decodes chunks into frames, in presentation order.

    `decode` and the other methods only queue work and return; a worker thread decodes. Frames and
    errors arrive through the callbacks: on the event loop, if the decoder was made while one was
    running in this thread, else on the worker, one at a time.

    Parameters
    ----------
    output : callable, optional
        Called with each VideoFrame. The frame is yours: close it. Not called while a
        `frames` loop gets it all.
    error : callable, optional
        Called with an exception, at most once; the decoder is closed then. An exception that a
        callback raises arrives here too. Both callbacks are given, or neither, for a codec of which
        `frames` loops are all that is used.
    frame_pool_size : int or None, optional
        How many frames may be out, not closed, before the decoder stops taking chunks; None: no
        limit.
    stall_timeout : float, optional
        Seconds after which the decoder says that it waits for frames to be closed: a
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
    The behaviour is that of VideoDecoder in the W3C WebCodecs specification; `close` may be called
    twice.

    Examples
    --------
    >>> with Demuxer("clip.mp4") as demuxer, VideoDecoder() as decoder:
    ...     decoder.configure(demuxer.video_config)
    ...     for frame in decoder.frames(demuxer.chunks()):
    ...         with frame:
    ...             print(frame.timestamp)
    """

    __slots__ = ("_hardware",)

    _takes = EncodedVideoChunk
    _loop = "frames"
    _copies = "keep copies and close the originals (create_image_bitmap, FrameCache)"

    def __init__(
        self,
        output: Callable[[VideoFrame], object] | None = None,
        error: Callable[[BaseException], object] | None = None,
        *,
        frame_pool_size: int | None = 16,
        stall_timeout: float = 5.0,
        max_queue: int | None = None,
    ) -> None:
        super().__init__(output, error)
        self._hardware = HardwareStatus()
        self._begin(
            partial(DecoderDriver, self._hardware), frame_pool_size, stall_timeout, max_queue
        )

    @staticmethod
    def is_config_supported(
        config: VideoDecoderConfig | VideoDecoderConfigInit,
    ) -> VideoDecoderSupport:
        """Return whether this FFmpeg can decode `config`, and the configuration as understood:
        members that are unknown here are left out, as the specification has it.

        A preference for hardware does not change the answer: without it, software decodes. A coded
        size of more than `max_pixels` is not supported.

        Raises
        ------
        InvalidArgumentError
            The configuration is not valid, whatever the FFmpeg.
        """
        parsed = VideoDecoderConfig._read(config, False)
        try:
            info = parse_codec(parsed.codec)
            length_size_of(families.of(info), parsed.description)
            supported = has_decoder(info.name) and within_limit(parsed)
        except NotSupportedError:
            supported = False
        return VideoDecoderSupport(supported, parsed)

    def configure(self, config: VideoDecoderConfig | VideoDecoderConfigInit) -> None:
        """Set up for a stream; the next chunk must be a key chunk.

        A configuration that cannot be used closes the decoder, and the error callback says why.

        Raises
        ------
        InvalidArgumentError
            The configuration is not valid. Nothing has changed.
        InvalidStateError
            The decoder is closed.
        """
        parsed = VideoDecoderConfig.parse(config)
        self._configure(parsed)

    def decode(self, chunk: EncodedVideoChunk) -> None:
        """Queue one chunk.

        Raises
        ------
        InvalidArgumentError
            `chunk` is no EncodedVideoChunk.
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
            or type(chunk) is not EncodedVideoChunk
            or not self._engine.enqueue(chunk, "decode")
        ):
            self._decode(chunk)

    def frames(
        self, chunks: Iterable[EncodedVideoChunk] | AsyncIterable[EncodedVideoChunk]
    ) -> Outputs[VideoFrame]:
        """Return what gives the frames to a loop, ``for`` or ``async for``, and feeds the decoder
        meanwhile.

        At most fourteen chunks and outputs wait together, so the loop's pace is that of all, and
        memory stays bounded. After the last of `chunks` all output comes, as after `flush`. The
        callbacks are not called meanwhile. A loop that is left before its end (``break``, an
        exception, a task that is cancelled) resets the decoder: `configure` it to go on.

        Parameters
        ----------
        chunks : iterable or asynchronous iterable of EncodedVideoChunk
            A plain one is gone over in this thread by ``for``, and on a thread of its own by
            ``async for``, which must not wait for it.

        Returns
        -------
        iterator and asynchronous iterator of VideoFrame
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
        >>> with Demuxer("clip.mp4") as demuxer, VideoDecoder() as decoder:
        ...     decoder.configure(demuxer.video_config)
        ...     async for frame in decoder.frames(demuxer.chunks()):
        ...         with frame:
        ...             print(frame.timestamp)
        """
        return Outputs(self, chunks)

    def _require_key(self, chunk: EncodedVideoChunk) -> None:
        super()._require_key(chunk)
        # What a container calls a key frame is one: broadcast streams start at recovery points.
        if not chunk._from_container and self._is_key(chunk) is False:
            raise DataError(
                f"the chunk at {chunk.timestamp} us says it is a key chunk, "
                f"its {chunk.byte_length} bytes hold no key frame"
            )

    def _is_key(self, chunk: EncodedVideoChunk) -> bool | None:
        config: VideoDecoderConfig | None = self._engine.configuration
        if config is None:  # reset by another thread
            return None
        try:
            family = families.of(parse_codec(config.codec))
            length_size = length_size_of(family, config.description)
        except (NotSupportedError, DataError):
            return None  # the worker finds it too, and closes the decoder with it
        return family.is_key(chunk.data, length_size)

    @property
    def hardware_device(self) -> str | None:
        """The kind of device that decodes (``"cuda"``, ``"vaapi"`` ...), None while it is software.

        Known when the first frame arrives.
        """
        return self._hardware.device

    @property
    def hardware_problem(self) -> str | None:
        """Why software decodes although the configuration prefers hardware, None if it does not.

        Known when the first frame arrives, or before; the log of ``ffwebcodecs`` says it too.
        """
        return self._hardware.problem

    def _wrap(self, output: PictureOutput) -> tuple[VideoFrame]:
        picture, shape, timestamp, duration = output
        picture.lease = self._pool.lend(timestamp)
        frame = VideoFrame._from_native(picture, shape, timestamp, duration, True)
        if trace.enabled:
            frame._note(self._place())
        return (frame,)
