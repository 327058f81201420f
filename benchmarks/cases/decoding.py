"""Decoding: all frames of a clip, kept native or made RGBA."""

from __future__ import annotations

from .clock import Result, clock


def read_frames(path: str, threads: str) -> Result:
    import ffwebcodecs

    # Opens the file, which the C program does not count either.
    frames = ffwebcodecs.read_frames(path, threads=int(threads))
    start = clock()
    count = 0
    for frame in frames:
        frame.close()
        count += 1
    return count, clock() - start


def video_decoder(path: str, threads: str, queue: str = "") -> Result:
    """Without a limit to the `queue`, all of the file may wait for the decoder."""
    import ffwebcodecs

    count, limit = 0, int(queue) if queue else None

    def output(frame: ffwebcodecs.VideoFrame) -> None:
        nonlocal count
        frame.close()
        count += 1

    def error(problem: Exception) -> None:
        raise problem

    with (
        ffwebcodecs.Demuxer(path) as demuxer,
        ffwebcodecs.VideoDecoder(output, error, max_queue=limit) as decoder,
    ):
        decoder.configure(config_of(path, int(threads)))
        start = clock()
        for chunk in demuxer.chunks():
            decoder.decode(chunk)
        decoder.flush().result(600)
        return count, clock() - start


def read_frames_rgba(path: str, threads: str) -> Result:
    import ffwebcodecs

    frames = ffwebcodecs.read_frames(path, threads=int(threads))
    pixels = bytearray()
    start = clock()
    count = 0
    for frame in frames:
        if not pixels:
            pixels = bytearray(frame.allocation_size(format="RGBA"))
        frame.copy_to(pixels, format="RGBA")
        frame.close()
        count += 1
    return count, clock() - start


def config_of(path: str, threads: int) -> object:
    import dataclasses

    import ffwebcodecs

    with ffwebcodecs.Demuxer(path) as demuxer:
        return dataclasses.replace(demuxer.video_config, threads=threads)


def pyav_decode(path: str, threads: str) -> Result:
    import av

    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.thread_count = int(threads)
        start = clock()
        count = sum(1 for _ in container.decode(stream))
        return count, clock() - start


def pyav_decode_rgba(path: str, threads: str) -> Result:
    import av

    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        stream.thread_count = int(threads)
        start = clock()
        count = 0
        for frame in container.decode(stream):
            frame.to_ndarray(format="rgba")
            count += 1
        return count, clock() - start


def opencv_decode(path: str, threads: str) -> Result:
    # grab() decodes without the conversion to BGR that read() adds.
    import cv2

    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, int(threads)])
    start = clock()
    count = 0
    while capture.grab():
        count += 1
    return count, clock() - start


def opencv_decode_rgba(path: str, threads: str) -> Result:
    """Decode to BGR, which is what OpenCV's reader gives."""
    import cv2

    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, int(threads)])
    start = clock()
    count = 0
    pixels = None
    while True:
        more, pixels = capture.read(pixels)
        if not more:
            return count, clock() - start
        count += 1


def first_frames(path: str, times: str) -> Result:
    """Open a small file many times, for its first frame."""
    import ffwebcodecs

    start = clock()
    for _ in range(int(times)):
        next(iter(ffwebcodecs.read_frames(path, threads=1))).close()
    return int(times), clock() - start


def pyav_first_frames(path: str, times: str) -> Result:
    import av

    start = clock()
    for _ in range(int(times)):
        with av.open(path) as container:
            container.streams.video[0].thread_count = 1
            next(container.decode(video=0))
    return int(times), clock() - start


def opencv_first_frames(path: str, times: str) -> Result:
    import cv2

    start = clock()
    for _ in range(int(times)):
        cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1]).grab()
    return int(times), clock() - start
