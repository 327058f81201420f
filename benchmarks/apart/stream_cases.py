"""Cases of `streams.py`, one in a process: pipes and file objects read, and written as it goes.

Each is done twice, and the second one counts: a program that serves streams has its modules loaded.
"""

from __future__ import annotations

import io
import os
import threading
from typing import Any

from cases.clock import Result, clock

MIDDLE = 900  # seconds
_FLAGS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}


class Counting(io.RawIOBase):
    """A file object that counts what is read of it."""

    def __init__(self, path: str) -> None:
        self._file = open(path, "rb", buffering=0)  # noqa: SIM115 - the object's own
        self.count = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def readinto(self, buffer: Any) -> int:
        got = self._file.readinto(buffer)
        self.count += got
        return got


class Written(io.RawIOBase):
    """A file object that notes after how many packets, and when, each fragment came."""

    def __init__(self) -> None:
        self.given = 0
        self.at: list[int] = []  # packets that had been given
        self.size = 0

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.size += len(data)
        if b"moof" in bytes(data[:4096]):
            self.at.append(self.given)
        return len(data)


def _fed_pipe(path: str) -> int:
    """Return a descriptor that gives a file's bytes as they are taken, and does not end."""
    reading, writing = os.pipe()
    with open(path, "rb") as file:
        data = file.read()

    def feed() -> None:
        view = memoryview(data)
        try:
            while view:
                view = view[os.write(writing, view[: 1 << 16]) :]
        except OSError:
            pass

    threading.Thread(target=feed, daemon=True).start()
    return reading


def pipe(path: str) -> Result:
    import ffwebcodecs

    ffwebcodecs.ffmpeg_info()
    name = f"/dev/fd/{_fed_pipe(path)}"
    start = clock()
    next(iter(ffwebcodecs.read_frames(name))).close()
    return 1, clock() - start


def pyav_pipe(path: str) -> Result:
    import av

    file = os.fdopen(_fed_pipe(path), "rb")
    start = clock()
    with av.open(file) as container:
        next(container.decode(video=0))
        return 1, clock() - start


def first(path: str) -> Result:
    """Give bytes for frames: the first picture of an object."""
    import ffwebcodecs

    ffwebcodecs.ffmpeg_info()
    file = Counting(path)
    start = clock()
    next(iter(ffwebcodecs.read_frames(file))).close()
    return file.count, clock() - start


def pyav_first(path: str) -> Result:
    import av

    file = Counting(path)
    start = clock()
    with av.open(file) as container:
        next(container.decode(video=0))
        return file.count, clock() - start


def middle(path: str) -> Result:
    """Give bytes for frames: one picture, a quarter of an hour from the beginning, of an object."""
    import ffwebcodecs

    ffwebcodecs.ffmpeg_info()
    file = Counting(path)
    start = clock()
    frame = next(iter(ffwebcodecs.read_frames(file, start=MIDDLE * 1_000_000)))
    assert frame.timestamp == MIDDLE * 1_000_000
    frame.close()
    return file.count, clock() - start


def pyav_middle(path: str) -> Result:
    import av

    file = Counting(path)
    start = clock()
    with av.open(file) as container:
        container.seek(MIDDLE * 1_000_000)
        for frame in container.decode(video=0):
            if frame.time >= MIDDLE - 1e-6:
                break
        assert abs(frame.time - MIDDLE) < 1e-3
        return file.count, clock() - start


def fragments(path: str, group: str) -> Result:
    """Give, for frames, how many packets later than its last one the first fragment came."""
    import ffwebcodecs

    sink = Written()
    with ffwebcodecs.Demuxer(path) as demuxer:
        config, chunks = demuxer.video_config, list(demuxer.chunks())
    start = clock()
    with ffwebcodecs.Muxer(sink, format="mp4", fragmented=True) as muxer:
        for chunk in chunks:
            sink.given += 1
            muxer.add_chunk(chunk, config)
    return sink.at[0] - int(group), (clock() - start) / len(sink.at)


def pyav_fragments(path: str, group: str) -> Result:
    import av

    sink = Written()
    with av.open(path) as source:
        packets = [one for one in source.demux(video=0) if one.dts is not None]
        start = clock()
        with av.open(sink, "w", format="mp4", options=_FLAGS) as output:
            stream = output.add_stream_from_template(source.streams.video[0])
            for packet in packets:
                sink.given += 1
                packet.stream = stream
                output.mux(packet)
    return sink.at[0] - int(group), (clock() - start) / len(sink.at)


class EnoughError(Exception):
    """The first fragment has come."""


def first_fragment(path: str, group: str) -> Result:
    """Encode until the first fragment is out."""
    import ffwebcodecs

    def take(data: bytes, info: ffwebcodecs.SegmentInfo) -> None:
        if info.kind == "media":
            raise EnoughError

    ffwebcodecs.ffmpeg_info()
    options = {"preset": "veryfast", "g": group}
    start = clock()
    try:
        ffwebcodecs.transcode(
            *(path, io.BytesIO()),
            format="mp4",
            fragmented=True,
            on_segment=take,
            encoder_options=options,
        )
    except EnoughError:
        return 1, clock() - start
    raise SystemExit("no fragment came")


def pyav_first_fragment(path: str, group: str) -> Result:
    import av

    sink = Written()
    start = clock()
    with av.open(path) as source, av.open(sink, "w", format="mp4", options=_FLAGS) as output:
        stream = output.add_stream("libx264", rate=30)
        stream.width, stream.height = source.streams.video[0].width, source.streams.video[0].height
        stream.options = {"preset": "veryfast", "g": group}
        source.streams.video[0].thread_type = "AUTO"
        for frame in source.decode(video=0):
            output.mux(stream.encode(frame))
            if sink.at:
                return 1, clock() - start
    raise SystemExit("no fragment came")
