"""read_frames: frames for scripts, decoded on demand in the calling thread."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from typing import Any

from .._av.codecs import packet
from .._av.files.demux import DemuxerCore
from .._av.frames import frame as native
from .._av.frames.hardware import picture_of
from .._spec.codecs.config import HARDWARE_ACCELERATION, VideoDecoderConfig
from .._spec.numbers import show, to_int64, to_integer
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..codecs.video_decoder import Core, open_decoder
from ..errors import EncodingError, InvalidArgumentError
from ..frames._shape import ShapeCache
from ..frames.video_frame import VideoFrame
from ._stream_config import make_config
from .demuxer import Demuxer

# A packet to decode, and the timestamp it gets if it has none of its own.
_Packets = Generator[tuple[Any, int], None, None]


def read_frames(
    source: Any,
    config: VideoDecoderConfig | Mapping[str, Any] | None = None,
    *,
    start: int | None = None,
    stop: int | None = None,
    step: int = 1,
    hardware_acceleration: str = "no-preference",
    threads: int | None = None,
) -> Iterator[VideoFrame]:
    """Yield the frames of a file, or of chunks, in presentation order.

    There is no worker and no pool: each step decodes what it takes to give one frame. A frame
    belongs to you; one that a ``for`` loop just drops is freed at once, without a warning.

    Parameters
    ----------
    source : path, bytes-like, binary file object, Demuxer, or iterable of EncodedVideoChunk
        A Demuxer is read on from where it is, and stays open. Chunks need a `config`.
    config : VideoDecoderConfig or mapping, optional
        Default: the file's own.
    start, stop : int, optional
        Microseconds: only frames with ``start <= timestamp < stop``. Files are not decoded from the
        beginning for it.
    step : int, optional
        Give every `step`-th frame only.
    hardware_acceleration : {"no-preference", "prefer-hardware", "prefer-software"}, optional
        Overrides the configuration's, unless it is "no-preference". Where hardware was preferred
        and cannot be had, a line in the log of ``ffwebcodecs`` says why.
    threads : int, optional
        FFmpeg's decoding threads; default: the configuration's, else one for each core that this
        process may use.

    Yields
    ------
    VideoFrame

    Raises
    ------
    EncodingError
        The data is damaged. Frames decoded before that have been yielded; ``timestamp`` of the
        error is that of the chunk.
    NotSupportedError
        This FFmpeg cannot decode it, or there is no video in the file.
    InvalidArgumentError
        A parameter is out of range.
    OSError
        The file cannot be opened.

    Examples
    --------
    >>> for frame in read_frames("clip.mp4", start=1_000_000, step=25):
    ...     print(frame.timestamp, frame.to_ndarray().mean())
    """
    first = None if start is None else to_int64(start, "start")
    last = None if stop is None else to_int64(stop, "stop")
    stride = to_integer(step, "step")
    if stride < 1:
        raise InvalidArgumentError(f"step is {stride}, it must be at least 1")
    if hardware_acceleration not in HARDWARE_ACCELERATION:
        raise InvalidArgumentError(
            f"hardware_acceleration must be one of {', '.join(HARDWARE_ACCELERATION)}, "
            f"got {show(hardware_acceleration)}"
        )
    count = None if threads is None else to_integer(threads, "threads")
    if count is not None and not 1 <= count <= 1024:
        raise InvalidArgumentError(f"threads is {count}, it must be from 1 to 1024")
    parsed = None if config is None else VideoDecoderConfig.parse(config)
    demuxer: DemuxerCore | None = None
    if isinstance(source, Demuxer):
        if parsed is None:
            parsed = VideoDecoderConfig.parse(source.video_config)
        packets = _of_chunks(source.chunks(first))
    elif isinstance(source, Iterable) and not _is_file(source):
        if parsed is None:
            raise InvalidArgumentError("chunks need a config: read_frames(chunks, config)")
        packets = _of_chunks(source)
    else:
        demuxer = DemuxerCore(source)
        if parsed is None:
            parsed = VideoDecoderConfig.parse(make_config(demuxer.info))
        packets = packets_of(demuxer, first)
    try:
        core, shapes = open_decoder(parsed, parsed._native, count, hardware_acceleration)
    except BaseException:
        if demuxer is not None:
            demuxer.close()
        raise
    return frames_of(packets, core, shapes, demuxer, first, last, stride)


def _is_file(source: object) -> bool:
    """Whether `source` is opened, not iterated: paths, bytes and file objects can be iterated as
    well.
    """
    if (
        isinstance(source, (str, bytes, bytearray, memoryview))
        or hasattr(source, "read")
        or hasattr(source, "__fspath__")
    ):
        return True
    try:
        memoryview(source)  # type: ignore[arg-type]
    except TypeError:
        return False
    return True


def packets_of(
    demuxer: DemuxerCore, start: int | None, divert: Callable[[int, Any], object] | None = None
) -> _Packets:
    """Yield the packets of a file's video; each is valid until the next one is asked for.

    `divert` is called with stream index and packet of every other stream that the demuxer reads.
    """
    guess = 0 if start is None else demuxer.seek(start)
    index = demuxer.info.index
    ptr = packet.allocate()
    while (found := demuxer.read_any(ptr)) is not None:
        if found != index:
            if divert is not None:
                divert(found, ptr)
            packet.unref(ptr)
            continue
        timestamp = ptr.pts
        if timestamp == packet.NOPTS:
            timestamp = ptr.dts if ptr.dts != packet.NOPTS else guess
            guess = timestamp + (ptr.duration or demuxer.frame_duration)
        yield ptr, timestamp
        packet.unref(ptr)


def _of_chunks(chunks: Iterable[EncodedVideoChunk]) -> _Packets:
    for chunk in chunks:
        if not isinstance(chunk, EncodedVideoChunk):
            raise InvalidArgumentError(f"read_frames takes EncodedVideoChunks, got {show(chunk)}")
        yield chunk._decodable(), chunk.timestamp


def _decoded(packets: _Packets, core: Core, box: list[Any]) -> Iterator[None]:
    """Put one native frame after the other into `box`, yielding each time; an error comes after
    everything that was decoded before it.

    A generator that waits keeps its local variables. Frames go through the box, out of which the
    consumer takes them, so that nobody but the program holds a frame that it is looking at.
    """
    failure: EncodingError | None = None
    try:
        for ptr, timestamp in packets:
            core.send(ptr, timestamp)
            while _received(core, box):
                yield
    except EncodingError as error:
        failure = error.with_traceback(None)
    try:
        core.drain()
        while _received(core, box):
            yield
    except EncodingError as error:
        failure = failure or error.with_traceback(None)
    if failure is not None:
        try:
            raise failure
        finally:
            failure = None  # its traceback holds this frame, which must not hold it in turn


def _received(core: Core, box: list[Any]) -> bool:
    box.append(core.receive())
    if box[0] is None:
        box.clear()
    return bool(box)


def frames_of(
    packets: _Packets,
    core: Core,
    shapes: ShapeCache,
    demuxer: DemuxerCore | None,
    start: int | None,
    stop: int | None,
    step: int,
) -> Generator[VideoFrame, None, None]:
    """Yield the frames between `start` and `stop`; closes core and demuxer at the end."""
    make, shape_of, duration = VideoFrame._from_native, shapes.shape_of, native.duration
    position = -1
    box: list[Any] = []
    try:
        for _ in _decoded(packets, core, box):
            ptr = box.pop()
            timestamp = ptr.pts
            if start is not None and timestamp < start:
                continue
            if stop is not None and timestamp >= stop:
                return
            position += 1
            if step > 1 and position % step:
                continue
            box.append(
                make(picture_of(ptr), shape_of(ptr), timestamp, duration(ptr) or None, False)
            )
            del ptr
            yield box.pop()
    finally:
        core.close()
        if demuxer is not None:
            demuxer.close()
