"""Waiting for another thread: in a thread, in a task of asyncio, in a task of trio.

Whoever waits makes a spot, puts it where the other side finds it, looks once more, and waits. A
wake-up that comes before the wait ends it as well, a second one does nothing: so none is lost.
"""

from __future__ import annotations

import sys
import threading
import types
from collections.abc import Callable, Generator
from typing import Any, Protocol

from ..errors import InvalidStateError
from .completion import running_loop

_LOOK = 1.0  # seconds after which a waiting task looks again


class Spot(Protocol):
    """Where somebody waits, once."""

    def wake(self) -> bool:
        """End the wait, from any thread; return whether somebody may be there."""


class ThreadSpot:
    """Where a thread waits, once."""

    __slots__ = ("__weakref__", "_lock")

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lock.acquire()

    def wake(self) -> bool:
        """End the wait, from any thread; return whether somebody may be there."""
        try:
            self._lock.release()
        except RuntimeError:
            pass  # it is ended already
        return True

    def wait(self, seconds: float) -> bool:
        """Wait for that; return whether it came in time."""
        return self._lock.acquire(timeout=seconds)


class TaskSpot:
    """Where a task waits, once; made in that task."""

    __slots__ = ("__weakref__", "_end", "_post", "_wait")

    def __init__(self) -> None:
        self._post, self._end, self._wait = _trio_spot() or _asyncio_spot()

    def wake(self) -> bool:
        """End the wait, from any thread; return whether somebody may be there."""
        try:
            self._post(self._end)
        except RuntimeError:
            return False  # the loop is closed
        return True

    async def wait(self) -> None:
        """Wait for that; may be cancelled."""
        await self._wait()


_Parts = tuple[Callable[[Any], object], Callable[[], object], Callable[[], Any]]


def _asyncio_spot() -> _Parts:
    loop = running_loop()
    if loop is None:
        raise InvalidStateError(
            "neither asyncio nor trio runs here: only their tasks can wait with 'await' or "
            "'async for'"
        )
    future = loop.create_future()

    def end() -> None:
        if not future.done():
            future.set_result(None)

    async def wait() -> None:
        timer = loop.call_later(_LOOK, end)  # a wake-up may be lost to an interrupt
        try:
            await future
        finally:
            timer.cancel()

    return loop.call_soon_threadsafe, end, wait


def _trio_spot() -> _Parts | None:
    trio = trio_here()
    if trio is None:
        return None
    event = trio.Event()
    return trio.lowlevel.current_trio_token().run_sync_soon, event.set, event.wait


def trio_here() -> Any:
    """Return trio if a task of it runs here: first, for it can run inside of asyncio's loop."""
    trio = sys.modules.get("trio")  # not imported: then no task of it runs
    lowlevel = getattr(trio, "lowlevel", None)
    if lowlevel is None:
        return None
    try:
        lowlevel.current_task()
    except RuntimeError:
        return None
    return trio


async def turn() -> None:
    """Let the other tasks run, and what ends this one come: where a task need not wait, it would
    never hear of it.
    """
    trio = trio_here()
    if trio is None:
        await _turn()
    else:
        await trio.lowlevel.checkpoint()


@types.coroutine
def _turn() -> Generator[Any, None, None]:
    yield


async def soon(spot: TaskSpot, seconds: float) -> None:
    """Wait at `spot`, for some seconds at most; a task that is cancelled waits as well."""
    trio = trio_here()
    if trio is not None:
        with trio.move_on_after(seconds, shield=True):
            await spot.wait()
        return
    loop = running_loop()
    timer = loop.call_later(seconds, spot.wake)
    try:
        await spot.wait()
    finally:
        timer.cancel()
