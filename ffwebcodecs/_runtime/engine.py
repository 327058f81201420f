"""The engine: one control queue, one worker thread, one native codec; the same for decoders and
encoders.

Theory of operation (spec 1.9). The public codec puts messages into a mailbox; the worker takes them
in order and runs them against a *driver*, the object that knows the native codec. What comes out
goes through `delivery`. An engine is all of them: `worker` runs the messages, `queueing` says who
waits for room among them, here is who is called.

`reset` and `close` begin a new epoch. Every message and every output carries the epoch it belongs
to, and one of an older epoch is dropped: that is all that "clear the queue" means. Who calls may be
interrupted at any moment (`epoch`): then the worker, which was woken by the same step, does the
rest. The worker itself goes on after whatever comes, and ends when the codec is closed only.

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
import weakref
from collections import deque
from functools import partial
from queue import SimpleQueue
from typing import Any

from .._av import forked
from .._av.atomic import together
from .._spec.codecs.state import CLOSED, CONFIGURED, UNCONFIGURED, transition
from .._spec.types import CodecState
from ..errors import AbortError, InvalidStateError
from . import ending
from .completion import Completion, running_loop
from .delivery import WAKE, WAKEUP_LOST
from .driver import Driver, Owner
from .epoch import Epoch
from .outlet import Outlet
from .pool import Lending
from .queueing import Queueing
from .worker import WorkerThread

_engines: weakref.WeakSet[Engine] = weakref.WeakSet()


class Engine(Queueing):
    """See the module. All methods but the private ones may be called from any thread."""

    def __init__(
        self,
        driver: Driver,
        owner: Owner,
        lending: Lending | None = None,
        max_queue: int | None = None,
    ) -> None:
        super().__init__(driver, owner, lending, max_queue)
        self._is_inherited = False
        forked.watch(self)

    # ---- called by the public codec --------------------------------------------------------------

    @property
    def state(self) -> CodecState:
        """The codec's state."""
        return self.epoch.state

    @property
    def queue_size(self) -> int:
        """Inputs that the native codec has not taken."""
        return len(self.epoch.queue)

    @property
    def configuration(self) -> Any:
        """The last configuration given since the beginning or `reset`."""
        configs = self.epoch.configs
        return configs[0] if configs else None

    def configure(self, config: Any) -> None:
        """Queue a configuration; the state is ``configured`` at once.

        Raises
        ------
        RuntimeError
            The worker thread cannot be started. Nothing has changed.
        """
        self.require("configure")
        self._start()
        while True:
            epoch = self._usable("configure")
            put = partial(self._mailbox.put, (epoch, self._run_configure, config))
            together(partial(epoch.configs.append, config), put)
            # Else a reset came between, and has ended it. What was closed was configured before: by
            # a configuration that the worker has refused already, for one.
            if not epoch.followers or self.epoch.base == CLOSED:
                return

    def enqueue(self, item: Any, action: str) -> bool:
        """Queue one chunk or frame; return False if there is no room for it."""
        epoch = self._epoch
        if epoch.followers or not epoch.configs:
            epoch = self._usable(action)
        # In a list, out of which `_send` takes it: an exception of a callback keeps the worker's
        # local variables for as long as the program keeps the exception.
        number = self._number()
        message = [epoch, number, item]
        try:
            if self.max_queue is None:
                epoch.queue[number] = None
                self._mailbox.put(message)
            elif not self._put_in(epoch, number, message):
                return False
        except BaseException:
            del message[2:]  # nobody takes it any more
            epoch.queue.pop(number, None)
            epoch.serve()
            raise
        return True

    def flush(self) -> Completion[None]:
        """Queue a flush and return its completion, a rejected one if the codec is not
        configured.
        """
        completion: Completion[None] = Completion(self._owner(), self)
        epoch = self.epoch
        if epoch.state == CONFIGURED:
            epoch.asked = self._number()
            put = partial(self._mailbox.put, (epoch, self._run_flush, completion))
            together(partial(epoch.flushes.setdefault, completion), put)
            if epoch.followers:
                epoch.reject()  # whoever ended it may have been past this one
            return completion
        error = InvalidStateError(f"cannot flush: the codec is {epoch.state}")
        completion._finish(forked.inherited("this codec") if self._is_inherited else error)
        return completion

    def require_free(self, action: str) -> Epoch:
        """Raise what hinders a loop over the output, which would do `action`; return the current
        epoch.
        """
        epoch = self.epoch
        owner = self._owner()
        if owner is not None and owner._error is None and epoch.failure:
            error, epoch.failure[:] = epoch.failure[0], []
            try:
                raise error or InvalidStateError("the codec has failed")
            finally:
                del error
        epoch = self._usable(action)
        if epoch.outlets:
            raise InvalidStateError(
                "another loop goes over the output of this codec: end it first, or close it"
            )
        if epoch.queue or epoch.flushes or self._undelivered:
            raise InvalidStateError(
                "the callbacks have not had all output of what this codec was given: flush it, "
                "and wait for that"
            )
        return epoch

    def lead_to(self, outlet: Outlet, action: str) -> Epoch:
        """Let all output go to `outlet` from now on; return the epoch in which it does."""
        epoch = self.require_free(action)
        epoch.outlets.append(outlet)
        if epoch.outlets[0] is not outlet:
            raise InvalidStateError("another loop goes over the output of this codec")
        if epoch.followers:
            epoch.reject()
        return epoch

    def end_input(self, epoch: Epoch, outlet: Outlet) -> None:
        """Let `outlet` end after the output of all that was queued."""
        self._mailbox.put((epoch, self._run_last, outlet))

    def look(self) -> None:
        """Let a worker look again that waits for frames to be closed: one was taken out of an
        outlet, or somebody waits there.
        """
        if self._lending is not None and self._lending.pool.wake is not None:
            self._mailbox.put(WAKE)

    def leave(self, epoch: Epoch) -> None:
        """Reset, if this is the current epoch; takes no lock, for destructors."""
        self._follow(epoch, Epoch(UNCONFIGURED, AbortError("the loop over its output was left")))
        self._settle()

    def reset(self) -> None:
        """Forget configuration, queue and pending outputs; pending flushes are rejected with
        AbortError.
        """
        epoch = self._usable("reset")
        if epoch.state != UNCONFIGURED:
            self._follow(epoch, Epoch(UNCONFIGURED, AbortError("the codec was reset")))
        self._settle()

    def close(self) -> None:
        """Reject what is pending, then free the native codec, waiting for one step at most; twice
        is fine, and does what is left if the first was interrupted.
        """
        if self._is_inherited:
            return
        self._end(Epoch(CLOSED, AbortError("the codec was closed")))
        self._settle()
        self._drop_outbox()
        self._free()

    def abandon(self) -> None:
        """Stop everything; for destructors: takes no lock that it would have to wait for."""
        self._end(Epoch(CLOSED))
        self._outbox.clear()
        # The worker is between two FFmpeg calls, or idle; else it frees the codec itself when it
        # stops.
        self._free(wait=False)

    def require(self, action: str) -> None:
        """Raise InvalidStateError unless the state allows `action`, an event of the state table."""
        epoch = self._epoch
        if epoch.followers or not epoch.configs:  # else it is configured, and all may be done
            self._usable(action)

    def _usable(self, action: str) -> Epoch:
        """Return the current epoch, if its state allows `action`."""
        if self._is_inherited:
            raise forked.inherited("this codec")
        epoch = self.epoch
        try:
            transition(epoch.state, action)
        except InvalidStateError:
            ending.end_daemon()  # it was `_stop_all` that closed it
            raise
        return epoch

    def _after_fork(self) -> None:
        """Be closed, in a process that has neither our worker nor FFmpeg's."""
        epoch = self.epoch
        self._core, self._reserving = threading.RLock(), threading.RLock()
        self._mailbox = SimpleQueue()
        self._is_inherited = epoch.base != CLOSED
        if self._lending is not None:
            self._lending.pool.wake = None
        self._backlog, self._outbox, self._undelivered = deque(), deque(), deque()
        self._wakeups = {}
        self._loop = None
        for outlet in epoch.outlets:
            outlet.after_fork(forked.inherited("this codec"))
        pending = [*self._unsettled.pending(), *epoch.pending()]
        self._epoch = self._unsettled = self._worked = Epoch(CLOSED)
        for completion in pending:
            completion._after_fork(forked.inherited("this codec"))

    def is_worker_here(self) -> bool:
        """Return whether this thread is the worker's."""
        return threading.current_thread() is self._thread

    def why_not_wait(self, for_ever: bool) -> str | None:
        """Return why this thread must not wait for a flush, None if it may; `waited` is called at
        the end.
        """
        if self.is_worker_here():
            return (
                "a callback cannot wait for a flush: it runs on the thread that delivers the output"
            )
        if self._loop is not None and running_loop() is self._loop:
            return (
                "this event loop delivers the output: use 'await codec.flush()' instead of result()"
            )
        if self._closes_circle(for_ever):
            return (
                "waiting would not end: a callback of that codec waits, itself or over others, for "
                "the codec that this callback belongs to"
            )
        return self.why_unheard()

    def why_unheard(self) -> str | None:
        """Return why nobody delivers the output now, None if somebody does."""
        loop = self._loop
        if loop is None or loop.is_running() or loop.is_closed():
            return None  # the worker notices that a loop is closed, and closes the codec
        return (
            "the event loop that delivers the output has stopped: run it on, close it, or make the "
            "codec where no event loop runs, then its own thread delivers"
        )

    def look_after(self) -> str | None:
        """Do the same, and make up for a wake-up that was interrupted."""
        loop = self._loop
        if loop is not None and loop.is_closed():
            self._mailbox.put(WAKEUP_LOST)
        elif self._outbox:
            self._wake_loop()
        self.epoch.serve_again()
        return self.why_unheard()

    def _start(self) -> None:
        if self._thread is None:
            thread = threading.Thread(target=WorkerThread(self), name="ffwebcodecs", daemon=True)
            _engines.add(self)
            thread.start()
            if self._thread is None:
                self._thread = thread


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
