"""The worker: the half of an engine that runs messages against the native codec, on a thread of its
own.

It goes on after whatever comes, an exception out of nowhere included, and ends when the codec is
closed. What a caller that was interrupted has left undone, it does.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections import deque
from collections.abc import Callable
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from .._ffi import FREE_THREADED
from .._spec.codecs.state import CLOSED
from ..errors import FramePoolExhaustedError, FramePoolWarning
from .completion import Completion
from .delivery import WAKE, WAKEUP_LOST, Delivery, described, unraisable
from .driver import Driver, Owner
from .epoch import Epoch
from .outlet import Outlet
from .pool import Lending

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05  # seconds, see _next_message

_by_thread: dict[int, Worker] = {}  # those that run
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_by_thread.clear)

_Input = list[Any]  # a message: its epoch, its number and, until it is taken out, the input itself
_Message = tuple[Any, ...] | _Input


class _Stop(BaseException):
    """Leaves whatever the worker is doing: the work's epoch is over."""


class Worker(Delivery):
    """The half of an engine that uses the driver; `close` is the other half's."""

    def __init__(self, driver: Driver, owner: Owner, lending: Lending | None) -> None:
        super().__init__(owner)
        self._driver = driver
        self._most: int = getattr(driver, "most", 1)  # inputs that it takes in one step
        self._lending = lending
        # The native codec: held for one step at a time. Reentrant, because the garbage
        # collector may run a destructor that uses this codec while it is held.
        self._core = threading.RLock()
        self._mailbox: SimpleQueue[Any] = SimpleQueue()
        # The worker's: taken from the mailbox, not yet run.
        self._backlog: deque[_Message] = deque()
        self._worked = self._epoch  # the epoch that the driver has come to
        self._failed: Epoch | None = None  # the epoch in which the codec failed
        self._thread: threading.Thread | None = None
        self._threads: list[object] = []  # the first one works, should two have been started
        self._waits_for: Worker | None = None  # inside a callback of this one

    def close(self) -> None:
        """See `Engine`."""
        raise NotImplementedError

    def _work(self) -> None:
        self._thread = threading.current_thread()
        _by_thread[threading.get_ident()] = self
        while self._run_messages():
            pass
        self._leave()

    def _leave(self) -> None:
        self._settle()
        self._free()
        self._drop_outbox()
        self._backlog.clear()
        while not self._mailbox.empty():
            self._mailbox.get_nowait()
        _by_thread.pop(threading.get_ident(), None)

    def _recover(self, error: BaseException) -> None:
        """Go on after what no action of the worker raised: it was interrupted."""
        epoch = self.epoch
        if epoch.base != CLOSED:
            self._fail(epoch, described("the codec's worker", error))
        elif self._loop is None:
            self._report_again(epoch, None)

    def _run_messages(self) -> bool:
        """Run messages until the codec is closed; return whether an interruption came before."""
        try:
            while (epoch := self.epoch).base != CLOSED or epoch.failing:
                if epoch is not self._worked:
                    self._begin(epoch)
                self._run(self._backlog.popleft() if self._backlog else self._next_message(None))
        except BaseException as error:
            self._recover(error)
            return True
        return False

    def _begin(self, epoch: Epoch) -> None:
        """Come to a new epoch: what the codec holds is of the one before."""
        announce = bool(self._worked.queue) and epoch.base != CLOSED
        self._settle()
        with self._core:
            self._driver.close()
        self._worked = epoch
        if announce:
            self._announce_dequeue()

    def _run(self, message: _Message) -> None:
        # Nothing of the message may live on while the worker waits for the next one.
        epoch = message[0]
        if epoch is None:
            if message is WAKEUP_LOST:
                self._wakeup_lost()
            return
        if epoch.followers or epoch is self._failed:
            return
        if epoch is not self._worked:
            self._begin(epoch)
        try:
            if type(message) is list:
                self._run_item(epoch, message)
            else:
                message[1](epoch, message[2])
        except _Stop:
            pass
        except BaseException as error:
            self._fail(epoch, described("the codec's worker", error))

    def _wakeup_lost(self) -> None:
        self._outbox_scheduled = False
        epoch = self.epoch
        if self._loop.is_closed():
            self.close()
            epoch = self.epoch
            if epoch.failing:  # the error callback belongs to the loop
                epoch.failing = False
                self._settle()
        elif epoch.failing:
            self._post(epoch, self._report_again, None)
        elif epoch.base != CLOSED:
            self._fail(epoch, RuntimeError("the delivery on the event loop was interrupted"))

    def _free(self, wait: bool = True) -> None:
        """Free the native codec, or leave it to the worker, which was told to."""
        core = self._core
        if core._is_owned():  # type: ignore[attr-defined]
            return  # inside a call of this thread, which ends first
        inside = _by_thread.get(threading.get_ident())
        if inside is not None and inside._core._is_owned():  # type: ignore[attr-defined]
            wait = False  # its worker may be waiting for the codec that this thread is in
        try:
            if core.acquire(blocking=wait):
                self._driver.close()
        finally:
            # Without asking first: an interruption may have come between the lock and whoever knows
            # that it is held, or come between a question and what is done then.
            try:
                core.release()
            except RuntimeError:
                pass  # it is not

    def _next_message(self, timeout: float | None) -> Any:
        """Take the next message out of the mailbox; raises Empty after `timeout` seconds."""
        if not FREE_THREADED:
            return self._mailbox.get(timeout=timeout)
        # Without a GIL, what another thread drops is freed by the thread that made it, when that
        # one runs next. Frames are made here, so a worker that slept on would keep their memory,
        # and would wait for ever for the leases that it has to give back itself.
        end = None if timeout is None else time.monotonic() + timeout
        pause = _SHORTEST_PAUSE
        while True:
            if end is not None:
                pause = min(pause, max(end - time.monotonic(), 0))
            try:
                return self._mailbox.get(timeout=pause)
            except Empty:
                if end is not None and time.monotonic() >= end:
                    raise
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _run_configure(self, epoch: Epoch, config: Any) -> None:
        # Outputs of the old configuration come first, in order (spec 1.9).
        self._drain(epoch)
        with self._core:
            self._check(epoch)
            self._driver.open(config)

    def _run_item(self, epoch: Epoch, box: _Input) -> None:
        number = box[1]
        self._wait_for_room(epoch)
        if self._most > 1 and (self._backlog or not self._mailbox.empty()):
            batch = self._gathered(epoch, box)
            if len(batch) > 1:
                self._run_batch(epoch, batch)
                return
        try:
            self._send(epoch, box)
        except Exception:
            self._taken(epoch, number)
            self._rescue(epoch)
            raise
        self._taken(epoch, number)
        try:
            self._receive_all(epoch)
        except Exception:
            self._rescue(epoch)
            raise

    def _gathered(self, epoch: Epoch, first: _Input) -> list[_Input]:
        """Return an input with those behind it that may be run in the same step: what is there, as
        far as there is room for what comes of it.
        """
        batch, most, lending = [first], self._most, self._lending
        if lending is not None:
            most = lending.pool.room_for(most, self._waiting(epoch))
        if epoch.outlets:  # the other half is for who goes over the output meanwhile
            most = min(most, epoch.outlets[0].depth // 2)
        backlog, mailbox = self._backlog, self._mailbox
        take: Callable[[], Any]
        while len(batch) < most:
            # What comes meanwhile is looked for again.
            if backlog:
                there, take = len(backlog), backlog.popleft
            elif there := mailbox.qsize():
                take = mailbox.get_nowait
            else:
                break
            for _ in range(min(there, most - len(batch))):
                message = take()
                if type(message) is list and message[0] is epoch:
                    batch.append(message)
                elif message[0] is None:
                    self._run(message)
                else:
                    backlog.appendleft(message)
                    return batch
        return batch

    def _run_batch(self, epoch: Epoch, batch: list[_Input]) -> None:
        """Run several inputs as `_run_item` would one after the other."""
        items: deque[Any] = deque()
        numbers: deque[int] = deque()
        for box in batch:
            if len(box) > 2:
                items.append(box.pop())
                numbers.append(box[1])
        outputs: deque[Any] = deque()
        failure: Exception | None = None
        try:
            try:
                with self._core:
                    self._check(epoch)
                    self._driver.run_batch(items, outputs)  # type: ignore[attr-defined]
            except Exception as error:
                failure = error
            # Whoever waits for room below puts what comes behind them.
            while items:
                self._backlog.appendleft([epoch, numbers.pop(), items.pop()])
            self._hand_over_each(epoch, outputs, numbers)
            if failure is not None:
                raise failure
            self._receive_all(epoch)
        except Exception:
            self._rescue(epoch)
            raise
        finally:
            # An exception of a callback may keep this function's variables.
            items.clear()
            outputs.clear()
            del failure

    def _hand_over_each(self, epoch: Epoch, outputs: deque[Any], numbers: deque[int]) -> None:
        """Hand over what inputs of these numbers gave; each counts as waiting up to its output, so
        that the two together are bounded.
        """
        lending = self._lending
        is_bounded = lending is not None and lending.pool.capacity is not None
        if epoch.outlets:
            self._put_each(epoch, outputs, numbers)
        elif self._loop is None:
            self._call_each(epoch, outputs, numbers)
        while outputs:
            if numbers:
                self._taken(epoch, numbers.popleft())
            elif epoch.followers:
                raise _Stop
            if is_bounded:
                self._wait_for_room(epoch)
            self._hand_over(epoch, [outputs.popleft()])
        while numbers:
            self._taken(epoch, numbers.popleft())

    def _send(self, epoch: Epoch, box: list[Any]) -> None:
        with self._core:
            self._check(epoch)
            if len(box) > 2:
                self._driver.send(box.pop())

    def _run_flush(self, epoch: Epoch, completion: Completion[None]) -> None:
        self._drain(epoch)
        with self._core:
            self._check(epoch)
            self._driver.restart()
        self._post(epoch, self._finish_flush, completion)

    def _run_last(self, epoch: Epoch, outlet: Outlet) -> None:
        """End an outlet after all output, as a flush ends."""
        self._drain(epoch)
        with self._core:
            self._check(epoch)
            self._driver.restart()
        outlet.finish()

    def _check(self, epoch: Epoch) -> None:
        if epoch.followers:
            raise _Stop

    def _receive_all(self, epoch: Epoch) -> None:
        while True:
            with self._core:
                self._check(epoch)
                box = [self._driver.receive()]  # boxed as in `enqueue`
            if box[0] is None:
                return
            self._wait_for_room(epoch)
            self._hand_over(epoch, box)

    def _drain(self, epoch: Epoch) -> None:
        """Deliver all that the codec still holds, also what comes after an error."""
        try:
            self._drain_once(epoch)
        except Exception:
            self._rescue(epoch)
            raise

    def _drain_once(self, epoch: Epoch) -> None:
        with self._core:
            self._check(epoch)
            self._driver.drain()
        self._receive_all(epoch)

    def _rescue(self, epoch: Epoch) -> None:
        """Deliver what was decoded before the error; further errors say nothing new."""
        try:
            self._drain_once(epoch)
        except Exception:
            return

    def _taken(self, epoch: Epoch, number: int) -> None:
        """Count one message as processed, and let the program know."""
        epoch.queue.pop(number, None)
        if epoch.followers:
            raise _Stop
        if epoch.outlets:
            epoch.outlets[0].taken(len(epoch.queue))
        if epoch.rooms:
            epoch.serve()
        if not self._dequeue_due:
            self._announce_dequeue()

    def _announce_dequeue(self) -> None:
        owner = self._owner()
        if owner is None or owner.on_dequeue is None or self._dequeue_due:
            return
        self._dequeue_due = True  # coalesced: one event on its way at most
        del owner
        self._post(self._worked, self._call_dequeue, None)

    def _wait_for_room(self, epoch: Epoch) -> None:
        lending = self._lending
        if lending is not None and not lending.pool.room(self._waiting(epoch)):
            self._wait_for_lease(epoch, lending)

    def _waiting(self, epoch: Epoch) -> int:
        """Return how many outputs wait for the program, which holds no lease of them."""
        waiting = len(self._undelivered)
        return waiting + len(epoch.outlets[0].boxes) if epoch.outlets else waiting

    def _wait_for_lease(self, epoch: Epoch, lending: Lending) -> None:
        """Wait until a lease comes back; messages that arrive meanwhile go to the backlog, in
        order.
        """
        pool = lending.pool
        pool.wake = partial(self._mailbox.put, WAKE)
        patience = min(lending.stall_timeout, 1e6)  # no lock can wait for 1e12 seconds
        deadline: float | None = time.monotonic() + patience
        warned = False
        try:
            while not pool.room(self._waiting(epoch)):
                returns = pool.returns
                self._check(epoch)
                if deadline is None and epoch.is_awaited:
                    # Asked for during a stall that has been reported: it gets its time as well.
                    deadline = time.monotonic() + patience
                timeout = None if deadline is None else deadline - time.monotonic()
                if timeout is not None and timeout <= 0:
                    deadline = None
                    if self._waiting(epoch):
                        # Frames wait for the event loop, not for the program to close them.
                        deadline = time.monotonic() + patience
                        self._end_waits_in_loop(epoch, lending)
                    else:
                        self._report_stall(epoch, lending, warn=not warned)
                        warned = True
                    continue
                try:
                    message = self._next_message(timeout)
                except Empty:
                    continue
                if message[0] is not None:
                    self._backlog.append(message)
                else:
                    self._run(message)
                message = WAKE  # what a warning raises keeps the local variables
                if pool.returns != returns:
                    deadline = time.monotonic() + patience
                    warned = False
        finally:
            pool.wake = None

    def _end_waits_in_loop(self, epoch: Epoch, lending: Lending) -> None:
        """End the waits for room and for flushes while frames wait for a loop over the output: it
        may be the loop's own body that waits, and so takes none.
        """
        if epoch.outlets and not epoch.outlets[0].is_awaited:
            error = FramePoolExhaustedError(
                f"{len(epoch.outlets[0].boxes)} frames wait for the loop over the output, which "
                f"has taken none for {lending.stall_timeout} s; {len(epoch.queue)} chunks are "
                "queued. Wait for room or a flush outside of the loop, or raise frame_pool_size"
            )
            epoch.finish(epoch.pending(), error)

    def _report_stall(self, epoch: Epoch, lending: Lending, warn: bool) -> None:
        self._check(epoch)
        pending = epoch.pending()
        # Of one that nobody waits at, the frames are about to be closed.
        outlet = epoch.outlets[0] if epoch.outlets and epoch.outlets[0].is_awaited else None
        error = lending.stalled(lending.pool, len(epoch.queue))
        try:
            if warn:
                warnings.warn(str(error), FramePoolWarning, stacklevel=2)
        except BaseException as raised:
            # A filter makes it an exception, of nobody's call; or whoever shows it fails.
            unraisable(raised)
        finally:
            epoch.finish(pending, error)
            if outlet is not None:
                outlet.finish(error)

    def _fail(self, epoch: Epoch, error: Exception) -> None:
        """Close the codec because of `error`, after what was decoded before it has been
        delivered.
        """
        self._failed = epoch
        if epoch.outlets:
            self._close_with_error(epoch, error)
            return
        self._post(epoch, self._close_with_error, error)


def this_thread() -> Worker | None:
    """Return the worker that this thread is."""
    return _by_thread.get(threading.get_ident())


class WorkerThread:
    """What the worker thread runs; its end, if that comes too early, is the last resort."""

    _worker: Worker | None = None  # also for what is interrupted while it is made

    def __init__(self, worker: Worker) -> None:
        self._maker = threading.get_ident()
        self._worker = worker

    def __call__(self) -> None:
        worker = self._worker
        if worker is None:
            return
        me = object()
        worker._threads.append(me)
        if worker._threads[0] is me:
            worker._work()
        self._worker = None

    def __del__(self) -> None:
        worker = self._worker
        if worker is None or threading is None or threading.get_ident() == self._maker:
            return  # it has ended as it should; or the thread could not be started
        worker._recover(RuntimeError("the thread has ended"))
        worker._leave()
