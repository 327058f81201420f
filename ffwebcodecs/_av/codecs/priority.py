"""The scheduling of threads, which one encoder changes."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_TASKS = "/proc/self/task"


@contextmanager
def kept() -> Iterator[None]:
    """Undo what is done meanwhile to the scheduling of this process's threads, new ones included.

    SVT-AV1 run by root, as in most containers, makes its threads real-time ones of the highest
    priority, and the one that opens it as well, with all that this thread starts later. On a few
    cores nothing else in the whole machine runs then, not even the thread that they wait for.
    """
    if sys.platform != "linux" or os.geteuid() != 0:
        yield
        return
    before = _threads()
    try:
        yield
    finally:  # also if a Ctrl-C came meanwhile
        for thread, now in _threads().items():
            then = before.get(thread, (os.SCHED_OTHER, 0))
            if now != then and now[0] == os.SCHED_FIFO:
                with suppress(OSError):  # it has ended
                    os.sched_setscheduler(thread, then[0], os.sched_param(then[1]))


def _threads() -> dict[int, tuple[int, int]]:
    """Return each thread's policy and priority."""
    found = {}
    names: list[str] = []
    with suppress(OSError):  # no /proc
        names = os.listdir(_TASKS)
    for name in names:
        with suppress(OSError):  # it has ended
            thread = int(name)
            priority = os.sched_getparam(thread).sched_priority
            found[thread] = os.sched_getscheduler(thread), priority
    return found
