"""FFmpeg's log in ABI mode, where nothing but a Python function could listen to it.

That is in place only while one call is made, a repetition of one that has failed: FFmpeg's threads,
which may log at any time, never depend on Python else. Lines of other threads are passed over, and
the one that FFmpeg would have printed is not. What ends the call, the process or, in a forked
child, the thread that made it, takes the function away too.
"""

from __future__ import annotations

import atexit
import os
import threading
import weakref
from collections.abc import Callable
from typing import Any

from . import ffi, keep_for_ever

_WARNING = 24
_LINE = 1024
_LOG = "void(*)(void *, int, char *, void *)"
_FORMAT = "int(*)(void *, int, char *, void *, char *, int, int *)"
# A destructor or a signal's handler may open what fails while the same thread listens.
_turn = threading.RLock()


def _nobody() -> None:
    return None


class _Listener:
    """Who listens now, and what was heard."""

    def __init__(self) -> None:
        self.owner: Callable[[], Any] = _nobody  # a weak reference to what lives meanwhile
        self.thread = 0
        self.lines: list[tuple[bool, bytes]] = []
        self.error: BaseException | None = None
        self.has_ended = False


_listener = _Listener()


class _Log:
    """The functions of a libavutil, and the one that it is to call."""

    def __init__(self, path: str) -> None:
        import ctypes  # two milliseconds, where something has failed

        library = ctypes.CDLL(path)

        def at(name: str) -> int:
            return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0

        self._format = ffi.cast(_FORMAT, at("av_log_format_line2"))
        self.set = ffi.cast("void(*)(void *)", at("av_log_set_callback"))
        self.usual = ffi.cast("void *", at("av_log_default_callback"))
        # As a parameter, a va_list is a pointer on every 64-bit platform that FFmpeg runs on.
        function = ffi.callback(_LOG, self._hear, None, self._keep)
        keep_for_ever(function)
        self.ours = ffi.cast("void *", function)
        self._function = function

    def _hear(self, context: Any, level: int, format: Any, arguments: Any) -> None:
        severity = level & 0xFF if level >= 0 else level
        if not 0 <= severity <= _WARNING or threading.get_ident() != _listener.thread:
            return
        text = ffi.new("char[]", _LINE)
        prefix = ffi.new("int *", 1)
        self._format(context, severity, format, arguments, text, _LINE, prefix)
        _listener.lines.append((severity <= 16, ffi.string(text)))

    def _keep(self, _kind: object, error: BaseException, _trace: object) -> None:
        """Signals are heard where FFmpeg calls Python as well: what a handler raises is kept."""
        _listener.error = error


_log: list[_Log] = []  # for the life of the process


def overhear(path: str, call: Callable[[], object]) -> list[tuple[bool, bytes]]:
    """Make a call; return what FFmpeg logged meanwhile in this thread: whether it is an error, not
    a warning, and the text. Nothing is called while this thread listens already, or Python ends.

    Parameters
    ----------
    path : str
        Of the libavutil in use.
    call : callable
        What it raises comes through, and so does what a signal's handler raises meanwhile.
    """
    if not _log:
        _log.append(_Log(path))
    log = _log[0]
    with _turn:
        if _listener.has_ended or _listener.owner() is not None:
            return []
        lines: list[tuple[bool, bytes]] = []
        _listener.lines = lines
        _listener.error = None
        _listener.thread = threading.get_ident()
        # When this goes, whatever happens, C restores what was.
        owner = ffi.gc(log.usual, log.set)
        _listener.owner = weakref.ref(owner)
        try:
            log.set(log.ours)
            call()
        finally:
            ffi.release(owner)
            del owner
        _raise_kept()
        return lines


def _raise_kept() -> None:
    error, _listener.error = _listener.error, None
    if error is not None:
        try:
            raise error
        finally:
            del error  # its traceback holds this frame


def _stop() -> None:
    if _listener.owner() is not None:
        _log[0].set(_log[0].usual)


def _end() -> None:
    # For good: once Python ends, what FFmpeg's threads called would hang or crash them.
    _turn.acquire(timeout=1)
    _listener.has_ended = True
    _stop()


def _in_child() -> None:
    global _turn
    _turn = threading.RLock()  # whose thread is not here
    _stop()
    _listener.__init__()  # type: ignore[misc]


atexit.register(_end)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)
