"""Chunks of sound for decoders, and what comes of them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
from audio_vectors import load
from decode_helpers import TIMEOUT

from ffwebcodecs import AudioData, AudioDecoder, EncodedAudioChunk
from ffwebcodecs._av.codecs.audio_encoder import AudioEncoderCore
from ffwebcodecs._av.codecs.packet import view
from ffwebcodecs._av.frames import samples
from ffwebcodecs._av.frames.channel_layout import Channels
from ffwebcodecs._spec.frames.sample_formats import BY_FFMPEG


@functools.cache
def media(name: str) -> tuple[dict[str, Any], list[bytes]]:
    """Return the configuration and the packets of one of Chromium's streams."""
    found = load("audio_decode")["media"][name]
    config = {
        "codec": found["codec"],
        "sample_rate": found["sampleRate"],
        "number_of_channels": found["numberOfChannels"],
    }
    if found["description"]:
        config["description"] = bytes.fromhex(found["description"])
    return config, [bytes.fromhex(packet["hex"]) for packet in found["packets"]]


def chunks_of(packets: list[bytes], start: int = 0, step: int = 100_000) -> list[EncodedAudioChunk]:
    """Return packets as chunks, so many microseconds after one another."""
    return [
        EncodedAudioChunk(type="key", timestamp=start + index * step, data=data)
        for index, data in enumerate(packets)
    ]


class AudioSink:
    """Keeps what a decoder gives."""

    def __init__(self) -> None:
        self.sounds: list[AudioData] = []
        self.errors: list[BaseException] = []
        self.decoder = AudioDecoder(self.sounds.append, self.errors.append)

    def close(self) -> None:
        self.decoder.close()
        for each in self.sounds:
            each.close()


@contextmanager
def decoded(config: Any, chunks: list[EncodedAudioChunk]) -> Iterator[list[AudioData]]:
    """Give what chunks are decoded to, for a while."""
    sink = AudioSink()
    try:
        sink.decoder.configure(config)
        for chunk in chunks:
            sink.decoder.decode(chunk)
        sink.decoder.flush().result(TIMEOUT)
        yield sink.sounds
    finally:
        sink.close()


def samples_of(data: AudioData) -> npt.NDArray[np.float32]:
    """Return samples as (channels, frames)."""
    planes = np.empty((data.number_of_channels, data.number_of_frames), np.float32)
    for index, plane in enumerate(planes):
        data.copy_to(plane, plane_index=index, format="f32-planar")
    return planes


def encoded(
    encoder: str, sample_fmt: str, sound: npt.NDArray[np.float32], rate: int, layout: str
) -> tuple[list[bytes], bytes, int]:
    """Return the packets of (channels, frames), FFmpeg's header and the encoder's delay."""
    fmt, channels = BY_FFMPEG[sample_fmt], Channels(len(sound), layout)
    core = AudioEncoderCore(encoder, sample_fmt, rate, channels)
    packets: list[bytes] = []

    def drain() -> None:
        while (packet := core.receive()) is not None:
            packets.append(bytes(view(packet)))

    if fmt.dtype == "float32":
        converted = sound
    else:
        converted = (sound * np.iinfo(fmt.dtype).max).astype(fmt.dtype)
    size = core.frame_size or 1000
    for start in range(0, converted.shape[1], size):
        part = converted[:, start : start + size]
        ptr = samples.new(fmt, rate, channels, part.shape[1])
        planes = part if fmt.is_planar else [part.T]
        for index, plane in enumerate(planes):
            content = np.ascontiguousarray(plane).tobytes()
            samples.view(ptr, index, 0, len(content), writable=True)[:] = content
        core.send(ptr)
        drain()
    core.drain()
    drain()
    header, delay = core.extradata or b"", core.initial_padding
    core.close()
    return packets, header, delay


def tones(channels: int, frames: int, rate: int) -> npt.NDArray[np.float32]:
    """Return a sine of its own in each channel, (channels, frames)."""
    time = np.arange(frames) / rate
    tones = [0.5 * np.sin(2 * np.pi * 300 * (index + 1) * time) for index in range(channels)]
    return np.array(tones, np.float32)


def with_band_replication(packet: bytes) -> bytes:
    """Return a raw block of AAC with a fill element in front of its end that holds a header of
    spectral band replication and nothing behind it: enough to say that there is some.
    """
    bits = "".join(f"{byte:08b}" for byte in packet).rstrip("0")
    assert bits.endswith("111")  # ID_END
    # EXT_SBR_DATA; a header: amp_res, start_freq, stop_freq, xover_band, reserved, no extra.
    payload = "1101" + "1" + "0" + "0101" + "0101" + "000" + "00" + "0" + "0"
    payload = payload.ljust(14 * 8, "0")
    count = len(payload) // 8
    filled = bits[:-3] + "110" + f"{count:04b}" + payload + "111"
    filled += "0" * (-len(filled) % 8)
    return int(filled, 2).to_bytes(len(filled) // 8, "big")


Check = Callable[[list[AudioData]], None]
