"""Moving pictures to encode, what an encoder's callbacks collect, and how near the result is."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pytest
from decode_helpers import TIMEOUT

from ffwebcodecs import (
    EncodedVideoChunk,
    EncodedVideoChunkMetadata,
    VideoDecoder,
    VideoDecoderConfig,
    VideoEncoder,
    VideoFrame,
)
from ffwebcodecs._av.codecs.encoder_formats import find_encoder, formats_of
from ffwebcodecs._av.frames.pixel_format import describe
from ffwebcodecs._ffi import avcodec

WIDTH, HEIGHT = 96, 64
STEP = 33_333
Pixels = npt.NDArray[np.uint8]


def picture(index: int, width: int = WIDTH, height: int = HEIGHT) -> Pixels:
    """Return smooth colours that move, as RGB."""
    y, x = np.mgrid[0:height, 0:width]
    red = 128 + 90 * np.sin((x + 3 * index) / 17)
    green = 128 + 90 * np.cos((y + 2 * index) / 13)
    blue = 64 + (x + y + index) % 128
    return np.dstack([red, green, blue]).astype(np.uint8)


def frame_of(
    index: int,
    format: str = "I420",
    width: int = WIDTH,
    height: int = HEIGHT,
    **options: Any,
) -> VideoFrame:
    """Return picture number `index` in a format; by default at 30 frames per second."""
    options = {"timestamp": index * STEP, "duration": STEP, **options}
    rgb = VideoFrame.from_ndarray(picture(index, width, height), timestamp=0)
    with rgb:
        data = bytearray(rgb.allocation_size(format=format))
        rgb.copy_to(data, format=format)
    return VideoFrame(data, format=format, coded_width=width, coded_height=height, **options)


class Output(NamedTuple):
    chunk: EncodedVideoChunk
    metadata: EncodedVideoChunkMetadata

    @property
    def layer(self) -> int | None:
        return None if self.metadata.svc is None else self.metadata.svc.temporal_layer_id


class Outputs:
    """Callbacks of an encoder that remember."""

    def __init__(self) -> None:
        self.list: list[Output] = []
        self.errors: list[BaseException] = []
        self.failed = threading.Event()
        self.arrived = threading.Semaphore(0)

    def output(self, chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata) -> None:
        self.list.append(Output(chunk, metadata))
        self.arrived.release()

    def error(self, error: BaseException) -> None:
        self.errors.append(error)
        self.failed.set()

    def encoder(self) -> VideoEncoder:
        return VideoEncoder(self.output, self.error)


def settings(codec: str, **members: Any) -> dict[str, Any]:
    return {"codec": codec, "width": WIDTH, "height": HEIGHT, **members}


def encode(
    config: dict[str, Any],
    frames: Iterable[VideoFrame],
    options: Callable[[int], dict[str, Any]] = lambda index: {},
) -> list[Output]:
    """Encode and close frames; without an error, or the error is raised."""
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.configure(config)
        for index, frame in enumerate(frames):
            with frame:
                encoder.encode(frame, **options(index))
        encoder.flush().result(TIMEOUT)
    assert not outputs.errors
    return outputs.list


def frames(count: int, format: str = "I420", **options: Any) -> Iterator[VideoFrame]:
    return (frame_of(index, format, **options) for index in range(count))


def refusal(config: dict[str, Any]) -> BaseException:
    """Return the error with which a configuration is refused."""
    outputs = Outputs()
    with outputs.encoder() as encoder:
        encoder.configure(config)
        assert outputs.failed.wait(TIMEOUT)
        assert encoder.state == "closed"
    assert VideoEncoder.is_config_supported(config).supported is False
    return outputs.errors[0]


class Decoded(NamedTuple):
    timestamp: int
    duration: int | None
    format: str | None
    color: tuple[Any, ...]
    size: tuple[int, int]
    rgb: npt.NDArray[np.float64]


def config_of(outputs: list[Output]) -> VideoDecoderConfig:
    config = outputs[0].metadata.decoder_config
    assert config is not None
    return config


def decode(outputs: Iterable[Output], config: VideoDecoderConfig) -> list[Decoded]:
    """Decode chunks with what the encoder said about them."""
    found: list[Decoded] = []
    errors: list[BaseException] = []

    def on_frame(frame: VideoFrame) -> None:
        with frame:
            space = frame.color_space
            found.append(
                Decoded(
                    frame.timestamp,
                    frame.duration,
                    frame.format,
                    (space.primaries, space.transfer, space.matrix, space.full_range),
                    (frame.display_width, frame.display_height),
                    frame.to_ndarray("RGB").astype(float),
                )
            )

    with VideoDecoder(on_frame, errors.append) as decoder:
        decoder.configure(config)
        for output in outputs:
            decoder.decode(output.chunk)
        decoder.flush().result(TIMEOUT)
    assert not errors
    return found


def psnr(one: npt.NDArray[Any], other: npt.NDArray[Any]) -> float:
    error = float(((one.astype(float) - other.astype(float)) ** 2).mean())
    return 99.0 if error == 0 else 10 * math.log10(255 * 255 / error)


def reference(index: int, format: str = "I420", **options: Any) -> npt.NDArray[np.float64]:
    """Return what picture `index` looks like after its conversion to `format`."""
    with frame_of(index, format, **options) as frame:
        return frame.to_ndarray("RGB").astype(float)


def need(*names: str, depth: int = 8) -> None:
    """Skip the test where this FFmpeg has none of these encoders, or none for this many bits."""
    there = [codec for codec in map(find_encoder, names) if codec is not None]
    usable = [c for c in there if not c.capabilities & avcodec.AV_CODEC_CAP_EXPERIMENTAL]
    wanted = " or ".join(names)
    if not there:
        pytest.skip(f"this FFmpeg has no {wanted}")
    if not usable:
        pytest.skip(f"this FFmpeg calls {wanted} experimental")
    if depth > 8 and not any(depth in depths(codec) for codec in usable):
        pytest.skip(f"this FFmpeg's {wanted} takes no {depth} bits")


def depths(codec: Any) -> set[int]:
    """Return the bits for each sample that an encoder takes."""
    found = map(describe, formats_of(codec) or ())
    return {format.depth for format in found if format is not None}


VP8 = settings("vp8", latency_mode="realtime")
AVC = settings("avc1.42001E")


def total(outputs: list[Output]) -> int:
    return sum(output.chunk.byte_length for output in outputs)


def noisy(count: int) -> Any:
    import numpy as np

    generator = np.random.default_rng(1)
    for index in range(count):
        noise = generator.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
        yield VideoFrame.from_ndarray(noise, timestamp=index * STEP, duration=STEP)
