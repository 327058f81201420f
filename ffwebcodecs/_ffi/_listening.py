"""FFmpeg's log in ABI mode, where nothing but a Python function could listen to it.

That is in place only while one call is made, a repetition of one that has failed: FFmpeg's threads,
which may log at any time, never depend on Python else. Lines of other threads are passed over, and
the one that FFmpeg would have printed is not.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

_WARNING = 24
_LINE = 256
_turn = threading.Lock()
_kept: list[Any] = []  # the function that C calls, and its library: for the life of the process


class _Listener:
    thread: int | None = None
    other: Callable[[], int | None]
    lines: list[tuple[bool, str]]


_listener = _Listener()


def overhear(
    path: str, call: Callable[[], object], other: Callable[[], int | None]
) -> list[tuple[bool, str]]:
    """Make a call; return what FFmpeg logged meanwhile in this thread and an `other` one: whether
    it is an error, not a warning, and the text.

    Parameters
    ----------
    path : str
        Of the libavutil in use.
    call : callable
        What it raises comes through.
    """
    import ctypes  # two milliseconds, where something has failed

    with _turn:
        library, function = _prepared(path)
        _listener.lines = []
        _listener.other = other
        _listener.thread = threading.get_ident()
        library.av_log_set_callback(function)
        try:
            call()
        finally:
            library.av_log_set_callback(
                ctypes.cast(library.av_log_default_callback, ctypes.c_void_p)
            )
            _listener.thread = None
            _listener.other = _nobody
        return _listener.lines


def _nobody() -> None:
    return None


def _prepared(path: str) -> tuple[Any, Any]:
    if not _kept:
        import ctypes

        library = ctypes.CDLL(path)
        format_line = library.av_log_format_line2
        # As a parameter, a va_list is a pointer on every 64-bit platform that FFmpeg runs on.
        pointer = ctypes.c_void_p
        format_line.argtypes = (
            *(pointer, ctypes.c_int, pointer, pointer, pointer),
            *(ctypes.c_int, ctypes.POINTER(ctypes.c_int)),
        )
        library.av_log_set_callback.argtypes = (pointer,)
        library.av_log_set_callback.restype = None

        def hear(context: int | None, level: int, format: int, arguments: int) -> None:
            severity = level & 0xFF if level >= 0 else level
            if not 0 <= severity <= _WARNING or _listener.thread is None:
                return
            if threading.get_ident() not in (_listener.thread, _listener.other()):
                return
            text = ctypes.create_string_buffer(_LINE)
            prefix = ctypes.c_int(1)
            format_line(context, severity, format, arguments, text, _LINE, ctypes.byref(prefix))
            _listener.lines.append((severity <= 16, text.value.decode("utf-8", "replace")))

        made = ctypes.CFUNCTYPE(None, pointer, ctypes.c_int, pointer, pointer)(hear)
        _kept.extend((library, ctypes.cast(made, pointer), made))
    return _kept[0], _kept[1]
