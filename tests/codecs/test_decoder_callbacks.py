"""What callbacks may do without a loop, and where what they raise goes."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from typing import Any

import pytest
from decode_helpers import (
    TIMEOUT,
    Gate,
    Sink,
    feed,
    stream,
    tiny,
    turns,
    wait_until,
    within,
)

from ffwebcodecs import (
    AbortError,
    InvalidStateError,
    NotSupportedError,
    VideoDecoder,
    VideoFrame,
)

# ---- without a loop ------------------------------------------------------------------------------


def test_callbacks_run_on_one_worker_one_at_a_time() -> None:
    data, threads, lock = stream("h264-bframes.mp4"), set(), threading.Lock()

    def on_frame(frame: VideoFrame) -> None:
        assert lock.acquire(blocking=False)
        threads.add(threading.get_ident())
        lock.release()

    sink = Sink(on_frame)
    with sink.decoder() as decoder:
        decoder.on_dequeue = lambda: on_frame(None)  # type: ignore[arg-type]
        decoder.configure(data.config)
        feed(decoder, data.records)
        decoder.flush().result(TIMEOUT)
    assert not sink.errors
    assert len(threads) == 1
    assert threading.get_ident() not in threads


def test_flush_result_inside_a_callback_refuses_instead_of_hanging() -> None:
    data = tiny()
    refusals: list[BaseException] = []

    def on_frame(frame: VideoFrame) -> None:
        try:
            flush.result()
        except InvalidStateError as error:
            refusals.append(error)

    sink = Sink(on_frame)
    gate = threading.Event()
    with sink.decoder() as decoder:
        decoder.on_dequeue = lambda: gate.wait(TIMEOUT)
        decoder.configure(data.config)
        feed(decoder, data.records)
        flush = decoder.flush()
        gate.set()
        flush.result(TIMEOUT)
    assert len(refusals) == len(data.records)
    assert "callback" in str(refusals[0])


def test_callbacks_may_decode_and_flush() -> None:
    data, done = tiny(), threading.Event()
    completions: list[Any] = []

    def on_frame(frame: VideoFrame) -> None:
        if len(sink.frames) == len(data.records):
            feed(decoder, data.records)
            completions.append(decoder.flush())
            done.set()

    sink = Sink(on_frame)
    with sink.decoder() as decoder:
        decoder.configure(data.config)
        feed(decoder, data.records)
        decoder.flush().result(TIMEOUT)
        assert done.wait(TIMEOUT)
        completions[0].result(TIMEOUT)
    assert sink.frames == data.times() * 2


def test_callbacks_may_close_and_nothing_follows() -> None:
    data = stream("h264-bframes.mp4")
    sink = Sink(lambda frame: decoder.close())
    decoder = sink.decoder()
    decoder.configure(data.config)
    # Refused from the moment that the callback has closed it.
    try:
        feed(decoder, data.records)
        flush = decoder.flush()
    except InvalidStateError:
        wait_until(lambda: bool(sink.frames), "the first frame")
    else:
        with pytest.raises((AbortError, InvalidStateError)):
            flush.result(TIMEOUT)
    assert decoder.state == "closed"
    assert len(sink.frames) == 1
    assert not sink.errors


def test_callbacks_may_reset_and_configure() -> None:
    data, again = stream("h264-bframes.mp4"), tiny()
    done: list[Any] = []

    def on_frame(frame: VideoFrame) -> None:
        if len(sink.frames) == 1:
            decoder.reset()
            decoder.configure(again.config)
            feed(decoder, again.records)
            done.append(decoder.flush())
            finished.set()

    finished = threading.Event()
    sink = Sink(on_frame)
    gate = Gate(sink, before=True)
    with VideoDecoder(gate.output, sink.error) as decoder:
        decoder.configure(data.config)
        feed(decoder, data.records)
        flush = decoder.flush()
        gate.wait()
        gate.open()
        with pytest.raises(AbortError):
            flush.result(TIMEOUT)
        assert finished.wait(TIMEOUT)
        done[0].result(TIMEOUT)
    assert sink.frames == data.times()[:1] + again.times()
    assert not sink.errors


def test_error_callback_finds_the_decoder_closed_and_may_use_another() -> None:
    data, states = tiny(), []
    sink = Sink()

    def error(failure: BaseException) -> None:
        states.append(decoder.state)
        decoder.close()
        with Sink().decoder() as other:
            other.configure(data.config)
            feed(other, data.records)
            other.flush().result(TIMEOUT)
        sink.error(failure)

    decoder = VideoDecoder(sink.output, error)
    decoder.configure({"codec": "bogus"})
    assert sink.failed.wait(TIMEOUT)
    assert states == ["closed"]


@pytest.mark.parametrize("failure", [ZeroDivisionError("mine"), SystemExit(3)])
def test_callback_that_raises_on_the_worker_goes_to_error_once(failure: BaseException) -> None:
    data = stream("h264-bframes.mp4")

    def on_frame(frame: VideoFrame) -> None:
        raise failure

    sink = Sink(on_frame)
    gate = Gate(sink, before=True)
    decoder = VideoDecoder(gate.output, sink.error)
    decoder.configure(data.config)
    feed(decoder, data.records[:20])
    flush = decoder.flush()
    gate.open()
    with pytest.raises((ZeroDivisionError, RuntimeError)):
        flush.result(TIMEOUT)
    assert sink.failed.wait(TIMEOUT)
    assert len(sink.errors) == 1
    assert sink.errors[0] is failure or repr(failure) in str(sink.errors[0])
    assert decoder.state == "closed"
    assert len(sink.frames) == 1


@pytest.mark.parametrize("action", ["reset", "configure"])
def test_callback_that_resets_and_raises_still_goes_to_error(action: str) -> None:
    data = tiny()

    def on_frame(frame: VideoFrame) -> None:
        decoder.reset()
        if action == "configure":
            decoder.configure(data.config)
        raise ZeroDivisionError

    sink = Sink(on_frame)
    decoder = sink.decoder()
    decoder.configure(data.config)
    feed(decoder, data.records[:1])
    decoder.flush()
    assert sink.failed.wait(TIMEOUT)
    assert [type(error) for error in sink.errors] == [ZeroDivisionError]
    assert decoder.state == "closed"


def test_callback_that_closes_and_raises_goes_to_the_unraisable_hook(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    data, seen, happened = tiny(), [], threading.Event()

    def hook(arguments: Any) -> None:
        seen.append(arguments.exc_type)
        happened.set()

    monkeypatch.setattr(sys, "unraisablehook", hook)

    def on_frame(frame: VideoFrame) -> None:
        decoder.close()
        raise ZeroDivisionError

    sink = Sink(on_frame)
    decoder = sink.decoder()
    decoder.configure(data.config)
    feed(decoder, data.records[:1])
    decoder.flush()
    assert happened.wait(TIMEOUT)
    assert seen == [ZeroDivisionError]
    assert not sink.errors


@pytest.mark.parametrize("on_a_loop", [False, True])
def test_error_callback_that_raises_goes_to_the_unraisable_hook(
    on_a_loop: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen, happened = [], threading.Event()

    def hook(arguments: Any) -> None:
        seen.append((arguments.exc_type, str(arguments.exc_value)))
        happened.set()

    monkeypatch.setattr(sys, "unraisablehook", hook)

    def error(failure: BaseException) -> None:
        raise LookupError("from the error callback")

    def start() -> VideoDecoder:
        decoder = VideoDecoder(lambda frame: frame.close(), error)
        decoder.configure({"codec": "bogus"})
        return decoder

    async def main() -> None:
        decoder = start()
        with pytest.raises(NotSupportedError):
            await within(decoder.flush())
        await turns()

    if on_a_loop:
        asyncio.run(main())
    else:
        decoder = start()
        assert happened.wait(TIMEOUT)
        assert decoder.state == "closed"
    assert seen == [(LookupError, "from the error callback")]


UNRAISABLE = """
import threading
from ffwebcodecs import VideoDecoder
def error(failure):
    raise LookupError("from the error callback")
decoder = VideoDecoder(print, error)
decoder.configure({"codec": "bogus"})
for thread in threading.enumerate():
    if thread.name == "ffwebcodecs":
        thread.join(10)
print(decoder.state)
"""


def test_pythons_own_unraisable_hook_prints_it() -> None:
    done = subprocess.run(
        [sys.executable, "-c", UNRAISABLE], capture_output=True, text=True, timeout=30
    )
    assert (done.returncode, done.stdout) == (0, "closed\n")
    assert "LookupError: from the error callback" in done.stderr
    assert "Exception in thread" not in done.stderr
    assert "TypeError" not in done.stderr
