"""How work inside libavformat is told to stop: AVIOInterruptCB, without C code of ours.

FFmpeg asks the callback about ten times a second while it waits for the network, in whatever
thread, without the GIL. ``av_buffer_is_writable`` has its shape, ``int f(pointer)``: 0, go on,
while a second reference to a buffer is held; 1, stop, once that is dropped, which any thread may
do.

FFmpeg asks between system calls only. What waits inside of one, as ``open`` and ``read`` of a FIFO
do, is not reached: see `pipe_reader`.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ... import _ffi
from ..._ffi import avutil, ffi
from .. import atomic
from ..averror import check_pointer

if TYPE_CHECKING:
    from ..._ffi._types import Array, AVBufferRef, AVFormatContext, Pointer


_T = TypeVar("_T")


class Waiting(Protocol):
    """What may wait for others, for as long as they like."""

    def stop(self) -> None:
        """End what waits, and let nothing wait any more; from any thread, twice is fine."""


waiting: weakref.WeakSet[Waiting] = weakref.WeakSet()
"""All that may wait at the moment."""


class Waits:
    """What one thread opens that may wait: `stop` ends it, also what is opened after that."""

    __slots__ = ("_each", "_stopped")

    def __init__(self) -> None:
        self._each: list[weakref.ref[Waiting]] = []
        self._stopped = False

    def run(self, function: Callable[[], _T]) -> _T:
        """Return ``function()``; this is for what it, and this thread from now on, opens."""
        _own.waits = self
        return function()

    def add(self, each: Waiting) -> None:
        """Stop `each` when the others are stopped."""
        self._each.append(weakref.ref(each))
        if self._stopped:
            each.stop()

    def stop(self) -> None:
        """End all waits, for good; from any thread, twice is fine."""
        self._stopped = True
        for ref in list(self._each):
            each = ref()
            if each is not None:
                each.stop()


_own = threading.local()


def watch(each: Waiting) -> None:
    """Let `stop_all` know, and the `Waits` of this thread."""
    waiting.add(each)
    waits: Waits | None = getattr(_own, "waits", None)
    if waits is not None:
        waits.add(each)


def stop_all() -> None:
    """End all waits of this process for inputs and outputs that are open now."""
    for each in list(waiting):
        each.stop()


class Interruption:
    """A wish to stop that FFmpeg asks for. Dropping it wishes as well.

    Attributes
    ----------
    stopped : bool
    holder : AVBufferRef **
        What FFmpeg looks at: whoever frees what `watch` was called for holds it until then.
    """

    __slots__ = ("_going", "_owner", "holder", "stopped")

    def __init__(self) -> None:
        self.stopped = False
        self.holder = _reference()
        # Used by destructors as well: the memory outlives what the collector may have freed in it.
        self._going: Pointer[AVBufferRef] = ffi.new("AVBufferRef **")
        self._owner = ffi.gc(self._going, avutil.av_buffer_unref)
        atomic.fill(self.holder, avutil.av_buffer_alloc, 1)
        check_pointer(self.holder[0], "cannot open")
        atomic.fill(self._going, avutil.av_buffer_ref, self.holder[0])
        check_pointer(self._going[0], "cannot open")

    def stop(self) -> None:
        """End what waits, within a tenth of a second; from any thread, twice is fine."""
        self.stopped = True
        avutil.av_buffer_unref(self._going)

    def callback(self) -> Array[Any]:
        """Return the AVIOInterruptCB, which FFmpeg copies."""
        function = _ffi.address_of("avutil", "av_buffer_is_writable")
        pair: Array[Any] = ffi.new("void *[2]", [function, ffi.cast("void *", self.holder[0])])
        return pair

    def watch(self, context: AVFormatContext) -> None:
        """Let a context that is not open yet ask.

        The field is none that the tables have. Since 4.3 it has stood right before ``debug``, which
        FFmpeg's own table of options tells the place of. A new context has NULL there; if this one
        has not, the field has moved, and it does without.
        """
        if not _place:
            option = avutil.av_opt_find(context, b"fdebug", ffi.NULL, 0, 0)
            _place.append(option.offset if option else 0)
        if not _place[0]:
            return
        place = ffi.cast("char *", context) + _place[0] - 2 * ffi.sizeof("void *")
        field = ffi.cast("void **", place)
        if field[0] == ffi.NULL and field[1] == ffi.NULL:
            ffi.memmove(field, self.callback(), 2 * ffi.sizeof("void *"))


_place: list[int] = []  # of ``debug``, once it is known; 0: there is none


def _reference() -> Pointer[AVBufferRef]:
    box: Pointer[AVBufferRef] = ffi.gc(ffi.new("AVBufferRef **"), avutil.av_buffer_unref)
    return box
