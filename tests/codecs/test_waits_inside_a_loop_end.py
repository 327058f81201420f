"""Waiting for a decoder in the body of the loop that takes its frames: it would not end, for the
frames that wait for the loop fill the pool.
"""

from __future__ import annotations

import threading
from typing import Any

import pytest
from decode_helpers import TIMEOUT, tiny
from loops import run

from ffwebcodecs import FramePoolExhaustedError, VideoDecoder

DATA = tiny().with_config(optimize_for_latency=True)


def made(**options: Any) -> VideoDecoder:
    decoder = VideoDecoder(frame_pool_size=1, stall_timeout=0.1, **options)
    decoder.configure(DATA.config)
    return decoder


def in_body(wait: Any, decoder: VideoDecoder) -> BaseException | None:
    """Return what ends `wait` in the body of a loop over a decoder's frames."""
    ended: list[BaseException | None] = []

    def body() -> None:
        for frame in decoder.frames(DATA.chunks()):
            frame.close()
            try:
                wait(decoder)
            except FramePoolExhaustedError as error:
                ended.append(error.with_traceback(None))
                return
        ended.append(None)

    thread = threading.Thread(target=body, daemon=True)
    thread.start()
    thread.join(TIMEOUT)
    alive = thread.is_alive()
    decoder.close()
    thread.join(TIMEOUT)
    assert not alive, "it waits for ever"
    return ended[0]


def test_a_flush() -> None:
    error = in_body(lambda decoder: decoder.flush().result(), made())
    assert "frames wait for the loop" in str(error)


def test_room_in_the_queue() -> None:
    def put(decoder: VideoDecoder) -> None:
        for _ in range(4):
            decoder.decode(DATA.records[0].chunk())

    assert "frames wait for the loop" in str(in_body(put, made(max_queue=1)))


def test_a_flush_that_is_awaited() -> None:
    async def main() -> None:
        with made() as decoder, pytest.raises(FramePoolExhaustedError, match="wait for the loop"):
            async for frame in decoder.frames(DATA.chunks()):
                frame.close()
                await decoder.flush()

    run("asyncio", main)
