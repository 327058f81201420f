"""A queue with a limit: who waits, in which threads, and what ends it."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from decode_helpers import TIMEOUT, Sink
from queue_helpers import KINDS, Caller, Queued, direct

from ffwebcodecs import (
    AbortError,
    DataError,
    FramePoolExhaustedError,
    FramePoolWarning,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    VideoDecoder,
    VideoFrame,
)

each_codec = pytest.mark.parametrize("kind", KINDS)


@pytest.mark.parametrize("value", [0, -1, True, "8", 1.5, [8]])
@each_codec
def test_a_limit_is_an_integer_of_at_least_one(kind: str, value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="max_queue"):
        KINDS[kind](print, print, max_queue=value)


@each_codec
def test_above_the_limit_a_thread_waits_until_one_is_taken(kind: str) -> None:
    queued = Queued(kind, max_queue=2)
    with queued.codec:
        queued.fill(2)
        more = queued.in_thread()
        queued.wait_for_line()
        assert not more.over() and queued.size == 2
        queued.go()
        assert more.outcome() is None
        for _ in range(20):
            queued.put()
        queued.codec.flush().result(TIMEOUT)
        assert queued.largest <= 2
        assert (queued.count, queued.size, queued.waiting(), queued.errors) == (24, 0, 0, [])


@each_codec
def test_without_a_limit_nobody_waits(kind: str) -> None:
    queued = Queued(kind)
    with queued.codec:
        queued.fill(100)
        queued.go()
        queued.codec.flush().result(TIMEOUT)
        assert queued.count == 101


@pytest.mark.parametrize("limit", [1, 3])
def test_several_threads_stay_within_the_limit_and_get_their_turn(limit: int) -> None:
    queued = Queued("AudioDecoder", max_queue=limit)
    with queued.codec:
        queued.fill(limit)

        def some() -> None:
            for _ in range(100):
                queued.put()

        callers = [Caller(some) for _ in range(5)]
        queued.wait_for_line(5)
        queued.go()
        assert [caller.outcome() for caller in callers] == [None] * 5
        queued.codec.flush().result(TIMEOUT)
        assert queued.count == 1 + limit + 500 and queued.largest <= limit


def test_threads_are_served_first_come_first_served() -> None:
    sink, gate = Sink(), threading.Event()

    def output(frame: VideoFrame) -> None:
        sink.output(frame)
        assert gate.wait(TIMEOUT)

    # Key chunks, so that the order is anybody's.
    key = direct().records[0]
    with VideoDecoder(output, sink.error, max_queue=1) as decoder:
        decoder.configure(direct().config)
        decoder.decode(key.chunk(timestamp=0))
        while decoder.decode_queue_size:
            pass
        decoder.decode(key.chunk(timestamp=1))
        callers = []
        for number in range(2, 6):
            chunk = key.chunk(timestamp=number)
            callers.append(Caller(lambda chunk=chunk: decoder.decode(chunk)))  # type: ignore[misc]
            while len(decoder._engine.epoch.rooms) < number - 1:
                pass
        gate.set()
        assert [caller.outcome() for caller in callers] == [None] * 4
        decoder.flush().result(TIMEOUT)
    assert sink.frames == list(range(6))


# ---- where waiting would not end -----------------------------------------------------------------


@each_codec
def test_a_callback_is_refused_and_the_codec_goes_on(kind: str) -> None:
    queued, refused, tried = Queued(kind, max_queue=1), [], threading.Event()

    def once_more() -> None:
        queued.on_output = None
        queued.put()
        try:
            queued.put()
        except InvalidStateError as error:
            refused.append(str(error))
        tried.set()

    queued.on_output = once_more
    with queued.codec:
        queued.fill(0)
        queued.go()
        assert tried.wait(TIMEOUT)
        queued.codec.flush().result(TIMEOUT)
        assert queued.count == 2 and not queued.errors
    assert len(refused) == 1
    assert "a callback cannot wait for room" in refused[0] and "1 " in refused[0]


def test_on_dequeue_may_fill_the_queue_and_is_refused_beyond() -> None:
    queued, refused, tried = Queued("AudioDecoder", max_queue=2), [], threading.Event()

    def dequeue() -> None:
        queued.codec.on_dequeue = None
        queued.put()
        try:
            queued.put()
        except InvalidStateError as error:
            refused.append(error.with_traceback(None))
        tried.set()

    with queued.codec:
        queued.fill(2)
        queued.codec.on_dequeue = dequeue
        queued.go()
        assert tried.wait(TIMEOUT)
        queued.codec.flush().result(TIMEOUT)
        assert (queued.count, len(refused)) == (4, 1)


def test_a_circle_of_callbacks_is_refused_and_a_chain_is_not() -> None:
    one, two = Queued("AudioDecoder", max_queue=1), Queued("AudioEncoder", max_queue=1)
    with one.codec, two.codec:
        one.fill(1)
        two.fill(1)
        # The first codec's callback waits for the second, whose callback wants to wait for it.
        one.on_output = two.put
        one.go()
        two.wait_for_line()
        refused: list[BaseException] = []

        def back() -> None:
            two.on_output = None
            for call in (one.put, lambda: one.codec.flush().result()):
                with pytest.raises(InvalidStateError) as caught:
                    call()
                refused.append(caught.value.with_traceback(None))

        two.on_output = back
        two.go()
        one.on_output = two.put
        one.codec.flush().result(TIMEOUT)
        two.codec.flush().result(TIMEOUT)
        assert len(refused) == 2
        assert "waiting would not end" in str(refused[0])
        assert not one.errors and not two.errors
        for _ in range(20):
            one.put()
        one.codec.flush().result(TIMEOUT)
        two.codec.flush().result(TIMEOUT)
        assert two.count == one.count + 2
        one.on_output = None


def test_a_dry_pool_ends_it_and_frames_that_are_closed_help() -> None:
    held: list[VideoFrame] = []
    sink, data = Sink(), direct()
    with VideoDecoder(
        held.append, sink.error, frame_pool_size=2, stall_timeout=0.05, max_queue=1
    ) as decoder:
        decoder.configure(data.config)
        with (
            pytest.warns(FramePoolWarning, match="2 of 2 in its pool are out"),
            pytest.raises(FramePoolExhaustedError, match="2 of 2 in its pool are out"),
        ):
            for record in data.records:
                decoder.decode(record.chunk())
        assert (len(held), decoder.decode_queue_size, decoder.state) == (2, 1, "configured")
        # Also where the stall has been told of; nothing is queued by it.
        with pytest.raises(FramePoolExhaustedError):
            decoder.decode(data.records[3].chunk())
        assert (decoder.decode_queue_size, len(decoder._engine.epoch.rooms)) == (1, 0)
        for number, record in enumerate(data.records[3:]):
            held[number].close()
            decoder.decode(record.chunk())
        held[-2].close()
        held[-1].close()
        decoder.flush().result(TIMEOUT)
        assert [frame.timestamp for frame in held] == data.times()
        for frame in held:
            frame.close()
    assert not sink.errors


# ---- what ends it --------------------------------------------------------------------------------


@pytest.mark.parametrize("how", ["reset", "close"])
@each_codec
def test_reset_and_close_end_it(kind: str, how: str) -> None:
    queued = Queued(kind, max_queue=1)
    with queued.codec:
        queued.fill(1)
        callers = [queued.in_thread() for _ in range(3)]
        queued.wait_for_line(3)
        getattr(queued.codec, how)()
        for caller in callers:
            error = caller.outcome()
            assert isinstance(error, AbortError) and how in str(error)
        queued.go()
        if how == "reset":
            queued.configure()
            queued.restart()
            queued.put()
            queued.codec.flush().result(TIMEOUT)
            assert queued.count == 2


def test_an_error_of_the_codec_ends_it() -> None:
    queued = Queued("VideoDecoder", max_queue=1)
    with queued.codec:
        queued.fill(0)
        queued.codec.configure({"codec": "bogus"})
        queued.restart()
        queued.put()
        more = queued.in_thread()
        queued.wait_for_line()
        queued.go()
        error = more.outcome()
        assert isinstance(error, NotSupportedError) and error is queued.errors[0]
        assert queued.codec.state == "closed"
        with pytest.raises(InvalidStateError):
            queued.put()


def test_an_error_of_a_callback_ends_it() -> None:
    queued = Queued("AudioEncoder", max_queue=1)
    problem = ZeroDivisionError("mine")

    def fail() -> None:
        raise problem

    queued.on_output = fail
    with queued.codec:
        queued.fill(1)
        more = queued.in_thread()
        queued.wait_for_line()
        queued.go()
        assert more.outcome() is problem
        assert queued.errors == [problem]


def test_a_key_chunk_that_came_to_be_due_meanwhile_is_due() -> None:
    queued = Queued("VideoDecoder", max_queue=1)
    with queued.codec:
        queued.fill(1)
        more = queued.in_thread()  # a delta chunk
        queued.wait_for_line()
        flush = queued.codec.flush()
        queued.go()
        assert isinstance(more.outcome(), DataError)
        flush.result(TIMEOUT)
        assert queued.count == 2
