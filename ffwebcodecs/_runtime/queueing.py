"""The queue with a limit: who waits for room in it, and where nobody may.

A thread waits. The thread of an event loop never does: there a call is refused, and the loop's
tasks await `until_room`. Who waits stands in the epoch's line (`Epoch.rooms`), and ends as a flush
does: by a reset, a close, an error, or a stall of the pool. Taking a chunk wakes the first in line;
it then looks for itself, so that whatever is lost or interrupted on the way is only a moment lost.
"""

from __future__ import annotations

import threading
from functools import partial
from itertools import count
from typing import TYPE_CHECKING, Any

from .._av.atomic import together
from ..errors import InvalidStateError, QuotaExceededError
from .completion import Completion, running_loop
from .delivery import WAKE
from .driver import Driver, Owner
from .epoch import Epoch
from .parking import turn
from .pool import Lending
from .worker import Worker, this_thread


class Queueing(Worker):
    """The part of an engine that bounds its queue."""

    def __init__(
        self, driver: Driver, owner: Owner, lending: Lending | None, max_queue: int | None
    ) -> None:
        super().__init__(driver, owner, lending)
        self._action, self._queued = owner._action, owner._queued
        self.max_queue = max_queue
        self._number = count().__next__
        # Looking for room and taking it are one step. Nobody waits with it; reentrant, because the
        # garbage collector may run a destructor that decodes.
        self._reserving = threading.RLock()

    if TYPE_CHECKING:  # the engine's

        def _usable(self, action: str) -> Epoch: ...
        def why_not_wait(self, for_ever: bool) -> str | None: ...
        def why_unheard(self) -> str | None: ...
        def look_after(self) -> str | None: ...

    def _put_in(self, epoch: Epoch, number: int, message: list[Any]) -> bool:
        """Give the worker one more input; return False if there is no room for it."""
        limit = self.max_queue
        with self._reserving:
            if limit is not None and len(epoch.queue) >= limit:
                return False
            # In one step: a handler or destructor that comes between, and waits for room itself,
            # would wait for ever for an input that is counted and that the worker does not have.
            together(
                partial(epoch.queue.__setitem__, number, None), partial(self._mailbox.put, message)
            )
        if epoch.rooms:
            epoch.serve()
        return True

    def wait_for_room(self, place: int | None = None) -> int:
        """Wait until the queue may have room, in the line at `place`; return that place.

        Raises
        ------
        QuotaExceededError
            An event loop runs in this thread.
        InvalidStateError
            Waiting would not end: this is a callback; or the codec has been closed.
        AbortError, EncodingError, FramePoolExhaustedError
            Why waiting has ended.
        """
        limit = self.max_queue
        if limit is None:
            return 0
        if running_loop() is not None:
            raise QuotaExceededError(
                f"{self._full()}; nothing was queued: await ready() before {self._action}(), "
                "which does not block where an event loop runs"
            )
        if threading.current_thread() is self._thread:
            raise InvalidStateError(
                f"{self._full()}, and a callback cannot wait for room: it runs on the thread that "
                f"takes the {self._queued}; {self._action} elsewhere, or without max_queue"
            )
        if place is None:
            place = self._number()
        epoch = self._usable(self._action)
        room = self._room()
        try:
            self._join_line(epoch, room, place, limit)
            room.result()
        except BaseException:
            self._leave_line(epoch, room)
            raise
        finally:
            epoch.woken.pop(room, None)
            del self, epoch, room  # the traceback holds this frame
        return place

    def _full(self) -> str:
        return f"{self.max_queue} {self._queued} are queued, as many as max_queue allows"

    async def until_room(self, max_queue: int | None) -> None:
        """Wait until fewer than `max_queue` inputs are queued, by default as many as the codec
        allows, or 8; lets other tasks run in any case.
        """
        loop, epoch = running_loop(), self.epoch
        if loop is None:
            raise InvalidStateError(
                "only asyncio's event loops can await room in a queue, and none runs here: with "
                f"max_queue {self._action}() waits by itself in a thread "
                "(trio.to_thread.run_sync)"
            )
        limit = max_queue or self.max_queue or 8
        place, has_waited = self._number(), False
        try:
            while True:
                epoch = self._usable(self._action)
                others = not has_waited and (epoch.rooms or epoch.woken)
                if others or len(epoch.queue) >= limit:
                    await self._wait_in_line(epoch, place, limit)
                elif has_waited:
                    break
                else:
                    await turn()
                has_waited = True
            if epoch.rooms:
                # After what the task does now, which is to take its place.
                loop.call_soon(epoch.serve)
        finally:
            del self, loop, epoch

    async def _wait_in_line(self, epoch: Epoch, place: int, limit: int) -> None:
        room = self._room()
        try:
            self._join_line(epoch, room, place, limit)
            await room
        except BaseException:
            self._leave_line(epoch, room)
            raise
        finally:
            epoch.woken.pop(room, None)
            del self, epoch, room

    def _room(self) -> Completion[None]:
        room: Completion[None] = Completion(self._owner(), self)
        room._looked = True  # whoever waits is told; if that is interrupted, nobody has to be
        return room

    def _join_line(self, epoch: Epoch, room: Completion[None], place: int, limit: int) -> None:
        epoch.rooms[room] = place, limit
        lending = self._lending
        if lending is not None and lending.pool.wake is not None:
            self._mailbox.put(WAKE)  # a stall that has been reported gets its time again
        if epoch.followers:
            epoch.reject()  # whoever ended it may have been past this one
        elif not epoch.woken:  # else they serve when they have arrived
            epoch.serve()

    def _leave_line(self, epoch: Epoch, room: Completion[None]) -> None:
        epoch.rooms.pop(room, None)
        epoch.woken.pop(room, None)
        epoch.serve()

    def _closes_circle(self, for_ever: bool) -> bool:
        """Return whether this codec waits, over others, for the codec whose worker this thread is;
        if it does not, and waiting has no end of its own, note that it is waited for.
        """
        mine = this_thread()
        if mine is None:
            return False
        if for_ever:
            mine._waits_for = self  # before looking: of two that close a circle one sees it
        each: Worker | None = self
        seen: list[Worker] = []  # others may stand in a circle for a moment
        while each is not None and each not in seen:
            if each is mine:
                return True
            seen.append(each)
            each = each._waits_for
        return False

    def waited(self) -> None:
        """See `Deliverer`."""
        mine = this_thread()
        if mine is not None:
            mine._waits_for = None
