"""Streams as plain values, and what callbacks collect: for the tests of the decoder."""

from __future__ import annotations

import asyncio
import functools
import threading
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from clips import AOM, VPX, X264, Clip, clip

from ffwebcodecs import Demuxer, EncodedVideoChunk, VideoDecoder, VideoDecoderConfig, VideoFrame

TIMEOUT = 10
X265_DIRECT = "log-level=error:keyint=15:bframes=0:pools=1"
# No pictures that are shown later than decoded: what goes in comes out.
DIRECT = {
    "h264": Clip("h264-direct.mp4", "libx264", *X264, "-bf", "0"),
    "hevc": Clip(
        "hevc-direct.mp4",
        *("libx265", "-preset", "ultrafast", "-x265-params", X265_DIRECT, "-tag:v", "hvc1"),
    ),
    "vp8": Clip("vp8-direct.webm", "libvpx", *VPX),
    "vp9": Clip("vp9-direct.webm", "libvpx-vp9", *VPX),
    "av1": Clip("av1-direct.mp4", "libaom-av1", *AOM, "-usage", "realtime"),
}
TINY = Clip("vp8-32x32.webm", "libvpx", *VPX, size="32x32", frames=10)


class Record(NamedTuple):
    """A chunk without native memory, so that it can be kept between tests."""

    type: str
    timestamp: int
    duration: int | None
    data: bytes

    def chunk(self, **changes: Any) -> EncodedVideoChunk:
        return EncodedVideoChunk(**{**self._asdict(), **changes})


class Stream(NamedTuple):
    config: VideoDecoderConfig
    records: tuple[Record, ...]

    def chunks(self) -> list[EncodedVideoChunk]:
        return [record.chunk() for record in self.records]

    def times(self) -> list[int]:
        return sorted(record.timestamp for record in self.records)

    def with_config(self, **changes: Any) -> Stream:
        return self._replace(config=replace(self.config, **changes))


@functools.cache
def stream_of(path: Path) -> Stream:
    """Demux a file; the configuration has lost what only the demuxer knows."""
    with Demuxer(path) as demuxer:
        records = tuple(
            Record(c.type, c.timestamp, c.duration, bytes(c.data)) for c in demuxer.chunks()
        )
        return Stream(replace(demuxer.video_config, _native=None), records)


def stream(name: str) -> Stream:
    return stream_of(clip(name))


def tiny() -> Stream:
    return stream_of(TINY.path())


class Sink:
    """Callbacks that remember; frames are closed at once."""

    def __init__(self, on_frame: Callable[[VideoFrame], object] | None = None) -> None:
        self.frames: list[int] = []
        self.errors: list[BaseException] = []
        self.events: list[str] = []
        self.failed = threading.Event()
        self._on_frame = on_frame

    def output(self, frame: VideoFrame) -> None:
        with frame:
            self.frames.append(frame.timestamp)
            self.events.append("frame")
            if self._on_frame is not None:
                self._on_frame(frame)

    def error(self, error: BaseException) -> None:
        self.errors.append(error)
        self.events.append("error")
        self.failed.set()

    def decoder(self, **options: Any) -> VideoDecoder:
        return VideoDecoder(self.output, self.error, **options)


class Gate:
    """An output callback that stops in its first call until `open` is called.

    It stops after the sink has had the frame, or `before`.
    """

    def __init__(self, sink: Sink, before: bool = False) -> None:
        self._sink = sink
        self._before = before
        self.inside = threading.Event()
        self._go = threading.Event()

    def output(self, frame: VideoFrame) -> None:
        if self._before:
            self._stop()
        self._sink.output(frame)
        self._stop()

    def _stop(self) -> None:
        if not self.inside.is_set():
            self.inside.set()
            assert self._go.wait(TIMEOUT)

    def wait(self) -> None:
        assert self.inside.wait(TIMEOUT)

    def open(self) -> None:
        self._go.set()


def feed(decoder: VideoDecoder, records: Iterable[Record]) -> None:
    for record in records:
        decoder.decode(record.chunk())


def decode_all(config: Any, records: Iterable[Record], **options: Any) -> list[int]:
    """Decode without a loop and return the timestamps in order of output."""
    sink = Sink()
    with sink.decoder(**options) as decoder:
        decoder.configure(config)
        feed(decoder, records)
        decoder.flush().result(TIMEOUT)
    assert not sink.errors
    return sink.frames


def first_frame(config: Any, records: Iterable[Record], look: Callable[[VideoFrame], Any]) -> Any:
    """Return what `look` says of the first frame."""
    found: list[Any] = []

    def on_frame(frame: VideoFrame) -> None:
        if not found:
            found.append(look(frame))

    sink = Sink(on_frame)
    with sink.decoder() as decoder:
        decoder.configure(config)
        feed(decoder, records)
        decoder.flush().result(TIMEOUT)
    assert not sink.errors
    return found[0]


def wait_until(condition: Callable[[], bool], what: str) -> None:
    """Wait for another thread where there is no event to wait for."""
    never = threading.Event()
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, f"never happened: {what}"
        never.wait(0.0005)


async def within(awaitable: Awaitable[Any]) -> Any:
    return await asyncio.wait_for(awaitable, TIMEOUT)


async def turns(count: int = 20) -> None:
    for _ in range(count):
        await asyncio.sleep(0)
