"""Frames that are read converted: while one is at work, the next may be decoded on a thread."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from .._runtime.prefetch import Prefetch
from ..frames._pixel_conversion import PixelConversion
from ..frames.video_frame import VideoFrame
from ._overlap import DEPTH, gains_by_overlap

if TYPE_CHECKING:
    from ._frame_requests import FrameRequests
    from ._video_core import VideoCore

# Seconds. Dropped by the garbage collector, the frames must not wait for ever for a thread that
# may wait for whoever is being collected in.
_PATIENCE = 10


def parse_conversion(
    pixel_format: Any,
    width: Any,
    height: Any,
    filter: Any,
    exact: Any,
    threads: int | None = None,
    turns: bool = False,
) -> PixelConversion | None:
    """Return what is asked for, checked; None if nothing is to be converted."""
    how = PixelConversion(pixel_format, width, height, filter, exact, threads, turns)
    return how if how.is_any else None


def converted(
    frames: Generator[VideoFrame] | FrameRequests, how: PixelConversion
) -> Generator[VideoFrame]:
    """Yield frames converted; they are decoded in the same thread, and closed."""
    return _converted(nullcontext(frames), how, frames.close)


def converted_behind(
    frames: Iterator[VideoFrame],
    how: PixelConversion,
    interrupt: Callable[[], object] | None = None,
    end: Callable[[], object] | None = None,
) -> Generator[VideoFrame]:
    """Yield frames converted, which are decoded, one or two in advance, and ended on another
    thread.

    Parameters
    ----------
    frames : iterator of VideoFrame
    how : PixelConversion
    interrupt : callable, optional
        Ends what they wait for.
    end : callable, optional
        Called when they are closed.
    """
    ahead = Prefetch(frames, DEPTH, VideoFrame.close, interrupt, _PATIENCE)
    del frames
    return _converted(ahead, how, end)


def converted_requests(
    core: VideoCore,
    frames: FrameRequests,
    how: PixelConversion,
    is_sized: bool,
    threads: int | None,
) -> Generator[VideoFrame]:
    """Yield frames of a Video converted. Indices that the program makes one by one are made in its
    own thread.
    """
    if is_sized and gains_by_overlap(core.engine.decoder, threads, core.threads):
        return converted_behind(frames, how)
    return converted(frames, how)


def _converted(
    source: AbstractContextManager[Any], how: PixelConversion, end: Callable[[], object] | None
) -> Generator[VideoFrame]:
    box: list[VideoFrame] = []  # which nobody but the program holds while this waits
    try:
        with source as frames:
            for frame in frames:
                box.append(how.apply(frame))
                del frame
                yield box.pop()
    finally:
        if end is not None:
            end()
