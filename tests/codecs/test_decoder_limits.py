"""max_pixels of a decoder: what is larger is refused, before it takes memory where FFmpeg can."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import resource
import struct
from typing import Any

import bombs
import pytest
from decode_helpers import Sink, stream

from ffwebcodecs import (
    EncodedVideoChunk,
    EncodingError,
    InvalidArgumentError,
    NotSupportedError,
    VideoDecoder,
    VideoDecoderConfig,
    read_frames,
)

USUAL = 1 << 27
WIDE, HIGH = 16000, 16000


def vp8(width: int, height: int) -> bytes:
    return b"\x10\0\0\x9d\1\x2a" + struct.pack("<HH", width, height) + bytes(50)


def jpeg(width: int, height: int) -> bytes:
    frame = b"\xff\xc0\0\x0b\x08" + struct.pack(">HH", height, width) + b"\1\1\x11\0"
    tables = b"\xff\xc4\0\x14\0\1" + bytes(16) + b"\xff\xc4\0\x14\x10\1" + bytes(16)
    return b"\xff\xd8" + tables + frame + b"\xff\xda\0\x08\1\1\0\0\x3f\0" + bytes(50) + b"\xff\xd9"


def vp9(width: int, height: int) -> bytes:
    size = ((16, width - 1), (16, height - 1))
    bits = bombs.Bits(
        (2, 2), (2, 0), (1, 0), (1, 0), (1, 1), (1, 1), (24, 0x498342), (3, 1), (1, 0), *size
    )
    return bytes(bits) + bytes(60)


LARGE: dict[str, bytes] = {
    "ffmpeg:png": bombs.png(WIDE, HIGH),
    "ffmpeg:qoi": bombs.qoi(WIDE, HIGH),
    "ffmpeg:bmp": bombs.bmp(WIDE, HIGH),
    "ffmpeg:mjpeg": jpeg(WIDE, HIGH),
    "ffmpeg:mpeg2video": bombs.mpeg2(WIDE, HIGH),
    "ffmpeg:flv1": bombs.flv1(WIDE, HIGH),
    "vp8": vp8(WIDE, HIGH),
    "ffmpeg:libvpx": vp8(WIDE, HIGH),
    "vp09.00.10.08": vp9(WIDE, HIGH),
    "ffmpeg:libvpx-vp9": vp9(WIDE, HIGH),
}


def chunk(data: bytes, timestamp: int) -> EncodedVideoChunk:
    return EncodedVideoChunk(type="key", timestamp=timestamp, data=data)


def peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10


@pytest.mark.parametrize("threads", [1, 4])
@pytest.mark.parametrize("codec", LARGE)
def test_a_large_picture_is_an_encoding_error_that_says_why(codec: str, threads: int) -> None:
    if not VideoDecoder.is_config_supported({"codec": codec}).supported:
        pytest.skip(f"this FFmpeg has no decoder for {codec}")
    before = peak()
    with pytest.raises(EncodingError) as caught:
        list(read_frames([chunk(LARGE[codec], 700)], {"codec": codec, "threads": threads}))
    assert f"max_pixels={USUAL}" in str(caught.value)
    assert f"{WIDE}x{HIGH} is {WIDE * HIGH} pixels" in str(caught.value)
    assert caught.value.timestamp == 700
    assert peak() - before < 64


@pytest.mark.parametrize("preference", ["no-preference", "prefer-hardware"])
def test_pictures_that_grow_in_mid_stream(preference: str) -> None:
    small = stream("vp8.webm")
    config = {
        "codec": "vp8",
        "threads": 1,
        "max_pixels": 500_000,
        "hardware_acceleration": preference,
    }
    sink = Sink()
    with sink.decoder() as decoder:
        decoder.configure(config)
        for record in small.records[:5]:
            decoder.decode(record.chunk())
        decoder.decode(chunk(vp8(WIDE, HIGH), 10**6))
        with pytest.raises(EncodingError):
            decoder.flush().result(30)
    assert sink.frames == [record.timestamp for record in small.records[:5]]
    assert "max_pixels=500000 " in str(sink.errors[0])
    assert sink.errors[0].timestamp == 10**6


@pytest.mark.parametrize("name", ["vp8.webm", "vp9.webm", "av1.webm", "h264-bframes.h264"])
def test_limit_is_exact_whatever_the_padding(name: str) -> None:
    source = stream(name)
    known = source.config
    pixels = known.coded_width * known.coded_height
    config = dataclasses.replace(
        known, coded_width=None, coded_height=None, _native=None, max_pixels=pixels
    )
    chunks = [record.chunk() for record in source.records]
    assert len([frame.close() for frame in read_frames(chunks, config)]) == len(source.records)
    config = dataclasses.replace(config, max_pixels=pixels - 1)
    with pytest.raises(EncodingError, match=f" {pixels} pixels.*max_pixels={pixels - 1} "):
        list(read_frames(chunks, config))


def test_a_description_of_large_pictures_is_refused() -> None:
    config = stream("h264-bframes.mp4").config
    pixels = config.coded_width * config.coded_height
    bare = dataclasses.replace(config, coded_width=None, coded_height=None, _native=None)
    with pytest.raises(NotSupportedError, match=f" {pixels} pixels.*max_pixels={pixels - 1} "):
        read_frames([], dataclasses.replace(bare, max_pixels=pixels - 1))
    assert list(read_frames([], dataclasses.replace(bare, max_pixels=pixels))) == []


@pytest.mark.parametrize("most", [USUAL, 307_199])
def test_a_coded_size_over_the_limit_is_not_supported(most: int) -> None:
    width, height = (30000, 8000) if most == USUAL else (640, 480)
    config = {"codec": "vp8", "codedWidth": width, "codedHeight": height, "maxPixels": most}
    found = VideoDecoder.is_config_supported(config)
    assert not found.supported
    assert found.config.max_pixels == most
    for more in (width * height, None):
        assert VideoDecoder.is_config_supported({**config, "maxPixels": more}).supported
    sink = Sink()
    decoder = sink.decoder()
    decoder.configure(config)
    with pytest.raises(NotSupportedError):
        decoder.flush().result(30)
    assert f"max_pixels={most} " in str(sink.errors[0])
    assert decoder.state == "closed"


def test_limit_is_a_member_like_the_others() -> None:
    assert VideoDecoderConfig(codec="vp8").max_pixels == USUAL
    config = VideoDecoderConfig(codec="vp8", max_pixels=5)
    for same in (
        VideoDecoderConfig.parse(config),
        VideoDecoderConfig.parse({"codec": "vp8", "max_pixels": 5}),
        VideoDecoderConfig.parse({"codec": "vp8", "maxPixels": 5.0}),
        pickle.loads(pickle.dumps(config)),
        copy.deepcopy(config),
        dataclasses.replace(VideoDecoderConfig(codec="vp8"), max_pixels=5),
    ):
        assert same == config
        assert type(same.max_pixels) is int
    assert "max_pixels=5" in repr(config)
    assert config != VideoDecoderConfig(codec="vp8")


@pytest.mark.parametrize("key", ["max_pixels", "maxPixels"])
def test_none_lifts_and_absence_does_not(key: str) -> None:
    assert VideoDecoderConfig.parse({"codec": "vp8", key: None}).max_pixels is None
    assert VideoDecoderConfig.parse({"codec": "vp8"}).max_pixels == USUAL
    assert (
        VideoDecoderConfig.parse(VideoDecoderConfig(codec="vp8", max_pixels=None)).max_pixels
        is None
    )


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "many", True, 10**400 * -1])
def test_a_wrong_limit_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="max_pixels"):
        VideoDecoderConfig.parse({"codec": "vp8", "max_pixels": wrong})
