"""Transparent video: what goes in with alpha comes out with it, by every way of decoding."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ffwebcodecs import (
    Demuxer,
    Video,
    VideoDecoder,
    VideoEncoder,
    VideoFrame,
    read_frames,
    write_frames,
)
from ffwebcodecs._av.codecs import decoder

WIDTH, HEIGHT, FRAMES = 64, 48, 10


def alpha_of(index: int) -> int:
    return 20 + 20 * index


def transparent() -> Iterator[VideoFrame]:
    """Flat pictures, each more opaque than the one before."""
    for index in range(FRAMES):
        pixels = np.full((HEIGHT, WIDTH, 4), (200, 30, 60, alpha_of(index)), np.uint8)
        yield VideoFrame.from_ndarray(pixels, timestamp=index * 40_000)


@pytest.fixture(params=["vp8", "vp9"])
def codec(request: pytest.FixtureRequest) -> str:
    string = {"vp8": "vp8", "vp9": "vp09.00.10.08"}[request.param]
    config = {"codec": string, "width": WIDTH, "height": HEIGHT, "alpha": "keep"}
    if not VideoEncoder.is_config_supported(config).supported:
        pytest.skip(f"this FFmpeg does not encode {request.param} with alpha")
    return request.param


def check(frames: list[tuple[str | None, int]]) -> None:
    assert [format for format, _ in frames] == ["I420A"] * FRAMES
    for index, (_, alpha) in enumerate(frames):
        assert abs(alpha - alpha_of(index)) <= 3


def seen(frame: VideoFrame) -> tuple[str | None, int]:
    with frame:
        return frame.format, int(frame.planes[3].to_ndarray()[HEIGHT // 2, WIDTH // 2])


@pytest.mark.parametrize("suffix", [".webm", ".mkv"])
def test_alpha_in_a_file_comes_back(tmp_path: Path, codec: str, suffix: str) -> None:
    path = tmp_path / f"clip{suffix}"
    write_frames(transparent(), path, codec=codec, alpha="keep")
    check([seen(frame) for frame in read_frames(path)])

    decoded: list[tuple[str | None, int]] = []
    with (
        Demuxer(path) as demuxer,
        VideoDecoder(lambda frame: decoded.append(seen(frame)), pytest.fail) as decoder,
    ):
        decoder.configure(demuxer.video_config)
        for chunk in demuxer.chunks():
            decoder.decode(chunk)
        decoder.flush().result(10)
    check(decoded)


@pytest.mark.parametrize("threads", [1, 3])
def test_alpha_comes_back_where_libvpx_cannot_decode(
    tmp_path: Path, codec: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with an FFmpeg that was built without it: FFmpeg's own decoder, twice."""
    path = tmp_path / "clip.webm"
    write_frames(transparent(), path, codec=codec, alpha="keep")
    whole = [frame.to_ndarray().tobytes() for frame in read_frames(path)]
    monkeypatch.setattr(decoder, "_WITH_ALPHA", {"vp8": "absent", "vp9": "absent"})
    frames = list(read_frames(path, threads=threads))
    assert [frame.to_ndarray().tobytes() for frame in frames] == whole
    check([seen(frame) for frame in frames])
    with Video(path) as video:
        check([seen(video[index]) for index in range(FRAMES)])


def test_alpha_of_an_encoder_comes_back_without_a_file(codec: str) -> None:
    decoded: list[tuple[str | None, int]] = []
    with VideoDecoder(lambda frame: decoded.append(seen(frame)), pytest.fail) as decoder:

        def pass_on(chunk, metadata) -> None:
            if metadata.decoder_config is not None:
                decoder.configure(metadata.decoder_config)
            decoder.decode(chunk)

        with VideoEncoder(pass_on, pytest.fail) as encoder:
            string = {"vp8": "vp8", "vp9": "vp09.00.10.08"}[codec]
            encoder.configure({"codec": string, "width": WIDTH, "height": HEIGHT, "alpha": "keep"})
            for frame in transparent():
                with frame:
                    encoder.encode(frame)
            encoder.flush().result(20)
        decoder.flush().result(10)
    check(decoded)


def test_without_alpha_nothing_changes(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "clip.webm"
    write_frames(transparent(), path, codec=codec, alpha="discard")
    with Demuxer(path) as demuxer:
        assert demuxer.video_config.codec.startswith(codec[:2])
    formats = []
    for frame in read_frames(path):
        with frame:
            formats.append(frame.format)
    assert formats == ["I420"] * FRAMES
