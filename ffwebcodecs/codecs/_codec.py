"""What every codec is: callbacks, a state, a queue, and an engine that does the work."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from .._runtime import trace
from .._runtime.closing import Closable, only_once
from .._runtime.completion import Completion
from .._runtime.engine import Engine
from .._spec.functions import is_async
from .._spec.numbers import show, to_integer
from .._spec.types import CodecState
from ..errors import InvalidArgumentError, InvalidStateError

if TYPE_CHECKING:
    from typing_extensions import Self


class Codec(Closable):
    """The base of decoders and encoders.

    A subclass gives its engine a driver, checks what `configure` and `decode` or `encode` are
    given, and makes the arguments of its output callback (`_wrap`).
    """

    # Without a dictionary, because Python 3.11's tracemalloc finds no place for objects with one.
    __slots__ = {
        **dict.fromkeys(("__weakref__", "_engine", "_error", "_output")),
        "on_dequeue": "Called without arguments after the queue size went down, or None.",
    }

    _kind: ClassVar[str]
    """What a warning calls it."""
    _action: ClassVar[str]
    """What it does, as the table of states calls it."""
    _queued: ClassVar[str]
    """What its queue holds."""
    _loop: ClassVar[str]
    """The method that gives its output to a loop."""
    _engine: Engine

    def __init__(
        self,
        output: Callable[..., object] | None,
        error: Callable[[BaseException], object] | None,
    ) -> None:
        only_once(self, "_output")
        if (output is None) != (error is None):
            raise InvalidArgumentError(
                "output and error go together: give both callbacks, or neither, and take the "
                f"output from {self._loop}()"
            )
        for name, callback in (("output", output), ("error", error)):
            if callback is None:
                continue
            if not callable(callback):
                raise InvalidArgumentError(f"{name} must be callable, got {show(callback)}")
            if is_async(callback):
                raise InvalidArgumentError(
                    f"{name} is {show(callback)}, an async function, which nobody would await: "
                    "give a plain one, which may start a task (asyncio.create_task) or put what it "
                    "gets into an asyncio.Queue"
                )
        self._output = output
        self._error = error
        self.on_dequeue: Callable[[], object] | None = None
        """Called without arguments after the queue size went down; several decreases may share one
        call.
        """

    @property
    def state(self) -> CodecState:
        """``"unconfigured"``, ``"configured"`` or ``"closed"``."""
        return self._engine.state

    @property
    def closed(self) -> bool:
        """Whether `state` is ``"closed"``: by `close`, or by an error."""
        return self._engine.state == "closed"

    def flush(self) -> Completion[None]:
        """Ask for all output of what was queued so far.

        Returns
        -------
        Completion
            ``await`` it or call its ``result(timeout=None)``. It fails with InvalidStateError if
            the codec is not configured, AbortError after `reset` or `close`, EncodingError if the
            codec fails.
        """
        return self._engine.flush()

    def reset(self) -> None:
        """Forget the configuration, all that is queued and all output not yet delivered.

        Raises
        ------
        InvalidStateError
            The codec is closed.
        """
        self._engine.reset()

    async def ready(self, max_queue: int | None = None) -> None:
        """Wait until there is room in the queue, in a task of asyncio's; other tasks run meanwhile,
        also when there is room already.

        Right after it the queue takes one more, unless another thread is faster. Those who wait
        are served in the order in which they came, one for each place.

        Parameters
        ----------
        max_queue : int, optional
            Fewer than this many are to wait in the queue; default: `max_queue` of the codec, or 8
            where it has none.

        Raises
        ------
        InvalidArgumentError
            `max_queue` is no integer, or less than 1.
        InvalidStateError
            The codec is not configured, or no event loop of asyncio's runs here. Also if the loop
            has stopped to which the codec delivers.
        AbortError
            `reset` or `close` was called meanwhile.
        EncodingError, NotSupportedError, FramePoolExhaustedError
            The codec failed, or it is a decoder whose frames are held and none was closed for
            `stall_timeout`.
        """
        await self._engine.until_room(queue_limit(max_queue))

    def close(self) -> None:
        """Free the codec now; twice is fine, and does what is left if the first was interrupted.
        Output that was delivered stays valid.
        """
        self._engine.close()

    def _wrap(self, raw: Any) -> tuple[Any, ...]:
        """See `Owner`."""
        raise NotImplementedError

    # ---- what a loop over the output needs, see `Outputs` ----------------------------------------

    def _take(self, box: list[Any]) -> None:
        """Queue what is in the box, and take it out."""
        raise NotImplementedError

    def _input_ends(self) -> None:
        """Hear that the loop has nothing more to give."""

    def _require_heard(self) -> None:
        """Raise InvalidStateError if nobody gets the output."""
        if self._output is None and not self._engine.epoch.outlets:
            raise InvalidStateError(
                f"this {type(self).__name__} was made without callbacks: only {self._loop}() gives "
                "its output, and takes its input"
            )

    def _place(self) -> trace.Place:
        """Return the place in the program that gets an output, for `_wrap`."""
        if self._output is None or self._engine.epoch.outlets:
            return trace.caller(5)  # of the step in which `Outputs` calls `_wrap`
        return trace.callback(self._output)

    def _left_open(self) -> str | None:
        # One that was never configured, or was reset, holds nothing.
        return f"unclosed {self._kind} {self!r}" if self.state == "configured" else None

    def _abandon(self) -> None:
        self._engine.abandon()

    def __exit__(self, kind: object = None, *exc_info: object) -> None:
        try:
            message = None if kind is not None else self._left_behind()
            if message is not None:
                warnings.warn(message, ResourceWarning, stacklevel=2, source=self)
        finally:
            self.close()

    def _left_behind(self) -> str | None:
        """Return what to warn with when ``with`` is left, None if nothing that was asked for is
        lost.
        """
        epoch = self._engine.epoch
        if epoch.outlets or epoch.state != "configured":
            return None  # who leaves a loop says that the rest is not wanted
        what = f"{self!r} is closed at the end of 'with'"
        if any(not flush._looked for flush in list(epoch.flushes)):
            return f"{what}, and nobody has waited for its flush: output may be lost"
        if epoch.is_unflushed:
            return (
                f"{what}, and was not flushed: what is queued is lost. Wait for flush() before, or "
                "call reset() if nobody wants it"
            )
        return None

    def __enter__(self) -> Self:
        # Also one that is closed: an error may come at any time, right before ``with`` too.
        return self

    def __repr__(self) -> str:
        name, engine = type(self).__name__, self._engine
        return f"<{name} {engine.state}, {engine.queue_size} {self._queued} queued>"


def queue_limit(max_queue: object) -> int | None:
    """Return a checked limit of a queue."""
    if max_queue is None:
        return None
    limit = to_integer(max_queue, "max_queue")
    if limit < 1:
        raise InvalidArgumentError(f"max_queue is {limit}, it must be at least 1, or None")
    return limit
