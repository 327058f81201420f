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
    from ..codecs._decoding import Core
    from ._frame_requests import FrameRequests
    from ._video_core import VideoCore

DEPTH = 1  # frames that wait, besides the one that is being made


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
    if count < 2 or not gains_by_overlap(core.engine.decoder, threads, core.threads):
        return nullcontext(frames)
    return Prefetch(frames, DEPTH, VideoFrame.close)


def gains_by_overlap(decoder: Core, *threads: int | None) -> bool:
    """Whether to decode on another thread, where numbers of threads may have been asked for."""
    return 1 not in threads and decoder.has_one_thread and cores() >= 2 and _may_start_threads()


def _may_start_threads() -> bool:
    """Whether this interpreter has threads: isolated ones have none."""
    # Python before 3.12 has no isolated ones.
    allowed = getattr(_thread, "daemon_threads_allowed", None)
    return allowed is None or bool(allowed())
