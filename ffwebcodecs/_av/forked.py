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
import weakref
from typing import Protocol

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
    """Open, but while a fork is made; `with` it to be waited for by forks."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._inside = 0
        self._forks = 0

    def __enter__(self) -> None:
        with self._changed:
            while self._forks:
                self._changed.wait()
            self._inside += 1

    def __exit__(self, *exc_info: object) -> None:
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    def close(self) -> None:
        """Wait until nobody is inside, two seconds at most: a file may be a pipe without an end."""
        with self._changed:
            self._forks += 1
            self._changed.wait_for(lambda: not self._inside, 2)

    def open(self) -> None:
        with self._changed:
            self._forks -= 1
            self._changed.notify_all()


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
