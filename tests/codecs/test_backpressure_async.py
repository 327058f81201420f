"""A queue with a limit where an event loop runs: nothing blocks it, and `ready` waits."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from decode_helpers import TIMEOUT, within
from queue_helpers import KINDS, Queued, direct

from ffwebcodecs import (
    AbortError,
    FramePoolExhaustedError,
    FramePoolWarning,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    QuotaExceededError,
    VideoDecoder,
    VideoFrame,
)

KEY = direct().records[0]


class Full:
    """A decoder on a loop whose queue is full, because its one frame is held."""

    def __init__(self, limit: int = 2, **options: Any) -> None:
        self.limit = limit
        self.times: list[int] = []
        self.errors: list[BaseException] = []
        self._held: VideoFrame | None = None
        self.closes = False
        self.decoder = VideoDecoder(
            self._output,
            self.errors.append,
            **{"frame_pool_size": 1, "stall_timeout": 60, "max_queue": limit, **options},
        )
        self.decoder.configure(direct().config)

    async def fill(self) -> None:
        self.put()
        while not self.times:
            await asyncio.sleep(0)
        for _ in range(self.limit):
            self.put()
        assert self.decoder.decode_queue_size == self.limit

    def put(self, timestamp: int = 0) -> None:
        self.decoder.decode(KEY.chunk(timestamp=timestamp))

    def _output(self, frame: VideoFrame) -> None:
        self.times.append(frame.timestamp)
        if self.closes:
            frame.close()
        else:
            self._held = frame

    def take_one(self) -> None:
        """Let the decoder take one more chunk."""
        assert self._held is not None
        self._held.close()

    def go(self) -> None:
        """Hold no frame any more."""
        self.closes = True
        self.take_one()

    def waiting(self) -> int:
        return len(self.decoder._engine.epoch.rooms)

    def end(self) -> None:
        assert self._held is not None
        self._held.close()
        self.decoder.close()


def on_loop(test: Callable[[Full], Awaitable[None]], **options: Any) -> None:
    async def main() -> None:
        full = Full(**options)
        await full.fill()
        try:
            await within(test(full))
        finally:
            full.end()

    asyncio.run(main())


async def standing(full: Full, count: int) -> None:
    while full.waiting() != count:
        await asyncio.sleep(0)


def test_decode_refuses_and_nothing_has_changed() -> None:
    async def test(full: Full) -> None:
        for _ in range(2):
            with pytest.raises(QuotaExceededError, match=r"2 chunks.*await ready\(\)"):
                full.put()
        assert (full.decoder.decode_queue_size, full.decoder.state) == (2, "configured")
        full.go()
        await full.decoder.ready()
        full.put(7)
        await full.decoder.flush()
        assert full.times == [0, 0, 0, 7]

    on_loop(test)


@pytest.mark.parametrize("kind", ["VideoEncoder", "AudioEncoder", "AudioDecoder"])
def test_each_codec_refuses_and_is_ready(kind: str) -> None:
    async def main() -> None:
        queued, taken = Queued(kind, max_queue=1), 0
        queued.go()
        with queued.codec:
            with pytest.raises(QuotaExceededError):
                for _ in range(100_000):
                    queued.put()
                    taken += 1
            for _ in range(20):
                await within(queued.codec.ready())
                queued.put()
            await within(queued.codec.flush())
            assert queued.count == taken + 20 and not queued.errors

    asyncio.run(main())


@pytest.mark.parametrize("value", [0, "8", 2.5])
def test_a_limit_to_wait_for_is_an_integer_of_at_least_one(value: Any) -> None:
    async def test(full: Full) -> None:
        with pytest.raises(InvalidArgumentError, match="max_queue"):
            await full.decoder.ready(value)

    on_loop(test)


def test_ready_is_below_its_own_limit_that_of_the_codec_or_8() -> None:
    async def test(full: Full) -> None:
        await full.decoder.ready(9)
        await full.decoder.ready(10)
        for limit in (8, None):
            waiting = asyncio.ensure_future(full.decoder.ready(limit))
            await standing(full, 1)
            assert not waiting.done()
            waiting.cancel()
            await asyncio.wait([waiting])
        lower = asyncio.ensure_future(full.decoder.ready(7))
        eight = asyncio.ensure_future(full.decoder.ready())
        await standing(full, 2)
        full.take_one()
        await eight
        assert not lower.done() and full.decoder.decode_queue_size == 7
        full.go()
        await lower

    on_loop(test, limit=8, max_queue=None)


def test_those_who_wait_are_served_in_turn_one_for_each_place() -> None:
    async def test(full: Full) -> None:
        served: list[int] = []

        async def one(number: int) -> None:
            for _ in range(20):
                await full.decoder.ready()
                full.put()
                served.append(number)

        tasks = [asyncio.ensure_future(one(number)) for number in range(4)]
        await standing(full, 4)
        full.go()
        await asyncio.gather(*tasks)
        await full.decoder.flush()
        assert served[:4] == [0, 1, 2, 3]
        # Nobody is left behind, though anybody who comes when there is room goes first.
        for end in range(8, 81, 8):
            counts = [served[:end].count(number) for number in range(4)]
            assert max(counts) - min(counts) <= 4, served
        assert len(full.times) == 83

    on_loop(test)


def test_those_who_wait_and_put_nothing_let_the_next_pass() -> None:
    async def test(full: Full) -> None:
        tasks = [asyncio.ensure_future(full.decoder.ready(1)) for _ in range(5)]
        await standing(full, 5)
        full.go()
        await asyncio.wait_for(asyncio.gather(*tasks), 0.9)  # a look each second would help, too
        assert full.waiting() == 0

    on_loop(test)


def test_a_cancelled_one_leaves_nothing_and_costs_nobody_its_turn() -> None:
    async def test(full: Full) -> None:
        tasks = [asyncio.ensure_future(full.decoder.ready()) for _ in range(3)]
        await standing(full, 3)
        tasks[0].cancel()
        await asyncio.wait([tasks[0]])
        assert full.waiting() == 2
        full.take_one()
        await standing(full, 1)
        tasks[1].cancel()  # it has been woken, and has not run
        full.take_one()
        await asyncio.wait_for(tasks[2], 0.9)
        assert full.waiting() == 0
        with pytest.raises(asyncio.TimeoutError):
            full.put()
            while full.decoder.decode_queue_size < 2:
                full.put()
            await asyncio.wait_for(full.decoder.ready(), 0.01)
        assert full.waiting() == 0

    on_loop(test)


def test_ready_lets_others_run_also_when_there_is_room() -> None:
    async def test(full: Full) -> None:
        ran = []
        asyncio.get_running_loop().call_soon(ran.append, 1)
        await full.decoder.ready(100)
        assert ran

    on_loop(test)


@pytest.mark.parametrize("how", ["reset", "close"])
def test_reset_and_close_end_the_wait(how: str) -> None:
    async def test(full: Full) -> None:
        tasks = [asyncio.ensure_future(full.decoder.ready()) for _ in range(3)]
        await standing(full, 3)
        getattr(full.decoder, how)()
        await asyncio.wait(tasks)
        for task in tasks:
            error = task.exception()
            assert isinstance(error, AbortError) and how in str(error)
        with pytest.raises(InvalidStateError):
            await full.decoder.ready()
        assert full.waiting() == 0

    on_loop(test)


def test_an_error_of_the_codec_ends_the_wait() -> None:
    async def test(full: Full) -> None:
        full.decoder.configure({"codec": "bogus"})
        full.put()
        waiting = asyncio.ensure_future(full.decoder.ready(1))
        await standing(full, 1)
        full.go()
        with pytest.raises(NotSupportedError):
            await waiting
        assert len(full.errors) == 1
        with pytest.raises(InvalidStateError):
            await full.decoder.ready()

    on_loop(test, max_queue=None)


def test_a_dry_pool_ends_the_wait() -> None:
    async def test(full: Full) -> None:
        with pytest.warns(FramePoolWarning), pytest.raises(FramePoolExhaustedError, match="1 of 1"):
            await full.decoder.ready()
        with pytest.raises(FramePoolExhaustedError):
            await full.decoder.ready()
        assert full.waiting() == 0
        full.take_one()
        await full.decoder.ready()

    on_loop(test, stall_timeout=0.05)


# ---- loops and threads ---------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_a_codec_that_delivers_by_itself_can_be_awaited_in_any_loop(kind: str) -> None:
    queued = Queued(kind, max_queue=2)

    async def main() -> None:
        # Nothing blocks a loop, whoever delivers.
        with pytest.raises(QuotaExceededError):
            queued.put()
        queued.restart(3)
        waiting = asyncio.ensure_future(queued.codec.ready())
        while not queued.waiting():
            await asyncio.sleep(0)
        assert not waiting.done()
        queued.go()
        await within(waiting)
        queued.put()
        for _ in range(20):
            await within(queued.codec.ready())
            queued.put()
        await within(queued.codec.flush())

    with queued.codec:
        queued.fill(2)
        asyncio.run(main())
        assert (queued.count, queued.errors) == (24, [])


def test_a_thread_beside_the_loop_waits() -> None:
    async def test(full: Full) -> None:
        def feed() -> None:
            for number in range(1, 11):
                full.put(number)

        feeding = asyncio.get_running_loop().run_in_executor(None, feed)
        await standing(full, 1)
        full.go()
        await feeding
        await full.decoder.flush()
        assert full.times == [0, 0, 0, *range(1, 11)]

    on_loop(test)


def test_a_loop_that_has_stopped_is_said() -> None:
    loop = asyncio.new_event_loop()
    try:

        async def begin() -> Full:
            full = Full()
            await full.fill()
            return full

        full = loop.run_until_complete(begin())
        with pytest.raises(InvalidStateError, match="loop that delivers the output has stopped"):
            full.put()
        with pytest.raises(InvalidStateError, match="loop that delivers the output has stopped"):
            asyncio.run(full.decoder.ready())
        full.closes = True
        full.take_one()
        loop.run_until_complete(full.decoder.ready())
        full.end()
    finally:
        loop.close()


def test_without_a_loop_ready_says_what_to_do() -> None:
    queued = Queued("AudioDecoder", max_queue=2)
    with queued.codec:
        waiting = queued.codec.ready()
        with pytest.raises(InvalidStateError, match="only asyncio's event loops"):
            waiting.send(None)


def test_anyio_waits_and_cancels() -> None:
    anyio = pytest.importorskip("anyio")

    async def main() -> None:
        full = Full()
        await full.fill()
        with anyio.move_on_after(0.01) as scope:
            await full.decoder.ready()
        assert scope.cancelled_caught and full.waiting() == 0
        async with anyio.create_task_group() as group:
            for number in range(1, 6):
                group.start_soon(put, full, number)
            await anyio.lowlevel.checkpoint()
            full.go()
        await full.decoder.flush()
        assert full.times == [0, 0, 0, 1, 2, 3, 4, 5]
        full.end()

    async def put(full: Full, number: int) -> None:
        await full.decoder.ready()
        full.put(number)

    anyio.run(main, backend="asyncio")


def test_trio_is_told_to_wait_in_a_thread() -> None:
    trio = pytest.importorskip("trio")

    async def main() -> None:
        with pytest.raises(InvalidStateError, match=r"trio\.to_thread"):
            await queued.codec.ready()
        queued.go()
        for _ in range(10):
            await trio.to_thread.run_sync(queued.put)

    queued = Queued("AudioDecoder", max_queue=1)
    with queued.codec:
        queued.fill(1)
        trio.run(main)
        queued.codec.flush().result(TIMEOUT)
        assert queued.count == 12


@pytest.mark.parametrize("limit", [1, 3])
def test_a_loop_over_the_output_keeps_to_the_limit(limit: int) -> None:
    data, largest = direct(), 0

    async def chunks() -> Any:
        for chunk in data.chunks():
            yield chunk

    async def main(source: Any) -> list[int]:
        nonlocal largest
        times = []
        with VideoDecoder(max_queue=limit) as decoder:
            decoder.configure(data.config)
            async for frame in decoder.frames(source):
                with frame:
                    times.append(frame.timestamp)
                largest = max(largest, decoder.decode_queue_size)
        return times

    for source in (chunks(), data.chunks()):
        assert asyncio.run(main(source)) == data.times()
    with VideoDecoder(max_queue=limit) as decoder:
        decoder.configure(data.config)
        times = []
        for frame in decoder.frames(data.chunks()):
            with frame:
                times.append(frame.timestamp)
    assert times == data.times()
    assert largest <= limit
