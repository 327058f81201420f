"""transcode, write_frames: whole files in, whole files out.

Decoding runs ahead on a thread of its own, a few frames and no more; mapping, encoding and writing
run in the calling thread. So decoding and encoding overlap, memory stays flat whatever the length,
and `map_frame` is called where the caller is.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .._runtime.prefetch import Prefetch
from .._spec.numbers import show, to_flag, to_int64
from ..errors import InvalidArgumentError
from ..frames.video_frame import VideoFrame
from ._conversion import (
    Progress,
    TranscodeProgress,
    TranscodeResult,
    content_tags,
    copy_chapters,
    copy_streams,
    encoding_options,
    refuse_same_file,
    span,
)
from ._events import CopiedPacket, FileEvents
from ._frame_writer import EncodingOptions, FrameWriter
from ._open import open_for_decoding
from .muxer import Muxer

# Frames that are decoded and wait for the encoder. More hides no more: codecs have queues as well.
_AHEAD = 2

MapFrame = Callable[[VideoFrame], "VideoFrame | None"]


def transcode(
    input: Any,
    output: Any,
    *,
    codec: str | None = None,
    map_frame: MapFrame | None = None,
    bitrate: int | None = None,
    quantizer: int | None = None,
    width: int | None = None,
    height: int | None = None,
    framerate: float | None = None,
    start: int | None = None,
    stop: int | None = None,
    audio: bool = True,
    format: str | None = None,
    alpha: str = "discard",
    latency_mode: str = "quality",
    hardware_acceleration: str = "no-preference",
    encoder_options: Mapping[str, Any] | None = None,
    threads: int | None = None,
    metadata: Mapping[str, str] | None = None,
    on_progress: Progress | None = None,
) -> TranscodeResult:
    """Convert a video file into another one.

    Audio and subtitle streams are copied unchanged; one that the output's container cannot hold is
    left out with a warning. Rotation, colours, pixel aspect ratio and timestamps are kept. The
    output appears under its name when it is complete.

    Parameters
    ----------
    input : path, bytes-like or binary file object
    output : path or writable binary file object
    codec : str, optional
        ``"h264"``, ``"hevc"``, ``"vp8"``, ``"vp9"``, ``"av1"``, a WebCodecs codec string, or
        ``"ffmpeg:NAME"``; default: what is usual for the output's suffix.
    map_frame : callable, optional
        Called with each VideoFrame, in the calling thread; returns it, another frame, or None to
        drop it. Frames are closed for you. The first frame returned decides the size.
    bitrate : int, optional
        Bits per second; default: the encoder's usual quality.
    quantizer : int, optional
        Constant quality instead of a bitrate, where the encoder has it; lower is better: 0 to 51
        for H.264 and HEVC, 0 to 63 for VP8, VP9 and AV1, 1 to 31 for MPEG-4 and its like.
    width, height : int, optional
        Scale to this size; one alone keeps the shape.
    framerate : float, optional
        Frames per second, evenly; default: every frame at its own time.
    start, stop : int, optional
        Microseconds of the input; the output begins at 0 if `start` is given.
    audio : bool, optional
        False: video only.
    format : str, optional
        Of the container, as for `Muxer`; default: by suffix.
    alpha : {"discard", "keep"}, optional
    latency_mode : {"quality", "realtime"}, optional
    hardware_acceleration : {"no-preference", "prefer-hardware", "prefer-software"}, optional
        For decoding and encoding.
    encoder_options : mapping, optional
        FFmpeg's options of the encoder, such as ``{"preset": "veryfast"}``.
    threads : int, optional
        FFmpeg's threads, for decoder and encoder each; default: one for each core.
    metadata : mapping of str to str, optional
        Tags of the output; default: the input's.
    on_progress : callable, optional
        Called with a TranscodeProgress after each frame.

    Returns
    -------
    TranscodeResult

    Raises
    ------
    InvalidArgumentError
        A parameter is out of range, or `map_frame` returned something else. Nothing is left.
    NotSupportedError
        This FFmpeg cannot decode or encode it, or the container cannot hold it.
    EncodingError
        The input is damaged. There is no output then.
    OSError
        A file cannot be read or written.

    Examples
    --------
    >>> transcode("clip.mov", "small.mp4", height=360, encoder_options={"preset": "fast"})
    """
    began = time.monotonic()
    first = None if start is None else to_int64(start, "start")
    last = None if stop is None else to_int64(stop, "stop")
    if first is not None and last is not None and last <= first:
        raise InvalidArgumentError(f"stop is {last}, it must be after start, which is {first}")
    if map_frame is not None and not callable(map_frame):
        raise InvalidArgumentError(f"map_frame must be callable, got {show(map_frame)}")
    with_others = to_flag(audio, "audio")
    options = encoding_options(
        output,
        codec=codec,
        bitrate=bitrate,
        quantizer=quantizer,
        width=width,
        height=height,
        framerate=framerate,
        alpha=alpha,
        latency_mode=latency_mode,
        hardware_acceleration=hardware_acceleration,
        encoder_options=encoder_options,
        threads=threads,
        format=format,
    )
    refuse_same_file(input, output)
    file = open_for_decoding(
        input,
        all_streams=with_others,
        threads=options.threads,
        hardware_acceleration=hardware_acceleration,
    )
    events = FileEvents(file, start=first, stop=last)
    try:
        demuxer = events.demuxer
        tags = content_tags(demuxer.tags) if metadata is None else metadata
        with Muxer(output, format=format, metadata=tags) as muxer:
            copied, dropped, numbers = copy_streams(demuxer, muxer)
            copy_chapters(demuxer, muxer, first, last)
            events.copied = {stream.index: stream.time_base for stream in demuxer.others}
            events.copied = {i: events.copied[i] for i in numbers}
            work = _Work(muxer, options, demuxer.info.rate, map_frame, first or 0, numbers)
            work.duration = span(demuxer, first, last)
            work.on_progress = on_progress
            try:
                with Prefetch(events.events(), _AHEAD, _discard) as ahead:
                    for event in ahead:
                        work.take(event)
                work.writer.finish()
            finally:
                work.writer.close()
    finally:
        events.close()
    config = work.writer.config
    return TranscodeResult(
        frames_read=work.frames_read,
        frames_written=work.writer.frames,
        codec=None if config is None else config.codec,
        encoder=work.writer.encoder_name,
        copied_streams=copied,
        dropped_streams=dropped,
        seconds=time.monotonic() - began,
    )


def write_frames(
    frames: Iterable[VideoFrame],
    output: Any,
    *,
    codec: str | None = None,
    bitrate: int | None = None,
    quantizer: int | None = None,
    width: int | None = None,
    height: int | None = None,
    framerate: float | None = None,
    format: str | None = None,
    alpha: str = "discard",
    latency_mode: str = "quality",
    hardware_acceleration: str = "no-preference",
    encoder_options: Mapping[str, Any] | None = None,
    threads: int | None = None,
    metadata: Mapping[str, str] | None = None,
    on_progress: Progress | None = None,
) -> TranscodeResult:
    """Encode frames into a file: the other half of `read_frames`.

    Parameters
    ----------
    frames : iterable of VideoFrame
        In presentation order. Each is taken: it is closed when it has been encoded.
    output : path or writable binary file object
    codec, bitrate, quantizer, width, height, framerate, format, alpha, latency_mode
        As for `transcode`.
    hardware_acceleration, encoder_options, threads, metadata, on_progress
        As for `transcode`.

    Returns
    -------
    TranscodeResult

    Raises
    ------
    InvalidArgumentError, NotSupportedError, EncodingError, OSError
        As `transcode`; there is no output then.

    Examples
    --------
    >>> write_frames(read_frames("clip.mp4", step=2), "fast.mp4")
    """
    began = time.monotonic()
    options = encoding_options(
        output,
        codec=codec,
        bitrate=bitrate,
        quantizer=quantizer,
        width=width,
        height=height,
        framerate=framerate,
        alpha=alpha,
        latency_mode=latency_mode,
        hardware_acceleration=hardware_acceleration,
        encoder_options=encoder_options,
        threads=threads,
        format=format,
    )
    with Muxer(output, format=format, metadata=metadata) as muxer:
        work = _Work(muxer, options, None, None, 0, {})
        work.on_progress = on_progress
        try:
            for frame in frames:
                work.take(frame)
            work.writer.finish()
        finally:
            work.writer.close()
    config = work.writer.config
    return TranscodeResult(
        frames_read=work.frames_read,
        frames_written=work.writer.frames,
        codec=None if config is None else config.codec,
        encoder=work.writer.encoder_name,
        copied_streams=[],
        dropped_streams=[],
        seconds=time.monotonic() - began,
    )


class _Work:
    """What is done with each event of a conversion."""

    def __init__(
        self,
        muxer: Muxer,
        options: EncodingOptions,
        source_rate: float | None,
        map_frame: MapFrame | None,
        start: int,
        numbers: Mapping[int, int],
    ) -> None:
        self.writer = FrameWriter(muxer, options, source_rate)
        self.frames_read = 0
        self.duration: int | None = None
        self.on_progress: Progress | None = None
        self._muxer = muxer
        self._map = map_frame
        self._start = start
        self._numbers = numbers

    def take(self, event: VideoFrame | CopiedPacket) -> None:
        """Encode a frame, which is taken, or copy a packet."""
        if isinstance(event, CopiedPacket):
            self._muxer._add_copied_packet(self._numbers[event.index], event.ptr)
            return
        if not isinstance(event, VideoFrame):
            raise InvalidArgumentError(f"expected a VideoFrame, got {show(event)}")
        self.frames_read += 1
        with event:
            mapped = event if self._map is None else self._map(event)
            if mapped is None:
                return
            if not isinstance(mapped, VideoFrame):
                raise InvalidArgumentError(
                    f"map_frame must return a VideoFrame or None, got {show(mapped)}"
                )
            with mapped:
                timestamp = mapped.timestamp - self._start
                self.writer.write(mapped, timestamp)
        if self.on_progress is not None:
            self.on_progress(TranscodeProgress(self.writer.frames, timestamp, self.duration))


def _discard(event: VideoFrame | CopiedPacket) -> None:
    if isinstance(event, VideoFrame):
        event.close()
