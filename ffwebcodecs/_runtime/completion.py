"""Completion: what `flush` returns; awaitable, and usable without an event loop."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator
from typing import Any

from .._public import public
from .._spec.numbers import to_float
from ..errors import InvalidStateError


@public
class Completion:
    """The end of a `flush`: ``await`` it, or call `result`.

    Both return None when every output has been delivered, and raise what went wrong otherwise:
    AbortError after a reset or close, EncodingError if the codec failed, InvalidStateError if it
    was not configured.
    """

    __slots__ = ("_callbacks", "_done", "_exception", "_forbidden", "_lock", "_owner", "_waiter")

    def __init__(
        self, owner: object = None, forbidden: Callable[[], str | None] | None = None
    ) -> None:
        self._lock = threading.Lock()
        self._done = False
        self._exception: BaseException | None = None
        self._callbacks: list[Callable[[], object]] = []
        self._waiter: threading.Event | None = None
        # The codec must live until its flush is over, also if the program keeps only this object.
        self._owner = owner
        self._forbidden = forbidden

    def done(self) -> bool:
        """Return whether the flush is over, one way or the other."""
        return self._done

    def result(self, timeout: float | None = None) -> None:
        """Wait for the end of the flush.

        Parameters
        ----------
        timeout : float, optional
            Seconds; default: no limit.

        Raises
        ------
        TimeoutError
            It takes longer. The flush goes on.
        InvalidArgumentError
            `timeout` is no number, or not finite.
        InvalidStateError
            Waiting here would wait for ever: this is the thread, or the event loop, that delivers
            the output. Also if the codec was not configured.
        AbortError, EncodingError, NotSupportedError, FramePoolExhaustedError
            Why the flush failed.
        """
        if timeout is not None:
            timeout = min(to_float(timeout, "timeout"), threading.TIMEOUT_MAX)
        if not self.done():
            reason = self._forbidden() if self._forbidden is not None else None
            if reason is not None:
                raise InvalidStateError(reason)
            with self._lock:
                if self._waiter is None:
                    self._waiter = threading.Event()
                    if self._done:
                        self._waiter.set()
                waiter = self._waiter
            if not waiter.wait(timeout):
                raise TimeoutError(f"the flush is not over after {timeout} seconds")
        try:
            self._raise()
        finally:
            del self  # see _raise

    def exception(self) -> BaseException | None:
        """Return why the flush failed, None if it did not or is not over."""
        return self._exception

    def __await__(self) -> Generator[Any, None, None]:
        if not self._done:
            asyncio = sys.modules["asyncio"]  # someone awaits, so someone has imported it
            loop = asyncio.get_running_loop()
            future = loop.create_future()

            def wake() -> None:
                if not future.done():
                    future.set_result(None)

            def finished() -> None:
                try:
                    loop.call_soon_threadsafe(wake)
                except RuntimeError:
                    pass  # the loop was closed meanwhile: nobody waits any more

            self._add_callback(finished)
            yield from future
        try:
            self._raise()
        finally:
            del self  # see _raise

    def _raise(self) -> None:
        exception = self._exception
        if exception is None:
            return
        try:
            raise exception
        finally:
            # The traceback holds the frames it went through: without this they would hold it, and
            # us, in turn.
            del exception, self

    def _add_callback(self, callback: Callable[[], object]) -> None:
        with self._lock:
            if not self._done:
                self._callbacks.append(callback)
                return
        callback()

    def _after_fork(self, error: BaseException) -> None:
        """Fail, in a process in which nobody will end it; who waits is in the other one."""
        self._lock = threading.Lock()
        self._callbacks = []
        self._waiter = None
        self._exception = error
        self._done = True

    def _finish(self, exception: BaseException | None = None) -> None:
        """End it; the second end of a completion counts for nothing."""
        with self._lock:
            if self._done:
                return
            self._exception = exception
            self._done = True
            callbacks, self._callbacks = self._callbacks, []
            waiter = self._waiter
            self._owner = None
            self._forbidden = None
        if waiter is not None:
            waiter.set()
        for callback in callbacks:
            callback()

    def __repr__(self) -> str:
        state = (
            "pending"
            if not self._done
            else "done"
            if self._exception is None
            else repr(self._exception)
        )
        return f"<Completion {state}>"
