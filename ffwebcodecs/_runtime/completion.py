"""Completion: what `flush` and `decode` of images return; awaitable, and usable without an event
loop.

It has no lock. The thread that ends one may be interrupted by a destructor or a handler that ends
it too, or the thread that waits by one that ends what it waits for: so whoever waits leaves a
way to be woken, looks once more, and waits for what nobody else ever takes.
"""

from __future__ import annotations

import sys
import threading
import time
import warnings
from collections.abc import Callable, Generator
from typing import Any, Generic, Protocol, TypeVar

from .._public import public
from .._spec.numbers import to_float
from ..errors import AbortError, InvalidStateError
from . import ending
from .closing import only_once

T = TypeVar("T")

_LOOK = 1.0  # seconds after which a waiting thread looks whether anybody is there to end it


class Deliverer(Protocol):
    """Who ends a completion, as those see it who wait for that."""

    def why_not_wait(self, for_ever: bool) -> str | None:
        """Return why this thread must not wait, None if it may; `waited` is called at the end."""

    def waited(self) -> None:
        """Note that this thread does not wait any more."""

    def why_unheard(self) -> str | None:
        """Return why nobody delivers now, None if somebody does."""

    def look_after(self) -> str | None:
        """Do the same, and see to it that who delivers is awake."""


class _Waiter:
    """A thread that waits, once; calling it ends that, and may be done twice."""

    __slots__ = ("_lock",)

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def __call__(self) -> None:
        try:
            self._lock.release()
        except RuntimeError:
            pass

    def wait(self, seconds: float) -> bool:
        return self._lock.acquire(timeout=seconds)


@public
class Completion(Generic[T]):
    """The end of what was asked for, such as a `flush`: ``await`` it, or call `result`.

    Both return what was asked for (None of a flush, when every output has been delivered), and
    raise what went wrong otherwise: AbortError after a reset or close, EncodingError if the codec
    failed, InvalidStateError if it was not configured. What went wrong and nobody has looked at
    (with ``await``, `result` or `exception`) is a ResourceWarning when this is dropped, but for
    AbortError: that was the program's own doing.
    """

    __slots__ = (
        "_codec",
        "_deliverer",
        "_discard",
        "_looked",
        "_outcome",
        "_owner",
        "_wakers",
        "_what",
    )

    def __init__(
        self,
        owner: object = None,
        deliverer: Deliverer | None = None,
        what: str = "flush",
        discard: Callable[[T], object] | None = None,
    ) -> None:
        only_once(self, "_outcome")
        self._looked = False
        self._what = what
        self._codec = type(owner).__name__  # for a warning, when the owner may be gone
        # How each one ended it, and what was asked for; the first one counts.
        self._outcome: list[tuple[BaseException | None, Any]] = []
        self._wakers: dict[Callable[[], object], None] = {}
        # The codec must live until its flush is over, also if the program keeps only this object.
        self._owner = owner
        self._deliverer = deliverer
        self._discard = discard  # called with a result that nobody takes

    def done(self) -> bool:
        """Return whether it is over, one way or the other."""
        return bool(self._outcome)

    def result(self, timeout: float | None = None) -> T:
        """Wait for the end.

        Parameters
        ----------
        timeout : float, optional
            Seconds; default: no limit.

        Returns
        -------
        object
            What was asked for, the same each time; None of a flush.

        Raises
        ------
        TimeoutError
            It takes longer. What was asked for goes on.
        InvalidArgumentError
            `timeout` is no finite number.
        InvalidStateError
            Waiting here would wait for ever: this is the thread, or the event loop, that delivers
            the output, or that event loop has stopped. Also if the codec was not configured.
        AbortError, EncodingError, NotSupportedError, FramePoolExhaustedError
            Why it failed.
        """
        self._looked = True
        if timeout is not None:
            timeout = to_float(timeout, "timeout")
        deliverer = self._deliverer
        if not self._outcome:
            waiter = _Waiter()
            try:
                reason = deliverer.why_not_wait(timeout is None) if deliverer is not None else None
                if reason is not None:
                    raise InvalidStateError(reason)
                self._wakers[waiter] = None
                if not self._outcome and not self._wait(waiter, timeout):
                    raise TimeoutError(f"the {self._what} is not over after {timeout} seconds")
            finally:
                self._wakers.pop(waiter, None)
                if deliverer is not None:
                    deliverer.waited()
        try:
            return self._take()
        finally:
            del self, deliverer  # see _take

    def _wait(self, waiter: _Waiter, timeout: float | None) -> bool:
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = _LOOK if end is None else min(_LOOK, max(end - time.monotonic(), 0))
            if waiter.wait(left) or self._outcome:  # ended without a word: in a fork
                return True
            if end is not None and time.monotonic() >= end:
                return False
            deliverer = self._deliverer  # None once it is over
            reason = deliverer.look_after() if deliverer is not None else None
            if reason is not None:
                raise InvalidStateError(reason)

    def exception(self) -> BaseException | None:
        """Return why it failed, None if it did not or is not over."""
        self._looked = True
        return self._outcome[0][0] if self._outcome else None

    def __await__(self) -> Generator[Any, None, T]:
        self._looked = True
        if not self._outcome:
            loop = running_loop()
            if loop is None:
                raise InvalidStateError(
                    f"only asyncio's event loops can await a {self._what}, and none runs here: "
                    "wait for its result() in a thread (trio.to_thread.run_sync)"
                )
            yield from self._awaited(loop)
        try:
            return self._take()
        finally:
            del self  # see _take

    def _awaited(self, loop: Any) -> Generator[Any, None, None]:
        future = loop.create_future()
        timer: Any = None

        def wake(error: BaseException | None = None) -> None:
            if future.done():
                return
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(error)

        def finished() -> None:
            if running_loop() is loop:
                loop.call_soon(wake)  # not at once: behind those that other threads have woken
                return
            try:
                loop.call_soon_threadsafe(wake)
            except RuntimeError:
                pass  # the loop was closed meanwhile: nobody waits any more

        def look() -> None:
            nonlocal timer
            if self._outcome:  # `wake` was interrupted
                wake()
                return
            deliverer = self._deliverer
            reason = deliverer.look_after() if deliverer is not None else None
            if reason is not None:
                wake(InvalidStateError(reason))
            else:
                timer = loop.call_later(_LOOK, look)

        timer = loop.call_later(_LOOK, look)
        self._wakers[finished] = None
        try:
            if self._outcome:
                return
            deliverer = self._deliverer
            reason = deliverer.why_unheard() if deliverer is not None else None
            if reason is not None:
                raise InvalidStateError(reason)
            yield from future
        finally:
            self._wakers.pop(finished, None)
            timer.cancel()

    def _take(self) -> T:
        exception, value = self._outcome[0]
        if exception is None:
            self._discard = None  # it is the caller's
            return value  # type: ignore[no-any-return]
        ending.end_daemon()  # it was `_stop_all` that closed the codec
        try:
            raise exception
        finally:
            # The traceback holds the frames it went through: without this they would hold it, and
            # us, in turn.
            del exception, self

    def _after_fork(self, error: BaseException) -> None:
        """Fail, in a process in which nobody will end it; who waits is in the other one."""
        self._wakers = {}
        self._looked = True
        self._outcome = self._outcome or [(error, None)]

    def _finish(self, exception: BaseException | None = None, value: Any = None) -> None:
        """End it; the second end of a completion only wakes who has not been woken."""
        end = exception, value
        if not self._outcome:
            self._outcome.append(end)
        counts, discard = self._outcome[0] is end, self._discard
        if not counts and value is not None and discard is not None:
            discard(value)
        for waker in list(self._wakers):
            waker()
            self._wakers.pop(waker, None)
        self._owner = None
        self._deliverer = None

    def __del__(self) -> None:
        try:
            if not self._outcome:
                return
            error, value = self._outcome[0]
            if value is not None and self._discard is not None:
                self._discard(value)
            if self._looked or error is None or isinstance(error, AbortError) or warnings is None:
                return
            message = f"nobody looked at a {self._what} of a {self._codec}, which failed: {error!r}"
            warnings.warn(message, ResourceWarning, stacklevel=2, source=self)
        except (AttributeError, TypeError):
            pass  # `__init__` did not get that far, or the modules are gone

    def __repr__(self) -> str:
        if not self._outcome:
            return "<Completion pending>"
        exception, _ = self._outcome[0]
        return f"<Completion {'done' if exception is None else repr(exception)}>"


def running_loop() -> Any:
    """Return the event loop that runs in this thread, None if there is none."""
    asyncio = sys.modules.get("asyncio")  # not imported: then no loop is running
    get = getattr(asyncio, "get_running_loop", None)  # None too: it is being imported elsewhere
    if get is None:
        return None
    try:
        return get()
    except RuntimeError:
        return None
