# pyright: strict, reportUnnecessaryTypeIgnoreComment=true
"""What programs do, as they write it: type checkers find nothing wrong with it, and know what comes
out. Nobody runs this: `test_static` gives it to mypy and pyright.
"""

from __future__ import annotations

import asyncio
import io
import mmap
import os
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

import ffwebcodecs
from ffwebcodecs import (
    AudioData,
    AudioDataReader,
    AudioDecoder,
    AudioEncoder,
    AudioSamples,
    Completion,
    Demuxer,
    EncodedAudioChunk,
    EncodedVideoChunk,
    EncodedVideoChunkMetadata,
    FrameCache,
    FrameReader,
    FrameRef,
    ImageBitmap,
    LiveFrames,
    Muxer,
    SharedFrames,
    TranscodeResult,
    Video,
    VideoColorSpace,
    VideoDecoder,
    VideoDecoderConfig,
    VideoEncoder,
    VideoEncoderConfig,
    VideoFrame,
    VideoIndex,
    VideoSample,
    VideoSlice,
    read_audio,
    read_audio_data,
    read_frames,
    read_frames_async,
    remux,
    transcode,
    write_frames,
)

if TYPE_CHECKING:
    from typing_extensions import assert_type

    from ffwebcodecs.typing import (
        HardwareAcceleration,
        MediaSource,
        ScaleFilter,
        VideoDecoderConfigInit,
        VideoEncoderConfigInit,
        VideoMatrixCoefficients,
        VideoPixelFormat,
    )

Bytes = npt.NDArray[np.uint8]
Words = npt.NDArray[np.uint16]


def mean_of_every_frame(path: str) -> list[float]:
    means: list[float] = []
    for frame in read_frames(path, start=1_000_000, step=25, upright=True):
        assert_type(frame, VideoFrame)
        with frame:
            means.append(float(frame.to_ndarray("RGB").mean()))
    return means


def first_frame(source: MediaSource) -> VideoFrame | None:
    with read_frames(source, threads=1, hardware_acceleration="prefer-hardware") as frames:
        assert_type(frames, FrameReader)
        frame = next(frames, None)
        assert_type(frames.last_timestamp, int | None)
    return frame


def camera(url: str, *, fast: bool) -> int:
    with read_frames(url, live=True, timeout=10, options={"rtsp_transport": "tcp"}) as frames:
        assert_type(frames, LiveFrames)
        for frame in frames:
            frame.close()
    assert_type(read_frames(url, live=fast), FrameReader)
    return frames.dropped


def sources(path: Path, data: bytes, array: Bytes, descriptor: int) -> Iterator[FrameReader]:
    yield read_frames(path)
    yield read_frames(os.fspath(path))
    yield read_frames(data)
    yield read_frames(bytearray(data))
    yield read_frames(memoryview(data))
    yield read_frames(array)
    yield read_frames(io.BytesIO(data))
    yield read_frames(sys.stdin.buffer)
    with open(path, "rb") as file, open(path, "rb", buffering=0) as raw:
        yield read_frames(file)
        yield read_frames(raw)
    with mmap.mmap(descriptor, 0) as mapped:
        yield read_frames(mapped)
    with Demuxer(path) as demuxer:
        yield read_frames(demuxer)
        yield read_frames(list(demuxer.chunks()), demuxer.video_config)
        yield read_frames(demuxer.chunks(), {"codec": "avc1.42001E"})


class OwnFile:
    """A file object that has just what is needed."""

    def read(self, size: int = -1) -> bytes:
        return bytes(size)

    def write(self, data: bytes) -> int:
        return len(data)


def random_access(path: str) -> None:
    with Video(path, index="clip.index", cache_bytes=0) as video:
        assert_type(video[-1], VideoFrame)
        assert_type(video[100:400:5], VideoSlice)
        assert_type(video[100:400][3], VideoFrame)
        assert_type(video[100:400][::2], VideoSlice)
        assert_type(video.timestamps, npt.NDArray[np.int64])
        at: int = np.argmax(video.durations).item()
        for moment in video.timestamps:
            with video.at(moment, "nearest") as frame:
                assert_type(frame.rotation, int)
        with video[video.key_frames.argmax()] as frame, video.at(at) as shown:
            print(len(video), frame.timestamp, shown.format, video.frame_rate)
        for frame in video.frames(range(0, 100, 10), pixel_format="RGB", width=224):
            frame.close()
        for frame in video.frames_at([0, 40_000], "exact", height=64, filter="area"):
            frame.close()
        for frame in reversed(video[100:400]):
            frame.close()


def batches(path: str, wanted: npt.NDArray[np.int64]) -> None:
    out = np.empty((3, 224, 224, 3), np.uint8)
    with Video(path) as video:
        assert_type(video.read([0, 10, 20]), Bytes)
        assert_type(video.read(wanted, "I444P10", layout="NCHW"), Words)
        given: Bytes = video.read(wanted, width=224, height=224, fit="contain", out=out)
        print(given is out)
        sample = video.sample(count=16, width=224, height=224)
        assert_type(sample, VideoSample)
        assert_type(sample.timestamps, npt.NDArray[np.int64])
        print(sample.array.shape, video[::10].read(filter="lanczos").dtype)
        assert_type(video.ref[3], FrameRef)
        assert_type(video.ref[3].read("GRAY8"), Bytes)


def index_of(path: Path) -> list[tuple[int, int]]:
    index = VideoIndex(path)
    index.save(path.with_suffix(".index"))
    return [(part.start, part.stop) for part in VideoIndex.load("a.index").split(8)]


def arrays(frame: VideoFrame, bitmap: ImageBitmap, format: VideoPixelFormat) -> None:
    assert_type(frame.to_ndarray("RGBA"), Bytes)
    assert_type(frame.to_ndarray("GRAY16", rect=(0, 0, 8, 8)), Words)
    assert_type(frame.to_ndarray(), Bytes | Words)
    assert_type(frame.to_ndarray(format, width=64, layout="CHW"), Bytes | Words)
    assert_type(bitmap.to_ndarray("RGB", upright=True), Bytes)
    out: npt.NDArray[np.uint8] = np.empty((64, 64, 3), np.uint8)
    assert_type(frame.to_ndarray("RGB", out=out), Bytes)
    pixels = bytearray(frame.allocation_size(format="RGBA"))
    places = frame.copy_to(pixels, format="RGBA", color_space="display-p3")
    frame.copy_to(out, format="RGB", rect=frame.visible_rect)
    print(np.asarray(frame).shape, np.stack([np.asarray(frame)]).ndim, places[0].stride)
    for plane in frame.planes:
        print(plane.data.nbytes, plane.width, plane.to_ndarray().mean())


def frames_of_arrays(clip: npt.NDArray[np.float32]) -> list[VideoFrame]:
    frames: list[VideoFrame] = []
    for number, picture in enumerate((clip * 255).astype(np.uint8)):
        frames.append(
            VideoFrame.from_ndarray(
                picture, timestamp=number * 40_000, duration=40_000, metadata={"number": number}
            )
        )
    frames.append(VideoFrame(bytes(24), format="I420", coded_width=4, coded_height=4, timestamp=0))
    frames.append(VideoFrame(frames[0], timestamp=np.int64(7), rotation=90, alpha="discard"))
    frames.append(VideoFrame.from_dlpack(clip.astype(np.uint8), timestamp=0, format="GRAY8"))
    return frames


def colours(frame: VideoFrame) -> VideoMatrixCoefficients | None:
    space = VideoColorSpace(primaries="bt2020", transfer="pq", matrix="bt2020-ncl")
    read_frames("clip.mp4", color_space={"matrix": "bt709", "full_range": True}).close()
    read_frames("clip.mp4", color_space=space).close()
    return frame.color_space.matrix


def thumbnail(source: MediaSource, width: int, filter: ScaleFilter = "area") -> Bytes:
    with read_frames(source) as frames, next(frames) as frame:
        return frame.to_ndarray("RGB", width=width, filter=filter, upright=True)


def bitmaps(frame: VideoFrame) -> None:
    with FrameCache(max_frames=100, format="RGB") as cache:
        cache.put(frame.timestamp, frame)
        found = cache.get(frame.timestamp)
        if found is not None:
            assert_type(found, ImageBitmap)
            print(found.width, found.height)
    with ffwebcodecs.create_image_bitmap(frame, resize_width=64) as bitmap:
        print(bitmap.to_ndarray().shape)


def decode_with_callbacks(path: str) -> list[int]:
    times: list[int] = []

    def show(frame: VideoFrame) -> None:
        with frame:
            times.append(frame.timestamp)

    def failed(error: BaseException) -> None:
        print(error)

    with Demuxer(path) as demuxer, VideoDecoder(show, failed) as decoder:
        config = demuxer.video_config
        assert_type(config, VideoDecoderConfig)
        if config.color_space is not None and config.color_space.matrix == "bt709":
            print(bytes(config.description or b"").hex())
        if VideoDecoder.is_config_supported(config).supported:
            decoder.configure(config)
        for chunk in demuxer.chunks():
            decoder.decode(chunk)
        decoder.flush().result(timeout=10)
        assert_type(decoder.state == "configured", bool)
    return times


async def decode_in_a_task(path: str) -> int:
    count = 0
    with Demuxer(path) as demuxer, VideoDecoder() as decoder:
        decoder.configure(demuxer.video_config)
        async for frame in decoder.frames(demuxer.chunks()):
            assert_type(frame, VideoFrame)
            with frame:
                count += 1
    async with read_frames_async(path, step=25) as frames:
        async for frame in frames:
            assert_type(frame, VideoFrame)
            frame.close()
    return count


def encode(frames: list[VideoFrame], hardware: HardwareAcceleration) -> bytes:
    config = VideoEncoderConfig(
        codec="avc1.42001E",
        width=640,
        height=480,
        bitrate=1_000_000,
        framerate=30,
        latency_mode="realtime",
        bitrate_mode="constant",
        hardware_acceleration=hardware,
        avc={"format": "annexb"},
        encoder_options={"preset": "veryfast", "bf": 0},
    )
    target = io.BytesIO()
    with VideoEncoder() as encoder, Muxer(target, format="mp4", tracks=["video"]) as muxer:
        encoder.configure(config)
        for chunk, metadata in encoder.chunks(frames):
            assert_type(chunk, EncodedVideoChunk)
            assert_type(metadata, EncodedVideoChunkMetadata)
            muxer.add_chunk(chunk, metadata)
    return target.getvalue()


def configurations() -> None:
    decoder: VideoDecoderConfigInit = {"codec": "vp09.00.10.08", "optimize_for_latency": True}
    encoder: VideoEncoderConfigInit = {"codec": "vp8", "width": 64, "height": 64, "alpha": "keep"}
    with VideoDecoder() as one, VideoEncoder() as other:
        one.configure(decoder)
        other.configure(encoder)
        one.configure({"codec": "ffmpeg:mpeg4"})
        other.configure({"codec": "hvc1.1.6.L93.B0", "width": 2, "height": 2, "hevc": {}})
    with AudioDecoder() as sound, AudioEncoder() as coder:
        sound.configure({"codec": "opus", "sample_rate": 48000, "number_of_channels": 2})
        coder.configure(
            {
                "codec": "opus",
                "sample_rate": 48000,
                "number_of_channels": 2,
                "opus": {"application": "voip"},
            }
        )
        assert_type(coder.flush(), Completion[None])
    VideoDecoderConfig.parse({"codec": "vp8", "codedWidth": 4, "codedHeight": 4})


def convert(path: Path, folder: Path) -> TranscodeResult:
    def darker(frame: VideoFrame) -> VideoFrame | None:
        pixels = frame.to_ndarray("RGB") // 2
        return VideoFrame.from_ndarray(pixels, timestamp=frame.timestamp)

    transcode(
        path, folder / "small.webm", width=640, bitrate="800k", audio="opus", audio_bitrate=96_000
    )
    transcode(path, OwnFile(), format="mp4", fragmented=True, map_frame=darker, alpha="discard")
    transcode(path, "a.mp4", start=1_000_000, stop=2_000_000, crop=(0, 0, 64, 64), errors="skip")
    with ProcessPoolExecutor(4) as pool:
        transcode(str(path), "b.mp4", executor=pool, metadata=lambda tags: {**tags, "title": "b"})
    transcode(OwnFile(), "c.mp4", executor=2, on_progress=lambda done: print(done.frames))
    result = remux(path, folder / "part.mp4", start=500_000, exact=True)
    print(result.frames_written, result.lost)
    return result


def write(frames: Iterator[VideoFrame], tone: npt.NDArray[np.float32]) -> None:
    write_frames(frames, "a.mp4", codec="av1", quantizer=30, audio=(tone, 48000))
    write_frames(frames, io.BytesIO(), format="mp4", audio="song.mp3", audio_codec="aac")


def sound(path: str) -> None:
    samples = read_audio(path, start=200_000, stop=800_000, sample_rate=16000, channels=1)
    assert_type(samples, AudioSamples)
    assert_type(samples.data, npt.NDArray[np.float32])
    with read_audio_data(path) as pieces:
        assert_type(pieces, AudioDataReader)
        for data in pieces:
            assert_type(data, AudioData)
            with data:
                print(data.format, data.to_ndarray("f32-planar").shape)
    AudioData.from_ndarray(np.zeros((480, 2), np.float32), sample_rate=48000, timestamp=0).close()
    EncodedAudioChunk(type="key", timestamp=0, data=b"abc").copy_to(bytearray(3))


def live_segments(frames: list[VideoFrame]) -> list[str]:
    kinds: list[str] = []
    with Muxer(
        None,
        format="mp4",
        fragmented=True,
        fragment_duration=2.0,
        on_segment=lambda data, info: kinds.append(f"{info.kind} {len(data)}"),
        tracks={"video": {"language": "deu"}},
    ) as muxer:
        print(muxer.format_name)
    return kinds


def shared(frame: VideoFrame) -> VideoFrame:
    with SharedFrames(8, 1920, 1080, "RGB") as frames:
        return ffwebcodecs.open_shared(frames.put(frame, timeout=1))


def what_is_in_it(path: str) -> dict[str, str | None]:
    with Demuxer(path) as demuxer:
        return {stream.kind: stream.language for stream in demuxer.streams}


def errors(path: str) -> None:
    try:
        list(read_frames(path, strict=True))
    except ffwebcodecs.EncodingError as error:
        print(error, error.timestamp)
    except (ffwebcodecs.NotSupportedError, OSError):
        raise
    print(ffwebcodecs.ffmpeg_info().version, ffwebcodecs.open_handles())
    ffwebcodecs.set_log_level("warning")


def mistakes(path: str, frame: VideoFrame) -> None:
    """Each is found: a checker that did not would say that the comment is not needed."""
    read_frames(path, filter="cubic")  # type: ignore[call-overload]
    read_frames(path, errors="ignore")  # type: ignore[call-overload]
    read_frames(path, pixel_format="rgb24")  # type: ignore[call-overload]
    read_frames(io.StringIO(path))  # type: ignore[arg-type]
    read_frames(7)  # type: ignore[call-overload]
    read_frames([b"chunk"], {"codec": "vp8"})  # type: ignore[call-overload]
    transcode(path, io.StringIO())  # type: ignore[arg-type]
    transcode(path, "a.mp4", latency_mode="fast")  # type: ignore[arg-type]
    Video(path)["first"]  # type: ignore[call-overload]
    Video(path).at(0, "before")  # type: ignore[arg-type]
    Video(path).read([0], fit="crop")  # type: ignore[call-overload]
    Video(path).sample(count=3, size=224)  # type: ignore[call-arg]
    VideoDecoder().configure({"width": 64})  # type: ignore[arg-type]
    VideoEncoderConfig(codec="vp8", width=64, height=64, alpha="drop")  # type: ignore[arg-type]
    VideoColorSpace(matrix="bt601")  # type: ignore[arg-type]
    frame.to_ndarray("yuv420p")  # type: ignore[call-overload]
    frame.to_ndarray(layout="NCHW")  # type: ignore[call-overload]
    frame.copy_to("pixels")  # type: ignore[arg-type]


if __name__ == "__main__":
    asyncio.run(decode_in_a_task(sys.argv[1]))
