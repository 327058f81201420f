"""Loops over what codecs and files give: cancelled at every step; queues with a limit."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import suppress
from typing import Any

from ffwebcodecs import (
    AudioDecoder,
    AudioEncoder,
    EncodedAudioChunk,
    VideoDecoder,
    VideoEncoder,
    VideoFrame,
    read_audio_data,
    read_audio_data_async,
    read_frames_async,
)

from .. import media
from ..scenario import Step, scenario
from .decoding import TIMEOUT, unexpected
from .frames import make

Loop = Callable[[], Coroutine[Any, Any, None]]


async def _each(items: Any) -> AsyncIterator[Any]:
    for item in items:
        await asyncio.sleep(0)
        yield item


def _cancelled(main: Loop, number: int) -> None:
    """Run a coroutine, and cancel it after so many turns of the loop."""

    async def watched() -> None:
        task = asyncio.ensure_future(main())
        for _ in range(number):
            if task.done():
                break
            await asyncio.sleep(0)
        task.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.wait_for(task, TIMEOUT)

    asyncio.run(watched())


async def _over(output: Any) -> None:
    async for item in output:
        if hasattr(item, "close"):
            item.close()


@scenario(
    "`decoder.frames` and `encoder.chunks`, cancelled at every step",
    cycles=10_000,
    each=media.FRAMES,
)
def codec_loops_cancelled() -> Iterator[Step]:
    config, records = media.stream("h264.mp4")
    sound, packets = media.sounds()[0]

    def pictures() -> Iterator[Any]:
        return (record.chunk() for record in records[:12])

    async def frames() -> None:
        with VideoDecoder() as decoder:
            decoder.configure(config)
            await _over(decoder.frames(pictures()))

    async def frames_of_tasks() -> None:
        with VideoDecoder(max_queue=2) as decoder:
            decoder.configure(config)
            await _over(decoder.frames(_each(pictures())))

    async def chunks() -> None:
        with VideoEncoder() as encoder:
            encoder.configure({"codec": "ffmpeg:mpeg4", "width": 64, "height": 64})
            await _over(encoder.chunks(make(number) for number in range(12)))

    async def audio_data() -> None:
        with AudioDecoder() as decoder:
            decoder.configure(sound)
            parts = enumerate(packets[:12])
            await _over(
                decoder.audio_data(
                    EncodedAudioChunk(type="key", timestamp=20_000 * number, data=data)
                    for number, data in parts
                )
            )

    async def sound_chunks() -> None:
        with AudioEncoder() as encoder:
            encoder.configure({"codec": "flac", "sample_rate": 48000, "number_of_channels": 2})
            source = read_audio_data(media.song("song.wav"), 0, 300_000)
            await _over(encoder.chunks(_each(source)))

    loops: tuple[Loop, ...] = (frames, frames_of_tasks, chunks, audio_data, sound_chunks)

    for loop in loops:
        asyncio.run(loop())  # what is kept for the next time is there

    def step(index: int) -> None:
        _cancelled(loops[index % len(loops)], index // len(loops) % 40)

    yield step


@scenario(
    "`read_frames_async` and its twin, cancelled at every step", cycles=10_000, each=media.FRAMES
)
def readings_cancelled() -> Iterator[Step]:
    film, song = media.clip("h264.mp4"), media.song("song.flac")
    data = film.read_bytes()

    async def frames() -> None:
        await _over(read_frames_async(film, threads=1))

    async def frames_of_an_object() -> None:
        import io

        await _over(read_frames_async(io.BytesIO(data), threads=1))

    async def live() -> None:
        await _over(read_frames_async(film, live=True))

    async def sound() -> None:
        await _over(read_audio_data_async(song))

    async def left() -> None:
        async for _ in read_frames_async(film, threads=1):
            break

    loops: tuple[Loop, ...] = (frames, frames_of_an_object, live, sound, left)

    for loop in loops:
        asyncio.run(loop())  # what is kept for the next time is there

    def step(index: int) -> None:
        _cancelled(loops[index % len(loops)], index // len(loops) % 40)

    yield step


@scenario(
    "plain loops over the output of codecs, left at every step", cycles=10_000, each=media.FRAMES
)
def codec_loops_left() -> Iterator[Step]:
    config, records = media.stream("h264.mp4")
    with VideoDecoder() as decoder, VideoEncoder() as encoder:

        def step(index: int) -> None:
            decoder.configure(config)
            encoder.configure({"codec": "ffmpeg:mpeg4", "width": 64, "height": 64})
            frames = decoder.frames(record.chunk() for record in records[:20])
            for number, _ in enumerate(encoder.chunks(frames)):
                if number == index % 25:
                    break

        yield step


@scenario("20,000 chunks through queues with a limit", cycles=20_000, each=media.FRAMES)
def queues_with_a_limit() -> Iterator[Step]:
    config, records = media.stream("h264.mp4")

    def step(index: int) -> None:
        if index % 2:
            with VideoDecoder(VideoFrame.close, unexpected, max_queue=1 + index % 8) as decoder:
                decoder.configure(config)
                for record in records:
                    decoder.decode(record.chunk())
                    assert decoder.decode_queue_size <= 8
                decoder.flush().result(TIMEOUT)
            return

        async def main() -> None:
            decoder = VideoDecoder(VideoFrame.close, unexpected, max_queue=8)
            with decoder:
                decoder.configure(config)
                for record in records:
                    await decoder.ready()
                    decoder.decode(record.chunk())
                await decoder.flush()

        asyncio.run(main())

    yield step
