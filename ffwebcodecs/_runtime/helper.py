"""A thread for calls that wait where Python hears no signals.

The caller waits in Python, so a signal handler runs at once, and what it raises ends the wait: the
call is told to end, waited for a moment, and left to itself if it does not. Its result is then
nobody's; what it uses is held by the thread until it comes back.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

from .._av import forked
from . import ending

_SLICE = 0.1  # seconds: a signal that comes right before a wait begins is heard after that
_GRACE = 0.3  # seconds that a call which was told to end has for it

_helpers: weakref.WeakSet[HelperThread] = weakref.WeakSet()


class HelperThread:
    """Makes calls for one thread at a time; its thread begins with the first of them.

    Parameters
    ----------
    stop : callable
        Ends the waiting of a call, from any thread.
    """

    def __init__(self, stop: Callable[[], object]) -> None:
        self._stop = stop
        # May be put into by destructors, and by handlers of signals.
        self._jobs: SimpleQueue[Any] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._patience: float | None = None
        self._is_shut = False
        self._process = os.getpid()
        _helpers.add(self)

    def call(self, job: list[Any], until: float | None) -> Any:
        """Make the call ``[function, arguments, what is held meanwhile]``, which is taken out of
        the list; return its result, or None if it has not come back when it should have.
        """
        answer: SimpleQueue[Any] = SimpleQueue()
        if self._thread is None:
            self._thread = threading.Thread(
                target=_work, args=(self._jobs,), name="ffwebcodecs-input", daemon=True
            )
            self._thread.start()
        self._jobs.put((tuple(job), answer))
        job.clear()
        try:
            found = self._wait(answer, until)
            if self._is_shut:
                ending.end_daemon()
            if found is None:
                self._settle(answer)
        except BaseException:  # of a signal's handler
            self._settle(answer)
            raise
        if found is None:
            return None
        result, error = found
        if error is not None:
            raise error
        return result

    def _wait(self, answer: SimpleQueue[Any], until: float | None) -> Any:
        while True:
            left = _SLICE
            ends = [moment for moment in (until, self._patience) if moment is not None]
            if ends:
                left = min(left, max(0.0, min(ends) - time.monotonic()))
            try:
                return answer.get(timeout=left)
            except Empty:
                pass
            if self._process != os.getpid():  # the handler of a signal has made a fork
                raise forked.inherited("this input")
            if ends and time.monotonic() >= min(ends):
                return None

    def _settle(self, answer: SimpleQueue[Any]) -> None:
        """End the call, and see it come back if that is soon."""
        self._stop()
        if self._process == os.getpid():
            try:
                answer.get(timeout=_GRACE)
            except Empty:
                pass

    @property
    def ident(self) -> int | None:
        """The thread that makes the calls, None before the first one and after `end`."""
        thread = self._thread
        return None if thread is None else thread.ident

    def hurry(self) -> None:
        """Soon give up waiting for a call."""
        if self._patience is None:
            self._patience = time.monotonic() + _GRACE

    def end(self, held: list[Any], wait: bool) -> None:
        """Let go of what is in `held` after the last call, and end; `wait` for that a moment."""
        thread, self._thread = self._thread, None
        if thread is None or self._process != os.getpid():
            return
        done: SimpleQueue[Any] = SimpleQueue()
        self._jobs.put(((held.clear, (), None), done))
        self._jobs.put(None)
        del held
        if wait and thread is not threading.current_thread():
            try:
                done.get(timeout=_GRACE)
            except Empty:
                pass

    def shut(self, until: float) -> None:
        """End the waiting of a call, and wait until its thread has ended, but not for long."""
        thread = self._thread
        self._is_shut = True
        self._stop()
        self._jobs.put(None)
        if thread is not None and self._process == os.getpid():
            thread.join(max(0.0, until - time.monotonic()))

    def __del__(self) -> None:
        try:
            self._jobs.put(None)
        except AttributeError:  # `__init__` did not get that far, and this runs all the same
            pass


def _work(jobs: SimpleQueue[Any]) -> None:
    """Make calls until there is None; holds nothing of them while it waits."""
    while True:
        job = jobs.get()
        if job is None:
            return
        (function, arguments, held), answer = job
        result = error = None
        try:
            result = function(*arguments)
        except BaseException as raised:  # the caller's to raise
            error = raised
        # What they hold is gone by the time the answer is there.
        del job, function, arguments, held
        answer.put((result, error))
        del answer, result, error


@atexit.register
def _end_all() -> None:
    """Leave libavformat before the libraries that it uses are taken apart."""
    ending.announce()
    until = time.monotonic() + _GRACE
    for helper in list(_helpers):
        helper.shut(until)
