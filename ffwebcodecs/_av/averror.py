"""AVERROR codes become exceptions here, and only here."""

from __future__ import annotations

import errno
import os
from types import FrameType
from typing import TypeVar

from .._ffi import avutil, ffi
from .._spec.discreet import discreet
from ..errors import (
    EncodingError,
    InvalidArgumentError,
    NotSupportedError,
    WebCodecsError,
)
from . import said

_T = TypeVar("_T")

_PACKAGE = __name__.partition(".")[0]


def _tag(text: str) -> int:
    """FFERRTAG: four bytes, negated."""
    a, b, c, d = text.encode("latin-1")
    return -(a | b << 8 | c << 16 | d << 24)


EOF = _tag("EOF ")
INVALID_DATA = _tag("INDA")
EXIT = _tag("EXIT")
EAGAIN = -errno.EAGAIN
_NOT_FOUND = {
    _tag("\xf8DEC"),
    _tag("\xf8ENC"),
    _tag("\xf8DEM"),
    _tag("\xf8MUX"),
    _tag("\xf8PRO"),
    _tag("\xf8BSF"),
}
_PATCHWELCOME = _tag("PAWE")
_OPTION_NOT_FOUND = _tag("\xf8OPT")


def reason(code: int) -> str:
    """Return FFmpeg's own words for an error code."""
    if code == -errno.EPERM:  # it often returns a mere -1
        return "FFmpeg gives no reason"
    text = ffi.new("char[]", 256)
    if avutil.av_strerror(code, text, 256) < 0:
        return f"error {code}"
    words: str = ffi.string(text).decode("utf-8", "replace")
    return words


def error(
    code: int, what: str, kind: type[WebCodecsError] | None = None, words: str = ""
) -> Exception:
    """Return the exception for `code`; `what` says what was asked for.

    Parameters
    ----------
    code : int
        A negative AVERROR.
    what : str
        The action, for people: ``"cannot open 'clip.mp4'"``.
    kind : type, optional
        The class to use where the code alone does not decide (out of memory and operating system
        errors always win).
    words : str, optional
        What FFmpeg said besides.
    """
    if code == -errno.ENOMEM:
        return MemoryError(f"{what}: FFmpeg is out of memory")
    message = said.with_words(f"{what}: {reason(code)}", words)
    failure: WebCodecsError
    if kind is not None:
        failure = kind(message)
    elif code in _NOT_FOUND or code in (_PATCHWELCOME, -errno.ENOSYS):
        failure = NotSupportedError(message)
    elif code in (-errno.EINVAL, _OPTION_NOT_FOUND):
        failure = InvalidArgumentError(message)
    else:
        failure = EncodingError(message)
    failure.code = code
    return failure


def os_error(code: int, path: str, *, opening: bool = False) -> OSError | None:
    """Return an OSError if `code` is one the operating system gave for a file, else None.

    Only where nothing but the file was opened is -1 "operation not permitted".
    """
    if (code == -errno.EPERM and opening) or code in (
        -errno.ENOENT,
        -errno.EACCES,
        -errno.EISDIR,
        -errno.ENOTDIR,
        -errno.EMFILE,
        -errno.ENOSPC,
        -errno.EROFS,
        -errno.EFBIG,
    ):
        return OSError(-code, os.strerror(-code), discreet(path))
    return None


def is_refusal(code: int) -> bool:
    """Return whether a code is what muxers say of a packet that they do not take; where writing
    itself has failed, that is to be looked at first.
    """
    return code in (INVALID_DATA, _PATCHWELCOME, -errno.EINVAL, -errno.ERANGE, -errno.EPERM)


def check(
    code: int, what: str, kind: type[WebCodecsError] | None = None, *, since: int | None = None
) -> int:
    """Return `code` if it is not negative, else raise its exception, with what FFmpeg said `since`
    a mark.
    """
    if code < 0:
        raise error(code, what, kind, "" if since is None else said.since(since))
    return code


def check_pointer(pointer: _T, what: str) -> _T:
    """Return `pointer` unless it is NULL, which is how FFmpeg's allocators say that memory is
    out.
    """
    if not pointer:
        raise MemoryError(f"{what}: FFmpeg is out of memory")
    return pointer


def let_go(error: BaseException) -> None:
    """Let go of what the functions of this package had in work when `error` went through them: its
    traceback keeps their local variables, native objects among them, for as long as anybody keeps
    the error.
    """
    trace = error.__traceback__
    while trace is not None:
        # What C called back remembers who had called that C.
        frame: FrameType | None = trace.tb_frame
        while frame is not None and _is_ours(frame):
            try:
                frame.clear()
            except RuntimeError:
                break  # it is being executed, as are its callers
            frame = frame.f_back
        trace = trace.tb_next


def _is_ours(frame: FrameType) -> bool:
    return (frame.f_globals.get("__package__") or "").partition(".")[0] == _PACKAGE
