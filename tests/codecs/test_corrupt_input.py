"""Mutated input never crashes, hangs or leaks: it gives frames, or one named error.

The mutations are seeded: a failure names its seed. A full sweep (tests/support/suite.py) tries
2,000 inputs, or as many for each clip as FFWEBCODECS_FUZZ_ROUNDS says.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from typing import Any

import pytest
from clips import clip
from suite import part

import ffwebcodecs
from ffwebcodecs import Demuxer, EncodedVideoChunk, VideoDecoder, WebCodecsError

ROUNDS = int(os.environ.get("FFWEBCODECS_FUZZ_ROUNDS", "200"))
SHARE = 1 / 5
CHUNKS = 8

STREAMS = ("h264-bframes.mp4", "hevc-bframes.mp4", "vp8.webm", "vp9.webm", "av1.mp4")
FILES = ("h264-bframes.mp4", "vp9.webm", "h264-bframes.ts", "av1.ivf", "h264-bframes.h264")


def flip_bits(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.randint(1, 8)):
        data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def flip_early_bits(data: bytearray, dice: random.Random) -> None:
    # The first bytes hold sizes and headers, where a mutation does most harm.
    data[dice.randrange(min(len(data), 32))] ^= 1 << dice.randrange(8)


def truncate(data: bytearray, dice: random.Random) -> None:
    del data[dice.randrange(len(data)) :]


def fill(data: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(data))
    length = min(dice.randint(1, 64), len(data) - start)
    data[start : start + length] = bytes([dice.choice((0, 0xFF, 0x80))]) * length


def repeat(data: bytearray, dice: random.Random) -> None:
    start = dice.randrange(len(data))
    data[start:start] = data[start : start + dice.randint(1, 64)]


MUTATIONS: list[Callable[[bytearray, random.Random], None]] = [
    flip_bits,
    flip_early_bits,
    truncate,
    fill,
    repeat,
]


def mutate(data: bytes, dice: random.Random) -> bytes:
    mutated = bytearray(data)
    for _ in range(dice.randint(1, 2)):
        if mutated:
            dice.choice(MUTATIONS)(mutated, dice)
    return bytes(mutated)


def first_chunks(name: str) -> tuple[Any, list[tuple[str, int, bytes]]]:
    with Demuxer(clip(name)) as demuxer:
        chunks = [(c.type, c.timestamp, bytes(c.data)) for c in demuxer.chunks()]
        return demuxer.video_config, chunks[:CHUNKS]


def decode(config: Any, chunks: list[tuple[str, int, bytes]]) -> tuple[int, list[Exception]]:
    """Return how many frames came, and the errors of the callback."""
    frames = 0
    errors: list[Exception] = []

    def output(frame: ffwebcodecs.VideoFrame) -> None:
        nonlocal frames
        frames += 1
        frame.close()

    with VideoDecoder(output, errors.append) as decoder:
        decoder.configure(config)
        try:
            for kind, timestamp, data in chunks:
                decoder.decode(EncodedVideoChunk(type=kind, timestamp=timestamp, data=data))
            decoder.flush().result(timeout=30)
        except WebCodecsError:
            pass
        # Nothing is reported twice, and an error has closed the decoder.
        assert len(errors) <= 1
        assert not errors or decoder.state == "closed"
    return frames, errors


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.parametrize("name", STREAMS)
def test_mutated_chunks_give_frames_or_one_error(name: str) -> None:
    config, chunks = first_chunks(name)
    for seed in part(range(ROUNDS), SHARE, name):
        dice = random.Random(f"{name} {seed}")
        mutated = list(chunks)
        for index in dice.sample(range(len(chunks)), dice.randint(1, 2)):
            kind, timestamp, data = chunks[index]
            mutated[index] = (kind, timestamp, mutate(data, dice))
        _, errors = decode(config, mutated)
        unexpected = [e for e in errors if not isinstance(e, ffwebcodecs.EncodingError)]
        assert not unexpected, f"seed {seed}: {unexpected}"
        live = {kind: n for kind, n in ffwebcodecs.open_handles().items() if n > 8}
        assert not live, f"seed {seed}: {live}"


@pytest.mark.slow
@pytest.mark.sweep
@pytest.mark.filterwarnings("ignore:.*ends early:UserWarning")
@pytest.mark.parametrize("name", FILES)
def test_mutated_files_give_frames_or_an_error(name: str) -> None:
    original = clip(name).read_bytes()
    for seed in part(range(ROUNDS), SHARE, name):
        mutated = mutate(original, random.Random(f"{name} {seed}"))
        try:
            for frame in ffwebcodecs.read_frames(mutated):
                frame.close()
        except WebCodecsError:
            pass
        live = {kind: n for kind, n in ffwebcodecs.open_handles().items() if n}
        assert not live, f"seed {seed}: {live}"


@pytest.mark.parametrize("name", STREAMS)
def test_empty_and_tiny_chunks_are_refused_or_reported(name: str) -> None:
    config, chunks = first_chunks(name)
    for data in (b"", b"\0", b"\0\0\0\1", b"\xff" * 16):
        decode(config, [("key", 0, data)])
        decode(config, [chunks[0], ("delta", 33_333, data), *chunks[1:]])


def test_truncated_file_delivers_what_is_there() -> None:
    data = clip("h264-bframes.mkv").read_bytes()
    frames = 0
    with pytest.warns(UserWarning, match="ends early"):
        for frame in ffwebcodecs.read_frames(data[: len(data) // 2]):
            frame.close()
            frames += 1
    assert frames > 10


def test_error_names_the_timestamp_and_ffmpegs_reason() -> None:
    config, chunks = first_chunks("h264-bframes.mp4")
    kind, timestamp, data = chunks[3]
    # A length prefix beyond the chunk: FFmpeg refuses it whatever it conceals elsewhere.
    chunks[3] = (kind, timestamp, b"\x7f\xff\xff\xff" + data[4:])
    _, errors = decode(config, chunks)
    assert [type(error) for error in errors] == [ffwebcodecs.EncodingError]
    assert errors[0].timestamp == timestamp  # type: ignore[attr-defined]
    assert "Invalid data" in str(errors[0])
    assert errors[0].code is not None and errors[0].code < 0  # type: ignore[attr-defined]
