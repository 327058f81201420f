"""What is written as it is made: to objects that raise at each call, to pipes nobody reads."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from ffwebcodecs import Demuxer, Muxer, SegmentInfo, read_frames, remux, transcode, write_frames

from .. import media
from ..scenario import Step, scenario
from .objects_read import ObjectError

OPTIONS: dict[str, Any] = {"fragmented": True, "fragment_duration": 0.3}


class Sink:
    """Keeps nothing, and raises at call number `at`, of `write` or as ``on_segment``."""

    def __init__(self, at: int = -1) -> None:
        self._at = at
        self.calls = 0

    def write(self, data: bytes) -> int:
        self.calls += 1
        if self.calls == self._at:
            raise ObjectError
        return len(data)

    def take(self, data: bytes, info: SegmentInfo) -> None:
        """Take a segment."""
        assert info.kind in ("init", "media")
        self.write(data)


def _mux(format: str, out: Any, **options: Any) -> None:
    with (
        Demuxer(media.clip("h264.mp4")) as demuxer,
        Muxer(out, format=format, tracks=["video"], **OPTIONS, **options) as muxer,
    ):
        for number, chunk in enumerate(demuxer.chunks()):
            muxer.add_chunk(chunk, demuxer.video_config)
            if number == 25:
                muxer.flush()


def _transcode(out: Any, **options: Any) -> None:
    target = {"codec": "ffmpeg:mpeg4", "format": "mp4", "width": 32, "height": 32, "threads": 1}
    transcode(media.clip("h264.mp4"), out, **target, **OPTIONS, **options)


def _write(out: Any, **options: Any) -> None:
    frames = read_frames(media.clip("h264.mp4"), threads=1, step=2)
    write_frames(frames, out, codec="ffmpeg:mpeg4", format="mkv", threads=1, **OPTIONS, **options)


def _remux(out: Any, **options: Any) -> None:
    remux(media.clip("h264.mp4"), out, format="mov", **OPTIONS, **options)


Work = Callable[..., None]
WORKS: tuple[Work, ...] = (
    *(partial(_mux, format) for format in ("mp4", "mkv", "mpegts", "h264")),
    *(_transcode, _write, _remux),
)


def _into(work: Work, sink: Sink, is_told: bool) -> None:
    if is_told:
        work(None, on_segment=sink.take)
    else:
        work(sink)


def _raising(is_told: bool) -> Step:
    """Return a step in which one call of a sink raises: each of them in turn, of all works."""
    turns = []
    for work in WORKS:
        whole = Sink()
        _into(work, whole, is_told)
        turns += [(work, at) for at in range(1, whole.calls + 1)]

    def step(index: int) -> None:
        work, at = turns[index % len(turns)]
        sink = Sink(at)
        try:
            _into(work, sink, is_told)
        except ObjectError:
            assert sink.calls == at, "it was called again"
            return
        raise AssertionError(f"{work} is silent about call {at}")

    return step


@scenario(
    "fragments into objects of which each call raises in turn", cycles=10_000, each=media.FRAMES
)
def sinks_that_raise() -> Iterator[Step]:
    yield _raising(False)


@scenario("`on_segment` that raises at each of its calls in turn", cycles=10_000, each=media.FRAMES)
def segments_that_raise() -> Iterator[Step]:
    yield _raising(True)


@scenario(
    "fragments into pipes and sockets whose reader leaves after some bytes",
    cycles=10_000,
    each=media.FRAMES,
)
def readers_that_leave() -> Iterator[Step]:
    for work in WORKS:
        work(Sink())  # what is kept for the next time is there

    def step(index: int) -> None:
        wanted = index * 397 % 40_000
        out: Any
        if index % 2:
            read, write = os.pipe()
            take, leave = partial(os.read, read), partial(os.close, read)
            out, close = f"/dev/fd/{write}", partial(os.close, write)
        else:
            ours, theirs = socket.socketpair()
            out = theirs.makefile("wb", buffering=0)
            theirs.close()  # what is made of it goes on
            take, leave, close = ours.recv, ours.close, out.close

        def reader() -> None:
            left = wanted
            while left > 0 and (data := take(left)):
                left -= len(data)
            leave()

        thread = threading.Thread(target=reader)
        thread.start()
        try:
            WORKS[index // 2 % len(WORKS)](out)
        except ConnectionError:
            pass
        finally:
            close()
            thread.join()

    yield step
