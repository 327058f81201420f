"""The engine: one control queue, one worker thread, one native codec; the same for decoders and
encoders.

Theory of operation (spec 1.9). The public codec puts messages into a mailbox; the worker takes them
in order and runs them against a *driver*, the object that knows the native codec. What comes out
goes through the other half, `delivery`.

`reset` and `close` raise the epoch. Every message and every output carries the epoch it belongs to,
and one of an older epoch is dropped: that is all that "clear the queue" means.

The mailbox is a `queue.SimpleQueue`: its `put` may be called from destructors, where locks may not
be taken.

Known weak point: a callback that never returns keeps the worker, and with it the codec, alive for
ever.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import warnings
import weakref
from collections import deque
from functools import partial
from queue import Empty, SimpleQueue
from typing import Any

from .._av import forked
from .._ffi import FREE_THREADED
from .._spec.codecs.state import transition
from ..errors import AbortError, FramePoolWarning, InvalidStateError
from . import ending
from .completion import Completion
from .delivery import ERROR_TURNS, LOOP_CLOSED, WAKE, Delivery, reject, running_loop, unraisable
from .driver import Driver, Owner
from .pool import Lending

_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.001, 0.05  # seconds, see _next_message


class _Stop(BaseException):
    """Leaves whatever the worker is doing: the work's epoch is over."""


_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


class Engine(Delivery):
    """See the module. All methods but the private ones may be called from any thread."""

    def __init__(self, driver: Driver, owner: Owner, lending: Lending | None = None) -> None:
        super().__init__(owner)
        self._driver = driver
        # Reentrant, because the garbage collector may run a destructor that uses this codec while
        # one is held.
        # State, epoch, queue size, flushes: held for a few instructions at a time.
        self._lock = threading.RLock()
        self._core = threading.RLock()  # the native codec: held for one FFmpeg call at a time
        self._mailbox: SimpleQueue[tuple[Any, ...] | None] = SimpleQueue()
        # The worker's: taken from the mailbox, not yet run.
        self._backlog: deque[tuple[Any, ...]] = deque()
        self._flushes: deque[Completion] = deque()
        self._failed = -1  # the epoch in which the codec failed
        self._stopping = False
        self._is_inherited = False
        self._thread: threading.Thread | None = None
        self.state = "unconfigured"
        self.epoch = 0
        self.queue_size = 0
        self._lending = lending
        forked.watch(self)

    # ---- called by the public codec --------------------------------------------------------------

    def configure(self, config: Any) -> None:
        """Queue a configuration; the state is ``configured`` at once."""
        with self._lock:
            self.require("configure")
            self._start()
            self.state = "configured"
            self._mailbox.put((self.epoch, self._run_configure, config))

    def enqueue(self, item: Any, action: str) -> None:
        """Queue one chunk or frame."""
        with self._lock:
            self.require(action)
            self.queue_size += 1
            # In a box, out of which `_run_item` takes it: an exception of a callback keeps the
            # worker's local variables for as long as the program keeps the exception.
            self._mailbox.put((self.epoch, self._run_item, [item]))

    def flush(self) -> Completion:
        """Queue a flush and return its completion, a rejected one if the codec is not
        configured.
        """
        completion = Completion(self._owner(), self._why_not_wait)
        with self._lock:
            if self.state == "configured":
                self._flushes.append(completion)
                self._mailbox.put((self.epoch, self._run_flush, completion))
                return completion
        error = InvalidStateError(f"cannot flush: the codec is {self.state}")
        completion._finish(forked.inherited("this codec") if self._is_inherited else error)
        return completion

    def reset(self) -> None:
        """Forget configuration, queue and pending outputs; pending flushes are rejected with
        AbortError.
        """
        with self._lock:
            self.require("reset")
            if self.state == "unconfigured":
                return
            flushes = self._end_epoch("unconfigured")
            self._mailbox.put((self.epoch, self._run_reset, None))
        reject(flushes, AbortError("the codec was reset"))

    def close(self) -> None:
        """Free the native codec now, waiting for one FFmpeg call at most; twice is fine."""
        with self._lock:
            if self.state == "closed":
                return
            flushes = self._end_epoch("closed")
            self._stopping = True
        self._empty_mailbox()
        with self._core:
            self._driver.close()
        self._drop_outbox()
        reject(flushes, AbortError("the codec was closed"))

    def abandon(self) -> None:
        """Stop everything; for destructors: takes no lock that it would have to wait for."""
        self._stopping = True
        self.state = "closed"
        self.epoch += 1
        self._outbox.clear()
        self._mailbox.put(None)
        if self._core.acquire(blocking=False):
            # The worker is between two FFmpeg calls, or idle; else it frees the codec itself when
            # it stops.
            try:
                self._driver.close()
            finally:
                self._core.release()

    def require(self, action: str) -> None:
        """Raise InvalidStateError unless the state allows `action`, an event of the state table."""
        if self._is_inherited:
            raise forked.inherited("this codec")
        try:
            transition(self.state, action)
        except InvalidStateError:
            ending.end_daemon()  # it was `_stop_all` that closed it
            raise

    def _after_fork(self) -> None:
        """Be closed, in a process that has neither our worker nor FFmpeg's."""
        self._lock, self._core = threading.RLock(), threading.RLock()
        self._mailbox = SimpleQueue()
        self._is_inherited = self.state != "closed"
        self._stopping = True
        self.state = "closed"
        self.epoch += 1
        self.queue_size = 0
        if self._lending is not None:
            self._lending.pool.wake = None
        self._backlog = deque()
        self._outbox = deque()
        self._loop = None
        flushes, self._flushes = self._flushes, deque()
        for completion in flushes:
            completion._after_fork(forked.inherited("this codec"))

    def _end_epoch(self, state: str) -> list[Completion]:
        """Begin a new epoch in `state`; the caller holds the lock and rejects the returned flushes
        without it.
        """
        self.state = state
        self.epoch += 1
        flushes = list(self._flushes)
        self._flushes.clear()
        if self.queue_size:
            self.queue_size = 0
            if state != "closed":
                self._mailbox.put((self.epoch, self._run_dequeue, None))
        return flushes

    def _why_not_wait(self) -> str | None:
        if threading.current_thread() is self._thread:
            return (
                "a callback cannot wait for a flush: it runs on the thread that delivers the output"
            )
        if self._loop is not None and running_loop() is self._loop:
            return (
                "this event loop delivers the output: use 'await codec.flush()' instead of result()"
            )
        return None

    # ---- the worker ------------------------------------------------------------------------------

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(
                target=_work, args=(self,), name="ffwebcodecs", daemon=True
            )
            _engines.add(self)
            self._thread.start()

    def _work(self) -> None:
        try:
            while not self._stopping:
                message = self._backlog.popleft() if self._backlog else self._next_message(None)
                if message is None:
                    continue  # a stop: the loop's condition sees it
                if message is LOOP_CLOSED:
                    self.close()
                    continue
                epoch, action, argument = message
                if epoch != self.epoch or epoch == self._failed:
                    continue
                try:
                    action(epoch, argument)
                except _Stop:
                    pass
                except Exception as error:
                    # Its traceback would keep the chunk that failed alive for as long as the
                    # program keeps the error.
                    self._fail(epoch, error.with_traceback(None))
                # Nothing of the last message may live on while the worker waits for the next one.
                message = argument = action = None
        finally:
            with self._core:
                self._driver.close()
            self._backlog.clear()
            self._empty_mailbox()

    def _next_message(self, timeout: float | None) -> tuple[Any, ...] | None:
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

    def _empty_mailbox(self) -> None:
        """Let go of what nobody will run, and leave a stop for a worker that is still on its
        way.
        """
        try:
            while True:
                self._mailbox.get_nowait()
        except Empty:
            self._mailbox.put(None)

    def _run_configure(self, epoch: int, config: Any) -> None:
        # Outputs of the old configuration come first, in order (spec 1.9).
        self._drain(epoch)
        with self._core:
            self._check(epoch)
            self._driver.open(config)

    def _run_item(self, epoch: int, box: list[Any]) -> None:
        self._wait_for_room(epoch)
        try:
            with self._core:
                self._check(epoch)
                self._driver.send(box.pop())
        except _Stop:
            raise
        except Exception:
            self._taken(epoch)
            self._rescue(epoch)
            raise
        self._taken(epoch)
        try:
            self._receive_all(epoch)
        except Exception:
            self._rescue(epoch)
            raise

    def _run_flush(self, epoch: int, completion: Completion) -> None:
        self._drain(epoch)
        with self._core:
            self._check(epoch)
            self._driver.restart()
        self._post(epoch, self._finish_flush, completion)

    def _run_reset(self, _epoch: int, _argument: None) -> None:
        with self._core:
            self._driver.close()

    def _run_dequeue(self, epoch: int, _argument: None) -> None:
        self._announce_dequeue(epoch)

    def _check(self, epoch: int) -> None:
        if epoch != self.epoch:
            raise _Stop

    def _receive_all(self, epoch: int) -> None:
        while True:
            with self._core:
                self._check(epoch)
                box = [self._driver.receive()]  # boxed as in `enqueue`
            if box[0] is None:
                return
            self._wait_for_room(epoch)
            self._hand_over(epoch, box)

    def _drain(self, epoch: int) -> None:
        """Deliver all that the codec still holds, also what comes after an error."""
        try:
            self._drain_once(epoch)
        except Exception:
            self._rescue(epoch)
            raise

    def _drain_once(self, epoch: int) -> None:
        with self._core:
            self._check(epoch)
            self._driver.drain()
        self._receive_all(epoch)

    def _rescue(self, epoch: int) -> None:
        """Deliver what was decoded before the error; further errors say nothing new."""
        try:
            self._drain_once(epoch)
        except Exception:
            return

    def _taken(self, epoch: int) -> None:
        """Count one message as processed, and let the program know."""
        with self._lock:
            if epoch != self.epoch:
                raise _Stop
            self.queue_size -= 1
        self._announce_dequeue(epoch)

    def _announce_dequeue(self, epoch: int) -> None:
        owner = self._owner()
        if owner is None or owner.on_dequeue is None or self._dequeue_due:
            return
        self._dequeue_due = True  # coalesced: one event on its way at most
        del owner
        self._post(epoch, self._call_dequeue, None)

    def _wait_for_room(self, epoch: int) -> None:
        lending = self._lending
        if lending is not None and not lending.pool.room(self._undelivered):
            self._wait_for_lease(epoch, lending)

    def _wait_for_lease(self, epoch: int, lending: Lending) -> None:
        """Wait until a lease comes back; messages that arrive meanwhile go to the backlog, in
        order.
        """
        pool = lending.pool
        pool.wake = partial(self._mailbox.put, WAKE)
        patience = min(lending.stall_timeout, 1e6)  # no lock can wait for 1e12 seconds
        deadline: float | None = time.monotonic() + patience
        warned = False
        try:
            while not pool.room(self._undelivered):
                returns = pool.returns
                if self._stopping or epoch != self.epoch:
                    raise _Stop
                if deadline is None and self._flushes:
                    # Asked for during a stall that has been reported: it gets its time as well.
                    deadline = time.monotonic() + patience
                timeout = None if deadline is None else deadline - time.monotonic()
                if timeout is not None and timeout <= 0:
                    deadline = None
                    if self._undelivered:
                        # Frames wait for the event loop, not for the program to close them.
                        deadline = time.monotonic() + patience
                    else:
                        self._report_stall(epoch, lending, warn=not warned)
                        warned = True
                    continue
                try:
                    message = self._next_message(timeout)
                except Empty:
                    continue
                if message is LOOP_CLOSED:
                    self.close()
                elif message is not None and message[0] >= 0:
                    self._backlog.append(message)
                if pool.returns != returns:
                    deadline = time.monotonic() + patience
                    warned = False
        finally:
            pool.wake = None

    def _report_stall(self, epoch: int, lending: Lending, warn: bool) -> None:
        with self._lock:
            self._check(epoch)
            flushes = list(self._flushes)
            self._flushes.clear()
            queued = self.queue_size
        error = lending.stalled(lending.pool, queued)
        if warn:
            try:
                warnings.warn(str(error), FramePoolWarning, stacklevel=2)
            except FramePoolWarning as raised:  # a filter makes it an exception: of nobody's call
                unraisable(raised)
        reject(flushes, error)

    def _fail(self, epoch: int, error: Exception) -> None:
        """Close the codec because of `error`, after what was decoded before it has been
        delivered.
        """
        self._failed = epoch
        self._post(epoch, self._close_with_error, error)

    def _close_with_error(self, epoch: int | None, error: BaseException) -> bool:
        """Close, reject the pending flushes, then call the error callback (spec 1.9, "close with an
        error"); return whether that was to do. An epoch of None is whatever epoch it is.
        """
        with self._lock:
            if self.state == "closed" or epoch not in (None, self.epoch):
                return False
            flushes = self._end_epoch("closed")
            self._stopping = True
        self._empty_mailbox()
        with self._core:
            self._driver.close()
        self._drop_outbox()
        reject(flushes, error)
        self._after_turns(ERROR_TURNS, error)
        return True


def _work(engine: Engine) -> None:
    engine._work()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_engines.clear)


@atexit.register
def _stop_all() -> None:
    """Stop every worker before the interpreter goes: a thread inside FFmpeg must not outlive it."""
    ending.announce()
    engines = list(_engines)
    for engine in engines:
        engine.abandon()
    deadline = time.monotonic() + 2  # for those whose callbacks do not return, all together
    for engine in engines:
        thread = engine._thread
        # One that a daemon thread is just about to start is not alive yet.
        if thread is not None and thread.is_alive() and thread is not threading.current_thread():
            thread.join(max(0.0, deadline - time.monotonic()))
