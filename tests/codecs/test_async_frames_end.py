"""Loops over the output of codecs: their errors, and how they are left."""

from __future__ import annotations

import asyncio
import gc
import threading
import warnings
from collections.abc import Iterator
from typing import Any

import attack
import pytest
from decode_helpers import TIMEOUT, Stream, decode_all, stream, tiny, wait_until
from encode_helpers import frame_of
from handles import live_handles
from loops import WAYS, Watched, cancelled_at, each, go_over, run, turn, unheard

from ffwebcodecs import (
    AbortError,
    DataError,
    Demuxer,
    EncodedVideoChunk,
    EncodingError,
    FramePoolExhaustedError,
    FramePoolWarning,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    VideoDecoder,
    VideoEncoder,
    VideoFrame,
)

# ---- errors --------------------------------------------------------------------------------------


def broken(data: Stream) -> list[EncodedVideoChunk]:
    chunks = data.chunks()
    chunks[5] = data.records[5].chunk(data=b"\xff" * 40)
    return chunks


@pytest.mark.parametrize("way", WAYS)
def test_the_codecs_error_comes_after_the_output_before_it(way: str) -> None:
    data = tiny()
    got: list[int] = []

    def body(frame: VideoFrame) -> None:
        with frame:
            got.append(frame.timestamp)

    with VideoDecoder(unheard, unheard) as decoder:
        decoder.configure(data.config)
        with pytest.raises(EncodingError):
            go_over(way, decoder.frames, broken(data), body)
        assert decoder.closed
    assert got == data.times()[:5]


@pytest.mark.parametrize("way", WAYS)
def test_the_sources_error_comes_after_the_output_before_it(way: str) -> None:
    data = tiny()
    got: list[int] = []

    def source() -> Iterator[Any]:
        yield from data.chunks()[:5]
        raise KeyError("the source")

    def body(frame: VideoFrame) -> None:
        with frame:
            got.append(frame.timestamp)

    with VideoDecoder(unheard, unheard) as decoder:
        for wrong, error in (
            (source(), KeyError),
            ([*data.chunks()[:5], "no chunk"], InvalidArgumentError),
        ):
            decoder.configure(data.config)
            with pytest.raises(error):
                go_over(way, decoder.frames, wrong, body)
            assert decoder.state == "unconfigured"
    assert got == 2 * data.times()[:5]


@pytest.mark.parametrize("way", WAYS)
def test_a_configuration_that_cannot_work_is_the_loops_to_raise(way: str) -> None:
    with VideoDecoder() as decoder:
        decoder.configure({"codec": "avc1.42001E", "description": b"\x01"})
        with pytest.raises((NotSupportedError, EncodingError, DataError)):
            go_over(way, decoder.frames, tiny().chunks(), unheard)
        assert decoder.closed
        with pytest.raises(InvalidStateError):
            decoder.frames([])


@pytest.mark.parametrize("way", ["plain", "asyncio", "trio"])
def test_frames_that_are_all_held_end_the_loop(way: str) -> None:
    data = tiny()
    held: list[VideoFrame] = []
    with VideoDecoder(frame_pool_size=3, stall_timeout=0.05) as decoder:
        decoder.configure(data.config)
        with pytest.warns(FramePoolWarning), pytest.raises(FramePoolExhaustedError, match="3 of 3"):
            go_over(way, decoder.frames, data.chunks(), held.append)
        assert decoder.state == "unconfigured"
        assert len(held) == 3
        for frame in held:
            frame.close()


def test_a_loop_that_holds_all_frames_for_long_and_then_closes_them_goes_on() -> None:
    data = tiny()
    held: list[VideoFrame] = []
    with VideoDecoder(frame_pool_size=3, stall_timeout=0.05) as decoder:
        decoder.configure(data.config)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FramePoolWarning)
            count = 0
            for frame in decoder.frames(data.chunks()):
                count += 1
                held.append(frame)
                if len(held) == 3:
                    threading.Event().wait(0.12)
                    while held:
                        held.pop().close()
        assert count == len(data.records)
        while held:
            held.pop().close()


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("how", ["reset", "close"])
def test_reset_and_close_end_the_loop(way: str, how: str) -> None:
    data = tiny()
    got: list[int] = []

    def body(frame: VideoFrame) -> None:
        with frame:
            got.append(frame.timestamp)
        getattr(decoder, how)()

    with VideoDecoder() as decoder:
        decoder.configure(data.config)
        with pytest.raises(AbortError):
            go_over(way, decoder.frames, data.chunks(), body)
    assert len(got) == 1


# ---- how they are left ---------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_a_loop_that_is_left_leaves_nothing_and_the_codec_can_be_used_again(way: str) -> None:
    data = tiny()
    chunks = data.chunks() * 20

    class LeftError(Exception):
        pass

    def leave(frame: VideoFrame) -> None:
        frame.close()
        raise LeftError

    with VideoDecoder() as decoder:
        for _ in range(3):
            decoder.configure(data.config)
            with pytest.raises(LeftError):
                go_over(way, decoder.frames, chunks, leave)
            gc.collect()  # the error of the last round may have held it
            assert decoder.state == "unconfigured"
            assert decoder.pool.in_use == 0
        decoder.configure(data.config)
        assert len([frame.close() for frame in decoder.frames(data.chunks())]) == len(data.records)


@pytest.mark.parametrize("way", ["asyncio", "trio"])
def test_break_resets_at_once_and_aclose_waits_for_the_source(way: str) -> None:
    data = tiny()

    async def main() -> None:
        with VideoDecoder() as decoder:
            decoder.configure(data.config)
            async for frame in decoder.frames(data.chunks() * 9):
                frame.close()
                break
            assert decoder.state == "unconfigured"
            ended = []

            async def source() -> Any:
                try:
                    for chunk in data.chunks() * 9:
                        await turn()
                        yield chunk
                finally:
                    ended.append(True)

            decoder.configure(data.config)
            chunks = source()
            async with decoder.frames(chunks) as frames:
                (await frames.__anext__()).close()
            await chunks.aclose()
            assert ended and decoder.state == "unconfigured"
            with pytest.raises(StopAsyncIteration):
                await frames.__anext__()

    run(way, main)


@pytest.mark.attack
@pytest.mark.parametrize("way", ["asyncio", "asyncio source"])
def test_cancelled_at_every_moment_nothing_is_left(way: str) -> None:
    data = tiny()
    moments = iter(range(0, attack.rounds(60, 4000), attack.rounds(4, 1)))

    async def main() -> None:
        chunks = data.chunks()
        with VideoDecoder() as decoder:
            decoder.configure(data.config)
            async for frame in decoder.frames(each(chunks) if "source" in way else chunks):
                with frame:
                    await asyncio.sleep(0)

    for moment in moments:
        if not cancelled_at(moment, main):
            break
        gc.collect()
        wait_until(lambda: not live_handles(), "all is closed")


@pytest.mark.attack
def test_an_encoder_cancelled_at_every_moment_closes_the_frames_it_took() -> None:
    for moment in range(0, attack.rounds(60, 2000), attack.rounds(6, 1)):
        if not _encoder_cancelled_at(moment):
            break


def _encoder_cancelled_at(moment: int) -> bool:
    frames = [frame_of(index, width=32, height=32) for index in range(6)]
    source = Watched(frames)

    async def main() -> None:
        with VideoEncoder() as encoder:
            encoder.configure({"codec": "vp8", "width": 32, "height": 32})
            async for _ in encoder.chunks(source):
                await asyncio.sleep(0)

    was_running = cancelled_at(moment, main)
    taken = frames[: source.taken]
    wait_until(lambda: all(frame.closed for frame in taken), "what was taken is closed")
    for frame in frames:
        frame.close()
    return was_running


def test_a_loop_that_is_closed_underneath_leaves_nothing() -> None:
    data = tiny()
    loop = asyncio.new_event_loop()
    decoder = VideoDecoder()
    decoder.configure(data.config)
    forever = threading.Event()

    def source() -> Iterator[EncodedVideoChunk]:
        yield from data.chunks()[:3]
        forever.wait(TIMEOUT)
        yield from data.chunks()

    async def main() -> None:
        async for frame in decoder.frames(source()):
            frame.close()

    task = loop.create_task(main())
    for _ in range(20):
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    forever.set()
    wait_until(lambda: decoder.decode_queue_size == 0, "the worker has nothing to do")
    task._log_destroy_pending = False  # type: ignore[attr-defined]
    del task
    gc.collect()
    assert decoder.state == "unconfigured"
    decoder.close()


def test_a_decoder_of_one_loop_serves_another_and_threads() -> None:
    """Output is taken where the loop over it runs, wherever the codec was made."""
    data = tiny()

    async def make() -> VideoDecoder:
        decoder = VideoDecoder()
        decoder.configure(data.config)
        return decoder

    decoder = asyncio.run(make())
    counts = [len([frame.close() for frame in decoder.frames(data.chunks())])]
    go_over("asyncio", decoder.frames, data.chunks(), lambda frame: frame.close())
    decoder.close()
    assert counts == [len(decode_all(data.config, data.records))]


def test_a_demuxer_feeds_a_decoder_under_asyncio() -> None:
    from clips import clip

    async def main() -> list[int]:
        with Demuxer(clip("h264-bframes.mp4")) as demuxer, VideoDecoder() as decoder:
            decoder.configure(demuxer.video_config)
            got = []
            async for frame in decoder.frames(demuxer.chunks()):
                with frame:
                    got.append(frame.timestamp)
            return got

    assert run("asyncio", main) == stream("h264-bframes.mp4").times()
