"""Measurements of access by number and time, called as those of `cases.py` are."""

from __future__ import annotations

import os
import random
from typing import Any

from cases.clock import Result, clock


def scan(path: str) -> Result:
    """Read all packets into columns, as `Video` does when it opens a file."""
    import numpy as np

    from ffwebcodecs import Demuxer
    from ffwebcodecs._av.files.scan import scan as scan_packets

    np.empty(0)  # its import is no part of it
    with Demuxer(path) as demuxer:
        core = demuxer._core
        start = clock()
        table = scan_packets(core)
        seconds = clock() - start
    return len(table), seconds


def pyav_scan(path: str) -> Result:
    import av

    with av.open(path) as container:
        stream = container.streams.video[0]
        start = clock()
        count = sum(packet.size > 0 for packet in container.demux(stream))
        return count, clock() - start


def save_index(path: str, target: str) -> Result:
    """No measurement: writes the index that the others are given."""
    import ffwebcodecs

    start = clock()
    index = ffwebcodecs.VideoIndex(path)
    index.save(target)
    return len(index), clock() - start


def load_index(path: str) -> Result:
    import numpy as np

    import ffwebcodecs

    np.empty(0)
    load = ffwebcodecs.VideoIndex.load
    ffwebcodecs.ffmpeg_info()
    start = clock()
    index = load(path)
    seconds = clock() - start
    return len(index), seconds


def open_video(path: str) -> Result:
    """Open without an index: nearly all of it is the scan."""
    import ffwebcodecs

    open_it = ffwebcodecs.Video
    ffwebcodecs.ffmpeg_info()
    start = clock()
    with open_it(path) as video:
        return len(video), clock() - start


def chosen(count: int, wanted: int) -> list[int]:
    """Return the frames to ask for, others in each round."""
    chance = random.Random(f"round {os.environ.get('FFWEBCODECS_BENCH_ROUND', '0')}")
    return [chance.randrange(count) for _ in range(wanted)]


def video_random(
    path: str, index: str, count: str, wanted: str, threads: str, cache: str = "268435456"
) -> Result:
    import ffwebcodecs

    most = int(cache)
    with ffwebcodecs.Video(path, index=index, threads=int(threads), cache_bytes=most) as video:
        start = clock()
        for number in chosen(int(count), int(wanted)):
            video[number].close()
        return int(wanted), clock() - start


def video_frames(path: str, index: str, count: str, wanted: str, threads: str) -> Result:
    """The same frames in the same order, asked for together."""
    import ffwebcodecs

    with ffwebcodecs.Video(path, index=index, threads=int(threads)) as video:
        start = clock()
        for frame in video.frames(chosen(int(count), int(wanted))):
            frame.close()
        return int(wanted), clock() - start


def pyav_random(path: str, count: str, wanted: str, threads: str) -> Result:
    """Seek to the frame's time, decode until it comes; its times are known, as our index is."""
    import av

    with av.open(path) as container:
        stream = container.streams.video[0]
        times = sorted(p.pts for p in container.demux(stream) if p.pts is not None)
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.thread_count = "AUTO", int(threads)
        start = clock()
        for number in chosen(int(count), int(wanted)):
            container.seek(times[number], stream=stream, backward=True)
            next(f for f in container.decode(stream) if f.pts >= times[number])
        return int(wanted), clock() - start


def opencv_random(path: str, count: str, wanted: str, threads: str) -> Result:
    """`grab` decodes without the conversion to BGR that `read` adds."""
    import cv2

    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, int(threads)])
    start = clock()
    for number in chosen(int(count), int(wanted)):
        capture.set(cv2.CAP_PROP_POS_FRAMES, number)
        capture.grab()
    return int(wanted), clock() - start


def step_back(path: str, index: str, first: str, last: str) -> Result:
    """Step from frame to frame towards the beginning of a group that is in the cache."""
    import ffwebcodecs

    numbers = range(int(last) - 1, int(first) - 1, -1)
    with ffwebcodecs.Video(path, index=index) as video:
        video[int(last)].close()
        for number in numbers:
            video[number].close()
        decoded = video.stats.pictures_decoded
        start = clock()
        for _ in range(5):
            for number in numbers:
                video[number].close()
        seconds = clock() - start
        if video.stats.pictures_decoded != decoded:
            raise SystemExit("the group does not fit the cache")
        return 5 * len(numbers), seconds


def two_copies(path: str, index: str, first: str, last: str) -> Result:
    """The same number of times, copy a picture twice."""
    import ffwebcodecs

    count = 5 * (int(last) - int(first))
    with next(ffwebcodecs.read_frames(path)) as frame:
        ffwebcodecs.create_image_bitmap(frame, format=None).close()
        start = clock()
        for _ in range(count):
            ffwebcodecs.create_image_bitmap(frame, format=None).close()
            ffwebcodecs.create_image_bitmap(frame, format=None).close()
        return count, clock() - start


def forward(path: str, index: str, threads: str) -> Result:
    return in_a_row(path, index, threads, lambda video: iter(video[:]))


def backward(path: str, index: str, threads: str) -> Result:
    return in_a_row(path, index, threads, lambda video: reversed(video[:]))


def in_a_row(path: str, index: str, threads: str, frames_of: Any) -> Result:
    import ffwebcodecs

    with ffwebcodecs.Video(path, index=index, threads=int(threads)) as video:
        start = clock()
        count = 0
        for frame in frames_of(video):
            frame.close()
            count += 1
        return count, clock() - start
