"""Tones to encode, what an AudioEncoder's callbacks collect, and what the ffmpeg program hears."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from clips import ffmpeg_program, ffprobe_program
from decode_helpers import TIMEOUT

from ffwebcodecs import (
    AudioData,
    AudioDecoderConfig,
    AudioEncoder,
    AudioEncoderConfig,
    EncodedAudioChunk,
    EncodedAudioChunkMetadata,
    NotSupportedError,
)
from ffwebcodecs._spec.frames.sample_formats import BY_NAME

Samples = npt.NDArray[Any]


def tones(count: int, rate: int = 48000, pitches: Sequence[int] = (440, 880)) -> Samples:
    """Return one tone a channel, float64 of shape (samples, channels), half as loud as can be."""
    return 0.5 * np.sin(2 * np.pi * np.arange(count)[:, None] * np.array(pitches)[None] / rate)


def pieces(
    samples: Samples, rate: int = 48000, format: str = "f32", block: int = 1000, start: int = 0
) -> list[AudioData]:
    """Return samples of any type, as they are, in pieces of a format with that type."""
    fmt, channels = BY_NAME[format], samples.shape[1]
    samples = samples.astype(fmt.dtype)
    return [
        AudioData(
            format=format,
            sample_rate=rate,
            number_of_frames=len(part),
            number_of_channels=channels,
            timestamp=start + at * 1_000_000 // rate,
            data=np.ascontiguousarray(part.T if fmt.is_planar else part),
        )
        for at in range(0, len(samples), block)
        for part in [samples[at : at + block]]
    ]


class Heard:
    """An encoder that has encoded something, and what came."""

    def __init__(self, config: dict[str, Any], data: list[AudioData]) -> None:
        self.outputs: list[tuple[EncodedAudioChunk, EncodedAudioChunkMetadata]] = []
        self.errors: list[BaseException] = []
        with AudioEncoder(
            output=lambda chunk, metadata: self.outputs.append((chunk, metadata)),
            error=self.errors.append,
        ) as encoder:
            encoder.configure(config)
            for each in data:
                with each:
                    encoder.encode(each)
            encoder.flush().result(TIMEOUT)
            self.name = encoder.encoder_name

    @property
    def chunks(self) -> list[EncodedAudioChunk]:
        return [chunk for chunk, _ in self.outputs]

    @property
    def config(self) -> AudioDecoderConfig:
        found = self.outputs[0][1].decoder_config
        assert found is not None
        # FLAC knows all of its header with the last one.
        rest = self.outputs[1:-1] if found.codec == "flac" else self.outputs[1:]
        assert all(metadata.decoder_config is None for _, metadata in rest)
        return found

    @property
    def bytes(self) -> bytes:
        return b"".join(bytes(chunk.data) for chunk in self.chunks)


def encode(codec: str, data: list[AudioData], **members: Any) -> Heard:
    """Encode pieces of sound; skips the test where this FFmpeg has no encoder."""
    rate, channels = int(data[0].sample_rate), data[0].number_of_channels
    config = {"codec": codec, "sample_rate": rate, "number_of_channels": channels, **members}
    try:
        supported = AudioEncoder.is_config_supported(config).supported
        if not supported:
            from ffwebcodecs.codecs._audio_encoding import SoundEncoding

            SoundEncoding(AudioEncoderConfig.parse(config))
    except NotSupportedError as error:
        for each in data:
            each.close()
        if "no encoder" in str(error):
            pytest.skip(str(error))
        raise
    return Heard(config, data)


def played(content: bytes, kind: str, rate: int, channels: int, *before: str) -> Samples:
    """Return what the ffmpeg program decodes of a stream, float32 of shape (samples, channels)."""
    command = [ffmpeg_program(), "-v", "error", *before, "-f", kind, "-i", "-", "-f", "f32le", "-"]
    sound = subprocess.run(command, input=content, capture_output=True, check=True, timeout=60)
    return np.frombuffer(sound.stdout, "<f4").reshape(-1, channels)


def probed(content: bytes, kind: str) -> dict[str, Any]:
    """Return what ffprobe says of the stream."""
    command = [ffprobe_program(), "-v", "error", "-f", kind, "-show_streams", "-of", "json", "-"]
    told = subprocess.run(command, input=content, capture_output=True, check=True, timeout=60)
    [stream] = json.loads(told.stdout)["streams"]
    found: dict[str, Any] = stream
    return found


def distance(ours: Samples, wanted: Samples) -> float:
    """Return the root mean square of the difference."""
    return float(np.sqrt(np.mean((ours.astype(np.float64) - wanted) ** 2)))
