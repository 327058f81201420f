"""read_frames_async: the frames of a file for tasks, decoded on a thread."""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any

from .._av.files.interrupt import Waits
from .._av.frames.picture import Picture
from .._public import public
from .._runtime.async_reading import AsyncReading
from .._spec.codecs.config import VideoDecoderConfig, VideoDecoderConfigInit
from .._spec.codecs.picture_limit import MAX_PIXELS
from .._spec.numbers import to_flag, to_threads
from .._spec.types import (
    DamageHandling,
    HardwareAcceleration,
    Integer,
    Playlists,
    ScaleFilter,
    VideoPixelFormat,
)
from ..errors import InvalidArgumentError
from ..frames._pixel_conversion import PixelConversion
from ..frames.video_frame import VideoFrame
from ._converted_frames import parse_conversion
from ._input_options import ColorSpace
from .demuxer import Demuxer
from .read_frames import FrameSource, read_frames

_AHEAD = 4  # frames


@public
def read_frames_async(
    source: FrameSource,
    config: VideoDecoderConfig | VideoDecoderConfigInit | None = None,
    *,
    start: Integer | None = None,
    stop: Integer | None = None,
    step: int = 1,
    hardware_acceleration: HardwareAcceleration = "no-preference",
    threads: int | None = None,
    errors: DamageHandling = "raise",
    strict: bool = False,
    format: str | None = None,
    options: Mapping[str, object] | None = None,
    playlists: bool | Playlists | None = None,
    max_pixels: int | None = MAX_PIXELS,
    timeout: float | None = None,
    stream: int | None = None,
    upright: bool = False,
    deinterlace: bool = False,
    color_space: ColorSpace | None = None,
    live: bool = False,
    pixel_format: VideoPixelFormat | None = None,
    width: int | None = None,
    height: int | None = None,
    filter: ScaleFilter = "bilinear",
    exact: bool = False,
) -> AsyncReading[VideoFrame]:
    """Give the frames of a file, or of chunks, to ``async for``: those of `read_frames`.

    A thread of its own opens, decodes and closes, at most four frames ahead of the loop. It begins
    with the first step. Each frame belongs to you; one that the loop just drops is freed at once,
    without a warning.

    Parameters
    ----------
    source, config
        As for `read_frames`, and used on the thread: a file object is called there. A Demuxer is
        not read ahead: it goes on where the loop was left. Asynchronous chunks are for
        `VideoDecoder.frames`.
    start, stop, step, hardware_acceleration, threads, errors, strict
        As for `read_frames`.
    format, options, playlists, max_pixels, timeout, stream, upright, deinterlace, color_space
        As for `read_frames`.
    live : bool, optional
        As for `read_frames`; ``dropped`` of what is returned counts what came too fast.
    pixel_format, width, height, filter, exact
        As for `read_frames`: frames are converted on the thread.

    Returns
    -------
    asynchronous iterator of VideoFrame
        For one loop, under asyncio or trio. ``async with`` or its `aclose` end it early, and so
        does a step that is cancelled: when they are over, decoder and file are closed, unless a
        file object does not come back; then they are when it does. Dropped early, it is closed as
        well, with a ResourceWarning.

    Raises
    ------
    InvalidArgumentError
        `source` is asynchronous.
    EncodingError, NotSupportedError, InvalidArgumentError, OSError, TimeoutError
        In the loop: as `read_frames`, and in the first step what that raises when it is called.

    Examples
    --------
    >>> async with read_frames_async("clip.mp4", step=25) as frames:
    ...     async for frame in frames:
    ...         with frame:
    ...             await send(frame.to_ndarray("RGB"))
    """
    _refuse_asynchronous(source)
    given = dict(locals())
    if isinstance(source, Demuxer):
        turns, count = to_flag(given.pop("upright"), "upright"), to_threads(threads)
        how = parse_conversion(pixel_format, width, height, filter, exact, count, turns)
        for name in ("pixel_format", "width", "height", "filter", "exact"):
            del given[name]
        last = _Last(source, turns, how)
        make = partial(last.frames, **given)
        return AsyncReading("read_frames_async", make, 0, last.put_back)
    waits, read = Waits(), partial(read_frames, **given)
    make = partial(waits.run, read)
    # Of a live input the newest frames are wanted when they are asked for.
    ahead = 0 if live else _AHEAD
    return AsyncReading("read_frames_async", make, ahead, VideoFrame.close, waits.stop)


def _refuse_asynchronous(source: object) -> None:
    if isinstance(source, AsyncIterable) and not isinstance(source, Iterable):
        raise InvalidArgumentError(
            "read_frames_async reads files and plain iterables of chunks: give asynchronous chunks "
            "to VideoDecoder.frames"
        )


class _Last:
    """The frame that a Demuxer has given last, which goes back if nobody takes it."""

    def __init__(self, demuxer: Demuxer, turns: bool, how: PixelConversion | None) -> None:
        self._demuxer = demuxer
        self._turns = turns
        self._how = how
        self._last: list[Picture] = []

    def frames(self, **given: Any) -> Iterator[VideoFrame]:
        for frame in read_frames(**given):
            self._last[:] = [frame._open_picture()]
            if self._how is not None:
                frame = self._how.apply(frame)  # noqa: PLW2901
            elif self._turns:
                frame = frame.upright()  # noqa: PLW2901
            yield frame
            del frame

    def put_back(self, frame: VideoFrame) -> None:
        frame.close()
        if self._last:
            self._demuxer._put_back(self._last.pop().ptr)
