"""Delivery: how outputs, errors and events reach the program.

Without an event loop, a callback is called on the worker, as soon as there is something to say.
With one, what there is to say is queued, and the loop is woken once for all that is ready. Before
each callback the epoch is checked under the lock, so that none begins once `reset` or `close` has
returned.

Outputs and callbacks' exceptions travel in one-element lists and are taken out at the last moment:
an exception keeps the local variables of every function it went through, and they must not keep
frames.
"""

from __future__ import annotations

import sys
import threading
import weakref
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

from .completion import Completion
from .driver import Owner
from .pool import Lending

# Loop deliveries of an error come after this many more turns of the loop, so that a coroutine that
# awaits the rejected flush, through a task or two, resumes first: rejections come before the error
# callback.
ERROR_TURNS = 6
# A message of no epoch: it makes a waiting worker look again.
WAKE = (-1, None, None)
# Another: the loop that delivers is closed, so nothing will ever be delivered.
LOOP_CLOSED = (-2, None, None)


class Delivery:
    """The half of an engine that calls the program; `Engine` is the other half.

    Callbacks belong to the public codec, which is reached through a weak reference: it is held
    while a callback runs, and never in between.
    """

    # The other half's.
    epoch: int
    state: str
    _close_with_error: Callable[[int | None, BaseException], bool]
    _flushes: deque[Completion]
    _lending: Lending | None
    _lock: threading.RLock
    _mailbox: SimpleQueue[tuple[Any, ...] | None]

    def __init__(self, owner: Owner) -> None:
        self._owner = weakref.ref(owner)
        self._loop = running_loop()
        self._outbox: deque[tuple[Any, ...]] = deque()  # for the loop
        self._outbox_scheduled = False
        self._undelivered = 0
        self._dequeue_due = False

    def _hand_over(self, epoch: int, box: list[Any]) -> None:
        if self._loop is None:
            self._call_output(epoch, box)
            return
        with self._lock:
            self._undelivered += 1
        self._post(epoch, self._call_output_later, box)

    def _post(self, epoch: int, task: Callable[[int, Any], object], argument: Any) -> None:
        """Run `task` where the callbacks belong: here on the worker, or on the loop."""
        loop = self._loop
        if loop is None:
            task(epoch, argument)
            return
        self._outbox.append((epoch, task, argument))
        if not self._outbox_scheduled:
            self._outbox_scheduled = True
            try:
                loop.call_soon_threadsafe(_Wakeup(self))
            except RuntimeError:
                pass  # the loop is closed, and the delivery has said so by going

    def _empty_outbox(self) -> None:
        self._outbox_scheduled = False
        outbox = self._outbox
        for _ in range(len(outbox)):  # what arrives meanwhile gets its own wake-up
            try:
                epoch, task, argument = outbox.popleft()
            except IndexError:
                return
            task(epoch, argument)

    def _after_turns(self, turns: int, error: BaseException) -> None:
        if turns and self._loop is not None:
            self._loop.call_soon(self._after_turns, turns - 1, error)
        else:
            self._call_error(error)

    def _drop_outbox(self) -> None:
        while self._outbox:
            try:
                _, task, _ = self._outbox.popleft()
            except IndexError:
                return
            if task == self._call_output_later:
                self._arrived()

    def _call_output_later(self, epoch: int, box: list[Any]) -> None:
        try:
            self._call_output(epoch, box)
        finally:
            self._arrived()

    def _arrived(self) -> None:
        with self._lock:
            self._undelivered -= 1
        lending = self._lending
        if lending is not None and lending.pool.wake is not None:
            self._mailbox.put(WAKE)

    def _call_output(self, epoch: int, box: list[Any]) -> None:
        owner = self._owner()
        if owner is None:
            return
        with self._lock:
            if epoch != self.epoch:
                return
        try:
            owner._output(*owner._wrap(box.pop()))
        except BaseException as error:
            self._callback_failed(error)

    def _finish_flush(self, epoch: int, completion: Completion) -> None:
        with self._lock:
            if epoch != self.epoch or completion not in self._flushes:
                return  # rejected meanwhile
            self._flushes.remove(completion)
        completion._finish()

    def _call_dequeue(self, _epoch: int, _argument: None) -> None:
        self._dequeue_due = False
        # An event of an older epoch stands for that of the reset as well.
        owner = self._owner()
        if owner is None or self.state == "closed" or owner.on_dequeue is None:
            return
        try:
            owner.on_dequeue()
        except BaseException as error:
            self._callback_failed(error)

    def _callback_failed(self, error: BaseException) -> None:
        """A callback raised: the codec closes, and `error` goes to the error callback, as the
        codec's own would.
        """
        trace = error.__traceback__
        if trace is not None:
            error.__traceback__ = trace.tb_next  # begin with the program's code, not with ours
        shown = error
        if not isinstance(error, Exception):
            shown = RuntimeError(f"a callback raised {error!r}")
        if not self._close_with_error(None, shown) and isinstance(error, Exception):
            unraisable(error)  # it closed the codec itself: no error callback any more
        if not isinstance(error, Exception) and self._loop is not None:
            raise error  # Ctrl-C belongs to the loop's thread

    def _call_error(self, error: BaseException) -> None:
        owner = self._owner()
        if owner is None:
            return
        try:
            owner._error(error)
        except BaseException as raised:
            if self._loop is not None and not isinstance(raised, Exception):
                raise
            unraisable(raised)


class _Wakeup:
    """What waits on the loop to empty an outbox, and tells the worker if it never will."""

    __slots__ = ("_delivery",)

    def __init__(self, delivery: Delivery) -> None:
        self._delivery: Delivery | None = delivery

    def __call__(self) -> None:
        delivery, self._delivery = self._delivery, None
        if delivery is not None:
            delivery._empty_outbox()

    def __del__(self) -> None:
        if self._delivery is not None:
            self._delivery._mailbox.put(LOOP_CLOSED)


def running_loop() -> Any:
    asyncio = sys.modules.get("asyncio")  # not imported: then no loop is running
    if asyncio is None:
        return None
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def reject(flushes: list[Completion], error: BaseException) -> None:
    for completion in flushes:
        completion._finish(error)


class _Unraisable:
    """Raises as it goes: there is no other way to give sys.unraisablehook what it demands."""

    __slots__ = ("_error",)

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __del__(self) -> None:
        error = self._error
        try:
            raise error
        finally:
            del error, self  # the traceback holds them


def unraisable(error: BaseException) -> None:
    _Unraisable(error)
