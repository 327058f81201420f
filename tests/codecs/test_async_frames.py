"""Loops over the output of codecs: what they give, how far ahead they go, how they end."""

from __future__ import annotations

import asyncio
import contextvars
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attack
import pytest
from audio_decode_helpers import chunks_of, media
from audio_encode_helpers import pieces, tones
from decode_helpers import TIMEOUT, Sink, stream, tiny, wait_until, within
from encode_helpers import STEP, frame_of, settings
from loops import WAYS, Watched, each, go_over, run, unheard

from ffwebcodecs import (
    AudioData,
    AudioDecoder,
    AudioEncoder,
    DataError,
    EncodedVideoChunk,
    InvalidArgumentError,
    InvalidStateError,
    Muxer,
    VideoDecoder,
    VideoEncoder,
    VideoFrame,
    read_frames,
)
from ffwebcodecs._runtime.outlet import DEPTH

# These wait, and a decoder's threads hold one frame each, whose number is that of the cores.
AHEAD = DEPTH + 1 + 2 * len(os.sched_getaffinity(0))


# ---- what they give ------------------------------------------------------------------------------


@pytest.mark.parametrize("way", WAYS)
def test_frames_are_those_of_the_callbacks_and_these_are_not_called(way: str) -> None:
    data = stream("h264-bframes.mp4")
    got: list[int] = []

    def body(frame: VideoFrame) -> None:
        with frame:
            got.append(frame.timestamp)

    with VideoDecoder(unheard, unheard) as decoder:
        decoder.configure(data.config)
        for _ in range(2):
            go_over(way, decoder.frames, data.chunks(), body)
            assert decoder.state == "configured"  # and flushed: the next chunk is a key chunk
            with pytest.raises(DataError, match="a key chunk is due"):
                decoder.decode(data.records[1].chunk())
        assert decoder.pool.peak == 1
    assert got == 2 * data.times()


@pytest.mark.parametrize("way", WAYS)
def test_encoders_give_pairs_for_the_muxer_and_take_the_frames(way: str, tmp_path: Path) -> None:
    frames = [frame_of(index) for index in range(12)]
    path = tmp_path / "out.mp4"
    with Muxer(path) as muxer, VideoEncoder() as encoder:
        encoder.configure(settings("avc1.42001E", framerate=30))
        go_over(way, encoder.chunks, frames, lambda pair: muxer.add_chunk(*pair))
    assert all(frame.closed for frame in frames)
    assert [frame.timestamp for frame in read_frames(path)] == [STEP * at for at in range(12)]


@pytest.mark.parametrize("way", WAYS)
def test_sound_goes_the_same_ways(way: str) -> None:
    config, packets = media("opus_stereo")
    sound: list[int] = []

    def body(data: AudioData) -> None:
        with data:
            sound.append(data.number_of_frames)

    with AudioDecoder() as decoder:
        decoder.configure(config)
        go_over(way, decoder.audio_data, chunks_of(packets), body)
    with AudioDecoder(body, unheard) as decoder:
        decoder.configure(config)
        for chunk in chunks_of(packets):
            decoder.decode(chunk)
        decoder.flush().result(TIMEOUT)
    assert len(sound) % 2 == 0 and sound[: len(sound) // 2] == sound[len(sound) // 2 :]

    given, got = pieces(tones(4800)), []
    with AudioEncoder() as encoder:
        encoder.configure({"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2})
        go_over(way, encoder.chunks, given, lambda pair: got.append(pair[0].byte_length))
    assert sum(got) == 4800 * 2 * 2
    assert all(data.closed for data in given)


def test_codecs_can_be_chained() -> None:
    data = tiny()

    async def main() -> list[int]:
        with VideoDecoder() as decoder, VideoEncoder() as encoder:
            decoder.configure(data.config)
            encoder.configure({"codec": "vp8", "width": 32, "height": 32})
            frames = decoder.frames(data.chunks())
            return [chunk.timestamp async for chunk, _ in encoder.chunks(frames)]

    assert run("asyncio", main) == data.times()


# ---- how far ahead -------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["plain", "asyncio", "asyncio source"])
def test_the_source_is_a_few_chunks_ahead_of_a_loop_that_stops(way: str) -> None:
    data = tiny()
    source = Watched(data.chunks() * 50)

    def look() -> None:
        wait_until(lambda: decoder.decode_queue_size == 0, "the worker has nothing to do")
        assert source.taken <= AHEAD
        assert decoder.pool.in_use == 1  # what waits is nobody's yet

    with VideoDecoder() as decoder:
        decoder.configure(data.config)
        if way == "plain":
            with decoder.frames(source) as frames, next(frames):
                look()
        else:

            async def main() -> None:
                async with decoder.frames(each(source) if "source" in way else source) as output:
                    with await output.__anext__():
                        for _ in range(100):
                            await asyncio.sleep(0)
                        look()

            run(way, main)
        assert source.taken <= AHEAD


def test_a_plain_source_is_read_where_it_does_not_stop_the_loop() -> None:
    data = tiny()
    variable = contextvars.ContextVar("variable", default=0)
    go, here = threading.Event(), threading.get_ident()

    def chunks() -> Iterator[EncodedVideoChunk]:
        assert variable.get() == 7 and threading.get_ident() != here
        assert go.wait(TIMEOUT)  # the loop goes on meanwhile
        yield from data.chunks()

    async def main() -> int:
        variable.set(7)
        asyncio.get_running_loop().call_soon(go.set)
        with VideoDecoder() as decoder:
            decoder.configure(data.config)
            return len([frame.close() async for frame in decoder.frames(chunks())])

    assert run("asyncio", main) == len(data.records)
    source = Watched(data.chunks())
    with VideoDecoder() as decoder:
        decoder.configure(data.config)
        assert len([frame.close() for frame in decoder.frames(source)]) == len(data.records)
    assert source.thread == here  # a plain loop is nobody's but its thread's


def test_output_comes_while_an_asynchronous_source_waits() -> None:
    """The chunk after a frame is there when the frame has come: no deadlock, no chunk of delay."""
    config = {"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2}

    async def main() -> int:
        ready: asyncio.Queue[AudioData | None] = asyncio.Queue()

        async def source() -> Any:
            while (data := await ready.get()) is not None:
                yield data

        given = pieces(tones(4000))
        count = 0
        with AudioEncoder() as encoder:
            encoder.configure(config)
            ready.put_nowait(given[0])
            async for _ in encoder.chunks(source()):
                count += 1
                ready.put_nowait(given[count] if count < len(given) else None)
        return count

    assert run("asyncio", main) == 4


@pytest.mark.attack
def test_memory_stays_bounded_over_thousands_of_chunks() -> None:
    data = stream("vp8.webm")
    rounds = attack.rounds(1500, 20_000) // len(data.records)

    def endless() -> Iterator[EncodedVideoChunk]:
        for _ in range(rounds):
            yield from data.chunks()

    async def main() -> int:
        most = count = 0
        with VideoDecoder() as decoder:
            decoder.configure(data.config)
            async for frame in decoder.frames(endless()):
                with frame:
                    count += 1
                if count == 200:
                    most = resident()
                if count % 100 == 0:
                    await asyncio.sleep(0)
        assert count == rounds * len(data.records)
        return resident() - most

    assert asyncio.run(main()) < 8 << 20


def resident() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


# ---- what is refused -----------------------------------------------------------------------------


def test_a_second_loop_at_once_is_refused() -> None:
    data = tiny()
    with VideoDecoder() as decoder:
        with pytest.raises(InvalidStateError, match="not configured"):
            decoder.frames([])
        decoder.configure(data.config)
        first, second = decoder.frames(data.chunks()), decoder.frames(data.chunks())
        next(first).close()
        with pytest.raises(InvalidStateError, match="another loop"):
            decoder.frames([])
        with pytest.raises(InvalidStateError, match="another loop"):
            next(second)
        assert len([frame.close() for frame in first]) == len(data.records) - 1
        assert list(second) == []
        for wrong in (b"", "clip.mp4", 5, None):
            with pytest.raises(InvalidArgumentError, match="expected an iterable of chunks"):
                decoder.frames(wrong)  # type: ignore[arg-type]
        with pytest.raises(InvalidArgumentError, match="'async for'"):
            next(decoder.frames(each(data.chunks())))
        assert decoder.state == "unconfigured"
    with pytest.raises(InvalidStateError, match="closed"):
        decoder.frames([])


def test_output_that_belongs_to_the_callbacks_is_waited_for() -> None:
    data = tiny()
    sink = Sink()
    with sink.decoder() as decoder:
        decoder.configure(data.config)
        for chunk in data.chunks():
            decoder.decode(chunk)
        done = decoder.flush()
        with pytest.raises(InvalidStateError, match="flush it"):
            decoder.frames([])
        done.result(TIMEOUT)
        assert len([frame.close() for frame in decoder.frames(data.chunks())]) == len(data.records)
        decoder.decode(data.records[0].chunk())  # the callbacks have their turn again
        decoder.flush().result(TIMEOUT)
    assert sink.frames == [*data.times(), data.records[0].timestamp]


def test_a_loop_is_gone_over_by_one_in_one_way() -> None:
    data = tiny()

    async def main() -> None:
        with VideoDecoder() as decoder:
            decoder.configure(data.config)
            frames = decoder.frames(each([]))
            waiting = asyncio.ensure_future(frames.__anext__())
            await asyncio.sleep(0)
            with pytest.raises(InvalidStateError, match="another step"):
                await frames.__anext__()
            with pytest.raises(StopAsyncIteration):
                await within(waiting)
            frames = decoder.frames(data.chunks())
            (await frames.__anext__()).close()
            with pytest.raises(InvalidStateError, match="begun with 'async for'"):
                next(frames)

    run("asyncio", main)
    with VideoDecoder() as decoder:
        decoder.configure(data.config)
        step = decoder.frames(data.chunks()).__anext__()
        with pytest.raises(InvalidStateError, match="neither asyncio nor trio"):
            step.send(None)


def test_codecs_without_callbacks_give_output_to_loops_only() -> None:
    data = tiny()
    for make in (VideoDecoder, VideoEncoder, AudioDecoder, AudioEncoder):
        with pytest.raises(InvalidArgumentError, match="output and error go together"):
            make(unheard)
        with pytest.raises(InvalidArgumentError, match="output and error go together"):
            make(error=unheard)
    with VideoDecoder() as decoder:
        decoder.configure(data.config)
        with pytest.raises(InvalidStateError, match=r"only frames\(\) gives"):
            decoder.decode(data.records[0].chunk())
    with VideoEncoder() as encoder, frame_of(0) as frame:
        encoder.configure(settings("vp8"))
        with pytest.raises(InvalidStateError, match=r"only chunks\(\) gives"):
            encoder.encode(frame)
    with AudioEncoder() as sound, pieces(tones(960))[0] as data_of_sound:
        sound.configure({"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2})
        with pytest.raises(InvalidStateError, match=r"only chunks\(\) gives"):
            sound.encode(data_of_sound)
