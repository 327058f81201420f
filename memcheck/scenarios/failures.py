"""What goes wrong: damaged data, refused configurations, callbacks that raise, no memory."""

from __future__ import annotations

import ctypes
import random
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace

from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
    VideoDecoder,
    VideoFrame,
    WebCodecsError,
    create_image_bitmap,
    ffmpeg_info,
    read_frames,
)

from .. import media
from ..scenario import Step, scenario
from .decoding import TIMEOUT
from .frames import make


@scenario("damaged files read, damaged chunks decoded", cycles=1_000)
def damaged_input() -> Iterator[Step]:
    contents = [media.clip(name).read_bytes() for name in media.RECIPES]
    stream = media.stream("h264.mp4")

    def step(index: int) -> None:
        # A hundred kinds of damage: all of them are behind us when growth is first measured.
        index %= 100
        random_numbers = random.Random(index)
        damaged = bytearray(contents[index % len(contents)])
        for _ in range(1 + index % 30):
            damaged[random_numbers.randrange(len(damaged))] = random_numbers.randrange(256)
        if index % 7 == 0:
            del damaged[random_numbers.randrange(len(damaged)) :]
        try:
            for frame in read_frames(damaged, threads=1):
                frame.close()
        except (WebCodecsError, MemoryError):
            pass
        errors: list[BaseException] = []
        with VideoDecoder(VideoFrame.close, errors.append) as decoder:
            decoder.configure(stream.config)
            try:
                for number, record in enumerate(stream.records[:8]):
                    data = random_numbers.randbytes(50) if number == 4 else record.data
                    decoder.decode(record.chunk(data=data))
                decoder.flush().result(TIMEOUT)
            except WebCodecsError:
                pass

    yield step


@scenario("configurations that FFmpeg or we refuse", cycles=1_000)
def failed_configure() -> Iterator[Step]:
    config = media.stream("h264.mp4").config
    bad = [
        replace(config, description=b"\1\2\3"),
        replace(config, codec="avc1.nonsense"),
        replace(config, codec="ffmpeg:no_such_codec"),
        replace(config, codec="ffmpeg:wmv3", description=None, coded_width=None, coded_height=None),
    ]

    def step(index: int) -> None:
        failed = threading.Event()
        errors: list[BaseException] = []

        def error(what: BaseException) -> None:
            errors.append(what)
            failed.set()

        decoder = VideoDecoder(VideoFrame.close, error)
        decoder.configure(bad[index % len(bad)])
        assert failed.wait(TIMEOUT)
        assert isinstance(errors[0], WebCodecsError)
        try:
            for frame in read_frames([], bad[index % len(bad)]):
                frame.close()
        except WebCodecsError:
            pass

    yield step


@scenario("callbacks that raise", cycles=1_000)
def raising_callbacks() -> Iterator[Step]:
    config, records = media.stream("h264.mp4")
    hook, sys.unraisablehook = sys.unraisablehook, lambda _: None

    def output(_: VideoFrame) -> None:
        raise ValueError("the program's mistake")

    def step(index: int) -> None:
        failed = threading.Event()

        def error(_: BaseException) -> None:
            failed.set()
            raise KeyError("another one")

        decoder = VideoDecoder(output, error)
        if index % 2:
            decoder.on_dequeue = lambda: 1 // 0
        decoder.configure(config)
        try:
            for record in records[:10]:
                decoder.decode(record.chunk())
            decoder.flush().result(TIMEOUT)
        except (WebCodecsError, ValueError, ZeroDivisionError):
            pass
        assert failed.wait(TIMEOUT)

    yield step
    sys.unraisablehook = hook


@scenario("FFmpeg without memory: allocations above a limit fail", cycles=1_000)
def out_of_memory() -> Iterator[Step]:
    path = media.clip("h264.mp4")
    limit = ctypes.CDLL(ffmpeg_info().libraries["avutil"][0]).av_max_alloc
    limit.argtypes, limit.restype = [ctypes.c_size_t], None
    sizes = (1, 40, 100, 200, 300, 450, 600, 1_500, 3_000, 5_000, 9_000, 20_000, 50_000, 200_000)
    pixels = bytearray(64 * 64 * 4)

    def attempt(index: int) -> None:
        kind = index // len(sizes) % 4
        if kind == 0:
            with make(index) as frame:
                frame.copy_to(pixels, format="RGBA")
                create_image_bitmap(frame, resize_width=32 + index % 7).close()
        elif kind == 1:
            for frame in read_frames(path, threads=1):
                frame.close()
        elif kind == 2:
            Demuxer(path).close()
        else:
            chunk = EncodedVideoChunk(type="key", timestamp=0, data=pixels, transfer=index % 2 == 0)
            assert chunk.data[0] == pixels[0]

    def step(index: int) -> None:
        limit(sizes[index % len(sizes)])
        try:
            attempt(index)
        except (WebCodecsError, MemoryError):
            pass
        finally:
            limit(0x7FFFFFFF)

    yield step
