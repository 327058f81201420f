"""Decoding the next picture while the last one is converted, with decoders that have no threads."""

from __future__ import annotations

import _thread
from collections.abc import Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from .._av.scale.sharing import cores
from .._runtime.prefetch import Prefetch
from ..frames.video_frame import VideoFrame

if TYPE_CHECKING:
    from ._frame_requests import FrameRequests
    from ._video_core import VideoCore

_DEPTH = 1  # frames that wait, besides the one that is being made


def overlapping(
    core: VideoCore, frames: FrameRequests, count: int, threads: int | None
) -> AbstractContextManager[Iterable[VideoFrame]]:
    """Return the frames, of which the next are decoded on another thread while the block is at
    work, if that gains something; leaving the block ends that, and frees those that are left.

    Decoders with threads are ahead by themselves, or use all cores: another thread gains nothing to
    speak of. Who says that one thread is to decode, or to convert, gets no other.

    Parameters
    ----------
    core : VideoCore
    frames : FrameRequests
    count : int
        How many they are.
    threads : int or None
        For the conversion, as they were asked for.
    """
    if (
        count < 2
        or 1 in (threads, core.threads)
        or not core.engine.decoder.has_one_thread
        or cores() < 2
        or not _may_start_threads()
    ):
        return nullcontext(frames)
    return Prefetch(frames, _DEPTH, VideoFrame.close)


def _may_start_threads() -> bool:
    """Whether this interpreter has threads: isolated ones have none."""
    try:
        return bool(_thread.daemon_threads_allowed())  # type: ignore[attr-defined]
    except AttributeError:  # before Python 3.12, where all have
        return True
