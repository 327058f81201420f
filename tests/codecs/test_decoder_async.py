"""VideoDecoder under asyncio: where callbacks run, flush, errors, loops that end."""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from decode_helpers import (
    DIRECT,
    TIMEOUT,
    Sink,
    feed,
    stream,
    stream_of,
    tiny,
    turns,
    wait_until,
    within,
)

from ffwebcodecs import (
    AbortError,
    Demuxer,
    InvalidStateError,
    NotSupportedError,
    VideoDecoder,
    VideoFrame,
)

# ---- delivery on the loop ------------------------------------------------------------------------


def test_callbacks_run_on_the_loops_thread_in_batches() -> None:
    data = stream("h264-bframes.mp4")

    async def main() -> None:
        loop, batches, batch = asyncio.get_running_loop(), [], []

        def on_frame(frame: VideoFrame) -> None:
            assert asyncio.get_running_loop() is loop
            if not batch:
                loop.call_soon(end_of_turn)
            batch.append(frame.timestamp)

        def end_of_turn() -> None:
            batches.append(list(batch))
            batch.clear()

        sink = Sink(on_frame)
        with sink.decoder(frame_pool_size=None) as decoder:
            decoder.configure(data.config)
            feed(decoder, data.records)
            # The loop is busy until the worker has taken everything: then all is ready at once.
            wait_until(lambda: decoder.decode_queue_size == 0, "the queue is empty")
            assert not sink.frames
            await within(decoder.flush())
            await turns(1)
        assert sink.frames == data.times()
        assert len(batches[0]) > len(data.records) // 2

    asyncio.run(main())


def test_frames_keep_their_configuration_however_late_they_are_delivered() -> None:
    data = tiny()

    async def main() -> None:
        rotations: list[int] = []
        sink = Sink(lambda frame: rotations.append(frame.rotation))
        with sink.decoder(frame_pool_size=None) as decoder:
            for rotation in (0, 90):
                decoder.configure(replace(data.config, rotation=rotation))
                feed(decoder, data.records)
            wait_until(lambda: decoder.decode_queue_size == 0, "the queue is empty")
            assert not rotations
            await within(decoder.flush())
        count = len(data.records)
        assert rotations == [0] * count + [90] * count

    asyncio.run(main())


def test_callbacks_never_run_inside_a_call() -> None:
    data = tiny()

    async def main() -> None:
        inside = False

        def on_frame(frame: VideoFrame) -> None:
            assert not inside

        sink = Sink(on_frame)
        with sink.decoder() as decoder:
            for _ in range(3):
                inside = True
                decoder.configure(data.config)
                feed(decoder, data.records)
                completion = decoder.flush()
                inside = False
                assert not completion.done()
                await within(completion)
        assert sink.frames == data.times() * 3
        assert not sink.errors

    asyncio.run(main())


def test_dequeue_events_are_coalesced() -> None:
    data = tiny()

    async def main() -> None:
        sink, sizes = Sink(), []
        with sink.decoder() as decoder:
            decoder.on_dequeue = lambda: sizes.append(decoder.decode_queue_size)
            decoder.configure(data.config)
            feed(decoder, data.records)
            assert decoder.decode_queue_size > 0
            wait_until(lambda: decoder.decode_queue_size == 0, "the queue is empty")
            assert sizes == []
            await within(decoder.flush())
            assert sizes == [0]

    asyncio.run(main())


def test_reset_announces_the_emptied_queue_though_an_older_event_is_on_its_way() -> None:
    data = stream_of(DIRECT["vp8"].path())

    async def main() -> None:
        sink, sizes = Sink(), []
        with sink.decoder(frame_pool_size=1) as decoder:
            decoder.configure(data.config)
            decoder.on_dequeue = lambda: sizes.append(decoder.decode_queue_size)
            feed(decoder, data.records)
            # One frame waits for the loop and fills the pool: the rest stays in the queue.
            wait_until(lambda: decoder.decode_queue_size < len(data.records), "one is taken")
            decoder.reset()
            await turns()
            await within(_until(lambda: bool(sizes)))
            assert sizes[-1] == 0
            assert not sink.frames

    asyncio.run(main())


async def _until(condition: Callable[[], bool]) -> None:
    while not condition():
        await asyncio.sleep(0)


def test_backpressure_of_the_pool_does_not_deadlock_the_loop() -> None:
    data = stream("h264-bframes.mp4")

    async def main() -> None:
        sink = Sink()
        with sink.decoder(frame_pool_size=1) as decoder:
            decoder.configure(data.config)
            feed(decoder, data.records)
            await within(decoder.flush())
        assert sink.frames == data.times()

    asyncio.run(main())


def test_two_decoders_at_once() -> None:
    first, second = stream("h264-bframes.mp4"), stream("vp9.webm")

    async def run(data: Any) -> list[int]:
        sink = Sink()
        with sink.decoder() as decoder:
            decoder.configure(data.config)
            for record in data.records:
                decoder.decode(record.chunk())
                await asyncio.sleep(0)
            await within(decoder.flush())
        assert not sink.errors
        return sink.frames

    async def main() -> list[list[int]]:
        return await asyncio.gather(run(first), run(second), run(first))

    assert asyncio.run(main()) == [first.times(), second.times(), first.times()]


# ---- flush on a loop -----------------------------------------------------------------------------


def test_result_on_the_loop_refuses_instead_of_hanging() -> None:
    data = tiny()

    async def main() -> None:
        with Sink().decoder() as decoder:
            decoder.configure(data.config)
            feed(decoder, data.records)
            completion = decoder.flush()
            with pytest.raises(InvalidStateError, match="await"):
                completion.result()
            await within(completion)
            assert completion.result() is None

    asyncio.run(main())


def test_result_from_another_thread_waits_for_the_loop() -> None:
    data = tiny()

    async def main() -> None:
        sink = Sink()
        with sink.decoder() as decoder:
            decoder.configure(data.config)
            feed(decoder, data.records)
            await asyncio.to_thread(decoder.flush().result, TIMEOUT)
        assert sink.frames == data.times()

    asyncio.run(main())


def test_flush_of_a_decoder_without_a_loop_can_be_awaited() -> None:
    data, sink = tiny(), Sink()
    with sink.decoder() as decoder:

        async def main() -> None:
            decoder.configure(data.config)
            for _ in range(3):
                feed(decoder, data.records)
                await within(decoder.flush())
            completion = decoder.flush()
            await asyncio.gather(*[_await(completion) for _ in range(5)])
            await completion

        asyncio.run(main())
    assert sink.frames == data.times() * 3


async def _await(completion: Any) -> None:
    await completion


def test_cancelled_await_leaves_the_flush_going() -> None:
    data = tiny()

    async def main() -> None:
        sink = Sink()
        with sink.decoder() as decoder:
            decoder.configure(data.config)
            feed(decoder, data.records)
            completion = decoder.flush()
            task = asyncio.ensure_future(_await(completion))
            with decoder._engine._core:  # the worker waits, so the flush is not over
                await asyncio.sleep(0)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
            await within(completion)
        assert sink.frames == data.times()

    asyncio.run(main())


@pytest.mark.parametrize("action", ["reset", "close"])
def test_reset_and_close_reject_the_awaited_flush(action: str) -> None:
    data = stream("h264-bframes.mp4")

    async def main() -> None:
        sink = Sink()
        with sink.decoder() as decoder:
            decoder.configure(data.config)
            feed(decoder, data.records)
            task = asyncio.ensure_future(_await(decoder.flush()))
            # Everything is ready, nothing is delivered yet.
            wait_until(lambda: decoder.decode_queue_size < len(data.records), "it runs")
            getattr(decoder, action)()
            with pytest.raises(AbortError):
                await within(task)
            await turns()
        assert not sink.frames
        assert not sink.errors

    asyncio.run(main())


# ---- errors on a loop ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "codec", ["bogus", "vp9", "avc1.42", "hvc1", "ffmpeg:no-such-decoder", "ffmpeg:pcm_s16le"]
)
def test_unsupported_codec_closes_later_with_the_error_before_the_rejection(codec: str) -> None:
    async def main() -> None:
        sink = Sink()
        decoder = sink.decoder()
        decoder.configure({"codec": codec})
        assert decoder.state == "configured"
        with pytest.raises(NotSupportedError) as caught:
            await within(decoder.flush())
        sink.events.append("rejected")
        assert decoder.state == "closed"
        await turns()
        assert sink.events == ["error", "rejected"]
        assert sink.errors == [caught.value]

    asyncio.run(main())


def test_unsupported_codec_after_a_good_one_comes_after_its_frames() -> None:
    data = stream("h264-bframes.mp4")

    async def main() -> None:
        sink = Sink()
        decoder = sink.decoder()
        decoder.configure(data.config)
        feed(decoder, data.records)
        decoder.configure({"codec": "bogus"})
        assert decoder.state == "configured"
        with pytest.raises(NotSupportedError):
            await within(decoder.flush())
        await turns()
        assert sink.frames == data.times()
        assert [type(error) for error in sink.errors] == [NotSupportedError]

    asyncio.run(main())


def test_unsupported_codec_can_be_reset_away_before_it_is_found() -> None:
    data = tiny()

    async def main() -> None:
        sink = Sink()
        with sink.decoder() as decoder:
            decoder.configure({"codec": "bogus"})
            flush = decoder.flush()
            decoder.reset()
            with pytest.raises(AbortError):
                await within(flush)
            decoder.configure(data.config)
            feed(decoder, data.records)
            await within(decoder.flush())
            assert sink.frames == data.times()
            assert not sink.errors

    asyncio.run(main())


def test_output_callback_that_raises_goes_to_error_then_rejects_the_flush_with_it() -> None:
    data = stream("h264-bframes.mp4")

    async def main() -> None:
        failure = ZeroDivisionError("mine")

        def on_frame(frame: VideoFrame) -> None:
            raise failure

        sink = Sink(on_frame)
        decoder = sink.decoder(frame_pool_size=None)
        decoder.configure(data.config)
        feed(decoder, data.records)
        flush = decoder.flush()
        # The flush is over but for its delivery, which comes after that of the frames.
        wait_until(lambda: decoder.decode_queue_size == 0, "the queue is empty")
        with pytest.raises(ZeroDivisionError):
            await within(flush)
        assert decoder.state == "closed"
        assert sink.errors == [failure]
        assert len(sink.frames) == 1

    asyncio.run(main())


def test_dequeue_callback_that_raises_goes_to_error() -> None:
    data, failure = tiny(), ZeroDivisionError("mine")

    def on_dequeue() -> None:
        raise failure

    async def main() -> None:
        sink = Sink()
        decoder = sink.decoder()
        decoder.on_dequeue = on_dequeue
        decoder.configure(data.config)
        feed(decoder, data.records)
        with pytest.raises(ZeroDivisionError):
            await within(decoder.flush())
        await turns()
        assert sink.errors == [failure]

    asyncio.run(main())


def test_keyboard_interrupt_in_a_callback_stops_the_loop_and_leaves_nothing_pending() -> None:
    data = tiny()

    def on_frame(frame: VideoFrame) -> None:
        raise KeyboardInterrupt

    sink, flushes = Sink(on_frame), []

    async def main() -> None:
        decoder = sink.decoder()
        decoder.configure(data.config)
        feed(decoder, data.records)
        flushes.append(decoder.flush())
        wait_until(lambda: decoder.decode_queue_size == 0, "the queue is empty")
        try:
            await within(_until(lambda: False))
        finally:
            assert decoder.state == "closed"

    with pytest.raises(KeyboardInterrupt):
        asyncio.run(main())
    assert len(sink.frames) == 1
    with pytest.raises(RuntimeError, match="KeyboardInterrupt"):
        flushes[0].result(TIMEOUT)


# ---- loops that end ------------------------------------------------------------------------------


def test_loop_closed_with_everything_pending_closes_the_decoder() -> None:
    data, sink = tiny(), Sink()
    loop = asyncio.new_event_loop()

    async def main() -> VideoDecoder:
        return sink.decoder()

    decoder = loop.run_until_complete(main())
    decoder.configure(data.config)
    feed(decoder, data.records)
    flush = decoder.flush()
    wait_until(lambda: decoder.decode_queue_size == 0, "the queue is empty")
    loop.close()
    with pytest.raises(AbortError):
        flush.result(TIMEOUT)
    assert decoder.state == "closed"
    assert not sink.errors


def test_decoder_used_after_its_loop_was_closed_is_closed_by_it() -> None:
    data, sink = tiny(), Sink()
    kept: list[VideoDecoder] = []

    async def main() -> None:
        kept.append(sink.decoder())
        kept[0].configure(data.config)

    asyncio.run(main())
    decoder = kept[0]
    with pytest.raises((AbortError, InvalidStateError)):
        feed(decoder, data.records)
        decoder.flush().result(TIMEOUT)
    wait_until(lambda: decoder.state == "closed", "the worker has noticed")
    assert not sink.frames


def test_flush_nobody_kept_is_freed_with_its_decoder_when_the_loop_ends() -> None:
    data, loop = tiny(), asyncio.new_event_loop()

    async def main() -> VideoDecoder:
        return Sink().decoder()

    decoder = loop.run_until_complete(main())
    decoder.configure(data.config)
    feed(decoder, data.records)
    decoder.flush()
    gone = weakref.ref(decoder)
    wait_until(lambda: gone().decode_queue_size == 0, "the queue is empty")  # type: ignore[union-attr]
    del decoder
    loop.close()
    wait_until(lambda: gone() is None, "the decoder is freed")


def test_demuxed_chunks_with_the_demuxers_config_on_a_loop() -> None:
    from clips import clip

    async def main() -> int:
        sink = Sink()
        with Demuxer(clip("av1.mp4")) as demuxer, sink.decoder() as decoder:
            decoder.configure(replace(demuxer.video_config))
            for chunk in demuxer.chunks():
                decoder.decode(chunk)
            await within(decoder.flush())
        assert not sink.errors
        return len(sink.frames)

    assert asyncio.run(main()) == 45
