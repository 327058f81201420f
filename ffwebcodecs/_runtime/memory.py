"""How much the caches of this process hold together, and how they are kept within a limit.

Whatever keeps pictures or open files only because they may be wanted again is a `MemoryHolder`. It
says how many bytes it holds, when what it would drop next was last used, and drops that when asked.
So what goes first is what nobody has used for longest, whichever cache has it.

Nobody holds a lock of another one here, and a holder that is busy is passed over: its own next
addition asks again. What destructors do (a holder goes) is one ``dict.pop``.
"""

from __future__ import annotations

import itertools
import os
import weakref
from functools import partial
from typing import Any, Protocol

next_use = itertools.count(1).__next__
"""Stamps uses, over all holders: what was stamped lower was used earlier."""


class MemoryHolder(Protocol):
    """What holds memory that it can do without; it must be possible to refer to it weakly.

    Its answers may be RuntimeErrors, as of dictionaries that another thread changes meanwhile: then
    it is passed over.
    """

    @property
    def _memory_kind(self) -> str:
        """What its bytes are called in a report: ``"frame caches"``."""
        ...

    def _memory_held(self) -> int:
        """Return the bytes that it holds now; without waiting for anybody."""
        ...

    def _memory_oldest(self) -> int | None:
        """Return the stamp (`next_use`) of what `_memory_drop` would drop; None: there is nothing,
        or nothing that can go now. Without waiting for anybody.
        """
        ...

    def _memory_drop(self) -> bool:
        """Drop what was used longest ago; return False if nothing was dropped: it is busy."""
        ...

    # _memory_is_cache = False
    # Of one that drops nothing: its bytes are reported, and do not count for the limit.

    # def _memory_frames(self) -> list[AVFrame]
    # Of one that has them: the frames whose bytes it counts, which then count nowhere else.


_holders: dict[int, weakref.ref[Any]] = {}
_limit: list[int] = []  # one number, or nothing: no limit


def watch(holder: MemoryHolder) -> None:
    """Count what `holder` holds, for as long as it lives; more than once is fine, and needed in a
    forked child for what it has from its parent.
    """
    key = id(holder)
    known = _holders.get(key)
    if known is None or known() is not holder:
        _holders[key] = weakref.ref(holder, partial(_holders.pop, key))


def holders() -> list[MemoryHolder]:
    """Return what is watched and alive."""
    # list() of a dictionary's values is one atomic step; a loop over it would not be.
    return [found for each in list(_holders.values()) if (found := each()) is not None]


def held(holder: MemoryHolder) -> int:
    """Return the bytes that it holds now; 0 of one that another thread changes."""
    try:
        return holder._memory_held()
    except RuntimeError:
        return 0


def is_cache(holder: MemoryHolder) -> bool:
    """Return whether it drops what it holds when there is a limit."""
    return bool(getattr(holder, "_memory_is_cache", True))


def _oldest(holder: MemoryHolder) -> int | None:
    try:
        return holder._memory_oldest()
    except RuntimeError:
        return None


def limit() -> int | None:
    """Return the limit in bytes; None: there is none."""
    for number in _limit:
        return number
    return None


def set_limit(number: int | None) -> None:
    """Set the limit, and drop what is too much."""
    _limit[:] = () if number is None else (number,)
    keep_within()


def keep_within() -> None:
    """Drop what is too much, oldest first; to be called after each addition, without holding a
    lock that a holder takes. Costs next to nothing without a limit.
    """
    if not _limit:
        return
    from heapq import heapify, heappop, heappush

    most = limit()
    known = list(filter(is_cache, holders()))
    sizes = {id(each): held(each) for each in known}
    total = sum(sizes.values())
    if most is None or total <= most:
        return
    line: list[tuple[int, int, MemoryHolder]] = []
    for place, each in enumerate(known):
        oldest = _oldest(each)
        if oldest is not None:
            line.append((oldest, place, each))
    heapify(line)
    while line and total > most:
        _, place, each = heappop(line)
        if not each._memory_drop():
            continue
        size = held(each)
        total += size - sizes[id(each)]
        sizes[id(each)] = size
        oldest = _oldest(each)
        if oldest is not None:
            heappush(line, (oldest, place, each))


if hasattr(os, "register_at_fork"):
    # What a child has from its parent is the parent's; what it adds to, it watches again.
    os.register_at_fork(after_in_child=_holders.clear)
