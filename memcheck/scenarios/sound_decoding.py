"""Decoders of sound: fed, reset, dropped, given damaged chunks."""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Iterator
from typing import Any

from ffwebcodecs import AudioData, AudioDecoder, EncodedAudioChunk, WebCodecsError

from .. import media
from ..scenario import Step, scenario
from .decoding import TIMEOUT, unexpected

PCM = {"codec": "pcm-s16", "sample_rate": 48000, "number_of_channels": 2}
CHUNKS = 10


def streams() -> list[tuple[dict[str, Any], list[EncodedAudioChunk]]]:
    """Return configurations and chunks of a few codecs."""
    made: list[tuple[dict[str, Any], list[EncodedAudioChunk]]] = []
    for config, packets in (*media.sounds(), (PCM, [bytes(1920)] * CHUNKS)):
        made.append(
            (
                config,
                [
                    EncodedAudioChunk(type="key", timestamp=20_000 * index, data=data)
                    for index, data in enumerate(packets[:CHUNKS])
                ],
            )
        )
    return made


@scenario("decoders of sound opened, fed, flushed, closed", cycles=1_000)
def sound_decoders_closed() -> Iterator[Step]:
    everything = streams()

    def step(index: int) -> None:
        config, chunks = everything[index % len(everything)]
        with AudioDecoder(AudioData.close, unexpected) as decoder:
            decoder.configure(config)
            for chunk in chunks:
                decoder.decode(chunk)
            decoder.flush().result(TIMEOUT)

    yield step


@scenario("a decoder of sound reset in mid-stream", cycles=1_000)
def sound_decoder_reset() -> Iterator[Step]:
    everything = streams()
    arrived = threading.Event()

    def output(data: AudioData) -> None:
        data.close()
        arrived.set()

    with AudioDecoder(output, unexpected) as decoder:

        def step(index: int) -> None:
            config, chunks = everything[index % len(everything)]
            arrived.clear()
            decoder.configure(config)
            for chunk in chunks:
                decoder.decode(chunk)
            assert arrived.wait(TIMEOUT)
            decoder.reset()

        yield step


@scenario("decoders of sound dropped unclosed, and what they gave", cycles=1_000)
def sound_decoders_dropped() -> Iterator[Step]:
    everything = streams()

    def step(index: int) -> None:
        config, chunks = everything[index % len(everything)]
        arrived = threading.Event()
        held: list[AudioData] = []

        def output(data: AudioData) -> None:
            held.append(data)
            arrived.set()

        decoder = AudioDecoder(output, unexpected)
        decoder.configure(config)
        for chunk in chunks:
            decoder.decode(chunk)
        assert arrived.wait(TIMEOUT)
        del decoder
        # A worker that kept its decoder alive would stay.
        deadline = time.monotonic() + TIMEOUT
        while threading.active_count() > 1:
            assert time.monotonic() < deadline, "the worker of a dropped decoder lives on"
            time.sleep(0.0002)

    yield step


@scenario("damaged sound decoded", cycles=1_000)
def damaged_sound() -> Iterator[Step]:
    everything = streams()

    def step(index: int) -> None:
        index %= 100  # a hundred kinds of damage
        dice = random.Random(index)
        config, chunks = everything[index % len(everything)]
        errors: list[BaseException] = []
        with AudioDecoder(AudioData.close, errors.append) as decoder:
            decoder.configure(config)
            try:
                for number, chunk in enumerate(chunks):
                    data = dice.randbytes(50) if number % 3 == 1 else chunk.data
                    decoder.decode(EncodedAudioChunk(type="key", timestamp=number, data=data))
                decoder.flush().result(TIMEOUT)
            except WebCodecsError:
                pass

    yield step
