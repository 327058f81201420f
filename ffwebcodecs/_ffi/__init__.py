"""Load FFmpeg on first use: the only package that imports cffi.

``from ffwebcodecs._ffi import ffi, avutil, avcodec, swscale, avformat`` loads nothing. The first
attribute of any of them loads FFmpeg, once for the process; what was looked up stays in the
proxy's own dictionary, so that later uses cost what a plain attribute costs. libavformat is loaded
by the first use of `avformat` only, libavfilter by that of `avfilter`, libswresample by that of
`swresample`.

A function that this FFmpeg lacks raises NotSupportedError where it is looked up.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
import threading
from operator import methodcaller
from typing import TYPE_CHECKING, Any, ClassVar

from ffwebcodecs.errors import FFmpegLoadError, NotSupportedError

if TYPE_CHECKING:
    from collections.abc import Callable

    from ffwebcodecs._ffi._load import Loaded
    from ffwebcodecs._ffi._report import LoadReport

__all__ = [
    "FREES_LATE",
    "FREE_THREADED",
    "address_of",
    "avcodec",
    "avfilter",
    "avformat",
    "avutil",
    "ffi",
    "has_field",
    "load",
    "make_callback",
    "make_release_callback",
    "report",
    "swresample",
    "swscale",
    "version",
]

FREE_THREADED = not getattr(sys, "_is_gil_enabled", lambda: True)()
"""This process runs without a GIL. Then an object is freed by the thread that made it, when that
one runs next, and what is alive at the exit is freed after the modules have been taken apart."""
FREES_LATE = FREE_THREADED or sys.implementation.name != "cpython"
"""Dropping the last reference does not free an object at once: nothing may wait for that."""

_lock = threading.RLock()
_held: list[Any] = []
if hasattr(os, "register_at_fork"):
    # A thread that loads holds locks of Python's import, which the child would wait for without
    # end: so a fork waits for it, two seconds at most. Who holds ours then is not in the child.
    os.register_at_fork(
        before=lambda: _held.extend(filter(methodcaller("acquire", True, 2), (_lock,))),
        after_in_parent=lambda: [_held.pop().release() for _ in _held[:]],
        after_in_child=lambda: globals().update(_lock=threading.RLock(), _held=[]),
    )


class _State:
    """What this process has loaded, or why it could not."""

    loaded: Loaded | None = None
    error: str | None = None
    release_callback: tuple[Callable[[Any, Any], None], Any] | None = None
    callbacks: ClassVar[dict[str, Any]] = {}


_state = _State()


def _get() -> Loaded:
    """Return the loaded FFmpeg, loading it if need be; a failure stays what it was."""
    if _state.loaded is not None:
        return _state.loaded
    with _lock:
        if _state.error is not None:
            raise FFmpegLoadError(_state.error)
        if _state.loaded is None:
            from ffwebcodecs._ffi import _load
            from ffwebcodecs._pause import Pause

            pause = Pause()
            try:
                _state.loaded = _load.load()
            except FFmpegLoadError as error:
                _state.error = str(error)
                raise
            finally:
                del pause
        return _state.loaded


def _library(name: str) -> Any:
    loaded = _get()
    if name not in loaded.libs:
        from ffwebcodecs._pause import Pause

        with _lock:
            pause = Pause()
            try:
                return loaded.avformat() if name == "avformat" else loaded.beside(name)
            finally:
                del pause
    return loaded.libs[name]


def _gc_until_exit(gc: Callable[..., Any]) -> Callable[..., Any]:
    """Return `ffi.gc` with destructors that do nothing once the interpreter is being taken apart:
    what they call is gone then, and the system takes the memory.
    """
    finalizing = sys.is_finalizing

    def gc_until_exit(cdata: Any, destructor: Callable[[Any], object] | None, size: int = 0) -> Any:
        if destructor is None:
            return gc(cdata, None)
        call = destructor

        def free(pointer: Any) -> None:
            if not finalizing():
                call(pointer)

        return gc(cdata, free, size)

    return gc_until_exit


class _FFI:
    """Stands for cffi's FFI object until it is used."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        value = getattr(_get().ffi, name)
        if name == "gc" and FREE_THREADED:
            value = _gc_until_exit(value)
        self.__dict__[name] = value
        return value


class _Library:
    """Stands for one FFmpeg library until it is used."""

    def __init__(self, name: str) -> None:
        self.__dict__["_name"] = name

    def __repr__(self) -> str:
        return f"<lib{self._name}>"

    def __getattr__(self, symbol: str) -> Any:
        if symbol.startswith("__"):
            raise AttributeError(symbol)
        lib = _library(self._name)
        loaded = _get()
        try:
            value = getattr(lib, symbol)
        except (loaded.ffi.error, AttributeError):
            raise NotSupportedError(
                f"lib{self._name} of FFmpeg {loaded.report.release} has no {symbol}"
            ) from None
        self.__dict__[symbol] = value
        return value


ffi: Any = _FFI()
avutil: Any = _Library("avutil")
avcodec: Any = _Library("avcodec")
swscale: Any = _Library("swscale")
avformat: Any = _Library("avformat")
avfilter: Any = _Library("avfilter")
swresample: Any = _Library("swresample")

# AVERROR(e) is -e on every platform with a POSIX errno; the layouts cannot know the numbers
for _name in ("EAGAIN", "EINVAL", "EIO", "ENOENT", "ENOMEM", "ENOSYS", "ERANGE"):
    avutil.__dict__[f"AVERROR_{_name}"] = -getattr(errno, _name)


def load() -> LoadReport:
    """Load FFmpeg if it is not loaded, and say what was loaded."""
    return _get().report


def report() -> LoadReport:
    """Say what is loaded, libavformat included if it can be; raises FFmpegLoadError."""
    loaded = _get()
    try:
        _library("avformat")
    except FFmpegLoadError:
        pass  # the report says why
    return loaded.report


def has_field(struct: str, field: str) -> bool:
    """Tell whether a struct has this field in this release."""
    fields = _get().ffi.typeof(struct).fields or ()
    return any(name == field for name, _ in fields)


def version(library: str) -> tuple[int, int, int]:
    """Return the version of a library ("avutil", ...)."""
    _library(library)
    found = _get().report
    return (found.libraries.get(library) or found.beside[library])[1]


def keep_for_ever(thing: Any) -> None:
    """Keep a reference that nobody gives back, not even the end of the interpreter: builtins, hooks
    and threads hold frames until after the modules' end, and freeing one calls what Python would
    have freed before.
    """
    incref = getattr(sys.modules.get("_ctypes"), "Py_INCREF", None)  # imported when it was loaded
    if incref is not None:
        incref(thing)


def address_of(library: str, function: str) -> Any:
    """Return the address of a function of a library ("avutil", ...), for C to call."""
    lib = _library(library)
    return _get().ffi.cast("void *", _get().ffi.addressof(lib, function))


def make_release_callback(function: Callable[[Any, Any], None]) -> Any:
    """Return `function(opaque, data)` as the C function that ``av_buffer_create`` wants.

    There is one such function for the life of the process, and it is never collected: FFmpeg may
    call it from any of its threads, at any time until the exit, and after the modules' end: for
    that `function` is best one of C. Asking again with the same function returns the same pointer.
    """
    loaded = _get()
    with _lock:
        if _state.release_callback is None:
            if loaded.report.mode == "api":
                loaded.ffi.def_extern("ffwc_release")(function)
                pointer = loaded.ffi.addressof(loaded.libs["avutil"], "ffwc_release_until_exit")
            else:
                pointer = loaded.ffi.callback("void(*)(void *, uint8_t *)", function)
                keep_for_ever(pointer)
            _state.release_callback = (function, pointer)
        elif _state.release_callback[0] is not function:
            raise RuntimeError("the release callback has been made already, for another function")
        return _state.release_callback[1]


def _in_subinterpreter() -> bool:
    """Tell whether cffi would look for what C calls in the main interpreter, and not find it. From
    Python 3.12 on, cffi is for the main interpreter only.
    """
    if sys.version_info >= (3, 12):
        return False
    try:
        interpreters = importlib.import_module("_xxsubinterpreters")
    except ImportError:
        return False
    return bool(interpreters.get_current() != interpreters.get_main())


def make_callback(
    name: str,
    signature: Any,
    function: Callable[..., Any],
    error: int,
    onerror: Callable[[Any, Any, Any], object],
) -> Any:
    """Return `function` as a C function that FFmpeg calls in the thread that called FFmpeg.

    There is one of that name for the life of the process, and it is never collected. Asking again
    returns the same pointer.

    Parameters
    ----------
    name : str
        What ``extern "Python"`` declares, for API mode.
    signature : str or ctype
        Its type, for ABI mode.
    function : callable
    error : int
        What C gets if the function raises.
    onerror : callable
        What is called then with the exception's type, value and traceback.
    """
    loaded = _get()
    with _lock:
        pointer = _state.callbacks.get(name)
        if pointer is None:
            if loaded.report.mode == "api" and not _in_subinterpreter():
                loaded.ffi.def_extern(name, error=error, onerror=onerror)(function)
                pointer = getattr(loaded.libs["avutil"], name)
            else:
                pointer = loaded.ffi.callback(signature, function, error, onerror)
                keep_for_ever(pointer)
            _state.callbacks[name] = pointer
        return pointer
