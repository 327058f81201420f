"""Epochs: a codec's state, made so that nothing that interrupts can leave half of a change.

Ctrl-C, a signal's handler and the garbage collector come between any two bytecodes, and may use the
very codec that they interrupt. So there is no lock here, and no change takes two steps: an epoch
ends by getting a follower, which is one append to a list, and whoever appends first has decided.
What belongs together (the end, and a worker that is awake) is done in C (`_av.atomic`). All else
can be repeated: by the worker, which every change wakes, or by the next `close`.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from .._spec.codecs.state import CLOSED, CONFIGURED, UNCONFIGURED
from .._spec.types import CodecState
from ..errors import AbortError, InvalidStateError
from .completion import Completion
from .outlet import Outlet


class Epoch:
    """What lies between two calls of `reset`: all work in it ends with it.

    Parameters
    ----------
    base : str
        Its state before `configure`.
    why : BaseException or None
        Why the one before ended: what its flushes are rejected with.
    failing : bool
        `why` is an error that the error callback is still to be told, before those flushes.
    """

    __slots__ = (
        "asked",
        "base",
        "configs",
        "failing",
        "failure",
        "flushes",
        "followers",
        "outlets",
        "queue",
        "rooms",
        "why",
        "woken",
    )

    def __init__(
        self, base: CodecState, why: BaseException | None = None, failing: bool = False
    ) -> None:
        self.base = base
        self.why = why
        self.failing = failing
        # Emptied by the call of the error callback, so that there is one.
        self.failure: list[BaseException | None] = [why] if failing else []
        self.configs: deque[Any] = deque(maxlen=1)  # the last one given
        self.queue: dict[int, None] = {}  # the numbers of the inputs that wait
        self.flushes: dict[Completion[None], None] = {}
        self.asked = -1  # the number of the last flush among those of the inputs
        # Those that wait for room in the queue, with their place in the line, and the size that the
        # queue has to be below.
        self.rooms: dict[Completion[None], tuple[int, int]] = {}
        self.woken: dict[Completion[None], None] = {}  # of those, who are on their way to the queue
        self.followers: list[Epoch] = []  # the first one counts; of a closed epoch there is none
        self.outlets: list[Outlet] = []  # the first one counts: output goes there, to no callback

    @property
    def state(self) -> CodecState:
        """The codec's state, while this is the current epoch."""
        return CONFIGURED if self.configs else self.base

    @property
    def is_unflushed(self) -> bool:
        """Whether inputs wait that came after the last flush."""
        return any(number > self.asked for number in list(self.queue)[-1:])

    @property
    def is_awaited(self) -> bool:
        """Whether anybody waits for what comes out."""
        return bool(self.flushes or self.rooms) or any(outlet.is_awaited for outlet in self.outlets)

    def reject(self) -> bool:
        """Reject the flushes of an epoch that has ended, waits for room, and whoever goes over its
        output; return whether nothing hinders it.
        """
        follower = self.followers[0]
        if follower.failing:
            return False
        why = follower.why
        pending = self.pending()
        if why is None and pending:
            if follower.base == CLOSED:
                why = InvalidStateError("the codec is closed")
            else:
                why = AbortError("the codec was reset")
        self.finish(pending, why)
        for outlet in self.outlets:
            outlet.abort(why)
        # It has the traceback of whoever was told, and that has the codec.
        follower.why = None
        return True

    def pending(self) -> list[Completion[None]]:
        """Return the flushes, and those that wait for room."""
        return [*self.flushes, *self.rooms]

    def finish(self, pending: list[Completion[None]], error: BaseException | None) -> None:
        """End what is `pending`; it is forgotten after it has been told, so another may go on with
        it.
        """
        for completion in pending:
            completion._finish(error)
            self.flushes.pop(completion, None)
            self.rooms.pop(completion, None)

    def serve(self) -> None:
        """Wake those that wait for room, first come first served, as many as there is room for.

        One that was woken may find that another was faster, or may have been interrupted: so who
        has taken a place, or leaves without, serves as well.
        """
        # Not of its items: the tuples might set off the garbage collector, which may change it.
        size, line = len(self.queue), list(self.rooms)
        if len(line) > 1:
            line.sort(key=self._place)
        for room in line:
            if size < self.rooms.get(room, (0, 0))[1]:
                self.woken[room] = None
                if self.rooms.pop(room, None) is None:
                    self.woken.pop(room, None)  # it was served by another, or has left
                    continue
                room._finish()
                size += 1

    def _place(self, room: Completion[None]) -> int:
        return self.rooms.get(room, (0, 0))[0]

    def serve_again(self) -> None:
        """Make up for what was interrupted: wake those again who have not come, and do not count on
        them any more.
        """
        for room in list(self.woken):
            room._finish()
            self.woken.pop(room, None)
        self.serve()


def first() -> Epoch:
    """Return the epoch that a codec begins with."""
    return Epoch(UNCONFIGURED)
