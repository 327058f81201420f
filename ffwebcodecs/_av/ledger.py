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
from itertools import repeat
from typing import Any, TypeVar

from .._ffi import ffi
from .keeping import Keeper

_T = TypeVar("_T")
_MANY = 16


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
    way: when the owner goes, ``dict.pop`` is called, and what it takes out is freed by FFmpeg's
    own. A codec context waits for its threads meanwhile: a Ctrl-C that comes then is seen after.
    """

    __slots__ = ("_held", "_inherited", "_keeper", "_left", "_others")

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._keeper = Keeper()
        self._inherited: frozenset[Any] = frozenset()  # of a forked child: its parent's
        self._others: Callable[[], int] | None = None
        self._held: Callable[[], list[Any]] = list
        self._left: list[Any] = []  # to whoever else frees it

    def own(self, ptr: _T, holder: Any) -> _T:
        """Return the owner of `ptr`: when it goes, `holder` does, and that frees it."""
        owner: _T = ffi.cast(ffi.typeof(ptr), ptr)
        self._keeper.keep(holder, owner)
        return owner

    def own_each(self, ptrs: list[_T], holders: list[Any]) -> list[_T]:
        """Do the same for several pointers of one type; it costs less."""
        owners: list[_T] = list(map(ffi.cast, repeat(ffi.typeof(ptrs[0])), ptrs))
        self._keeper.keep_each(holders, owners)
        return owners

    def count_also(self, others: Callable[[], int], held: Callable[[], list[Any]]) -> None:
        """Count those too that C makes, frees and counts; `held` lists those that this process has
        made, each with its ``ptr``.
        """
        self._others, self._held = others, held

    def abandon(self) -> list[Any]:
        """Leave all that is alive to whoever else frees it, not counted any more, and return what
        would have freed it.
        """
        kept = self._keeper.kept
        holders = list(filter(None, kept.values()))
        self._left += holders
        kept.update(dict.fromkeys(kept))  # their owners still forget them
        return holders

    def alive(self) -> list[Any]:
        """Return what will free each object that this process has made, not that it has from its
        parent; nothing is freed as long as the list is there.
        """
        kept = self._keeper.kept.copy()  # in one step, and without making a tuple
        found = [box for key, box in kept.items() if box is not None and key not in self._inherited]
        return found + [(each.ptr,) for each in self._held()]

    def _after_fork(self) -> None:
        self._inherited = frozenset(self._keeper.kept)

    def _live(self) -> int:
        values = list(self._keeper.kept.values())
        others = 0 if self._others is None else self._others()
        return len(values) - values.count(None) + others


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


_kinds: dict[str, Kind] = {}
_lock = threading.RLock()


def _in_child() -> None:
    global _lock
    _lock = threading.RLock()
    for each in _kinds.values():
        if isinstance(each, Owned):
            each._after_fork()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_in_child)


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
