"""After a fork: what the child has from its parent, and must leave alone.

A forked process has all of its parent's memory and none of its threads. Freeing a codec context
that had threads would wait for them for ever; reading a file that was open moves the place at which
the parent reads, for they share it; completing one would write into the parent's file. So in the
child every codec and file that the parent had open is *inherited*: using it raises
InvalidStateError, closing it does nothing, and its memory is the parent's and stays as it is. What
is plain memory (frames, chunks, bitmaps) works on.

Locks are made anew as well: the thread that held one at the fork is not there to release it. Of
those within FFmpeg, the encoders' libraries and Python's import that is not possible, and they are
held while a codec is being opened or a module imported; so a fork waits until no worker does.
"""

from __future__ import annotations

import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from operator import methodcaller
from typing import Any, Protocol

from .._ffi import ffi
from ..errors import InvalidStateError
from .ledger import Owned

_left_alone: list[Owned] = []
_watched: weakref.WeakSet[Watched] = weakref.WeakSet()


class Watched(Protocol):
    """What has something to do in a forked child."""

    def _after_fork(self) -> None: ...


def leave_alone(kind: Owned) -> Owned:
    """Return `kind`, of native objects that only the process that made them may free."""
    if kind not in _left_alone:
        _left_alone.append(kind)
    return kind


def watch(thing: Watched) -> None:
    """Call ``thing._after_fork()`` in a forked child, if it lives then."""
    _watched.add(thing)


class _Gate:
    """Open, but while a fork is made; `with` it to be waited for by forks.

    Each thread has a lock of its own, held by the thread while it is inside, and by a fork while
    that is made. What ``with`` calls is the lock's own, in C: a function of Python may be
    interrupted when it has locked and not yet returned, and nobody would ever unlock.
    """

    def __init__(self) -> None:
        self._locks: dict[int, Any] = {}  # by thread; as many as there were threads at once
        self._adding = threading.RLock()
        self._taken: list[Any] = []

    def _own(self) -> Any:
        thread = threading.get_ident()
        lock = self._locks.get(thread)
        if lock is None:
            with self._adding:  # not while a fork is made
                lock = self._locks.setdefault(thread, threading.RLock())
        return lock

    @property
    def __enter__(self) -> Callable[[], object]:
        enter: Callable[[], object] = self._own().__enter__
        return enter

    @property
    def __exit__(self) -> Callable[..., None]:  # noqa: PLE0302
        leave: Callable[..., None] = self._own().__exit__
        return leave

    def close(self) -> None:
        """Wait until nobody is inside, two seconds at most: a file may be a pipe without an end."""
        self._taken.extend(filter(methodcaller("acquire", True, 2), (self._adding,)))
        stop = time.monotonic() + 2
        for lock in list(self._locks.values()):
            left = max(0, stop - time.monotonic())
            self._taken.extend(filter(methodcaller("acquire", True, left), (lock,)))

    def open(self) -> None:
        """Let everybody in again."""
        deque(map(methodcaller("release"), iter(self._taken)), 0)
        self._taken.clear()


opening = _Gate()


def inherited(what: str) -> InvalidStateError:
    """Return the error for the use of something inherited."""
    return InvalidStateError(
        f"{what} belongs to the process that made it: this one is a fork of that, without its "
        "threads; make one here (or start processes with the 'spawn' method)"
    )


def _in_child() -> None:
    opening.__init__()  # type: ignore[misc]
    for kind in _left_alone:
        for holder in kind.abandon():
            for each in holder if isinstance(holder, tuple) else (holder,):
                ffi.gc(each, None)
    for thing in list(_watched):
        thing._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=opening.close, after_in_parent=opening.open, after_in_child=_in_child
    )
