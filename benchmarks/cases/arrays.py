"""Decoding to arrays of RGB, as a machine learns from them; 16 small ones are put together."""

from __future__ import annotations

from .clock import Result, clock

BATCH = 16


def video_read(path: str, size: str, threads: str) -> Result:
    """Opening is counted: it reads all packets, which nobody else does."""
    import numpy as np

    import ffwebcodecs

    np.zeros(1)
    start = clock()
    edge, count = int(size), 0
    with ffwebcodecs.Video(path, threads=int(threads)) as video:
        for first in range(0, len(video), BATCH):
            numbers = range(first, min(first + BATCH, len(video)))
            count += len(video.read(numbers, width=edge, height=edge))
    return count, clock() - start


def pyav_read(path: str, size: str, threads: str) -> Result:
    import av
    import numpy as np

    np.zeros(1)
    start = clock()
    edge, count, batch = int(size), 0, []
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.thread_count = "AUTO", int(threads)
        for frame in container.decode(stream):
            batch.append(frame.to_ndarray(format="rgb24", width=edge, height=edge))
            if len(batch) == BATCH:
                count += len(np.stack(batch))
                batch = []
        count += len(batch)
        return count, clock() - start


def opencv_read(path: str, size: str, threads: str) -> Result:
    import cv2
    import numpy as np

    start = clock()
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, int(threads)])
    edge, count, batch = int(size), 0, []
    while (taken := capture.read())[0]:
        small = cv2.resize(taken[1], (edge, edge))
        batch.append(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))
        if len(batch) == BATCH:
            count += len(np.stack(batch))
            batch = []
    return count + len(batch), clock() - start


def frames_to_arrays(path: str, threads: str) -> Result:
    import numpy as np

    import ffwebcodecs

    np.zeros(1)
    start = clock()
    count = 0
    for frame in ffwebcodecs.read_frames(path, threads=int(threads)):
        count += len(frame.to_ndarray(format="RGB")) > 0
        frame.close()
    return count, clock() - start


def pyav_to_arrays(path: str, threads: str) -> Result:
    import av
    import numpy as np

    np.zeros(1)
    start = clock()
    count = 0
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.thread_count = "AUTO", int(threads)
        for frame in container.decode(stream):
            count += len(frame.to_ndarray(format="rgb24")) > 0
        return count, clock() - start


def opencv_to_arrays(path: str, threads: str) -> Result:
    """OpenCV's own order is BGR; so it has no second conversion here."""
    import cv2

    start = clock()
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, int(threads)])
    count = 0
    while capture.read()[0]:
        count += 1
    return count, clock() - start
