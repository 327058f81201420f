"""Who waits where nobody delivers is told so: a loop that has stopped, no loop, another one."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from clips import clip
from decode_helpers import TIMEOUT, Sink, feed, tiny, within

from ffwebcodecs import EncodingError, InvalidStateError, NotSupportedError, VideoDecoder


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def made_on(loop: asyncio.AbstractEventLoop, sink: Sink) -> VideoDecoder:
    async def make() -> VideoDecoder:
        return sink.decoder()

    return loop.run_until_complete(make())


def test_result_says_that_the_loop_has_stopped(loop: asyncio.AbstractEventLoop) -> None:
    data, sink = tiny(), Sink()
    with made_on(loop, sink) as decoder:
        decoder.configure(data.config)
        feed(decoder, data.records)
        flush = decoder.flush()
        with pytest.raises(InvalidStateError, match="loop that delivers the output has stopped"):
            flush.result()
        assert not flush.done()
        loop.run_until_complete(within(flush))
        assert sink.frames == data.times()


@pytest.mark.slow
def test_result_on_another_thread_says_that_the_loop_stops_meanwhile(
    loop: asyncio.AbstractEventLoop,
) -> None:
    data, said = tiny(), []
    with made_on(loop, Sink()) as decoder:
        with decoder._engine._core:  # the worker waits, so the flush is not over
            decoder.configure(data.config)
            flush = decoder.flush()

            def wait() -> None:
                with pytest.raises(InvalidStateError, match="stopped") as caught:
                    flush.result()
                said.append(caught.value)

            async def start() -> None:
                waiting.start()
                while not flush._wakers:
                    await asyncio.sleep(0)

            waiting = threading.Thread(target=wait)
            loop.run_until_complete(start())
            waiting.join(TIMEOUT)
        assert len(said) == 1


def test_await_on_another_loop_says_that_the_decoders_has_stopped(
    loop: asyncio.AbstractEventLoop,
) -> None:
    data = tiny()
    with made_on(loop, Sink()) as decoder:
        decoder.configure(data.config)
        feed(decoder, data.records)
        with pytest.raises(InvalidStateError, match="has stopped"):
            asyncio.run(within(decoder.flush()))


def test_await_without_asyncio_is_a_clear_error() -> None:
    data = tiny()
    with Sink().decoder() as decoder:
        decoder.configure(data.config)
        feed(decoder, data.records)
        flush = decoder.flush()
        # What trio does with a coroutine.
        with pytest.raises(InvalidStateError, match=r"asyncio.*flush.*result\(\)"):
            flush.__await__().send(None)
        flush.result(TIMEOUT)
        with pytest.raises(StopIteration):
            flush.__await__().send(None)  # it is over, whoever asks


WITHOUT = """
import sys
import ffwebcodecs as w
with w.Demuxer(sys.argv[1]) as demuxer, w.VideoDecoder(lambda f: f.close(), print) as decoder:
    decoder.configure(demuxer.video_config)
    for chunk in demuxer.chunks():
        decoder.decode(chunk)
    async def main():
        await decoder.flush()
    assert "asyncio" not in sys.modules
    try:
        main().send(None)
    except w.InvalidStateError as error:
        print("asyncio" in str(error))
"""


def test_await_where_asyncio_was_never_imported() -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(clip("h264-bframes.mp4"))],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.stdout, done.stderr) == ("True\n", "")


@pytest.mark.parametrize("timeout", ["1", float("nan"), float("inf"), b"", [], 10**400])
def test_a_timeout_that_is_none_is_an_invalid_argument(timeout: Any) -> None:
    data = tiny()
    with Sink().decoder() as decoder:
        decoder.configure(data.config)
        flush = decoder.flush()
        with pytest.raises(TypeError):
            flush.result(timeout)
    if not isinstance(timeout, (list, bytes)):
        with pytest.raises(TypeError):
            VideoDecoder(print, print, stall_timeout=timeout)


@pytest.mark.parametrize("timeout", [1e12, 2**70, 1e308])
def test_a_timeout_that_no_lock_can_wait_for_is_a_long_one(timeout: float) -> None:
    data = tiny()
    with Sink().decoder() as decoder:
        decoder.configure(data.config)
        feed(decoder, data.records)
        assert decoder.flush().result(timeout) is None


def test_error_callback_comes_first_whatever_failed() -> None:
    data = tiny()
    junk = [data.records[0], data.records[1]._replace(data=b"\1\0\0")]

    async def main(config: Any, records: list[Any]) -> tuple[list[str], BaseException]:
        sink = Sink()
        decoder = sink.decoder()
        decoder.configure(config)
        feed(decoder, records)
        flushes = [decoder.flush() for _ in range(3)]

        async def reject(flush: Any) -> None:
            try:
                await flush
            except (EncodingError, NotSupportedError):
                sink.events.append("rejected")

        await within(asyncio.gather(*map(reject, flushes)))
        return [each for each in sink.events if each != "frame"], sink.errors[0]

    for config, records, kind in (
        ({"codec": "bogus"}, [], NotSupportedError),
        (data.config, junk, EncodingError),
    ):
        events, error = asyncio.run(main(config, records))
        assert events == ["error", "rejected", "rejected", "rejected"]
        assert type(error) is kind


def test_close_inside_the_error_callback_does_not_reject_before_it_returns() -> None:
    done: list[bool] = []
    sink = Sink()

    def error(failure: BaseException) -> None:
        decoder.close()
        done.append(flush.done())
        sink.error(failure)

    decoder = VideoDecoder(sink.output, error)
    with decoder._engine._core:  # the worker waits
        decoder.configure({"codec": "bogus"})
        flush = decoder.flush()
    with pytest.raises(NotSupportedError):
        flush.result(TIMEOUT)
    assert done == [False]
