"""Loops over the output of a codec, plain and asynchronous, for the tests of both."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from typing import Any

import pytest
from decode_helpers import TIMEOUT

WAYS = ("plain", "asyncio", "asyncio source", "trio", "trio source")


async def turn() -> None:
    """Let others run, under asyncio or trio."""
    trio = sys.modules.get("trio")
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        await trio.lowlevel.checkpoint()  # type: ignore[union-attr]
    else:
        await asyncio.sleep(0)


async def each(items: Iterable[Any]) -> AsyncIterator[Any]:
    """Give items one by one, as something asynchronous does."""
    for item in items:
        await turn()
        yield item


def run(way: str, main: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
    """Run `main` under the event loop of a way."""
    if way.startswith("trio"):
        trio = pytest.importorskip("trio")

        async def limited() -> Any:
            with trio.fail_after(TIMEOUT):
                return await main()

        return trio.run(limited)

    async def within() -> Any:
        return await asyncio.wait_for(main(), TIMEOUT)

    return asyncio.run(within())


def go_over(
    way: str,
    output: Callable[[Any], Any],
    source: Iterable[Any],
    body: Callable[[Any], object],
) -> None:
    """Call `body` with each of what ``output(source)`` gives; the codec may have been made
    elsewhere.
    """
    if way == "plain":
        for item in output(source):
            body(item)
        return

    async def main() -> None:
        async for item in output(each(source) if way.endswith("source") else source):
            body(item)

    run(way, main)


def cancelled_at(number: int, main: Callable[[], Coroutine[Any, Any, Any]]) -> bool:
    """Run `main` under asyncio, and cancel it after so many turns of the loop; return whether it
    was still running.
    """

    async def watched() -> bool:
        task = asyncio.ensure_future(main())
        for _ in range(number):
            if task.done():
                break
            await asyncio.sleep(0)
        was_running = task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, TIMEOUT)
        return was_running

    return asyncio.run(watched())


def unheard(*_: object) -> None:
    raise AssertionError("a callback was called")


class Watched:
    """A source that says how many items were taken, and in which thread."""

    def __init__(self, items: Any) -> None:
        self._items = iter(items)
        self.taken = 0
        self.thread = 0

    def __iter__(self) -> Watched:
        return self

    def __next__(self) -> Any:
        self.thread = threading.get_ident()
        item = next(self._items)
        self.taken += 1
        return item
