"""Encoders: fed, reset, dropped; files written, copied and given up."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator

from ffwebcodecs import (
    Demuxer,
    EncodedVideoChunk,
    Muxer,
    NotSupportedError,
    VideoEncoder,
    VideoFrame,
    read_frames,
    remux,
    transcode,
    write_frames,
)

from .. import media
from ..scenario import Step, scenario
from .decoding import TIMEOUT, unexpected

SIZE = 64
# Fast encoders of different makers; what this FFmpeg lacks is left out.
CODECS = ("avc1.42001E", "vp8", "ffmpeg:mpeg4", "ffmpeg:mjpeg")


def _available() -> list[str]:
    found = []
    for codec in CODECS:
        config = {"codec": codec, "width": SIZE, "height": SIZE}
        if VideoEncoder.is_config_supported(config).supported:
            found.append(codec)
    return found


def _frame(number: int, format: str = "I420") -> VideoFrame:
    size = SIZE * SIZE * (4 if format == "RGBA" else 3) // (1 if format == "RGBA" else 2)
    pixels = bytes([number % 251]) * size
    return VideoFrame(
        pixels, format=format, coded_width=SIZE, coded_height=SIZE, timestamp=number * 40_000
    )


def _ignore(_chunk: EncodedVideoChunk, _metadata: object) -> None:
    pass


@scenario("frames encoded, converted or not, chunks dropped", cycles=10_000, each=50)
def video_encoder() -> Iterator[Step]:
    codecs = _available()
    with VideoEncoder(_ignore, unexpected) as encoder:

        def step(index: int) -> None:
            codec = codecs[index % len(codecs)]
            encoder.configure({"codec": codec, "width": SIZE, "height": SIZE, "framerate": 25})
            for number in range(50):
                with _frame(number, "RGBA" if index % 2 else "I420") as frame:
                    encoder.encode(frame, key_frame=number == 25)
            encoder.flush().result(TIMEOUT)

        yield step


@scenario("encoders opened, fed, closed, reset or dropped in mid-stream", cycles=1_000)
def encoders() -> Iterator[Step]:
    codecs = _available()

    def step(index: int) -> None:
        encoder = VideoEncoder(_ignore, unexpected)
        codec = codecs[index % len(codecs)]
        encoder.configure({"codec": codec, "width": SIZE, "height": SIZE})
        for number in range(6):
            with _frame(number) as frame:
                encoder.encode(frame)
        if index % 3 == 0:
            encoder.flush().result(TIMEOUT)
        elif index % 3 == 1:
            encoder.reset()
        if index % 2:
            encoder.close()
            return
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)
            del encoder
        _wait_for_workers()

    yield step


def _wait_for_workers() -> None:
    for thread in threading.enumerate():
        if thread.name == "ffwebcodecs":
            thread.join(TIMEOUT)


@scenario("encoders that fail: unknown options, wrong sizes, raising callbacks", cycles=1_000)
def failing_encoders() -> Iterator[Step]:
    wrong = (
        {"codec": "avc1.42001E", "width": 63, "height": 63},
        {"codec": "ffmpeg:mpeg4", "width": 64, "height": 64, "encoder_options": {"nonsense": 1}},
        {"codec": "ffmpeg:no_such_encoder", "width": 64, "height": 64},
    )

    def step(index: int) -> None:
        errors: list[BaseException] = []
        failed = threading.Event()

        def error(raised: BaseException) -> None:
            errors.append(raised)
            failed.set()

        with VideoEncoder(_ignore, error) as encoder:
            encoder.configure(wrong[index % len(wrong)])
            assert failed.wait(TIMEOUT)
        assert isinstance(errors[0], NotSupportedError)

    yield step


@scenario("files written, copied, transcoded and given up", cycles=1_000, each=media.FRAMES)
def conversions_of_files() -> Iterator[Step]:
    path = media.clip("h264.mp4")

    def step(index: int) -> None:
        kind = index % 5
        target = io.BytesIO()
        if kind == 0:
            transcode(path, target, format="mkv", codec="ffmpeg:mpeg4", width=32, height=32)
        elif kind == 1:
            remux(path, target, format="mp4")
        elif kind == 2:
            write_frames(read_frames(path, step=5), target, format="avi", codec="ffmpeg:mjpeg")
        elif kind == 3:
            with Demuxer(path) as demuxer:
                muxer = Muxer(target, format="mkv")
                for chunk in demuxer.chunks():
                    muxer.add_chunk(chunk, demuxer.video_config)
                    if chunk.timestamp > 500_000:
                        break
                muxer.discard()
        else:
            _give_up(path, target)

    yield step


class _StopHereError(Exception):
    pass


def _give_up(path: object, target: io.BytesIO) -> None:
    def stop(frame: VideoFrame) -> VideoFrame:
        if frame.timestamp > 300_000:
            raise _StopHereError
        return frame

    try:
        transcode(path, target, format="mkv", codec="ffmpeg:mpeg4", map_frame=stop)
    except _StopHereError:
        pass
    assert not target.getvalue()
