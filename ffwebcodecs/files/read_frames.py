"""read_frames: frames for scripts, decoded on demand in the calling thread."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

from .._public import public
from .._spec.codecs.config import HARDWARE_ACCELERATION, VideoDecoderConfig
from .._spec.codecs.picture_limit import MAX_PIXELS
from .._spec.numbers import show, to_int64, to_integer
from .._spec.texts import attribute, is_path
from ..codecs._decoding import Pictures, open_decoder
from ..errors import InvalidArgumentError
from ..frames.video_frame import VideoFrame
from ._input_options import limited, parse_opening
from ._open import open_for_decoding
from ._reading import (
    FileFrames,
    frames_of,
    packets_further_back,
    packets_of,
    packets_of_chunks,
)
from .demuxer import Demuxer

if TYPE_CHECKING:
    from ._seeking import Packets


@public
def read_frames(
    source: Any,
    config: VideoDecoderConfig | Mapping[str, Any] | None = None,
    *,
    start: int | None = None,
    stop: int | None = None,
    step: int = 1,
    hardware_acceleration: str = "no-preference",
    threads: int | None = None,
    format: str | None = None,
    options: Mapping[str, Any] | None = None,
    playlists: bool | str | None = None,
    max_pixels: int | None = MAX_PIXELS,
    timeout: float | None = None,
    stream: int | None = None,
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
        Microseconds: only frames with ``start <= timestamp < stop``, and all of them. Files are not
        decoded from the beginning for it, unless nothing less gives them.
    step : int, optional
        Give every `step`-th frame only.
    hardware_acceleration : {"no-preference", "prefer-hardware", "prefer-software"}, optional
        Overrides the configuration's, unless it is "no-preference". Where hardware was preferred
        and cannot be had, a line in the log of ``ffwebcodecs`` says why.
    threads : int, optional
        FFmpeg's decoding threads; default: the configuration's, else one for each core that this
        process may use.
    format, options, playlists, timeout, stream
        Of the file, as for `Demuxer`.
    max_pixels : int, optional
        The largest picture that is read, width times height; None: no limit. It replaces that of
        the configuration or the Demuxer, unless it is the default.

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
    TimeoutError
        A pipe or the network gave nothing for longer than `timeout`.
    InvalidStateError
        The frames, or the Demuxer, were closed by another thread meanwhile.

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
    opening = parse_opening(format, options, playlists, max_pixels, timeout, stream=stream)
    parsed = None if config is None else VideoDecoderConfig.parse(config)
    further_back: Callable[[], Packets | None] | None = None
    if isinstance(source, Demuxer):
        _require_stream(opening.stream, source.stream)
        if parsed is None:
            parsed = VideoDecoderConfig.parse(source.video_config)
        packets = packets_of_chunks(source._chunks_to_decode(first), Pictures(parsed))
        further_back = partial(_further_back, source, Pictures(parsed))
    elif isinstance(source, Iterable) and not _is_file(source):
        if parsed is None:
            raise InvalidArgumentError("chunks need a config: read_frames(chunks, config)")
        _require_stream(opening.stream, None)
        packets = packets_of_chunks(source, Pictures(parsed))
    else:
        file = open_for_decoding(
            source, parsed, opening, threads=count, hardware_acceleration=hardware_acceleration
        )
        packets = packets_of(file.demuxer, first)
        lasting = file.demuxer.foresee()
        frames = frames_of(
            *(packets, file.decoder, file.shapes, file.close, first, last, stride, lasting),
            partial(packets_further_back, file.demuxer),
        )
        return FileFrames(frames, file.demuxer)
    parsed = limited(parsed, opening.max_pixels)
    core, shapes = open_decoder(parsed, threads=count, preference=hardware_acceleration)
    return frames_of(
        *(packets, core, shapes, core.close, first, last, stride), further_back=further_back
    )


def _further_back(demuxer: Demuxer, pictures: Pictures) -> Packets | None:
    chunks = demuxer._chunks_further_back()
    return None if chunks is None else packets_of_chunks(chunks, pictures)


def _require_stream(wanted: int | None, read: int | None) -> None:
    if wanted not in (None, read):
        have = "chunks are of one stream" if read is None else f"the Demuxer reads stream {read}"
        raise InvalidArgumentError(
            f"stream is {wanted}, but {have}: use Demuxer(..., stream={wanted})"
        )


def _is_file(source: object) -> bool:
    """Whether `source` is opened, not iterated: paths, bytes and file objects can be iterated as
    well.
    """
    if (
        isinstance(source, (str, bytes, bytearray, memoryview))
        or is_path(source)
        or attribute(source, "read") is not None
    ):
        return True
    try:
        memoryview(source)  # type: ignore[arg-type]
    except TypeError:
        return False
    except Exception:
        return True  # a buffer that is closed: opening it says so
    return True
