"""Every frame of every clip, counted and hashed against the ffmpeg program."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
from clips import BY_NAME, CLIPS, REAL_CLIPS, Clip, framemd5, raw_frames, real_clip

import ffwebcodecs
from ffwebcodecs import Demuxer, VideoDecoder, VideoDecoderConfig, VideoFrame

pytestmark = pytest.mark.divided

# Of these the threads matter most: frames that wait for others, and fields.
THREADED = ("h264-bframes.mp4", "h264-interlaced.mp4", "hevc-main10.mp4", "vp9.webm", "av1.mp4")
MADE = 1 << 18  # no frame of a clip that is made here is larger


class Decoded(NamedTuple):
    timestamp: int
    size: int
    digest: str
    pixels: bytes  # none of real footage, which would take too much memory


def digest(frame: VideoFrame) -> Decoded:
    """Hash the frame's own pixels, tightly packed; the caller closes the frame."""
    pixels = bytearray(frame.allocation_size())
    frame.copy_to(pixels)
    name = hashlib.md5(pixels, usedforsecurity=False).hexdigest()
    return Decoded(frame.timestamp, len(pixels), name, b"" if len(pixels) > MADE else bytes(pixels))


def with_threads(config: VideoDecoderConfig, threads: int | None) -> VideoDecoderConfig:
    members = {name: getattr(config, name) for name in config.__dataclass_fields__}
    return VideoDecoderConfig(**{**members, "threads": threads})


def through_read_frames(path: Path, threads: int | None) -> Iterator[Decoded]:
    with Demuxer(path) as demuxer:
        config = with_threads(demuxer.video_config, threads)
    for frame in ffwebcodecs.read_frames(path, config):
        with frame:
            yield digest(frame)


def through_decoder(path: Path, threads: int | None) -> list[Decoded]:
    frames: list[Decoded] = []
    errors: list[Exception] = []

    def output(frame: VideoFrame) -> None:
        with frame:
            frames.append(digest(frame))

    with Demuxer(path) as demuxer, VideoDecoder(output, errors.append) as decoder:
        decoder.configure(with_threads(demuxer.video_config, threads))
        for chunk in demuxer.chunks():
            decoder.decode(chunk)
        decoder.flush().result(timeout=60)
    assert not errors
    return frames


async def through_decoder_on_a_loop(path: Path, threads: int | None) -> list[Decoded]:
    frames: list[Decoded] = []
    errors: list[Exception] = []
    loop = asyncio.get_running_loop()

    def output(frame: VideoFrame) -> None:
        assert asyncio.get_running_loop() is loop
        with frame:
            frames.append(digest(frame))

    with Demuxer(path) as demuxer, VideoDecoder(output, errors.append) as decoder:
        decoder.configure(with_threads(demuxer.video_config, threads))
        for chunk in demuxer.chunks():
            decoder.decode(chunk)
        await asyncio.wait_for(decoder.flush(), 60)
    assert not errors
    return frames


def check(
    path: Path, decoded: Iterable[Decoded], has_timestamps: bool = True, is_exact: bool = True
) -> None:
    frames = list(decoded)
    expected = framemd5(path)
    assert len(frames) == len(expected)
    assert [f.size for f in frames] == [f.size for f in expected]
    if is_exact:
        assert [f.digest for f in frames] == [f.digest for f in expected]
    else:
        ours = np.frombuffer(b"".join(f.pixels for f in frames), np.uint8)
        theirs = np.frombuffer(raw_frames(path), np.uint8)
        assert np.abs(ours.astype(int) - theirs).max() <= 1
    if has_timestamps:
        assert [f.timestamp for f in frames] == [f.timestamp for f in expected]


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, None], ids=["one-thread", "default-threads"])
@pytest.mark.parametrize("clip", CLIPS, ids=repr)
def test_read_frames_gives_every_frame(clip: Clip, threads: int | None) -> None:
    path = clip.path()
    check(path, through_read_frames(path, threads), clip.has_timestamps, clip.is_exact)


@pytest.mark.slow
@pytest.mark.parametrize("clip", CLIPS, ids=repr)
def test_decoder_gives_every_frame(clip: Clip) -> None:
    path = clip.path()
    check(path, through_decoder(path, None), clip.has_timestamps, clip.is_exact)


@pytest.mark.slow
@pytest.mark.parametrize("name", THREADED)
def test_decoder_with_one_thread_gives_every_frame(name: str) -> None:
    path = BY_NAME[name].path()
    check(path, through_decoder(path, 1))


@pytest.mark.slow
@pytest.mark.parametrize("threads", [1, None], ids=["one-thread", "default-threads"])
@pytest.mark.parametrize("name", THREADED)
def test_decoder_on_a_loop_gives_every_frame(name: str, threads: int | None) -> None:
    path = BY_NAME[name].path()
    check(path, asyncio.run(through_decoder_on_a_loop(path, threads)))


@pytest.mark.slow
@pytest.mark.parametrize("name", REAL_CLIPS)
def test_real_footage_gives_every_frame(name: str) -> None:
    path = real_clip(name)
    check(path, through_read_frames(path, None))


@pytest.mark.slow
def test_real_footage_through_the_decoder_gives_every_frame() -> None:
    path = real_clip("bikes.mp4")
    check(path, through_decoder(path, None))
