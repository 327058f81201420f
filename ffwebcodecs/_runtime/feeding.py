"""Feeding a codec for a loop over its output: from an iterator on a thread of its own, or from an
asynchronous one in a task of its own. In the thread that goes over the output a plain loop does it.

The next input is asked for when there is room for it. What feeds holds the codec while it gives it
something only: a source may be waited in for ever.
"""

from __future__ import annotations

import atexit
import sys
import threading
import time
import weakref
from collections.abc import AsyncIterable, Awaitable, Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any, Protocol

from ..errors import AbortError
from . import ending
from .completion import running_loop
from .delivery import unraisable
from .parking import Spot, TaskSpot, ThreadSpot, soon, trio_here, turn

_LOOK = 1.0  # seconds after which a waiting thread looks again
_GRACE = 0.3  # seconds that a source has to come back when its output is no longer wanted


class Intake(Protocol):
    """Where the input goes."""

    is_finished: bool
    """Whether `finish` was called."""

    def is_over(self) -> bool:
        """Return whether no more is wanted."""

    def has_room(self) -> bool:
        """Return whether one more is wanted now, or none any more."""

    def wait_at(self, spot: Spot) -> bool:
        """Have `spot` woken when there is room, or no more is wanted; return whether there is
        none.
        """

    def give(self, box: list[Any]) -> None:
        """Give what is in the box, which is taken out."""

    def discard(self, box: list[Any]) -> None:
        """Let go of what is in the box."""

    def stop(self) -> None:
        """Want no more."""

    def finish(self, error: BaseException | None) -> None:
        """Say that there is no more, because of `error` if it is one."""


_running: weakref.WeakKeyDictionary[threading.Thread, weakref.ref[Intake]] = (
    weakref.WeakKeyDictionary()
)


class Feeder:
    """Something that feeds, as its owner sees it; the thread or the task does not hold it.

    Attributes
    ----------
    state : FeederState
    stop : callable
        Ends the waiting for input, from any thread.
    """

    __slots__ = ("state", "stop")

    def __init__(self, state: FeederState, stop: Callable[[], object]) -> None:
        self.state = state
        self.stop = stop

    async def settled(self) -> None:
        """Wait until it has ended, which is soon after no more is wanted, but not for long."""
        spot = TaskSpot()
        self.state.at_end = spot
        if not self.state.is_done:
            await soon(spot, _GRACE)


class FeederState:
    """Whether it has ended."""

    __slots__ = ("at_end", "is_done")

    def __init__(self) -> None:
        self.is_done = False
        self.at_end: Spot | None = None

    def done(self) -> None:
        """Say that it has."""
        self.is_done = True
        if self.at_end is not None:
            self.at_end.wake()


def feed_once(steps: Iterator[Any], intake: Intake) -> bool:
    """Give one item of `steps`, in this thread; return whether there may be more."""
    box: list[Any] = []
    try:
        box += islice(steps, 1)
        if intake.is_over():
            return False
        if box:
            intake.give(box)
            return True
        intake.finish(None)
    except Exception as error:
        _failed(intake, error)
    finally:
        intake.discard(box)
    return False


def _failed(intake: Intake, error: BaseException) -> None:
    if not intake.is_over():
        trace = error.__traceback__
        # It begins with the program's code: ours holds the source, and who is told.
        intake.finish(error.with_traceback(trace and trace.tb_next))


def feed_on_thread(source: Iterable[Any], intake: Intake) -> Feeder:
    """Begin to feed from a plain iterable."""
    import contextvars

    state = FeederState()
    thread = threading.Thread(
        target=contextvars.copy_context().run,
        args=(_feed, [source], intake, state),
        name="ffwebcodecs-source",
        daemon=True,
    )
    _running[thread] = weakref.ref(intake)
    thread.start()
    return Feeder(state, _nothing)


def _nothing() -> None: ...


@atexit.register
def _end_all() -> None:
    """Let nobody read a file when the libraries that it uses are taken apart."""
    ending.announce()
    running = list(_running.items())
    for _, ref in running:
        intake = ref()
        if intake is not None:
            intake.stop()
    until = time.monotonic() + _GRACE
    for thread, _ in running:
        thread.join(max(0.0, until - time.monotonic()))


def _feed(box: list[Iterable[Any]], intake: Intake, state: FeederState) -> None:
    try:
        steps = iter(box.pop())
        while _wait_for_room(intake) and feed_once(steps, intake):
            pass
    except BaseException as error:
        _failed(intake, error)
    finally:
        steps = iter(())
        state.done()


def _wait_for_room(intake: Intake) -> bool:
    while not intake.has_room():
        spot = ThreadSpot()
        if intake.wait_at(spot):
            spot.wait(_LOOK)
    return not intake.is_over()


def feed_in_task(source: AsyncIterable[Any], intake: Intake) -> Feeder:
    """Begin to feed from an asynchronous iterable."""
    state = FeederState()
    trio = trio_here()
    if trio is None:
        loop = running_loop()
        task = loop.create_task(_feed_async([source], intake, state))
        task.add_done_callback(partial(_ended, intake, state))
        return Feeder(state, _from_any_thread(loop.call_soon_threadsafe, task.cancel))
    import contextvars

    scope = trio.CancelScope()
    trio.lowlevel.spawn_system_task(
        *(_feed_within, scope, [source], intake, state),
        name="ffwebcodecs-source",
        context=contextvars.copy_context(),
    )
    post = trio.lowlevel.current_trio_token().run_sync_soon
    return Feeder(state, _from_any_thread(post, scope.cancel))


def _from_any_thread(
    post: Callable[[Any], object], cancel: Callable[[], object]
) -> Callable[[], object]:
    def stop() -> None:
        try:
            post(cancel)
        except RuntimeError:
            pass  # the loop is closed

    return stop


def _ended(intake: Intake, state: FeederState, task: Any) -> None:
    """See to it that nobody waits for a task that has ended as none should: interrupted."""
    state.done()
    if not intake.is_finished and not intake.is_over():  # else the codec says why
        intake.stop()
    if not task.cancelled():
        task.exception()  # looked at


async def _feed_within(scope: Any, *arguments: Any) -> None:
    with scope:
        await _feed_async(*arguments)


async def _feed_async(box: list[AsyncIterable[Any]], intake: Intake, state: FeederState) -> None:
    source = box.pop()
    try:
        step = source.__aiter__().__anext__
        while await _room(intake) and await _feed_next(step, intake):
            pass
        await _close(source)
    except GeneratorExit:
        raise  # nothing runs that could be waited for
    except _cancelled():
        _failed(intake, AbortError("the task that reads what is to be given was cancelled"))
        await _close(source)
        raise
    except BaseException as error:  # Ctrl-C too, which whoever goes over the output is to hear
        _failed(intake, error)
        await _close(source)
    finally:
        del source
        state.done()


def _cancelled() -> type[BaseException]:
    """Return what is raised in a task that is cancelled."""
    trio = trio_here()
    kind: type[BaseException] = (
        sys.modules["asyncio"].CancelledError if trio is None else trio.Cancelled
    )
    return kind


async def _close(source: Any) -> None:
    """Close a generator, or the like: nobody else can be sure to be out of it."""
    close = getattr(source, "aclose", None)
    if close is None:
        return
    try:
        trio = trio_here()
        if trio is None:
            await close()
        else:
            with trio.move_on_after(_GRACE, shield=True):
                await close()
    except Exception as error:
        unraisable(error)


async def _feed_next(step: Callable[[], Awaitable[Any]], intake: Intake) -> bool:
    box: list[Any] = []
    try:
        try:
            box.append(await step())
        except StopAsyncIteration:
            intake.finish(None)
            return False
        if intake.is_over():
            return False
        intake.give(box)
        return True
    finally:
        intake.discard(box)


async def _room(intake: Intake) -> bool:
    await turn()  # the source may not wait by itself
    while not intake.has_room():
        spot = TaskSpot()
        if intake.wait_at(spot):
            await spot.wait()
    return not intake.is_over()
