"""Decoding to arrays of RGB, as a machine learns from them; so many small ones are one array."""

from __future__ import annotations

from .clock import Result, clock


def video_read(path: str, size: str, batch: str, threads: str) -> Result:
    """Opening is counted: it reads all packets, which nobody else does."""
    import numpy as np

    import ffwebcodecs

    np.zeros(1)
    start = clock()
    edge, many, count = int(size), int(batch), 0
    with ffwebcodecs.Video(path, threads=int(threads)) as video:
        for first in range(0, len(video), many):
            numbers = range(first, min(first + many, len(video)))
            count += len(video.read(numbers, width=edge, height=edge))
    return count, clock() - start


def pyav_read(path: str, size: str, batch: str, threads: str) -> Result:
    import av
    import numpy as np

    np.zeros(1)
    start = clock()
    edge, many, count, taken = int(size), int(batch), 0, []
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.thread_type, stream.thread_count = "AUTO", int(threads)
        for frame in container.decode(stream):
            taken.append(frame.to_ndarray(format="rgb24", width=edge, height=edge))
            if len(taken) == many:
                count += len(np.stack(taken))
                taken = []
        count += len(taken)
        return count, clock() - start


def opencv_read(path: str, size: str, batch: str, threads: str) -> Result:
    import cv2
    import numpy as np

    start = clock()
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, int(threads)])
    edge, many, count, taken = int(size), int(batch), 0, []
    while (found := capture.read())[0]:
        small = cv2.resize(found[1], (edge, edge))
        taken.append(cv2.cvtColor(small, cv2.COLOR_BGR2RGB))
        if len(taken) == many:
            count += len(np.stack(taken))
            taken = []
    return count + len(taken), clock() - start


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
