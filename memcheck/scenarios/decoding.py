"""Decoders: fed, reset, dropped, stalled, under an event loop."""

from __future__ import annotations

import asyncio
import threading
import time
import warnings
from collections.abc import Iterator

from ffwebcodecs import (
    FramePoolExhaustedError,
    FramePoolWarning,
    VideoDecoder,
    VideoFrame,
    read_frames,
)

from .. import media
from ..scenario import Step, scenario

TIMEOUT = 30
CLIPS = tuple(media.RECIPES)


def unexpected(error: BaseException) -> None:
    """Fail loudly: an error callback that should not be called."""
    raise AssertionError(f"the decoder failed: {error!r}") from error


def _close(frame: VideoFrame) -> None:
    frame.close()


@scenario("frames decoded with read_frames, copied, closed", cycles=10_000, each=media.FRAMES)
def read_frames_closed() -> Iterator[Step]:
    paths = [media.clip(name) for name in CLIPS]
    pixels = bytearray(64 * 64 * 4)

    def step(index: int) -> None:
        count = 0
        for frame in read_frames(paths[index % len(paths)], threads=1 + index % 2):
            with frame:
                frame.copy_to(pixels, format="RGBA")
                count += 1
        assert count == media.FRAMES

    yield step


@scenario(
    "frames of read_frames dropped unclosed, iteration abandoned",
    cycles=10_000,
    each=media.FRAMES,
)
def read_frames_dropped() -> Iterator[Step]:
    path = media.clip("h264.mp4")

    def step(index: int) -> None:
        count = 0
        while count < media.FRAMES:
            for _ in read_frames(path, threads=1, start=0 if index % 2 else 500_000):
                count += 1
                if count >= media.FRAMES:
                    break

    yield step


@scenario("frames decoded with VideoDecoder, closed", cycles=10_000, each=media.FRAMES)
def video_decoder() -> Iterator[Step]:
    streams = [media.stream(name) for name in CLIPS]
    with VideoDecoder(_close, unexpected) as decoder:

        def step(index: int) -> None:
            config, records = streams[index % len(streams)]
            decoder.configure(config)
            for record in records:
                decoder.decode(record.chunk(transfer=index % 2 == 0))
            decoder.flush().result(TIMEOUT)

        yield step


@scenario("frames of VideoDecoder dropped unclosed", cycles=10_000, each=media.FRAMES)
def video_decoder_dropped() -> Iterator[Step]:
    config, records = media.stream("h264.mp4")
    with VideoDecoder(lambda frame: frame.clone(), unexpected, frame_pool_size=4) as decoder:
        decoder.configure(config)

        def step(_: int) -> None:
            for record in records:
                decoder.decode(record.chunk())
            decoder.flush().result(TIMEOUT)

        yield step


@scenario("decoders opened, fed, flushed, closed", cycles=1_000)
def decoders_closed() -> Iterator[Step]:
    streams = [media.stream(name, threads=2) for name in CLIPS]

    def step(index: int) -> None:
        config, records = streams[index % len(streams)]
        with VideoDecoder(_close, unexpected) as decoder:
            decoder.configure(config)
            for record in records[:10]:
                decoder.decode(record.chunk())
            decoder.flush().result(TIMEOUT)

    yield step


@scenario("a decoder reset in mid-stream", cycles=1_000)
def decoders_reset() -> Iterator[Step]:
    config, records = media.stream("h264.mp4", threads=2)
    arrived = threading.Event()

    def output(frame: VideoFrame) -> None:
        frame.close()
        arrived.set()

    with VideoDecoder(output, unexpected) as decoder:

        def step(_: int) -> None:
            arrived.clear()
            decoder.configure(config)
            for record in records[:10]:
                decoder.decode(record.chunk())
            assert arrived.wait(TIMEOUT)
            decoder.reset()

        yield step


@scenario("decoders dropped unclosed in mid-stream", cycles=1_000)
def decoders_dropped() -> Iterator[Step]:
    config, records = media.stream("h264.mp4", threads=2)

    def step(_: int) -> None:
        arrived = threading.Event()
        held: list[VideoFrame] = []

        def output(frame: VideoFrame) -> None:
            held.append(frame)
            arrived.set()

        decoder = VideoDecoder(output, unexpected, frame_pool_size=2)
        decoder.configure(config)
        for record in records[:10]:
            decoder.decode(record.chunk())
        assert arrived.wait(TIMEOUT)
        del decoder
        # A worker that kept its decoder alive would stay.
        deadline = time.monotonic() + TIMEOUT
        while threading.active_count() > 1:
            assert time.monotonic() < deadline, "the worker of a dropped decoder lives on"
            time.sleep(0.0002)

    yield step


@scenario("stalls: frames held, warned about, closed, decoding resumed", cycles=1_000)
def stalls() -> Iterator[Step]:
    config, records = media.stream("h264.mp4")
    held: list[VideoFrame] = []
    holding = True
    told: list[object] = []

    def output(frame: VideoFrame) -> None:
        if holding:
            held.append(frame)
        else:
            frame.close()

    with warnings.catch_warnings():
        # "always" leaves nothing in the registry of warnings that were shown once.
        warnings.simplefilter("always", FramePoolWarning)
        warnings.showwarning = lambda *arguments, **_: told.append(arguments[1])  # type: ignore[assignment]
        with VideoDecoder(output, unexpected, frame_pool_size=2, stall_timeout=0.001) as decoder:

            def step(_: int) -> None:
                nonlocal holding
                holding = True
                decoder.configure(config)
                for record in records[:10]:
                    decoder.decode(record.chunk())
                try:
                    decoder.flush().result(TIMEOUT)
                    raise AssertionError("there was no stall")
                except FramePoolExhaustedError:
                    pass
                assert told.pop() is FramePoolWarning
                told.clear()
                holding = False
                for frame in held:
                    frame.close()
                held.clear()
                decoder.flush().result(TIMEOUT)

            yield step


@scenario("decoders under asyncio: flushed, reset, left open", cycles=1_000, each=10)
def event_loop() -> Iterator[Step]:
    config, records = media.stream("h264.mp4")

    async def one(index: int) -> None:
        frames: list[int] = []

        def output(frame: VideoFrame) -> None:
            with frame:
                frames.append(frame.timestamp)

        decoder = VideoDecoder(output, unexpected)
        decoder.configure(config)
        for record in records[:10]:
            decoder.decode(record.chunk())
        if index % 5 == 0:
            await asyncio.sleep(0)
            decoder.reset()
        elif index % 5 == 1:
            decoder.flush()  # nobody waits for it
        else:
            await decoder.flush()
            assert len(frames) == 10
        if index % 2:
            decoder.close()

    async def some() -> None:
        await asyncio.gather(*(one(index) for index in range(10)))

    def step(_: int) -> None:
        asyncio.run(some())

    yield step
