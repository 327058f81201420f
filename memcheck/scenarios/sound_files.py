"""Sound of files: windows as arrays and as AudioData, chunks, damage."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress

from ffwebcodecs import Demuxer, WebCodecsError, read_audio, read_audio_data

from .. import media
from ..scenario import Step, scenario


@scenario("windows of sound read, converted or damaged, pieces dropped", cycles=1_000)
def windows_of_sound() -> Iterator[Step]:
    paths = [media.song(name) for name in ("song.m4a", "song.flac", "song.mp3", "song.wav")]
    order = random.Random(5)

    def step(index: int) -> None:
        path, start = paths[index % len(paths)], order.randrange(2_000_000)
        rate = (None, 16000, 44100)[index % 3]
        read_audio(path, start, start + 100_000, sample_rate=rate)
        for _ in read_audio_data(path, start, start + 100_000):
            break
        data = bytearray(path.read_bytes())
        for _ in range(20):
            data[order.randrange(len(data))] = order.randrange(256)
        with suppress(WebCodecsError):
            read_audio(bytes(data))

    yield step


@scenario("chunks of sound of a Demuxer, dropped", cycles=1_000)
def chunks_of_sound() -> Iterator[Step]:
    path = media.song("song.m4a")

    def step(index: int) -> None:
        with Demuxer(path) as demuxer:
            assert demuxer.audio_config.sample_rate == 48000
            for _, _ in zip(demuxer.audio_chunks(), range(5), strict=False):
                pass
            next(demuxer.chunks_of([0], 1_000_000))

    yield step
