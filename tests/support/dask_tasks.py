"""What the tests ask of Dask's workers: functions that another process finds by their name."""

from __future__ import annotations

import gc
import hashlib
import os
from itertools import islice
from typing import Any

from handles import live_handles

import ffwebcodecs


def make(kind: str, path: str, number: int) -> Any:
    """Return one of a film's frames, or its sound or chunk of that number."""
    if kind == "AudioData":
        *before, data = islice(ffwebcodecs.read_audio_data(path), number + 1)
        for each in before:
            each.close()
        return data
    if kind == "EncodedVideoChunk":
        with ffwebcodecs.Demuxer(path) as demuxer:
            return next(islice(demuxer.chunks(), number, None))
    with ffwebcodecs.Video(path) as video:
        frame = video[number]
        if kind == "VideoFrame":
            return frame
        with frame:
            return ffwebcodecs.create_image_bitmap(frame, format=frame.format)


def digest(thing: Any) -> str:
    """Return the MD5 of what is shown or heard."""
    if isinstance(thing, ffwebcodecs.VideoFrame):
        data = bytearray(thing.allocation_size())
        thing.copy_to(data)
    elif isinstance(thing, ffwebcodecs.AudioData):
        data = thing.to_ndarray().tobytes()
    elif isinstance(thing, ffwebcodecs.EncodedVideoChunk):
        data = thing.data
    else:
        with ffwebcodecs.VideoFrame(thing, timestamp=0) as frame:
            return digest(frame)
    return hashlib.md5(data).hexdigest()


def described(thing: Any) -> tuple[int, str, str, int | None]:
    """Return the process that looked, the kind, the content and the time."""
    return os.getpid(), type(thing).__name__, digest(thing), getattr(thing, "timestamp", None)


def closed(thing: Any) -> tuple[int, str, str, int | None]:
    """Look at it, and close it."""
    with thing:
        return described(thing)


def references(path: str, part: slice) -> Any:
    """Return a reference to some frames, which this process need not decode."""
    with ffwebcodecs.Video(path, threads=1) as video:
        return video.ref[part]


def opened(ref: Any) -> list[tuple[int, str]]:
    """Return the time and the content of the frames that are meant."""
    found = []
    for frame in ref.frames():
        with frame:
            found.append((frame.timestamp, digest(frame)))
    return found


def taken(ticket: ffwebcodecs.FrameTicket) -> tuple[int, str, str, int | None]:
    """Open a frame in shared memory, look at it, and close it."""
    return closed(ffwebcodecs.open_shared(ticket))


def left() -> dict[str, int]:
    """Return what native objects are alive in this process, but for videos kept for references."""
    ffwebcodecs.FrameRef.clear_cache()
    gc.collect()
    return live_handles()
