"""File objects read where they are: to the end, given up, raising at each of their calls."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from typing import Any

from ffwebcodecs import Demuxer, Video, VideoFrame, read_audio_data, read_frames

from .. import media
from ..scenario import Step, scenario

BLOCK = 4_000


class ObjectError(Exception):
    """What objects raise here."""


class Object:
    """Gives little at a time, and raises at call number `at`."""

    def __init__(self, data: bytes, at: int = -1) -> None:
        self._file = io.BytesIO(data)
        self._at = at
        self.calls = 0

    def _call(self) -> None:
        self.calls += 1
        if self.calls == self._at:
            raise ObjectError

    def read(self, size: int) -> bytes:
        self._call()
        return self._file.read(min(size, BLOCK))

    def seek(self, offset: int, whence: int = 0) -> int:
        self._call()
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        self._call()
        return self._file.tell()


class Filled(Object):
    """The same, with `readinto` before all else, and it keeps what it was given last."""

    kept: Any = None

    def readinto(self, buffer: Any) -> int:
        self._call()
        self.kept = buffer
        return self._file.readinto(memoryview(buffer)[:BLOCK])


class Stream:
    """Has nothing but `read`."""

    def __init__(self, data: bytes, at: int = -1) -> None:
        self.read = Object(data, at).read


@scenario(
    "frames of file objects: seekable, filled, streams, given up",
    cycles=10_000,
    each=media.FRAMES,
)
def objects_read() -> Iterator[Step]:
    data = media.clip("h264.mp4").read_bytes(), media.clip("vp9.webm").read_bytes()

    def step(index: int) -> None:
        kind = (Object, Filled, Stream, io.BytesIO)[index // 2 % 4]
        count = 0
        for number, frame in enumerate(read_frames(kind(data[index % 2]), threads=1)):
            if number != index % 7 * 10:  # else it is dropped
                frame.close()
            count += 1
        assert count == media.FRAMES
        for _ in read_frames(kind(data[0]), threads=1):
            break

    yield step


def _frames(file: Any) -> None:
    for frame in read_frames(file, start=500_000, threads=1):
        frame.close()


def _chunks(file: Any) -> None:
    with Demuxer(file) as demuxer:
        for _ in demuxer.chunks():
            pass
        demuxer.seek(600_000)
        next(demuxer.chunks())


def _numbers(file: Any) -> None:
    with Video(file, cache_bytes=0) as video:
        for number in (40, 3):
            video[number].close()


def _sound(file: Any) -> None:
    for data in read_audio_data(file, 500_000, 700_000):
        data.close()


def _live(file: Any) -> None:
    with read_frames(file, live=True) as frames:
        for frame in frames:
            VideoFrame.close(frame)


@scenario("file objects that raise at each of their calls", cycles=1_000)
def objects_that_raise() -> Iterator[Step]:
    film, song = media.clip("h264.mp4").read_bytes(), media.song("song.flac").read_bytes()
    works: list[tuple[Callable[[Any], None], type[Any], bytes]] = [
        (_frames, Object, film),
        (_chunks, Filled, film),
        (_numbers, Object, film),
        (_sound, Filled, song),
        (_live, Object, film),
    ]
    counts = []
    for work, kind, data in works:
        file = kind(data)
        work(file)
        counts.append(file.calls)

    def step(index: int) -> None:
        number = index % len(works)
        work, kind, data = works[number]
        at = 1 + index // len(works) % counts[number]
        try:
            work(kind(data, at))
        except ObjectError:
            return
        raise AssertionError(f"{work.__name__} is silent about call {at} of {counts[number]}")

    yield step
