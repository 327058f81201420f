"""How many threads a codec gets."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..._ffi import avutil, ffi
from .. import releases

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecContext

_MAX_THREADS = 16  # FFmpeg's own limit for automatic threads


def default_threads() -> int:
    """Return how many threads a codec gets if nobody says: the cores that this process may use, at
    most 16.
    """
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # macOS, Windows
        cores = os.cpu_count() or 1
    return min(cores, _MAX_THREADS)


_DEPRECATED = 1 << 17  # AV_OPT_FLAG_DEPRECATED


def without_frame_threads(context: AVCodecContext, name: str) -> None:
    """Let a dav1d before 1.0 work on one frame at a time, with threads for its tiles: with more it
    waits for itself for ever on damaged data (0.7.1 in FFmpeg 4.3, `test_corrupt_input`).

    libavcodec's options tell which dav1d it was made for: 1.0 takes one number of threads for all.
    So does FFmpeg's own APNG decoder (`test_read_apng`), which has no other threads.
    """
    if name == "apng" and releases.apng_waits_for_itself():
        context.thread_count = 1
    if name != "libdav1d":
        return
    own = avutil.AV_OPT_SEARCH_CHILDREN
    option = avutil.av_opt_find(context, b"framethreads", ffi.NULL, 0, own)
    if option and not option.flags & _DEPRECATED:
        avutil.av_opt_set_int(context, b"framethreads", 1, own)
        avutil.av_opt_set_int(context, b"tilethreads", min(context.thread_count, 64), own)
