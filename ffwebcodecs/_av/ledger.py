"""The ledger: how many native objects of each kind are alive.

Counting happens in destructors, which the garbage collector may run between any two bytecodes of
any thread, also while that thread holds a lock of ours. So a count must neither take a lock nor be
a read-modify-write in Python: ``itertools.count`` steps atomically in C, and a kind keeps two of
them that only ever go up.
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from .._ffi import ffi

_T = TypeVar("_T")
_MANY = 64


class Kind:
    """One kind of native object; `made` and `freed` may be called from any thread, destructors
    included.
    """

    __slots__ = ("_freed_reads", "_made_reads", "freed", "made", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.made: Callable[[], int] = itertools.count().__next__
        self.freed: Callable[[], int] = itertools.count().__next__
        self._made_reads = 0
        self._freed_reads = 0

    def _live(self) -> int:
        # Reading steps the counter too, so the number of reads is taken off again. Freed first: an
        # object that is made and freed between the two lines is then counted as alive at worst,
        # never as -1.
        freed = self.freed() - self._freed_reads
        made = self.made() - self._made_reads
        self._freed_reads += 1
        self._made_reads += 1
        return made - freed


class Owned(Kind):
    """A kind whose objects are freed without a Python function.

    Python looks for signals at the start of each Python function, and drops what a destructor
    raises: a Ctrl-C that arrives while a big frame is freed would hit the next destructor before
    its first line, and what that one was to free would leak. So there is no Python function on the
    way: the owner's destructor is ``dict.pop``, and what it takes out is freed by FFmpeg's own. A
    codec context waits for its threads meanwhile: a Ctrl-C that comes then is seen afterwards.
    """

    __slots__ = ("_forget", "_kept")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._kept: dict[Any, bool] = {}  # by holder; False: left to whoever else frees it
        self._forget: Callable[..., object] = self._kept.pop

    def own(self, ptr: _T, holder: Any, size: int) -> _T:
        """Return the owner of `ptr`: when it goes, `holder` does, and that frees it.

        `size` is a hint for garbage collectors that want one.
        """
        # Called with `ptr` too, which `pop` takes for what to return if there is no entry: if an
        # interrupt comes before the next line.
        owner: _T = ffi.gc(ptr, partial(self._forget, holder), size)
        self._kept[holder] = True
        return owner

    def abandon(self) -> list[Any]:
        """Leave all that is alive to whoever else frees it, not counted any more, and return what
        would have freed it.
        """
        holders = [holder for holder, counted in self._kept.items() if counted]
        self._kept.update(dict.fromkeys(self._kept, False))  # their owners still forget them
        return holders

    def _live(self) -> int:
        return list(self._kept.values()).count(True)


class Lent(Kind):
    """Python's memory that FFmpeg reads; `let_go`, of C, may be called from any thread.

    `let_go(token, anything)` puts something else in the place of what is kept under the token, for
    of all functions of C that end a reference only this one takes what FFmpeg calls it with, and
    returns None. The places are given up when there are as many as things that are kept.
    """

    __slots__ = ("_kept", "_next_tidying", "let_go")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._kept: dict[Any, Any] = {}
        self.let_go: Callable[[Any, Any], None] = self._kept.__setitem__
        self._next_tidying = _MANY

    def keep(self, token: Any, exported: Any) -> None:
        """Keep `exported`, an array of C over somebody's memory, until `token` is let go."""
        self._kept[token] = exported
        if len(self._kept) >= self._next_tidying:
            for each, kept in list(self._kept.items()):
                if not _is_export(kept):
                    self._kept.pop(each, None)
            self._next_tidying = 2 * len(self._kept) + _MANY

    def _live(self) -> int:
        return sum(map(_is_export, list(self._kept.values())))


def _is_export(kept: Any) -> bool:
    return bool(ffi.typeof(kept).kind == "array")


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=lambda: globals().update(_lock=threading.RLock()))

_kinds: dict[str, Kind] = {}
_lock = threading.RLock()


def kind(name: str) -> Kind:
    """Return the kind `name`, made on first use."""
    with _lock:
        if name not in _kinds:
            _kinds[name] = Kind(name)
        return _kinds[name]


def owned(name: str) -> Owned:
    """Return the kind `name`, made on first use, of objects freed without a Python function."""
    with _lock:
        kind = _kinds.get(name)
        if not isinstance(kind, Owned):
            kind = _kinds[name] = Owned(name)
        return kind


def lent(name: str) -> Lent:
    """Return the kind `name`, made on first use, of memory that is Python's own."""
    with _lock:
        kind = _kinds.get(name)
        if not isinstance(kind, Lent):
            kind = _kinds[name] = Lent(name)
        return kind


def live() -> dict[str, int]:
    """Return the number of live objects of each kind, zeros included."""
    with _lock:
        return {name: each._live() for name, each in _kinds.items()}
