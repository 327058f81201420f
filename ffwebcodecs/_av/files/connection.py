"""An input while it is open: its AVFormatContext, and how the calls are made that may wait.

Regular files are read where the caller is. So are pipes, through a reader whose waiting can be
ended. For all else, and where a playlist may name anything, libavformat waits itself, where Python
hears no signals: that is done on a helper thread, which the floor above lends, and the caller waits
for it. A call that cannot even be interrupted, as the resolution of a name, is left to the helper.
It holds the context meanwhile and frees it when the call comes back.

Whatever was broken off stays so: libavformat may have lost something on the way.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

from ..._ffi import avformat, ffi
from ...errors import InvalidStateError
from .. import atomic, averror, forked, ledger
from .interrupt import Interruption, watch
from .pipe_reader import PipeReader, late, open_pipe

if TYPE_CHECKING:
    from ..._ffi._types import AVDictionary, AVFormatContext, AVInputFormat, AVPacket, Pointer
    from .opening import Opening
    from .source import InputFile

_formats = forked.leave_alone(ledger.owned("format_context"))


class Helper(Protocol):
    """A thread that makes calls for others, one at a time."""

    def call(self, job: list[Any], until: float | None) -> int | None:
        """Make the call ``[function, arguments, what is held meanwhile]``, which is taken out of
        the list; return its result, or None if it has not come back when it should have.
        """

    @property
    def ident(self) -> int | None:
        """The thread that makes the calls, None if there is none."""

    def hurry(self) -> None:
        """Soon give up waiting for a call."""

    def end(self, held: list[Any], wait: bool) -> None:
        """Let go of what is in `held` after the last call, and end; `wait` for that a moment."""


# Makes one, from what ends the waiting of its calls.
StartHelper = Callable[[Callable[[], object]], Helper]


class Connection:
    """A regular file; `context` is what libavformat's functions take.

    Attributes
    ----------
    context : AVFormatContext * or None
        None once it is closed.
    is_within : bool
        What begins is part of something longer, whose timeout has begun.
    """

    __slots__ = (
        *("__weakref__", "_box", "_stop", "_timeout", "_until"),
        *("context", "is_within", "shown"),
    )
    opens_again = True
    """Whether the same can be opened once more."""
    read_at: Callable[[int, int], bytes] | None = None
    """Reads what was open already and can seek, at any place, without moving."""
    inside: Any = None
    """The lock of a file object, see `FileObject`."""

    def __init__(self, shown: str, timeout: float | None) -> None:
        self.context: AVFormatContext | Any = None
        self.shown = shown
        self.is_within = False
        self._stop = Interruption()
        self._timeout = timeout
        self._until: float | None = None
        # The owners are there before what they own.
        self._box: Pointer[AVFormatContext] = ffi.new("AVFormatContext **")
        closing = ffi.gc(self._box, avformat.avformat_close_input)
        atomic.fill(self._box, avformat.avformat_alloc_context)
        ptr = averror.check_pointer(self._box[0], f"cannot open {shown}")
        # A tuple lets go of its last item first: the context is freed before what it uses.
        holder = (self._stop.holder, *self._prepare(ptr), closing)
        self.context = _formats.own(ptr, holder)

    def _prepare(self, ptr: AVFormatContext) -> tuple[Any, ...]:
        """Make a context ready to be opened; return what it uses."""
        self._stop.watch(ptr)
        return ()

    def begin(self) -> None:
        """Begin what may wait for as long as the timeout is.

        Raises
        ------
        InvalidStateError
            It was broken off.
        """
        if self._stop.stopped:
            raise self._broken_off()
        if self._timeout is not None and not self.is_within:
            self._until = time.monotonic() + self._timeout

    def follow(self, before: Connection) -> None:
        """Take the place of another connection, within the same wait."""
        self.is_within, self._until = before.is_within, before._until
        if before.stopped:
            self.stop()

    def open(self, url: bytes, format: AVInputFormat, options: Pointer[AVDictionary]) -> int:
        """Open it, as ``avformat_open_input`` does; return its code."""
        return self._made(self._box, url, format, options, function=avformat.avformat_open_input)

    def call(self, function: Callable[..., int], *arguments: Any) -> int:
        """Return ``function(context, *arguments)``, a code of FFmpeg's.

        Raises
        ------
        TimeoutError
            It took too long.
        InvalidStateError
            It was stopped.
        BaseException
            What a signal handler raised meanwhile.
        """
        if self.context is None:
            raise self._broken_off()
        return self._made(self.context, *arguments, function=function)

    def _made(self, *arguments: Any, function: Callable[..., int]) -> int:
        code = function(*arguments)
        del arguments  # an error's traceback would hold them
        if code < 0 and self._stop.stopped:
            raise self._broken_off()
        return code

    def read(self, context: AVFormatContext, ptr: AVPacket) -> int:
        """Return ``av_read_frame(context, ptr)``, with a timeout of its own; raises as `call`."""
        del context  # it is our own; an error's traceback would hold it
        self.begin()
        return self._made(self.context, ptr, function=avformat.av_read_frame)

    @property
    def reads_directly(self) -> bool:
        """Whether ``av_read_frame`` may as well be called without `read`."""
        return True

    @property
    def thread(self) -> int | None:
        """The thread that makes the calls, None: whoever calls."""
        return None

    @property
    def stopped(self) -> bool:
        """Whether `stop` was called, or what it reads from broke off."""
        return self._stop.stopped

    def suit(self, format: str) -> None:
        """Be what a format of this name needs."""

    def refuse_inside(self) -> None:
        """Raise InvalidStateError if this is called by what this very thread reads from."""

    def _in_time(self, code: int | None, in_time: bool) -> int:
        """Return what a helper returned; raises if that is None, or nobody wants it any more."""
        if code is None and in_time and self.context is not None and self._timeout is not None:
            raise late(self.shown, self._timeout)
        if code is None or (code < 0 and self._stop.stopped):
            raise self._broken_off()
        return code

    def _broken_off(self) -> InvalidStateError:
        why = "was closed" if self.context is None else "was broken off: only close is left"
        return InvalidStateError(f"reading {self.shown} {why}")

    def stop(self) -> None:
        """End what waits, and let nothing wait any more; from any thread, twice is fine."""
        self._stop.stop()

    def close(self, wait: bool = True) -> None:
        """Let go of it; twice is fine. What is being read by another thread is freed by that."""
        self._stop.stop()
        self.context = None


class PipeConnection(Connection):
    """A pipe, a FIFO, a terminal, standard input."""

    __slots__ = ("_custom", "_reader", "read_at")
    opens_again = False

    def __init__(self, shown: str, timeout: float | None, reader: PipeReader) -> None:
        self._reader = reader
        self.read_at = getattr(reader, "read_at", None)
        reader.timeout = timeout
        try:
            from .custom_input import CustomInput

            self._custom = CustomInput(reader)
            super().__init__(shown, timeout)
        except BaseException:  # of a signal's handler: what was begun goes when the collector comes
            reader.close()
            raise
        watch(self)

    def _prepare(self, ptr: AVFormatContext) -> tuple[Any, ...]:
        super()._prepare(ptr)
        return self._custom.attach(ptr)

    def begin(self) -> None:
        super().begin()
        self._reader.until = self._until

    def _made(self, *arguments: Any, function: Callable[..., int]) -> int:
        try:
            code = function(*arguments)
        finally:
            # Also if the function raised: it went by what came until the reader broke off.
            del arguments
            self._raise_kept()
        return code

    def _raise_kept(self) -> None:
        try:
            self._custom.raise_kept()
        except BaseException:
            self._stop.stop()  # for the next time
            raise

    @property
    def reads_directly(self) -> bool:
        return False

    def stop(self) -> None:
        super().stop()
        self._reader.stop()

    def close(self, wait: bool = True) -> None:
        self._custom.forget()
        self.stop()
        super().close()
        if not self._custom.in_use:  # else it goes with the context
            self._reader.close()


class RemoteConnection(Connection):
    """What only libavformat can wait for: the network, and protocols on top of others."""

    __slots__ = ("_helper",)

    def __init__(self, shown: str, timeout: float | None, start: StartHelper) -> None:
        super().__init__(shown, timeout)
        self._helper = start(self._stop.stop)
        watch(self)

    def _made(self, *arguments: Any, function: Callable[..., int]) -> int:
        # The context goes along, so that it lives until the call has come back. An error that is
        # raised here holds neither.
        job = [function, arguments, self.context]
        del arguments
        in_time = not self._stop.stopped
        return self._in_time(self._helper.call(job, self._until), in_time)

    @property
    def reads_directly(self) -> bool:
        return False

    @property
    def thread(self) -> int | None:
        return self._helper.ident

    def stop(self) -> None:
        super().stop()
        self._helper.hurry()

    def close(self, wait: bool = True) -> None:
        self.stop()
        held = [self.context]
        super().close()
        self._helper.end(held, wait)


class RemotePipeConnection(PipeConnection):
    """A pipe, which may hold a playlist of what only libavformat can wait for."""

    __slots__ = ("_helper",)

    def __init__(
        self, shown: str, timeout: float | None, reader: PipeReader, start: StartHelper
    ) -> None:
        super().__init__(shown, timeout, reader)
        self._helper = start(super().stop)

    def _made(self, *arguments: Any, function: Callable[..., int]) -> int:
        job = [function, arguments, self.context]
        del arguments
        in_time = not self._stop.stopped
        try:
            code = self._helper.call(job, self._until)
        except BaseException:
            if not self._stop.stopped:  # else that is what the reader says too
                self._raise_kept()
            raise
        if code is not None:
            self._raise_kept()
        return self._in_time(code, in_time)

    @property
    def thread(self) -> int | None:
        return self._helper.ident

    def stop(self) -> None:
        super().stop()
        self._helper.hurry()

    def close(self, wait: bool = True) -> None:
        held = [self.context]
        super().close()
        self._helper.end(held, wait)
        if not self._custom.in_use:
            self._reader.close()


def connect_name(source: InputFile, opening: Opening, helper: StartHelper | None) -> Connection:
    """Return the connection that suits a source with a name; see `connect`."""
    name, shown, timeout = source.name, source.shown, opening.timeout
    pipe = open_pipe(name, shown) if source.by_name else None
    remote = source.by_name and opening.may_wait(name)
    if pipe is None:
        if helper is None or not remote:
            return Connection(shown, timeout)
        return RemoteConnection(shown, timeout, helper)
    if helper is None or not remote:
        return PipeConnection(shown, timeout, pipe)
    return RemotePipeConnection(shown, timeout, pipe, helper)
