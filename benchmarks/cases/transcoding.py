"""Files into files: the start of the ffmpeg program is counted, and so is our import."""

from __future__ import annotations

import subprocess
import tempfile

from .clock import Result, clock

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
    start = clock()
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
        result = ffwebcodecs.transcode(
            path, f"{folder}/out.mkv", audio=False, threads=int(threads), **options
        )
        return result.frames_written, clock() - start


def pyav_transcode(path: str, kind: str, threads: str) -> Result:
    start = clock()
    import av

    with (
        tempfile.TemporaryDirectory() as folder,
        av.open(path) as source,
        av.open(f"{folder}/out.mkv", "w") as target,
    ):
        video = source.streams.video[0]
        video.thread_type, video.thread_count = "AUTO", int(threads)
        name, options = ("libx264", X264) if kind == "h264" else ("mjpeg", {"qscale": JPEG})
        stream = target.add_stream(name, rate=video.average_rate, options=options)
        stream.width, stream.height = video.width, video.height
        stream.pix_fmt = "yuv420p" if kind == "h264" else "yuvj420p"
        # By itself PyAV asks for slices, which the others do not.
        stream.codec_context.thread_type, stream.thread_count = "AUTO", int(threads)
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


def ffmpeg_remux(path: str) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        command = ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-c", "copy"]
        start = clock()
        subprocess.run([*command, f"{folder}/out.mkv"], check=True)
        return 1, clock() - start


def remux(path: str) -> Result:
    start = clock()
    import ffwebcodecs

    with tempfile.TemporaryDirectory() as folder:
        ffwebcodecs.remux(path, f"{folder}/out.mkv")
        return 1, clock() - start


def pyav_remux(path: str) -> Result:
    start = clock()
    import av

    with (
        tempfile.TemporaryDirectory() as folder,
        av.open(path) as source,
        av.open(f"{folder}/out.mkv", "w") as target,
    ):
        stream = source.streams.video[0]
        copied = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None:
                packet.stream = copied
                target.mux(packet)
        target.close()
        return 1, clock() - start
