"""An outlet: where the output of a codec waits for the loop that goes over it.

A codec's epoch may have one; then the worker puts there what it would call the output callback
with, and who goes over it takes it out, in a thread or task of its own: nothing is called. The end
of the epoch, whatever it is, ends the outlet as well: after all that is in it if the codec has
failed, at once after a reset or close.

There is no lock. One side appends, the other takes out; what belongs to nobody any more is thrown
away by whoever comes last. An outlet holds neither the codec nor the loop.
"""

from __future__ import annotations

import weakref
from collections import deque
from typing import Any

from ..errors import AbortError
from .parking import Spot

# Inputs that wait for the codec, and outputs that wait for the loop, all together. With the frame
# or two that a loop holds, no more than the pool of a VideoDecoder usually has (16).
DEPTH = 14


class Outlet:
    """See the module.

    Attributes
    ----------
    boxes : deque of list
        Raw outputs, each in a list of one element.
    depth : int
        How much may wait, see `DEPTH`; 0: one that is waited for.
    """

    __slots__ = ("_is_dry", "_reader", "_writer", "boxes", "depth", "end")

    def __init__(self, depth: int = DEPTH) -> None:
        self.depth = depth
        self.boxes: deque[list[Any]] = deque()
        self.end: list[BaseException | None] = []  # the first one counts; None: all is given
        self._is_dry = False
        # Weakly: a task that its closed loop has forgotten holds what holds this.
        self._reader: weakref.ref[Spot] | None = None
        self._writer: weakref.ref[Spot] | None = None

    # ---- the worker's side -----------------------------------------------------------------------

    def put(self, box: list[Any]) -> None:
        """Let one more output wait."""
        self.boxes.append(box)
        self.hear()

    def hear(self) -> None:
        """Hear that there are more outputs in `boxes`."""
        if self._is_dry:
            self.boxes.clear()
        self._wake_reader()

    def taken(self, queued: int) -> None:
        """Hear that the codec has taken an input; `queued` are left."""
        if self._writer is not None and 2 * (queued + len(self.boxes)) <= self.depth:
            self.wake_writer()

    def finish(self, error: BaseException | None = None) -> None:
        """End it after what waits: with `error`, or because there is no more."""
        self.end.append(error)
        self._wake_reader()
        self.wake_writer()

    def abort(self, error: BaseException | None) -> None:
        """End it at once, unless an error ends it."""
        if not self.end or self.end[0] is None:
            self.end[:] = [error or AbortError("the codec was closed")]
            self.dry()
        self._wake_reader()
        self.wake_writer()

    def after_fork(self, error: BaseException) -> None:
        """End it in a process that has none of the threads; who waits is in the other one."""
        self._reader = self._writer = None
        self.abort(error)

    def dry(self) -> None:
        """Throw away what waits, and what still comes."""
        self._is_dry = True
        self.boxes.clear()

    @property
    def is_awaited(self) -> bool:
        """Whether somebody waits for output."""
        return self._reader is not None and self._reader() is not None

    def _wake_reader(self) -> None:
        reader, self._reader = self._reader, None
        spot = None if reader is None else reader()
        if spot is not None and not spot.wake():
            # The loop it waited on is closed: nobody comes back for it.
            self.end.append(AbortError("the event loop was closed"))
            self.dry()

    # ---- the other sides -------------------------------------------------------------------------

    def read_at(self, spot: Spot) -> bool:
        """Have `spot` woken when there is output, or the end; return whether neither is there."""
        self._reader = weakref.ref(spot)
        if self.boxes or self.end:
            self._reader = None
            return False
        return True

    def write_at(self, spot: Spot, queued: int) -> bool:
        """Have `spot` woken when there is room for more input; return whether there is none."""
        self._writer = weakref.ref(spot)
        if self.has_room(queued):
            self._writer = None
            return False
        return True

    def leave(self) -> None:
        """Wait no more for output."""
        self._reader = None

    def has_room(self, queued: int) -> bool:
        """Return whether one more input may be given while `queued` wait; also at the end."""
        return queued + len(self.boxes) < (self.depth or self.is_awaited) or bool(self.end)

    def wake_writer(self) -> None:
        """Let whoever waits for room look again."""
        writer, self._writer = self._writer, None
        spot = None if writer is None else writer()
        if spot is not None:
            spot.wake()
