"""Sound: made, converted, cloned, shown, sent."""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from ffwebcodecs import AudioData, AudioEncoder, EncodedAudioChunk, InvalidStateError

from ..scenario import Step, scenario

FRAMES = 1024
S16 = bytes(range(256)) * (FRAMES * 2 * 2 // 256)


def make_sound(timestamp: int = 0, **options: object) -> AudioData:
    """Return 1024 samples of two channels."""
    size = {"number_of_frames": FRAMES, "number_of_channels": 2, "sample_rate": 48000}
    given = {"data": S16, "format": "s16", "timestamp": timestamp, **size, **options}
    return AudioData(**given)  # type: ignore[arg-type]


@scenario("AudioData made, copied, converted, closed", cycles=10_000)
def sounds_converted() -> Iterator[Step]:
    own, floats = bytearray(len(S16)), bytearray(2 * len(S16))
    formats = ("f32", "s32", "u8", "f32-planar", "s16-planar")

    def step(index: int) -> None:
        format = formats[index % 5]
        with make_sound(index) as data, data.clone() as clone:
            data.copy_to(own, plane_index=0)
            data.close()
            clone.copy_to(floats, plane_index=int(format.endswith("planar")), format=format)
            clone.to_ndarray()
        with make_sound(number_of_frames=8, number_of_channels=12, format="u8-planar") as wide:
            wide.copy_to(own, plane_index=11)

    yield step


@scenario("AudioData and clones dropped unclosed, or refused", cycles=10_000)
def sounds_dropped() -> Iterator[Step]:
    def step(index: int) -> None:
        data = make_sound(index, channel_layout="stereo")
        data.clone()
        for wrong in ({"number_of_frames": 5000}, {"channel_layout": "5.1"}):
            with suppress(ValueError):
                make_sound(transfer=bool(index % 2), **wrong).close()

    yield step


@scenario("AudioData zero-copy: lent, shown, pickled beside the pickle", cycles=10_000)
def sounds_lent() -> Iterator[Step]:
    order = random.Random(3)
    kept: list[object] = []

    def step(index: int) -> None:
        array = np.zeros((FRAMES, 2), np.float32)
        buffers: list[pickle.PickleBuffer] = []
        with AudioData.from_ndarray(array, sample_rate=48000, timestamp=index, transfer=True) as a:
            text = pickle.dumps(a, 5, buffer_callback=buffers.append)
            kept.append(a.planes[0])
        with pickle.loads(text, buffers=buffers) as other:
            kept.append(other.to_ndarray("f32"))
        planes = [bytearray(2 * FRAMES), np.zeros(FRAMES, np.int16)]
        with make_sound(data=planes, format="s16-planar", transfer=True) as data:
            kept.append(data.planes[1])
        kept.append(EncodedAudioChunk(type="key", timestamp=0, data=S16, transfer=True).data)
        if len(kept) > 15:
            order.shuffle(kept)
            del kept[:10]

    yield step


def encode_some(codec: AudioEncoder, index: int, name: str) -> None:
    """Queue some sound for an encoder, in a format that it has to be opened anew for."""
    codec.configure({"codec": name, "sample_rate": 48000, "number_of_channels": 2})
    with make_sound(index) as data:
        for _ in range(3):
            codec.encode(data)


def ignore(*_: object) -> None:
    """Drop what comes."""


@scenario("AudioEncoder flushed and closed", cycles=1000)
def sound_encoders() -> Iterator[Step]:
    def step(index: int) -> None:
        with AudioEncoder(ignore, ignore) as codec:
            encode_some(codec, index, ("flac", "pcm-s16", "mp4a.40.2")[index % 3])
            codec.flush().result(20)
            with make_sound(index) as data:
                codec.encode(data)
            codec.flush().result(20)

    yield step


@scenario("AudioEncoder dropped with work, reset, closed by an error", cycles=1000)
def sound_encoders_dropped() -> Iterator[Step]:
    def step(index: int) -> None:
        codec = AudioEncoder(ignore, ignore)
        encode_some(codec, index, "flac")
        if index % 3 == 1:
            codec.reset()
            encode_some(codec, index, "alac")
        if index % 3 == 2:
            with make_sound(index, sample_rate=8000) as data, suppress(InvalidStateError):
                codec.encode(data)
                codec.encode(data)

    yield step
