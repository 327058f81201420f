"""Chunks of video that wait go through the decoder several at a time: what comes is what comes one
by one, of loops of Python too.
"""

from __future__ import annotations

import hashlib
import os
import random
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import attack
import pytest
from clips import CLIPS, clip
from decode_helpers import TIMEOUT
from handles import live_handles

import ffwebcodecs
from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
    VideoDecoder,
    VideoDecoderConfig,
    VideoFrame,
    open_handles,
)
from ffwebcodecs._av import pump
from ffwebcodecs.codecs._decoding import DecoderDriver

NAME = "h264-bframes.mp4"
NAMES = [each.name for each in CLIPS]
DAMAGED = (NAME, "hevc-bframes.mp4", "vp8.webm", "vp9-hidden-frames.webm", "av1.mp4")
AT_ONCE = 16
Outcome = tuple[list[Any], list[str]]

needs_pump = pytest.mark.skipif(pump.get() is None, reason="the pump was not built here")


def chunks_in(name: str, threads: int = 1) -> tuple[VideoDecoderConfig, list[EncodedVideoChunk]]:
    with Demuxer(clip(name)) as demuxer:
        return replace(demuxer.video_config, threads=threads), list(demuxer.chunks())


def said_of(frame: VideoFrame) -> tuple[Any, ...]:
    pixels = bytearray(frame.allocation_size())
    frame.copy_to(pixels)
    size = frame.coded_width, frame.display_width
    return frame.timestamp, frame.duration, frame.format, size, hashlib.md5(pixels).hexdigest()


def decoded(
    config: VideoDecoderConfig, chunks: list[EncodedVideoChunk], pool: int | None = 16
) -> Outcome:
    """Decode chunks of which all but the first ones wait in the queue."""
    found: list[Any] = []
    said: list[str] = []
    queued = threading.Event()

    def output(frame: VideoFrame) -> None:
        assert queued.wait(TIMEOUT)
        with frame:
            found.append(said_of(frame))

    def error(problem: BaseException) -> None:
        said.append(f"{problem!r} {getattr(problem, 'timestamp', None)}")

    with VideoDecoder(output, error, frame_pool_size=pool) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            if decoder.state == "configured":
                decoder.decode(chunk)
        queued.set()
        if decoder.state == "configured":
            try:
                decoder.flush().result(TIMEOUT)
            except ffwebcodecs.WebCodecsError as problem:
                said.append(type(problem).__name__)
    return found, said


def without_pixels(outcome: Outcome) -> Outcome:
    """What decoders make of damage depends on what was in their memory."""
    return [each[:-1] for each in outcome[0]], outcome[1]


def one_by_one(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(DecoderDriver, "most", 1)
    patch.setattr(pump._known, "module", None)


def damaged(chunk: EncodedVideoChunk, dice: random.Random) -> EncodedVideoChunk:
    data = bytearray(chunk.data)
    for _ in range(dice.randrange(1, 4)):
        place = dice.randrange(len(data) + 1)
        data[place : place + dice.choice((1, 8, 300))] = dice.randbytes(dice.choice((0, 1, 8)))
    return EncodedVideoChunk(
        type=chunk.type, timestamp=chunk.timestamp, duration=chunk.duration, data=bytes(data)
    )


@needs_pump
@pytest.mark.divided
@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_the_same(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    config, chunks = chunks_in(name)
    several, few = decoded(config, chunks), decoded(config, chunks, pool=3)
    one_by_one(monkeypatch)
    assert several == few == decoded(config, chunks)
    assert several[0]


@needs_pump
@pytest.mark.parametrize("threads", [1, 3])
def test_so_they_are_of_damaged_chunks(threads: int, monkeypatch: pytest.MonkeyPatch) -> None:
    dice = attack.dice(f"batches of video {threads}")
    streams: list[tuple[Any, list[EncodedVideoChunk]]] = []
    for name in DAMAGED:
        config, chunks = chunks_in(name, threads)
        for place in (1, dice.randrange(2, len(chunks)), len(chunks) - 1):
            bad = damaged(chunks[place], dice)
            streams.append((config, [*chunks[:place], bad, *chunks[place + 1 :]]))
    several = [without_pixels(decoded(*stream)) for stream in streams]
    one_by_one(monkeypatch)
    assert several == [without_pixels(decoded(*stream)) for stream in streams]


@needs_pump
def test_pictures_that_look_otherwise_have_their_own_shape(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Key frames of VP9 say how large they are.
    config, small = chunks_in("vp9.webm")
    odd = chunks_in("vp9-odd.mkv")[1]
    chunks = [*small[:20], *odd[:3], *small[:5]]
    several = decoded(config, chunks)
    assert [each[3][1] for each in several[0]] == [160] * 20 + [161] * 3 + [160] * 5
    one_by_one(monkeypatch)
    assert several == decoded(config, chunks)


@needs_pump
def test_an_error_comes_after_what_is_before_it() -> None:
    config, chunks = chunks_in("vp8.webm")
    for place in (1, 2, 7, AT_ONCE, AT_ONCE + 1, len(chunks) - 1):
        bad = EncodedVideoChunk(type="delta", timestamp=chunks[place].timestamp, data=b"\1")
        found, said = decoded(config, [*chunks[:place], bad, *chunks[place + 1 :]])
        assert [each[0] for each in found] == [chunk.timestamp for chunk in chunks[:place]]
        assert str(bad.timestamp) in said[0]


@needs_pump
def test_the_pool_bounds_what_is_out_of_it() -> None:
    config, chunks = chunks_in(NAME)
    kept: list[VideoFrame] = []
    counts: list[int] = []
    full = threading.Event()

    def output(frame: VideoFrame) -> None:
        kept.append(frame)
        counts.append(decoder.pool.in_use)
        if len(kept) == 5:
            full.set()

    with VideoDecoder(output, print, frame_pool_size=5, stall_timeout=TIMEOUT) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        done = decoder.flush()
        assert full.wait(TIMEOUT)
        while not done.done():
            if kept:
                kept.pop(0).close()
        done.result(TIMEOUT)
    for each in kept:
        each.close()
    assert len(counts) == len(chunks)
    assert max(counts) == 5


@needs_pump
@pytest.mark.parametrize("action", ["reset", "close"])
def test_after_it_in_a_callback_nothing_of_the_batch_comes(action: str) -> None:
    config, chunks = chunks_in(NAME)
    times = sorted(chunk.timestamp for chunk in chunks)
    queued, over, found = threading.Event(), threading.Event(), []

    def output(frame: VideoFrame) -> None:
        assert queued.wait(TIMEOUT)
        found.append(frame.timestamp)
        frame.close()
        if len(found) == 4:
            getattr(decoder, action)()
            over.set()

    with VideoDecoder(output, print) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        queued.set()
        assert over.wait(TIMEOUT)
        if action == "reset":
            decoder.configure(config)
            decoder.decode(chunks[0])
            decoder.flush().result(TIMEOUT)
            times[4:] = [chunks[0].timestamp]
    assert found == times[: len(found)]
    assert len(found) == (5 if action == "reset" else 4)


@needs_pump
def test_the_queue_gets_shorter_with_each_picture() -> None:
    config, chunks = chunks_in("vp8.webm")
    sizes: list[int] = []
    queued = threading.Event()

    def output(frame: VideoFrame) -> None:
        assert queued.wait(TIMEOUT)
        frame.close()
        sizes.append(decoder.decode_queue_size)

    with VideoDecoder(output, print) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        queued.set()
        decoder.flush().result(TIMEOUT)
    assert sizes == [len(chunks) - 1 - index for index in range(len(chunks))]


@needs_pump
def test_a_callbacks_exception_keeps_nothing_of_the_batch() -> None:
    config, chunks = chunks_in(NAME)
    queued, kept, times = threading.Event(), [], []

    def output(frame: VideoFrame) -> None:
        assert queued.wait(TIMEOUT)
        times.append(frame.timestamp)
        frame.close()
        if len(times) == 4:
            raise ValueError("enough")

    with VideoDecoder(output, kept.append) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        done = decoder.flush()
        queued.set()
        with pytest.raises(ValueError, match="enough"):
            done.result(TIMEOUT)
    assert times == sorted(chunk.timestamp for chunk in chunks)[:4]
    del chunks, chunk
    assert [str(error) for error in kept] == ["enough"]
    worker = decoder._engine._thread
    assert worker is not None
    worker.join(TIMEOUT)
    assert not live_handles()


@needs_pump
def test_all_that_waits_is_taken_in_few_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    run = DecoderDriver.run_batch

    def counting(self: DecoderDriver, chunks: Any, outputs: Any) -> None:
        before = len(chunks)
        run(self, chunks, outputs)
        sizes.append(before - len(chunks))

    monkeypatch.setattr(DecoderDriver, "run_batch", counting)
    config, chunks = chunks_in(NAME)
    found, said = decoded(config, chunks, pool=None)
    assert len(found) == len(chunks)
    assert not said
    assert max(sizes) > 1


@needs_pump
def test_a_loop_and_an_event_loop_get_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    import asyncio

    config, chunks = chunks_in(NAME)

    def in_a_loop() -> list[Any]:
        found = []
        with VideoDecoder() as decoder:
            decoder.configure(config)
            for frame in decoder.frames(chunks):
                with frame:
                    found.append(said_of(frame))
        return found

    async def on_an_event_loop() -> list[Any]:
        found: list[Any] = []

        def output(frame: VideoFrame) -> None:
            with frame:
                found.append(said_of(frame))

        with VideoDecoder(output, print) as decoder:
            decoder.configure(config)
            for chunk in chunks:
                decoder.decode(chunk)
            await decoder.flush()
        return found

    ways: tuple[Callable[[], list[Any]], ...] = (
        lambda: decoded(config, chunks)[0],
        in_a_loop,
        lambda: asyncio.run(on_an_event_loop()),
    )
    several = [way() for way in ways]
    one_by_one(monkeypatch)
    assert several == [way() for way in ways]
    assert several[0] == several[1] == several[2]


@needs_pump
@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")
def test_a_child_has_the_frames_and_not_the_decoder() -> None:
    config, chunks = chunks_in(NAME)
    kept: list[VideoFrame] = []
    with VideoDecoder(kept.append, print, frame_pool_size=None) as decoder:
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        decoder.flush().result(TIMEOUT)
        said = [said_of(frame) for frame in kept]
        child = os.fork()
        if not child:
            works, alive = said == [said_of(frame) for frame in kept], open_handles()["frame"]
            for frame in kept:
                frame.close()
            os._exit(0 if works and alive - open_handles()["frame"] == len(kept) else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    for frame in kept:
        frame.close()


@needs_pump
@pytest.mark.attack
@pytest.mark.divided
@pytest.mark.parametrize("name", [*DAMAGED, "mpeg2-interlaced.ts", "mpeg4.avi"])
def test_so_it_is_with_damage(name: str) -> None:
    dice = attack.dice(f"batches of video {name}")
    threads = dice.choice((1, 1, 2, 4))
    config, chunks = chunks_in(name, threads)
    for _ in range(attack.rounds(1, 100)):
        bad = list(chunks)
        for place in dice.sample(range(1, len(bad)), 2):
            bad[place] = damaged(bad[place], dice)
        several = without_pixels(decoded(config, bad))
        with pytest.MonkeyPatch.context() as patch:
            one_by_one(patch)
            assert several == without_pixels(decoded(config, bad))
