"""Ctrl-C inside a loop over the output of a codec: nothing is left, and the next loop has all."""

from __future__ import annotations

import asyncio
import gc
import sys
import warnings
from collections.abc import Callable
from typing import Any

import attack
import pytest
from decode_helpers import tiny, wait_until
from handles import live_handles
from interrupts import interrupt_at, steps_of
from loops import each

from ffwebcodecs import FramePoolWarning, VideoDecoder, VideoFrame

pytestmark = pytest.mark.attack


def plain(decoder: VideoDecoder, got: list[int]) -> None:
    for frame in decoder.frames(tiny().chunks()):
        with frame:
            got.append(frame.timestamp)


def in_a_task(decoder: VideoDecoder, got: list[int], source: Callable[[Any], Any]) -> None:
    async def main() -> None:
        async for frame in decoder.frames(source(tiny().chunks())):
            with frame:
                got.append(frame.timestamp)

    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(main())
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()


WAYS: dict[str, Callable[[VideoDecoder, list[int]], None]] = {
    "for": plain,
    "async for": lambda decoder, got: in_a_task(decoder, got, list),
    "async for, asynchronous source": lambda decoder, got: in_a_task(decoder, got, each),
}


def harm(decoder: VideoDecoder, go_over: Callable[[VideoDecoder, list[int]], None]) -> str | None:
    """Return what is wrong after an interruption."""
    gc.collect()  # what hangs on a traceback
    if decoder.state == "closed":
        return "it is closed"
    decoder.configure(tiny().config)
    got: list[int] = []
    go_over(decoder, got)
    if got != tiny().times():
        return f"the next loop has {got}"
    held: list[VideoFrame] = []
    wait_until(lambda: decoder.pool.in_use == len(held), "all frames are back")
    return None


@pytest.mark.parametrize("way", WAYS)
def test_an_interrupt_at_any_bytecode_leaves_the_codec_as_good_as_before(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A destructor drops what comes in the middle of it, and what is dropped open warns.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    go_over = WAYS[way]
    harms = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        warnings.simplefilter("ignore", FramePoolWarning)
        with VideoDecoder() as decoder:

            def call() -> None:
                decoder.configure(tiny().config)
                go_over(decoder, [])

            steps = steps_of(call, opcodes=True)
            tries = min(attack.rounds(12, 500), steps)
            for step in attack.dice(f"loop {way}").sample(range(steps), tries):
                interrupt_at(step, call, opcodes=True)
                if wrong := harm(decoder, go_over):
                    harms.append(f"{step}: {wrong}")
                    break
            decoder.reset()
        gc.collect()
        wait_until(lambda: not live_handles(), "all is closed")
    attack.report(f"Ctrl-C inside a loop over output: {way}", tries, len(harms), "output lost")
    assert not harms
