"""VideoDecoder: coded chunks in, frames out, on a worker of its own."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .._av.codecs.decoder import DecoderCore, has_decoder
from .._av.codecs.hardware_decoder import HardwareDecoder, HardwareStatus
from .._av.frames import frame as native
from .._av.frames.hardware import picture_of
from .._runtime import trace
from .._runtime.completion import Completion
from .._runtime.engine import Engine
from .._runtime.pool import FramePool, FramePoolStats, Held
from .._spec.codecs import families
from .._spec.codecs.config import VideoDecoderConfig, VideoDecoderSupport
from .._spec.codecs.strings import CodecInfo, parse_codec
from .._spec.frames.color_space import VideoColorSpace
from .._spec.numbers import show, to_integer, to_real
from ..errors import DataError, FramePoolExhaustedError, InvalidArgumentError, NotSupportedError
from ..frames._shape import ShapeCache
from ..frames.video_frame import VideoFrame
from .encoded_video_chunk import EncodedVideoChunk

Core = DecoderCore | HardwareDecoder


class VideoDecoder:
    """Decodes chunks into frames, in presentation order.

    `decode` and the other methods only queue work and return; a worker thread decodes. Frames and
    errors arrive through the callbacks: on the event loop, if the decoder was made while one was
    running in this thread, else on the worker, one at a time.

    Parameters
    ----------
    output : callable
        Called with each VideoFrame. The frame is yours: close it.
    error : callable
        Called with an exception, at most once; the decoder is closed then. An exception that a
        callback raises arrives here too.
    frame_pool_size : int or None, optional
        How many frames may be out, not closed, before the decoder stops taking chunks; None: no
        limit.
    stall_timeout : float, optional
        Seconds after which the decoder says that it waits for frames to be closed: a
        `FramePoolWarning`, and `FramePoolExhaustedError` for a pending `flush`.

    Raises
    ------
    InvalidArgumentError
        A callback is not callable, or a number is out of range.

    Notes
    -----
    The behaviour is that of VideoDecoder in the W3C WebCodecs specification; `close` may be called
    twice.

    Examples
    --------
    >>> decoder = VideoDecoder(output=lambda frame: frame.close(), error=print)
    >>> with Demuxer("clip.mp4") as demuxer:
    ...     decoder.configure(demuxer.video_config)
    ...     for chunk in demuxer.chunks():
    ...         decoder.decode(chunk)
    ...     decoder.flush().result()
    >>> decoder.close()
    """

    # Without a dictionary, because Python 3.11's tracemalloc finds no place for objects with one.
    __slots__ = (
        "__weakref__",
        "_engine",
        "_error",
        "_family",
        "_hardware",
        "_key_required",
        "_length_size",
        "_output",
        "on_dequeue",
    )

    def __init__(
        self,
        output: Callable[[VideoFrame], object],
        error: Callable[[BaseException], object],
        *,
        frame_pool_size: int | None = 16,
        stall_timeout: float = 5.0,
    ) -> None:
        for name, callback in (("output", output), ("error", error)):
            if not callable(callback):
                raise InvalidArgumentError(f"{name} must be callable, got {show(callback)}")
        if frame_pool_size is not None:
            frame_pool_size = to_integer(frame_pool_size, "frame_pool_size")
            if frame_pool_size < 1:
                raise InvalidArgumentError(
                    f"frame_pool_size is {frame_pool_size}, it must be at least 1, or None"
                )
        stall_timeout = float(to_real(stall_timeout, "stall_timeout"))
        if stall_timeout <= 0:
            raise InvalidArgumentError(
                f"stall_timeout is {stall_timeout}, it must be more than 0 seconds"
            )
        self._output = output
        self._error = error
        self.on_dequeue: Callable[[], object] | None = None
        """Called without arguments after `decode_queue_size` went down; several decreases may share
        one call.
        """
        self._key_required = True
        self._family = families.UNKNOWN
        self._length_size: int | None = None
        self._hardware = HardwareStatus()
        self._engine = Engine(
            _Driver(self._hardware, frame_pool_size), self, frame_pool_size, stall_timeout
        )

    @staticmethod
    def is_config_supported(config: VideoDecoderConfig | Mapping[str, Any]) -> VideoDecoderSupport:
        """Return whether this FFmpeg can decode `config`, and the configuration as understood.

        A preference for hardware does not change the answer: without it, software decodes.

        Raises
        ------
        InvalidArgumentError
            The configuration is not valid, whatever the FFmpeg.
        """
        parsed = VideoDecoderConfig.parse(config)
        try:
            supported = has_decoder(parse_codec(parsed.codec).name)
        except NotSupportedError:
            supported = False
        return VideoDecoderSupport(supported, parsed)

    def configure(self, config: VideoDecoderConfig | Mapping[str, Any]) -> None:
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
        parameters = getattr(config, "_native", None)
        family, length_size = families.UNKNOWN, None
        try:
            family = families.of(parse_codec(parsed.codec))
            length_size = _length_size(family, parsed.description)
        except (NotSupportedError, DataError):
            family = families.UNKNOWN  # the worker finds it too, and closes the decoder with it
        self._engine.configure((parsed, parameters))
        self._family, self._length_size = family, length_size
        self._key_required = True

    def decode(self, chunk: EncodedVideoChunk) -> None:
        """Queue one chunk.

        Raises
        ------
        InvalidArgumentError
            `chunk` is no EncodedVideoChunk.
        InvalidStateError
            The decoder is not configured.
        DataError
            A key chunk is due (after `configure` or `flush`) and this is none. Nothing has changed.
        """
        if not isinstance(chunk, EncodedVideoChunk):
            raise InvalidArgumentError(f"decode takes an EncodedVideoChunk, got {show(chunk)}")
        if self._key_required:
            self._engine.require("decode")
            self._require_key(chunk)
        self._engine.enqueue(chunk, "decode")
        self._key_required = False

    def _require_key(self, chunk: EncodedVideoChunk) -> None:
        if chunk.type != "key":
            raise DataError(
                f"a key chunk is due, the chunk at {chunk.timestamp} us is a delta chunk"
            )
        # What a container calls a key frame is one: broadcast streams start at recovery points.
        if (
            not chunk._from_container
            and self._family.is_key(chunk.data, self._length_size) is False
        ):
            raise DataError(
                f"the chunk at {chunk.timestamp} us says it is a key chunk, "
                f"its {chunk.byte_length} bytes hold no key frame"
            )

    def flush(self) -> Completion:
        """Ask for all frames of the chunks queued so far; the next chunk must be a key chunk.

        Returns
        -------
        Completion
            ``await`` it or call its ``result(timeout=None)``. It fails with InvalidStateError if
            the decoder is not configured, AbortError after `reset` or `close`, EncodingError if
            decoding fails, FramePoolExhaustedError if frames are held and none is closed for
            `stall_timeout`.
        """
        completion = self._engine.flush()
        self._key_required = True
        return completion

    def reset(self) -> None:
        """Forget the configuration, all queued chunks and all frames not yet delivered.

        Raises
        ------
        InvalidStateError
            The decoder is closed.
        """
        self._engine.reset()
        self._key_required = True

    def close(self) -> None:
        """Free the decoder now; twice is fine. Frames that were delivered stay valid."""
        self._engine.close()

    @property
    def state(self) -> str:
        """``"unconfigured"``, ``"configured"`` or ``"closed"``."""
        return self._engine.state

    @property
    def decode_queue_size(self) -> int:
        """Chunks that the decoder has not taken yet."""
        return self._engine.queue_size

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

    @property
    def pool(self) -> FramePoolStats:
        """The frame pool's numbers at this moment."""
        return self._engine.pool.stats()

    def __reduce__(self) -> Any:
        raise TypeError(
            "a VideoDecoder cannot be pickled or sent to another process: make it where it is used"
        )

    def __enter__(self) -> VideoDecoder:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __del__(self) -> None:
        engine = getattr(self, "_engine", None)
        if engine is None or engine.state == "closed":
            return
        message = f"unclosed decoder {self!r}" if engine.state == "configured" else None
        engine.abandon()
        # warnings is None: without a GIL this may run after the modules' end.
        if message is not None and warnings is not None:
            warnings.warn(message, ResourceWarning, stacklevel=2, source=self)

    def __repr__(self) -> str:
        return f"<VideoDecoder {self._engine.state}, {self._engine.queue_size} chunks queued>"


class _Driver:
    """Runs a decoding core for an engine."""

    def __init__(self, hardware: HardwareStatus, pool_size: int | None) -> None:
        self._hardware = hardware
        self._pool_size = pool_size
        self._core: Core | None = None
        self._shapes = ShapeCache()

    @property
    def is_open(self) -> bool:
        return self._core is not None

    def open(self, setup: Any) -> None:
        config, parameters = setup
        self.close()
        self._hardware.problem = None
        self._core, self._shapes = open_decoder(
            config, parameters, hardware=self._hardware, pool_size=self._pool_size
        )

    def send(self, chunk: EncodedVideoChunk) -> None:
        core = self._core
        if core is not None:
            core.send(chunk._decodable(), chunk.timestamp)

    def receive(self) -> Any:
        core = self._core
        return None if core is None else core.receive()

    def drain(self) -> None:
        core = self._core
        if core is not None:
            core.drain()

    def restart(self) -> None:
        core = self._core
        if core is not None:
            core.restart()

    def close(self) -> None:
        core, self._core = self._core, None
        if core is not None:
            core.close()

    def wrap(self, ptr: Any, pool: FramePool, output: Callable[..., object]) -> tuple[Any, ...]:
        timestamp = ptr.pts
        picture = picture_of(ptr, pool.lend(timestamp))
        duration = native.duration(ptr) or None
        frame = VideoFrame._from_native(
            picture, self._shapes.shape_of(ptr), timestamp, duration, True
        )
        if trace.enabled:
            frame._note(trace.callback(output))
        return (frame,)

    def stalled(self, pool: FramePool, queued: int) -> Exception:
        held = pool.held()
        shown = [f"{each.timestamp} us for {each.age:.1f} s{_where(each)}" for each in held[:5]]
        if len(held) > 5:
            shown.append(f"{len(held) - 5} more")
        hint = "" if trace.enabled else " (trace_frames(True) shows where they were received)"
        return FramePoolExhaustedError(
            f"the decoder waits for frames to be closed: {len(held)} of {pool.capacity} in its "
            f"pool are out: {', '.join(shown)}{hint}; {queued} chunks are queued. Close frames "
            "when you are done with them, or keep copies and close the originals "
            "(create_image_bitmap, FrameCache), or raise frame_pool_size."
        )


def _where(held: Held) -> str:
    return f" (held since {', '.join(held.places[:3])})" if held.places else ""


def open_decoder(
    config: VideoDecoderConfig,
    parameters: Any = None,
    threads: int | None = None,
    preference: str = "no-preference",
    hardware: HardwareStatus | None = None,
    pool_size: int | None = None,
) -> tuple[Core, ShapeCache]:
    """Return an open decoding core for a parsed configuration, and the shapes of its frames.

    `preference` overrides the configuration's. "no-preference" is software: it decodes every stream
    the same everywhere, and small pictures faster than a device with its way there and back.

    Raises
    ------
    NotSupportedError
        Why this FFmpeg cannot decode it.
    """
    info: CodecInfo = parse_codec(config.codec)
    family, description = families.of(info), config.description
    _length_size(family, description)
    size = None if config.coded_width is None else (config.coded_width, config.coded_height)
    make = partial(
        DecoderCore,
        info.name,
        extradata=description if family.TAKES_DESCRIPTION else None,
        coded_size=size,  # type: ignore[arg-type]
        threads=threads or config.threads or 0,
        low_delay=bool(config.optimize_for_latency),
        parameters=parameters,
    )
    if preference == "no-preference":
        preference = config.hardware_acceleration
    core: Core
    if preference == "prefer-hardware":
        core = HardwareDecoder(info.name, make, hardware or HardwareStatus(), pool_size)
    else:
        core = make()
    aspect = None
    if config.display_aspect_width is not None:
        aspect = config.display_aspect_width, config.display_aspect_height
    color = config.color_space
    shapes = ShapeCache(
        None if color is None else VideoColorSpace.parse(color),
        aspect,  # type: ignore[arg-type]
        int(config.rotation),
        config.flip,
    )
    return core, shapes


def _length_size(family: families.Family, description: object) -> int | None:
    """Return the bytes of a NAL unit's length prefix, None for Annex B."""
    try:
        return family.length_size(description)
    except DataError as error:
        raise NotSupportedError(f"the description is not usable: {error}") from error
