"""VideoEncoder: frames in, coded chunks out, on a worker of its own."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any

from .._av import forked
from .._public import public
from .._runtime.completion import Completion
from .._runtime.engine import Engine
from .._spec.codecs.encoder_config import (
    VideoEncoderConfig,
    VideoEncoderConfigInit,
    VideoEncoderSupport,
)
from .._spec.codecs.strings import parse_codec
from .._spec.encoders.clock import frame_rate
from .._spec.encoders.options import quantizer_range
from .._spec.numbers import show, to_flag, to_integer
from ..errors import DataError, InvalidArgumentError, InvalidStateError, NotSupportedError
from ..frames.video_frame import VideoFrame
from ._codec import Codec, queue_limit
from ._encoder_input import Configuration, open_best
from ._encoding import EncoderDriver, EncoderStatus, Output, PendingFrame
from ._outputs import Outputs
from .encoded_video_chunk import EncodedVideoChunk
from .encoded_video_chunk_metadata import EncodedVideoChunkMetadata


@public
class VideoEncoder(Codec):
    """Encodes frames into chunks, in the order of the frames.

    `encode` and the other methods only queue work and return; a worker thread encodes. Chunks and
    errors arrive through the callbacks: on the event loop, if the encoder was made while one was
    running in this thread, else on the worker, one at a time.

    Parameters
    ----------
    output : callable, optional
        Called with each EncodedVideoChunk and its EncodedVideoChunkMetadata. Not called while a
        `chunks` loop gets it all.
    error : callable, optional
        Called with an exception, at most once; the encoder is closed then. An exception that a
        callback raises arrives here too. Both callbacks are given, or neither, for a codec of which
        `chunks` loops are all that is used.
    max_queue : int or None, optional
        How many frames may wait in the queue. Beyond that `encode` waits until there is room, or,
        where an event loop runs, raises QuotaExceededError: ``await encoder.ready()`` before it.
        None: no limit.

    Raises
    ------
    InvalidArgumentError
        A callback is not callable, or is an async function, or `max_queue` is out of range.

    Notes
    -----
    The behaviour is that of VideoEncoder in the W3C WebCodecs specification; `close` may be called
    twice. There are no B-frames unless `encoder_options` name them (``bf``, ``bframes``): chunks
    then come in decoding order.

    Examples
    --------
    >>> with VideoEncoder() as encoder, Muxer("small.mp4") as muxer:
    ...     encoder.configure({"codec": "avc1.42001E", "width": 320, "height": 240})
    ...     for chunk, metadata in encoder.chunks(read_frames("clip.mp4")):
    ...         muxer.add_chunk(chunk, metadata)
    """

    __slots__ = (
        "_lock",
        "_mode",
        "_orientation",
        "_quantizers",
        "_status",
    )

    _kind = "encoder"
    _action = "encode"
    _loop = "chunks"
    _queued = "frames"

    def __init__(
        self,
        output: Callable[[EncodedVideoChunk, EncodedVideoChunkMetadata], object] | None = None,
        error: Callable[[BaseException], object] | None = None,
        *,
        max_queue: int | None = None,
    ) -> None:
        super().__init__(output, error)
        # Orientations are checked and frames queued in one order. Reentrant, because the garbage
        # collector may run a destructor that encodes.
        self._lock = threading.RLock()
        forked.watch(self)
        self._orientation: tuple[int, bool] | None = None
        self._quantizers = 0, 51
        self._mode = "variable"
        self._status = EncoderStatus()
        self._engine = Engine(EncoderDriver(self._status), self, None, queue_limit(max_queue))

    def _after_fork(self) -> None:
        self._lock = threading.RLock()

    @staticmethod
    def is_config_supported(
        config: VideoEncoderConfig | VideoEncoderConfigInit,
    ) -> VideoEncoderSupport:
        """Return whether this FFmpeg can encode `config`, and the configuration as understood:
        members that are unknown here are left out, as the specification has it.

        An encoder is opened to find out, and closed. A preference for hardware does not change the
        answer: without it, software encodes.

        Raises
        ------
        InvalidArgumentError
            The configuration is not valid, whatever the FFmpeg.
        """
        parsed = VideoEncoderConfig._read(config, False)
        try:
            configuration = Configuration(parsed)
            opened = open_best(configuration, None, frame_rate(parsed.framerate, None))
        except NotSupportedError:
            return VideoEncoderSupport(False, parsed)
        opened.core.close()
        return VideoEncoderSupport(True, parsed)

    def configure(self, config: VideoEncoderConfig | VideoEncoderConfigInit) -> None:
        """Set up for a stream; frames queued before are encoded as they were configured.

        A configuration that cannot be used closes the encoder, and the error callback says why.

        Raises
        ------
        InvalidArgumentError
            The configuration is not valid. Nothing has changed.
        InvalidStateError
            The encoder is closed.
        """
        parsed = VideoEncoderConfig.parse(config)
        quantizers = 0, 51  # H.264 and HEVC
        try:
            quantizers = quantizer_range(parse_codec(parsed.codec).name) or quantizers
        except NotSupportedError:
            pass  # the worker finds it too, and closes the encoder with it
        with self._lock:
            self._engine.configure(parsed)
            self._orientation = None
            self._quantizers = quantizers
            self._mode = parsed.bitrate_mode

    def encode(
        self, frame: VideoFrame, *, key_frame: bool = False, quantizer: int | None = None
    ) -> None:
        """Queue one frame. The encoder takes its own reference: close the frame when you like.

        Parameters
        ----------
        frame : VideoFrame
            Its visible rectangle is encoded, scaled if it has another size than the configuration.
        key_frame : bool, optional
            Whether decoding can start here; else the encoder decides.
        quantizer : int, optional
            With ``bitrate_mode="quantizer"``: 0 to 51 for H.264 and HEVC, 1 to 31 for MPEG-4 and
            its kin, the lower the better. Otherwise it is ignored.

        Raises
        ------
        InvalidArgumentError
            `frame` is no VideoFrame or is closed, or `quantizer` is out of range.
        InvalidStateError
            The encoder is not configured. Or there is no room in the queue, and this is a callback:
            waiting would not end.
        DataError
            The frame is turned otherwise than the first one after `configure`. Nothing has changed.
        QuotaExceededError
            `max_queue` frames wait already, and an event loop runs in this thread, which must not
            block. Nothing has changed.
        AbortError, EncodingError, NotSupportedError
            It waited for room, and the encoder was reset or closed, or failed. Nothing was queued.

        Notes
        -----
        Timestamps may repeat or go back, as in browsers: chunks come in the order of the frames,
        each with the time of its frame. (A file wants times that go up: see `Muxer.add_chunk`.)
        """
        if not isinstance(frame, VideoFrame):
            raise InvalidArgumentError(f"encode takes a VideoFrame, got {show(frame)}")
        shape = frame._shape
        timestamp, duration = frame.timestamp, frame.duration
        try:
            picture = frame._open_picture()
        except InvalidStateError as error:
            raise InvalidArgumentError(str(error)) from None
        key_frame = to_flag(key_frame, "key_frame")
        if quantizer is not None:
            quantizer = self._checked(quantizer)
        pending = PendingFrame(picture, shape, timestamp, duration, key_frame, quantizer)
        place: int | None = None
        while not self._enqueue(pending):
            place = self._engine.wait_for_room(place)  # without the lock: a reset ends it

    def _enqueue(self, pending: PendingFrame) -> bool:
        """Queue a frame; return False if there is no room for it."""
        with self._lock:
            self._engine.require("encode")
            self._require_heard()
            orientation = pending.shape.rotation, pending.shape.flip
            if self._orientation is not None and orientation != self._orientation:
                raise DataError(
                    f"the frame at {pending.timestamp} us has rotation {orientation[0]} and flip "
                    f"{orientation[1]}, the first one since configure has {self._orientation[0]} "
                    f"and {self._orientation[1]}"
                )
            if not self._engine.enqueue(pending, "encode"):
                return False
            self._orientation = orientation
        return True

    def chunks(
        self, frames: Iterable[VideoFrame] | AsyncIterable[VideoFrame]
    ) -> Outputs[tuple[EncodedVideoChunk, EncodedVideoChunkMetadata]]:
        """Return what gives the chunks to a loop, ``for`` or ``async for``, and feeds the encoder
        meanwhile.

        At most fourteen frames and outputs wait together, so the loop's pace is that of all, and
        memory stays bounded. After the last of `frames` all output comes, as after `flush`. The
        callbacks are not called meanwhile. A loop that is left before its end (``break``, an
        exception, a task that is cancelled) resets the encoder: `configure` it to go on.

        Parameters
        ----------
        frames : iterable or asynchronous iterable of VideoFrame
            A plain one is gone over in this thread by ``for``, and on a thread of its own by
            ``async for``, which must not wait for it. Each frame is taken: it is closed
            when the encoder has its own reference.

        Returns
        -------
        iterator and asynchronous iterator of (EncodedVideoChunk, EncodedVideoChunkMetadata)
            For one loop, under asyncio or trio, or without either. ``with`` or its `close`,
            ``async with`` or `aclose` end it.

        Raises
        ------
        InvalidArgumentError
            `frames` cannot be gone over.
        InvalidStateError
            The encoder is not configured, another such loop is running, or the callbacks are still
            to get output.
        AbortError
            In the loop: `reset` or `close` was called meanwhile.
        EncodingError, NotSupportedError
            In the loop, after all output before it: why the encoder failed. So are the
            exceptions of `frames`, and of `encode` for what it gives.

        Examples
        --------
        >>> async for chunk, metadata in encoder.chunks(read_frames("clip.mp4")):
        ...     muxer.add_chunk(chunk, metadata)
        """
        return Outputs(self, frames)

    def _checked(self, quantizer: object) -> int | None:
        value = to_integer(quantizer, "quantizer")
        if self._mode != "quantizer":
            return None
        low, high = self._quantizers
        if not low <= value <= high:
            raise InvalidArgumentError(f"quantizer is {value}, it must be from {low} to {high}")
        return value

    def flush(self) -> Completion[None]:
        """Ask for all chunks of the frames queued so far.

        The frame after a flush is a key frame where the encoder had held frames back.

        Returns
        -------
        Completion
            ``await`` it or call its ``result(timeout=None)``. It fails with InvalidStateError if
            the encoder is not configured, AbortError after `reset` or `close`, EncodingError if
            encoding fails.
        """
        return super().flush()

    def reset(self) -> None:
        """Forget the configuration, all queued frames and all chunks not yet delivered.

        Raises
        ------
        InvalidStateError
            The encoder is closed.
        """
        with self._lock:
            super().reset()
            self._orientation = None

    @property
    def encode_queue_size(self) -> int:
        """Frames that the encoder has not taken yet."""
        return self._engine.queue_size

    @property
    def encoder_name(self) -> str | None:
        """FFmpeg's name of the encoder that runs (``"libx264"``), None before the first frame."""
        return self._status.encoder

    @property
    def hardware_device(self) -> str | None:
        """The kind of device that encodes (``"cuda"``, ``"vaapi"`` ...), None if it is software.

        Known when the first chunk arrives.
        """
        return self._status.device

    @property
    def hardware_problem(self) -> str | None:
        """Why software encodes although the configuration prefers hardware, None if it does not.

        Known when the first chunk arrives; the log of ``ffwebcodecs`` says it too.
        """
        return self._status.problem

    def _take(self, box: list[Any]) -> None:
        frame = box.pop()
        try:
            self.encode(frame)
        finally:
            if isinstance(frame, VideoFrame):
                frame.close()

    def _wrap(self, raw: Output) -> Output:
        return raw
