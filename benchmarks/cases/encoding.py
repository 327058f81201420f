"""Encoding: H.264 by libx264 with one thread, of pictures that are there."""

from __future__ import annotations

from .clock import Result, clock

OPTIONS = {"preset": "ultrafast", "crf": "23"}


def pictures(width: int, height: int, count: int) -> list[bytes]:
    """Return I420 pictures: stripes that move by a pixel a frame, as programs/encode.c has them."""
    import numpy as np

    def plane(w: int, h: int, shift: int) -> bytes:
        places = np.arange(w)[None, :] + 3 * np.arange(h)[:, None] + shift
        return (16 + places * 7 % 219).astype(np.uint8).tobytes()

    half = width // 2, height // 2
    return [plane(width, height, i) + 2 * plane(*half, i) for i in range(count)]


def video_encoder(width: str, height: str, count: str, encoded: str = "") -> Result:
    """Encode the first `encoded` of `count` frames."""
    import ffwebcodecs

    w, h, wanted = int(width), int(height), int(encoded or count)
    frames = [
        ffwebcodecs.VideoFrame(
            data, format="I420", coded_width=w, coded_height=h, timestamp=i * 1_000_000 // 30
        )
        for i, data in enumerate(pictures(w, h, int(count)))
    ]
    done = 0

    def output(chunk: ffwebcodecs.EncodedVideoChunk, metadata: object) -> None:
        nonlocal done
        done += 1

    def error(problem: Exception) -> None:
        raise problem

    with ffwebcodecs.VideoEncoder(output, error) as encoder:
        encoder.configure(
            {
                "codec": "ffmpeg:libx264",
                "width": w,
                "height": h,
                "framerate": 30,
                "threads": 1,
                "encoder_options": OPTIONS,
            }
        )
        start = clock()
        for frame in frames[:wanted]:
            encoder.encode(frame)
            frame.close()
        encoder.flush().result(600)
        seconds = clock() - start
    for frame in frames[wanted:]:
        frame.close()
    return done, seconds


def pyav_encoder(width: str, height: str, count: str, encoded: str = "") -> Result:
    from fractions import Fraction

    import av
    import numpy as np

    w, h, wanted = int(width), int(height), int(encoded or count)
    frames = []
    for i, data in enumerate(pictures(w, h, int(count))):
        array = np.frombuffer(data, np.uint8).reshape(h * 3 // 2, w)
        frames.append(frame := av.VideoFrame.from_ndarray(array, format="yuv420p"))
        frame.pts, frame.time_base = i * 1_000_000 // 30, Fraction(1, 1_000_000)
    encoder = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = w, h, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 1_000_000), Fraction(30)
    encoder.thread_count, encoder.options = 1, OPTIONS
    start = clock()
    done = 0
    for frame in frames[:wanted]:
        done += len(encoder.encode(frame))
    done += len(encoder.encode(None))
    return done, clock() - start
