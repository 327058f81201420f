"""Which slots of a block are free, by whom the others are held, and who waits for one.

The owner alone gives slots out. Whether a slot is held the kernel says (its lock), whether it was
opened the slot itself does, and when its ticket ends is known here. A slot that a thread of the
owner is filling is known by a *filling*, a weak reference: what an interrupt breaks off gives its
slot back by being dropped.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable
from contextlib import suppress
from math import inf
from typing import TypeVar

from .._av import forked
from .._av.frames import shared_memory as memory
from .._spec.frames.slots import TAKEN_AT, SlotHeader, Taken
from ..errors import InvalidStateError

_TAKEN_SIZE = len(Taken(0, 0, 0, 0.0).to_bytes())
_MOST_NAMED = 4
T = TypeVar("T")


class Filling:
    """A slot that is being filled; it is this thread's for as long as this lives."""

    __slots__ = ("__weakref__", "generation", "offset", "slot")

    def __init__(self, slot: int, offset: int) -> None:
        self.slot = slot
        self.offset = offset
        self.generation = 0


class SlotTable:
    """The slots of one block, which it makes and closes."""

    __slots__ = (
        "__weakref__",
        "_closed",
        "_deadlines",
        "_fillings",
        "_generations",
        "_has_ended",
        "_is_fork",
        "_last",
        "_lock",
        "_slots",
        "block",
        "size",
        "token",
    )

    def __init__(self, slots: int, size: int) -> None:
        self.token = os.urandom(16)
        self.size = size  # of a slot, in bytes
        self.block = memory.SharedBlock("ffwebcodecs-shared-frames", slots * size)
        self._slots = slots
        self._generations = [0] * slots
        self._deadlines = [0.0] * slots
        self._fillings: dict[int, weakref.ref[Filling]] = {}
        self._last = slots - 1
        self._closed = self._is_fork = self._has_ended = False
        # Held for looks at the slots only. Reentrant: so is a signal's handler that puts a frame.
        self._lock = threading.RLock()

    def after_fork(self) -> None:
        """Let go of the block in a forked child, so that its memory does not wait for the child."""
        self._lock = threading.RLock()
        was_closed, self._closed, self._is_fork = self._closed, True, True
        # A signal's handler may fork while a slot is being filled, and return in the child as well.
        if not was_closed and not self._is_busy():
            self.block.close()

    def _while_open(self, look: Callable[[], T]) -> T:
        """Return what a look at the slots gives; a signal's handler may close them meanwhile."""
        with self._lock:
            self.require_open()
            try:
                return look()
            except (OSError, ValueError):  # of a descriptor that is closed
                self.require_open()
                raise

    def take(self) -> Filling | None:
        """Return a free slot, locked for the others; None if there is none."""
        return self._while_open(self._take)

    def _take(self) -> Filling | None:
        for step in range(1, self._slots + 1):
            slot = (self._last + step) % self._slots
            if self._is_filling(slot) or not self._is_over(slot):
                continue
            offset = slot * self.size
            filling = Filling(slot, offset)
            self._fillings[slot] = weakref.ref(filling)
            # Since the look somebody may have opened it, or a signal's handler put a frame into
            # it or closed all. From here on it is ours.
            self.require_open()
            if not self.block.lock(offset):
                continue
            if not self._is_over(slot):
                self.block.unlock(offset)
                continue
            self._generations[slot] = filling.generation = self._generations[slot] + 1
            self._deadlines[slot] = 0.0
            self._write(filling, 0, 0, 0.0)
            self._last = slot
            return filling
        return None

    def offer(self, filling: Filling, pixels: int, said: int, timeout: float | None) -> None:
        """Let others open a slot that is full."""
        if self._is_fork:
            raise forked.inherited("the SharedFrames")
        deadline = inf if timeout is None else memory.now() + timeout
        self._write(filling, pixels, said, deadline)
        self._deadlines[filling.slot] = deadline

    def leave(self, filling: Filling) -> None:
        """Unlock a slot that is full, or will not be."""
        if self._is_fork:
            return
        with self._lock:
            self.block.unlock(filling.offset)
            self._fillings.pop(filling.slot, None)
            if self._closed and not self._is_busy():
                self._end()

    def _write(self, filling: Filling, pixels: int, said: int, deadline: float) -> None:
        block = self.block
        header = SlotHeader(
            self.token,
            filling.generation,
            deadline,
            self.size,
            pixels,
            said,
            filling.slot,
            block.bell.reader,
            block.bell_inode,
        )
        block.write(header.to_bytes(), filling.offset)

    def _is_filling(self, slot: int) -> bool:
        filling = self._fillings.get(slot)
        return filling is not None and filling() is not None

    def _is_busy(self) -> bool:
        return any(map(self._is_filling, list(self._fillings)))

    def _is_over(self, slot: int) -> bool:
        """Return whether nobody may open what lies in a slot any more; somebody may have done."""
        if memory.now() > self._deadlines[slot]:  # as of one that was never full
            return True
        return self._taken(slot).generation == self._generations[slot]

    def _taken(self, slot: int) -> Taken:
        return Taken.parse(self.block.read(_TAKEN_SIZE, slot * self.size + TAKEN_AT))

    def _is_free(self, slot: int) -> bool:
        if self._is_filling(slot) or not self._is_over(slot):
            return False
        return not self.block.is_locked(slot * self.size)

    def count_free(self) -> int:
        """Return how many slots a frame could be put into now."""
        return self._while_open(lambda: sum(map(self._is_free, range(self._slots))))

    def sleep(self, most: float) -> None:
        """Wait until a slot may have come back, for so many seconds at most."""
        now = memory.now()
        # Until a ticket ends that nobody has opened; maybe somebody has.
        first = min((each - now for each in self._deadlines if each > now), default=inf)
        self.block.wait(min(most, first))
        with suppress(InvalidStateError):
            self._while_open(self.block.quieten)

    def holders(self) -> str:
        """Return who holds the slots, for people."""
        held = self._while_open(lambda: list(filter(None, map(self._holder, range(self._slots)))))
        rest = len(held) - _MOST_NAMED
        return "; ".join(held[:_MOST_NAMED]) + (f"; and {rest} more" if rest > 0 else "")

    def _holder(self, slot: int) -> str:
        if self._is_free(slot):
            return ""
        if self._is_filling(slot):
            return f"slot {slot} is being filled"
        taken = self._taken(slot)
        if taken.generation != self._generations[slot]:
            left = self._deadlines[slot] - memory.now()
            end = "" if left == inf else f", which ends in {left:.1f} s"
            return f"slot {slot} waits for its ticket to be opened{end}"
        since = f"for {memory.now() - taken.time:.1f} s"
        if taken.pid == os.getpid():
            return f"slot {slot} is held by this process or a fork of it {since}"
        if memory.started(taken.pid) == taken.started:
            return f"slot {slot} is held by process {taken.pid} or a fork of it {since}"
        return f"slot {slot} is held by a fork of process {taken.pid}, which has ended, {since}"

    def require_open(self) -> None:
        """Raise InvalidStateError if it is closed."""
        if self._closed:
            raise InvalidStateError("the SharedFrames is closed")

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def close(self) -> None:
        """Give the memory of what nobody holds back, and close the block when no thread fills a
        slot any more.
        """
        with self._lock:
            if self._closed:
                return
            self._closed = True
            if not self._is_busy():  # else the last one does it
                self._end()

    def _end(self) -> None:
        if self._has_ended:
            return
        self._has_ended = True
        for slot in range(self._slots):
            offset = slot * self.size
            if self.block.lock(offset):
                self.block.give_away(offset, self.size)
                # Nothing is left there to open. Thousands of locks would make each a slow one.
                self.block.unlock(offset)
        self.block.close()
