"""A thread that does what it is asked to, one thing after the other, for one owner.

Nobody waits for it here: what is asked for says by itself when it is done. The thread holds what it
works on only while it does, so that the owner can go meanwhile, which ends the thread.
"""

from __future__ import annotations

import atexit
import os
import threading
import time
import weakref
from collections.abc import Callable
from queue import SimpleQueue

from .._av import forked
from . import ending
from .delivery import unraisable

_GRACE = 0.3  # seconds that the end of the interpreter waits for a step

Job = Callable[[], object]

_all: weakref.WeakSet[Errands] = weakref.WeakSet()


class Errands:
    """Runs jobs in order; `put` and `end` may be called from anywhere, destructors too.

    Parameters
    ----------
    name : str
        Of the thread, which begins with `begin`.
    """

    __slots__ = ("__weakref__", "_jobs", "_name", "_process", "_thread", "_threads")

    def __init__(self, name: str) -> None:
        self._name = name
        # May be put into where no lock may be taken.
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._threads: list[object] = []  # the first one works; another ends at once
        self._thread: threading.Thread | None = None
        self._process = os.getpid()
        _all.add(self)

    def begin(self) -> None:
        """Start the thread, unless it runs.

        Raises
        ------
        RuntimeError
            It cannot be started.
        """
        if self._thread is not None:
            return
        thread = threading.Thread(
            target=_work, args=(self._jobs, self._threads), name=self._name, daemon=True
        )
        thread.start()
        self._thread = thread

    def put(self, job: Job) -> None:
        """Have a job done when those before it are."""
        self._jobs.put(job)

    def end(self) -> None:
        """End the thread after the jobs that are there."""
        self._jobs.put(None)

    def why_idle(self) -> str | None:
        """Return why no job is done any more, None if they are."""
        if self._process != os.getpid():
            return str(forked.inherited("this decoder"))
        thread = self._thread
        if thread is not None and not thread.is_alive():
            return "the thread that would decode has ended"
        return None

    def _shut(self, until: float) -> None:
        thread = self._thread
        self.end()
        if thread is not None and self._process == os.getpid():
            thread.join(max(0.0, until - time.monotonic()))

    def __del__(self) -> None:
        try:
            self._jobs.put(None)
        except AttributeError:  # `__init__` did not get that far, and this runs all the same
            pass


def _work(jobs: SimpleQueue[Job | None], threads: list[object]) -> None:
    me = object()
    threads.append(me)
    if threads[0] is not me:
        return  # an interrupted `begin` has started one already
    while True:
        job = jobs.get()
        if job is None:
            return
        try:
            job()
        except BaseException as error:
            unraisable(error)
        del job


@atexit.register
def _end_all() -> None:
    """Leave FFmpeg before the libraries that it uses are taken apart."""
    ending.announce()
    until = time.monotonic() + _GRACE
    for errands in list(_all):
        errands._shut(until)
