"""Delivery: how outputs, errors and events reach the program.

Without an event loop, a callback is called on the worker, as soon as there is something to say.
With one, what there is to say is queued, and the loop is woken once for all that is ready. Before
each callback the epoch is looked at, so that none begins once `reset` or `close` has returned.

Outputs and callbacks' exceptions travel in one-element lists and are taken out at the last moment:
an exception keeps the local variables of every function it went through, and they must not keep
frames.
"""

from __future__ import annotations

import weakref
from collections import deque
from collections.abc import Callable
from functools import partial
from itertools import islice
from queue import SimpleQueue
from typing import Any

from .._av.atomic import together
from .._spec.codecs.state import CLOSED
from .completion import Completion, running_loop
from .driver import Driver, Owner
from .epoch import Epoch, first
from .pool import Lending

# A message of no epoch: it makes a waiting worker look again.
WAKE = (None, None, None)
# Another: the loop has dropped a wake-up, because it is closed, or was interrupted in it.
WAKEUP_LOST = (None, None, 1)


class Delivery:
    """The half of an engine that calls the program; `Engine` is the other half.

    Callbacks belong to the public codec, which is reached through a weak reference: it is held
    while a callback runs, and never in between.
    """

    # The other half's.
    _driver: Driver
    _lending: Lending | None
    _mailbox: SimpleQueue[Any]
    _free: Callable[[], None]
    _announce_dequeue: Callable[[], None]

    def __init__(self, owner: Owner) -> None:
        self._owner = weakref.ref(owner)
        self._loop = running_loop()
        self._outbox: deque[tuple[Any, ...]] = deque()  # for the loop
        self._outbox_scheduled = False
        self._wakeups: dict[int, weakref.ref[_Wakeup]] = {}  # that are on the loop
        self._undelivered: deque[None] = deque()  # as long as there are outputs in the outbox
        self._dequeue_due = False
        self._epoch = self._unsettled = first()

    # ---- the state -------------------------------------------------------------------------------

    @property
    def epoch(self) -> Epoch:
        """The current epoch."""
        epoch = self._epoch
        while epoch.followers:
            epoch = self._epoch = epoch.followers[0]
        return epoch

    def _follow(self, epoch: Epoch, follower: Epoch) -> bool:
        """End `epoch` with `follower`, unless it has ended; the worker is woken by the same."""
        if epoch.followers or epoch.base == CLOSED:
            return False
        together(partial(epoch.followers.append, follower), partial(self._mailbox.put, WAKE))
        return epoch.followers[0] is follower

    def _end(self, follower: Epoch) -> bool:
        """Close the codec with `follower`, whatever epoch it is; return whether that was to do."""
        while (epoch := self.epoch).base != CLOSED:
            if self._follow(epoch, follower):
                return True
        return False

    def _settle(self) -> None:
        """Reject all flushes of epochs that have ended, but for those that have to wait for the
        error callback; to be repeated by whoever is interrupted.
        """
        epoch = self._unsettled
        while epoch.followers and epoch.reject():
            epoch = self._unsettled = epoch.followers[0]

    # ---- outputs and events ----------------------------------------------------------------------

    def _hand_over(self, epoch: Epoch, box: list[Any]) -> None:
        if epoch.outlets:
            epoch.outlets[0].put(box)
        elif self._loop is None:
            self._call_output(epoch, box)
        else:
            self._undelivered.append(None)
            self._post(epoch, self._call_output_later, box)

    def _call_each(self, epoch: Epoch, outputs: deque[Any], numbers: deque[int]) -> None:
        """Hand over outputs, without a loop, for as long as nothing is special, with as few calls
        as can be; `numbers` are of the inputs that they came of, each taken as its output goes.
        """
        queue, followers, rooms = epoch.queue, epoch.followers, epoch.rooms
        outlets, find_owner = epoch.outlets, self._owner
        pool = None if self._lending is None else self._lending.pool
        while outputs and not (followers or outlets):
            # Nothing is on its way here, so none but those that are out count; and nobody else
            # lends, so there may be more room later, but not less.
            room = len(outputs) if pool is None else pool.room_for(len(outputs), 0)
            if room < 1:
                return
            for _ in range(room):
                owner = find_owner()
                if numbers:
                    queue.pop(numbers.popleft(), None)
                    if rooms:
                        epoch.serve()
                    if owner is not None and owner.on_dequeue is not None:
                        self._announce_dequeue()
                        if followers:
                            return
                output = None if owner is None else owner._output
                if owner is None or output is None:
                    outputs.popleft()
                    continue
                try:
                    output(*owner._wrap(outputs.popleft()))
                except BaseException as error:
                    self._callback_failed(error)
                # It is held while a callback runs, and never in between.
                del owner, output
                if followers or outlets:
                    return

    def _put_each(self, epoch: Epoch, outputs: deque[Any], numbers: deque[int]) -> None:
        """Put outputs into the outlet, for as long as there is room for them, and wake whoever
        waits there once: a thread that is woken for each waits for the GIL in between.
        """
        outlet, queue, followers = epoch.outlets[0], epoch.queue, epoch.followers
        pool = None if self._lending is None else self._lending.pool
        has_room = None if pool is None or pool.capacity is None else pool.room
        boxes, before = outlet.boxes, len(numbers)
        while outputs and not followers and (has_room is None or has_room(len(boxes))):
            if numbers:
                queue.pop(numbers.popleft(), None)
            boxes.append([outputs.popleft()])
        outlet.hear()
        if len(numbers) == before or followers:
            return
        outlet.taken(len(queue))
        if epoch.rooms:
            epoch.serve()
        self._announce_dequeue()

    def _post(self, epoch: Epoch, task: Callable[[Epoch, Any], object], argument: Any) -> None:
        """Run `task` where the callbacks belong: here on the worker, or on the loop."""
        loop = self._loop
        if loop is None:
            task(epoch, argument)
            return
        self._outbox.append((epoch, task, argument))
        if not self._outbox_scheduled:
            self._wake_loop()

    def _wake_loop(self) -> None:
        self._outbox_scheduled = True
        try:
            wakeup = _Wakeup(self)
            # No destructor in Python, which a signal's exception would end: a call in C.
            lost = partial(self._mailbox.put, WAKEUP_LOST)
            self._wakeups[id(wakeup)] = weakref.ref(wakeup, lost)
            self._loop.call_soon_threadsafe(wakeup)
        except RuntimeError:
            pass  # the loop is closed, and the wake-up has said so by going
        except BaseException:
            self._outbox_scheduled = False
            raise

    def _empty_outbox(self) -> None:
        self._outbox_scheduled = False
        outbox = self._outbox
        for _ in range(len(outbox)):  # what arrives meanwhile gets its own wake-up
            try:
                epoch, task, argument = outbox.popleft()
            except IndexError:
                return
            task(epoch, argument)

    def _drop_outbox(self) -> None:
        while self._outbox:
            try:
                _, task, _ = self._outbox.popleft()
            except IndexError:
                return
            if task == self._call_output_later:
                self._arrived()

    def _call_output_later(self, epoch: Epoch, box: list[Any]) -> None:
        try:
            self._call_output(epoch, box)
        finally:
            self._arrived()

    def _arrived(self) -> None:
        if self._undelivered:
            self._undelivered.popleft()
        lending = self._lending
        if lending is not None and lending.pool.wake is not None:
            self._mailbox.put(WAKE)

    def _call_output(self, epoch: Epoch, box: list[Any]) -> None:
        owner = self._owner()
        if owner is None or epoch.followers or owner._output is None:
            return
        try:
            owner._output(*owner._wrap(box.pop()))
        except BaseException as error:
            self._callback_failed(error)

    def _finish_flush(self, epoch: Epoch, completion: Completion[None]) -> None:
        if epoch.followers or completion not in epoch.flushes:
            return  # rejected meanwhile
        epoch.finish([completion], None)

    def _call_dequeue(self, _epoch: Epoch, _argument: None) -> None:
        self._dequeue_due = False
        # An event of an older epoch stands for that of the reset as well.
        owner = self._owner()
        if owner is None or self.epoch.base == CLOSED or owner.on_dequeue is None:
            return
        try:
            owner.on_dequeue()
        except BaseException as error:
            self._callback_failed(error)

    # ---- errors ----------------------------------------------------------------------------------

    def _callback_failed(self, error: BaseException) -> None:
        """A callback raised: the codec closes, and `error` goes to the error callback, as the
        codec's own would.
        """
        trace = error.__traceback__
        if trace is not None:
            error.__traceback__ = trace.tb_next  # begin with the program's code, not with ours
        shown = error
        if not isinstance(error, Exception):
            shown = RuntimeError(f"a callback raised {error!r}")
        if not self._close_with_error(None, shown) and isinstance(error, Exception):
            unraisable(error)  # it closed the codec itself: no error callback any more
        if not isinstance(error, Exception) and self._loop is not None:
            raise error  # Ctrl-C belongs to the loop's thread

    def _close_with_error(self, epoch: Epoch | None, error: BaseException) -> bool:
        """Close, call the error callback, then reject the pending flushes (spec 1.9, "close with an
        error"); return whether that was to do. An epoch of None is whatever epoch it is.
        """
        follower = Epoch(CLOSED, error, failing=True)
        done = self._end(follower) if epoch is None else self._follow(epoch, follower)
        if done:
            self._report()
        return done

    def _report(self) -> None:
        """Do what is left to do after a close with an error; to be repeated after an
        interruption.
        """
        closed = self.epoch
        try:
            self._free()
            self._drop_outbox()
        finally:
            try:
                self._call_error(closed)
            finally:
                closed.failing = False
                self._settle()
                self._mailbox.put(WAKE)

    def _call_error(self, closed: Epoch) -> None:
        owner = self._owner()
        if owner is None or not closed.failure:
            closed.failure.clear()
            return
        outlets = self._ended_by(closed).outlets
        tell = outlets[0].finish if outlets else owner._error
        if tell is None:
            return  # kept for whoever asks for output
        try:
            # Taken out and told in one step, in C.
            deque(map(tell, islice(iter(closed.failure.pop, None), 1)), 0)
        except BaseException as raised:
            if self._loop is not None and not isinstance(raised, Exception):
                raise
            unraisable(raised)

    def _ended_by(self, follower: Epoch) -> Epoch:
        """Return the epoch that was followed by this one."""
        epoch = self._unsettled
        while epoch.followers and epoch.followers[0] is not follower:
            epoch = epoch.followers[0]
        return epoch

    def _report_again(self, _epoch: Epoch, _argument: None) -> None:
        if self.epoch.failing:
            self._report()

    def _interrupted(self, error: BaseException) -> None:
        """Something that no callback raised came between two of them, on the loop's thread."""
        self._close_with_error(None, described("the delivery", error))
        self._report_again(self.epoch, None)


class _Wakeup:
    """What waits on the loop to empty an outbox; if it goes without, the worker is told."""

    __slots__ = ("__weakref__", "_delivery")

    def __init__(self, delivery: Delivery) -> None:
        self._delivery = delivery

    def __call__(self) -> None:
        delivery = self._delivery
        try:
            delivery._empty_outbox()
        except BaseException as error:
            delivery._interrupted(error)
            raise
        finally:
            delivery._wakeups.pop(id(self), None)


def described(what: str, error: BaseException) -> Exception:
    """Return the error to report when `what` was ended by `error`."""
    if isinstance(error, Exception):
        # Its traceback would keep the chunk that failed alive for as long as the program keeps the
        # error.
        return error.with_traceback(None)
    return RuntimeError(f"{what} was interrupted by {error!r}")


class _Unraisable:
    """Raises as it goes: there is no other way to give sys.unraisablehook what it demands."""

    __slots__ = ("_error",)

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def __del__(self) -> None:
        error = self._error
        try:
            raise error
        finally:
            del error, self  # the traceback holds them


def unraisable(error: BaseException) -> None:
    _Unraisable(error)
