"""FLAC's header has the MD5 of the samples (RFC 9639, 8.2), or zeros where nobody knows it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest

from ffwebcodecs import AudioData, AudioEncoder, Demuxer, Muxer

RATE = 48000
SAMPLES = (np.sin(np.arange(50_000) / 20) * 16000).astype(np.int16)
CONFIG = {"codec": "flac", "sample_rate": RATE, "number_of_channels": 1}


def header(path: Path) -> tuple[int, str]:
    """Return the number of samples and the MD5 that a file states."""
    data = path.read_bytes()[8:42]
    return int.from_bytes(data[10:18], "big") & (1 << 36) - 1, data[18:34].hex()


def write(path: Path, flushes: int) -> None:
    with Muxer(path) as muxer, AudioEncoder(muxer.add_chunk, error=pytest.fail) as encoder:
        encoder.configure(CONFIG)
        for index, part in enumerate(np.array_split(SAMPLES, 5)):
            time = index * len(part) * 1_000_000 // RATE
            with AudioData.from_ndarray(part, sample_rate=RATE, timestamp=time) as data:
                encoder.encode(data)
            if index < flushes - 1:
                encoder.flush().result()
        encoder.flush().result()


def test_a_file_of_an_encoder_has_the_checksum(tmp_path: Path) -> None:
    write(tmp_path / "a.flac", 1)
    wanted = hashlib.md5(SAMPLES.tobytes()).hexdigest()
    assert header(tmp_path / "a.flac") == (len(SAMPLES), wanted)
    copy, part = tmp_path / "copy.flac", tmp_path / "part.flac"
    for start, path in ((None, copy), (500_000, part)):
        with Demuxer(tmp_path / "a.flac") as demuxer, Muxer(path) as muxer:
            for chunk in demuxer.audio_chunks(start):
                muxer.add_chunk(chunk, demuxer.audio_config)
    assert header(copy) == (len(SAMPLES), wanted)
    count, checksum = header(part)
    assert 0 < count < len(SAMPLES)
    assert checksum == "0" * 32


def test_a_file_of_several_parts_has_none(tmp_path: Path) -> None:
    write(tmp_path / "a.flac", 3)
    assert header(tmp_path / "a.flac") == (len(SAMPLES), "0" * 32)
