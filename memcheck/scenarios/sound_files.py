"""Sound of files: windows as arrays and as AudioData, chunks, damage."""

from __future__ import annotations

import io
import random
import warnings
from collections.abc import Iterator
from contextlib import suppress

import numpy as np

from ffwebcodecs import (
    AudioData,
    Demuxer,
    WebCodecsError,
    read_audio,
    read_audio_data,
    read_frames,
    transcode,
    write_frames,
)

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


@scenario("sound converted, mapped, given up, damaged, put to pictures", cycles=1_000)
def conversions_of_sound() -> Iterator[Step]:
    song, film = media.song("song.m4a"), media.clip("h264.mp4")
    tone = np.zeros((24000, 2), np.float32), 48000
    order = random.Random(7)
    warnings.simplefilter("ignore", UserWarning)

    def step(index: int) -> None:
        kind, target = index % 5, io.BytesIO()
        if kind == 0:
            transcode(song, target, format="flac", sample_rate=16000, channels=1, start=100_000)
        elif kind == 1:
            transcode(song, target, format="ogg", map_audio=_every_other, stop=700_000)
        elif kind == 2:
            with suppress(ZeroDivisionError):
                transcode(song, target, format="wav", map_audio=_fail)
        elif kind == 3:
            data = bytearray(song.read_bytes())
            for _ in range(20):
                data[order.randrange(len(data))] = order.randrange(256)
            with suppress(WebCodecsError):
                transcode(bytes(data), target, format="mka", audio="flac")
        else:
            frames = read_frames(film, step=5)
            write_frames(frames, target, format="mkv", codec="ffmpeg:mjpeg", audio=tone)

    yield step


def _every_other(data: AudioData) -> AudioData | None:
    return data if data.timestamp // 100_000 % 2 else None


def _fail(data: AudioData) -> AudioData:
    if data.timestamp > 500_000:
        raise ZeroDivisionError
    return data
