"""PyAV, where it has the very FFmpeg that is in use here: then the log is PyAV's."""

from __future__ import annotations

import sys


def has(path: str) -> bool:
    """Whether PyAV, which sets a function for FFmpeg's log when it is imported, uses the libavutil
    at `path`: it does if it was built for the same FFmpeg, as by a distribution.
    """
    file = getattr(sys.modules.get("av.logging"), "__file__", None)
    if file is None:
        return False
    import ctypes

    def place(of: str) -> int | None:
        function = ctypes.CDLL(of).av_log_set_callback  # looked for in what a file needs too
        return ctypes.cast(function, ctypes.c_void_p).value

    try:
        return place(file) == place(path)
    except (OSError, AttributeError):  # that cannot be told
        return False
