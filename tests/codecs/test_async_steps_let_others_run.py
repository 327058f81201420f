"""A step of an asynchronous loop lets other tasks run, also when its output is there already: else
no timeout and no cancellation reaches a loop whose body does not wait.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from decode_helpers import DIRECT, tiny, wait_until
from loops import run, turn

from ffwebcodecs import EncodedVideoChunk, VideoDecoder, read_frames_async


class Turns:
    """How often another task has run, and had at each output."""

    def __init__(self) -> None:
        self.count = 0
        self.at_output: list[int] = []

    def grow(self) -> bool:
        """Whether it has run between one output and the next but one: trio goes over its tasks in
        any order, so one may get its turn at the end of a round and at the beginning of the next.
        """
        seen = self.at_output
        return all(first < last for first, last in zip(seen, seen[2:], strict=False))

    async def __call__(self) -> None:
        while True:
            self.count += 1
            await turn()


async def beside(other: Any, main: Any) -> None:
    """Run both, under asyncio or trio, until `main` ends."""
    trio = sys.modules.get("trio")
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        async with trio.open_nursery() as nursery:  # type: ignore[union-attr]
            nursery.start_soon(other)
            await main()
            nursery.cancel_scope.cancel()
    else:
        task = asyncio.ensure_future(other())
        await main()
        task.cancel()


async def at_once(chunks: list[EncodedVideoChunk]) -> AsyncIterator[EncodedVideoChunk]:
    for chunk in chunks:
        yield chunk


async def counted(frames: Any, waits: Callable[[], object], turns: Turns) -> None:
    """Go over frames; each step but the first is made when there is output, or the end."""
    async for frame in frames:
        frame.close()
        turns.at_output.append(turns.count)
        wait_until(waits, "the next output is there")


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_each_step_over_a_file_lets_others_run(loop: str) -> None:
    turns = Turns()

    async def main() -> None:
        async with read_frames_async(DIRECT["h264"].path(), stop=500_000) as frames:
            outlet = frames._outlet  # type: ignore[attr-defined]
            await beside(turns, lambda: counted(frames, lambda: outlet.boxes or outlet.end, turns))

    run(loop, main)
    assert len(turns.at_output) > 5 and turns.grow()


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_each_step_over_a_decoder_lets_others_run(loop: str) -> None:
    turns = Turns()
    data = tiny().with_config(optimize_for_latency=True)

    async def main() -> None:
        with VideoDecoder() as decoder:
            decoder.configure(data.config)
            frames = decoder.frames(data.chunks())

            def waits() -> bool:
                outlet = frames._intake.outlet  # type: ignore[union-attr]
                return bool(outlet.boxes or outlet.end)

            await beside(turns, lambda: counted(frames, waits, turns))

    run(loop, main)
    assert len(turns.at_output) == len(data.records) and turns.grow()


@pytest.mark.parametrize("loop", ["asyncio", "trio"])
def test_a_source_that_never_waits_lets_others_run(loop: str) -> None:
    data = tiny().with_config(optimize_for_latency=True)
    turns, given = Turns(), []

    async def source() -> AsyncIterator[EncodedVideoChunk]:
        for chunk in data.chunks()[:6]:
            given.append(turns.count)
            yield chunk

    async def main() -> None:
        with VideoDecoder() as decoder:
            decoder.configure(data.config)

            async def over() -> None:
                async for frame in decoder.frames(source()):
                    frame.close()

            await beside(turns, over)

    run(loop, main)
    assert len(given) == 6 and len(set(given)) >= 3
