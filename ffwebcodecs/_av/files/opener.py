"""Who answers when FFmpeg opens a file: AVFormatContext.io_open in Python.

One C function serves all contexts and finds its `Opener` by the context's address. It runs in the
thread that called FFmpeg, and hears signals if that is the main one: what is raised in it is kept
and given to whoever called FFmpeg (`check`), and FFmpeg gets no further.
"""

from __future__ import annotations

import errno
import weakref
from functools import cache
from typing import TYPE_CHECKING, Any

from ... import _ffi
from ..._ffi import avformat, ffi
from .. import averror

if TYPE_CHECKING:
    from ..._ffi._types import AVDictionary, AVFormatContext, AVIOContext, Pointer

_openers: weakref.WeakValueDictionary[int, Opener] = weakref.WeakValueDictionary()


class Opener:
    """Opens what one context asks for; for those that say otherwise, everything.

    Attributes
    ----------
    error : BaseException or None
        What was raised in FFmpeg's calls, until `check` raises it.
    """

    __slots__ = ("__weakref__", "_default", "error")

    def __init__(self) -> None:
        self._default: Any = None
        self.error: BaseException | None = None

    def attach(self, context: AVFormatContext) -> None:
        """Be asked from now on, for as long as this object lives; without it nothing is opened."""
        _openers[int(ffi.cast("uintptr_t", context))] = self
        self._default = context.io_open
        context.io_open = _callback()

    def check(self) -> None:
        """Raise what was kept, if anything."""
        if self.error is not None:
            raise self._take()  # no local variable: the error's traceback would hold it

    def _take(self) -> BaseException:
        error, self.error = self.error, None
        assert error is not None
        return error

    def open(
        self,
        context: AVFormatContext,
        pb: Pointer[AVIOContext],
        url: bytes,
        flags: int,
        options: Pointer[AVDictionary],
    ) -> int:
        """Open a file as FFmpeg does, and return its code. What this raises is kept."""
        code: int = self._default(context, pb, url, flags, options)
        return code

    def answer(
        self,
        context: AVFormatContext,
        pb: Pointer[AVIOContext],
        url: Pointer[bytes],
        flags: int,
        options: Pointer[AVDictionary],
    ) -> int:
        """Answer FFmpeg: nothing is opened any more after something was raised."""
        if self.error is not None:
            return averror.EXIT
        pb[0] = ffi.NULL
        try:
            return self.open(context, pb, ffi.string(url), flags, options)
        except BaseException as error:
            self.error = error
            return _give_up(pb)


def _give_up(pb: Pointer[AVIOContext]) -> int:
    """Return that nothing was opened: what is left there FFmpeg would take for open."""
    avformat.avio_closep(pb)
    return averror.EXIT


def _open(
    context: AVFormatContext,
    pb: Pointer[AVIOContext],
    url: Pointer[bytes],
    flags: int,
    options: Pointer[AVDictionary],
) -> int:
    opener = _openers.get(int(ffi.cast("uintptr_t", context)))
    return -errno.EPERM if opener is None else opener.answer(context, pb, url, flags, options)


def _failed(_kind: object, error: BaseException, trace: Any) -> None:
    """Keep what was raised outside of `Opener.answer`: a signal may come anywhere."""
    if trace is None:
        return
    given = trace.tb_frame.f_locals
    opener = _openers.get(int(ffi.cast("uintptr_t", given["context"])))
    if opener is not None:
        opener.error = error
    _give_up(given["pb"])


def _callback() -> Any:
    return _ffi.make_callback("ffwc_io_open", _signature(), _open, averror.EXIT, _failed)


@cache
def _signature() -> Any:
    return dict(ffi.typeof("AVFormatContext").fields)["io_open"].type
