"""One measurement in one fresh process: `python benchmarks/cases.py CASE ARGUMENT...` prints JSON.

`benchmarks/run.py` calls it; each case returns (frames, seconds) and counts only the work, not the
set-up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from time import perf_counter
from typing import Any

Result = tuple[int, float]

cpu_times: list[float] = []


def clock() -> float:
    """Return the time, and note the CPU time of all threads and finished children; a case calls it
    at start and end.
    """
    cpu_times.append(sum(os.times()[:4]))
    return perf_counter()


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


def video_decoder(path: str, threads: str) -> Result:
    import ffwebcodecs

    count = 0

    def output(frame: ffwebcodecs.VideoFrame) -> None:
        nonlocal count
        frame.close()
        count += 1

    def error(problem: Exception) -> None:
        raise problem

    with (
        ffwebcodecs.Demuxer(path) as demuxer,
        ffwebcodecs.VideoDecoder(output, error) as decoder,
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


def i420(width: int, height: int) -> bytearray:
    import numpy as np

    size = width * height + 2 * ((width + 1) // 2) * ((height + 1) // 2)
    return bytearray((16 + np.arange(size, dtype=np.uint32) * 7 % 219).astype(np.uint8).tobytes())


def copy_to(width: str, height: str, rounds: str) -> Result:
    import ffwebcodecs

    w, h = int(width), int(height)
    with ffwebcodecs.VideoFrame(
        i420(w, h), format="I420", coded_width=w, coded_height=h, timestamp=0
    ) as frame:
        pixels = bytearray(frame.allocation_size(format="RGBA"))
        frame.copy_to(pixels, format="RGBA")
        start = clock()
        for _ in range(int(rounds)):
            frame.copy_to(pixels, format="RGBA")
        return int(rounds), clock() - start


def create_transfer(width: str, height: str, rounds: str) -> Result:
    import ffwebcodecs

    w, h = int(width), int(height)
    pixels = i420(w, h)
    start = clock()
    for _ in range(int(rounds)):
        ffwebcodecs.VideoFrame(
            pixels, format="I420", coded_width=w, coded_height=h, timestamp=0, transfer=True
        ).close()
    return int(rounds), clock() - start


def create_decoded(path: str, rounds: str) -> Result:
    """Make VideoFrames of a decoded AVFrame, as the decoders do with each frame they receive."""
    import ffwebcodecs
    from ffwebcodecs._av.frames import frame as native
    from ffwebcodecs._av.frames.picture import Picture
    from ffwebcodecs._ffi import avutil
    from ffwebcodecs.frames._shape import ShapeCache

    with next(iter(ffwebcodecs.read_frames(path))) as frame:
        decoded = frame._picture.ptr
        shapes = ShapeCache()
        start = clock()
        for _ in range(int(rounds)):
            ptr = native.allocate()
            avutil.av_frame_ref(ptr, decoded)
            ffwebcodecs.VideoFrame._from_native(
                Picture(ptr), shapes.shape_of(ptr), ptr.pts, native.duration(ptr) or None, False
            ).close()
            del ptr
        return int(rounds), clock() - start


def create_clone(path: str, rounds: str) -> Result:
    import ffwebcodecs

    with next(iter(ffwebcodecs.read_frames(path))) as frame:
        start = clock()
        for _ in range(int(rounds)):
            frame.clone().close()
        return int(rounds), clock() - start


def pickled(width: str, height: str, way: str, rounds: str) -> Result:
    """Pickle and make again a frame: "beside" with its memory beside the pickle, else in it."""
    import pickle

    import ffwebcodecs

    w, h = int(width), int(height)
    with ffwebcodecs.VideoFrame(
        i420(w, h), format="I420", coded_width=w, coded_height=h, timestamp=0
    ) as frame:
        start = clock()
        for _ in range(int(rounds)):
            buffers: list[pickle.PickleBuffer] | None = None if way == "in band" else []
            keep = None if buffers is None else buffers.append
            text = pickle.dumps(frame, 5, buffer_callback=keep)
            pickle.loads(text, buffers=buffers).close()
        return int(rounds), clock() - start


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


def pyav_convert(width: str, height: str, rounds: str) -> Result:
    import av
    import numpy as np

    w, h = int(width), int(height)
    array = np.frombuffer(i420(w, h), np.uint8).reshape(h * 3 // 2, w)
    frame = av.VideoFrame.from_ndarray(array, format="yuv420p")
    frame.to_ndarray(format="rgba")
    start = clock()
    for _ in range(int(rounds)):
        frame.to_ndarray(format="rgba")
    return int(rounds), clock() - start


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


def opencv_convert(width: str, height: str, rounds: str) -> Result:
    import cv2
    import numpy as np

    w, h = int(width), int(height)
    cv2.setNumThreads(1)
    array = np.frombuffer(i420(w, h), np.uint8).reshape(h * 3 // 2, w)
    pixels = np.empty((h, w, 4), np.uint8)
    cv2.cvtColor(array, cv2.COLOR_YUV2RGBA_I420, dst=pixels)
    start = clock()
    for _ in range(int(rounds)):
        cv2.cvtColor(array, cv2.COLOR_YUV2RGBA_I420, dst=pixels)
    return int(rounds), clock() - start


X264 = {"preset": "veryfast"}
JPEG = "3"  # -q:v: a good picture


def ffmpeg_transcode(path: str, kind: str, threads: str) -> Result:
    """The ffmpeg program: H.264 again, or through RGBA to MJPEG."""
    encoder = ["-c:v", "libx264", "-preset", X264["preset"]]
    if kind == "mjpeg":
        encoder = ["-vf", "format=rgba", "-c:v", "mjpeg", "-q:v", JPEG, "-pix_fmt", "yuvj420p"]
    with tempfile.TemporaryDirectory() as folder:
        command = ["ffmpeg", "-nostdin", "-v", "error", "-threads", threads, "-i", path, "-an"]
        command += [*encoder, "-threads", threads, f"{folder}/out.mkv"]
        start = clock()
        subprocess.run(command, check=True)
        seconds = clock() - start
    return frames_in(path), seconds


def transcode(path: str, kind: str, threads: str) -> Result:
    import ffwebcodecs

    pixels = bytearray()

    def to_rgba(frame: ffwebcodecs.VideoFrame) -> ffwebcodecs.VideoFrame:
        # One buffer for all: the frame that shows it is encoded and closed before the next call.
        nonlocal pixels
        if not pixels:
            pixels = bytearray(frame.allocation_size(format="RGBA"))
        frame.copy_to(pixels, format="RGBA")
        return ffwebcodecs.VideoFrame(
            pixels,
            format="RGBA",
            coded_width=frame.visible_rect.width,
            coded_height=frame.visible_rect.height,
            timestamp=frame.timestamp,
            transfer=True,
        )

    options = {"codec": "h264", "encoder_options": X264}
    if kind == "mjpeg":
        # 4:2:0 as the others: by itself, RGB would become 4:4:4, half as much again to encode.
        options = {"codec": "ffmpeg:mjpeg", "quantizer": int(JPEG), "map_frame": to_rgba}
        options["encoder_options"] = {"pixel_format": "yuvj420p"}
    with tempfile.TemporaryDirectory() as folder:
        start = clock()
        result = ffwebcodecs.transcode(
            path, f"{folder}/out.mkv", audio=False, threads=int(threads), **options
        )
        return result.frames_written, clock() - start


def pyav_transcode(path: str, kind: str, threads: str) -> Result:
    import av

    with (
        tempfile.TemporaryDirectory() as folder,
        av.open(path) as source,
        av.open(f"{folder}/out.mkv", "w") as target,
    ):
        start = clock()
        video = source.streams.video[0]
        video.thread_type, video.thread_count = "AUTO", int(threads)
        name, options = ("libx264", X264) if kind == "h264" else ("mjpeg", {"qscale": JPEG})
        stream = target.add_stream(name, rate=video.average_rate, options=options)
        stream.width, stream.height = video.width, video.height
        stream.pix_fmt = "yuv420p" if kind == "h264" else "yuvj420p"
        stream.thread_count = int(threads)
        count = 0
        for frame in source.decode(video):
            made = frame
            if kind == "mjpeg":
                made = av.VideoFrame.from_ndarray(frame.to_ndarray(format="rgba"), format="rgba")
                made.pts, made.time_base = frame.pts, frame.time_base
            target.mux(stream.encode(made))
            count += 1
        target.mux(stream.encode(None))
        return count, clock() - start


def frames_in(path: str) -> int:
    import ffwebcodecs

    with ffwebcodecs.Demuxer(path) as demuxer:
        return demuxer.frame_count or 0


def import_time(module: str) -> Result:
    """Return how many modules the import brought, and how long it took."""
    before = len(sys.modules)
    start = clock()
    __import__(module)
    seconds = clock() - start
    return len(sys.modules) - before, seconds


def import_and_load(module: str) -> Result:
    """Import, then load FFmpeg, which the import itself does not do."""
    before = len(sys.modules)
    start = clock()
    __import__(module)
    sys.modules[module].ffmpeg_info()
    seconds = clock() - start
    return len(sys.modules) - before, seconds


def run(cases: dict[str, Any], name: str, *arguments: str) -> None:
    case: Callable[..., Result] = cases[name]
    frames, seconds = case(*arguments)
    cpu = cpu_times[-1] - cpu_times[0]
    print(json.dumps({"frames": frames, "seconds": seconds, "cpu": cpu}))


if __name__ == "__main__":
    run(globals(), *sys.argv[1:])
