"""What is encoded and muxed chunk by chunk: the beep is heard when the flash is shown."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import attack
import numpy as np
import pytest
from encode_helpers import need
from flash_and_beep import FIRST, LENGTH, RATE, chirp, meetings

from ffwebcodecs import AudioData, AudioEncoder, Muxer, VideoEncoder, VideoFrame
from ffwebcodecs._ffi import avcodec

pytestmark = pytest.mark.divided(file=True)

SIZE = 64, 48
PICTURES = 25
VIDEO = {"mp4": ("avc1.42000a", "libx264"), "webm": ("vp8", "libvpx")}
CASES = [
    ("a.mp4", "mp4a.40.2"),
    ("a.webm", "opus"),
    ("a.ts", "mp4a.40.2"),
    ("a.mkv", "opus"),
    ("a.mov", "mp4a.40.2"),
    ("a.mp4", "opus"),
    ("a.mp4", "mp3"),
    ("a.mp4", "flac"),
    ("a.mkv", "flac"),
    ("a.mkv", "mp4a.40.2"),
    ("a.mkv", "vorbis"),
    ("a.mkv", "mp3"),
    ("a.ts", "opus"),
    ("a.flv", "mp4a.40.2"),
]


def pictures() -> list[tuple[int, Any]]:
    """Return timestamps and arrays of a film that is white at each flash."""
    found = []
    for number in range(LENGTH * PICTURES):
        time = number / PICTURES
        is_lit = abs((time - FIRST + 0.5) % 1 - 0.5) < 0.5 / PICTURES
        array = np.full((SIZE[1], SIZE[0], 3), 255 if is_lit else 0, np.uint8)
        found.append((round(time * 1e6), array))
    return found


def encode(path: Path, codec: str) -> None:
    """Write a film with a flash and a beep by way of encoders and a Muxer."""
    string, _ = VIDEO["webm" if path.suffix == ".webm" else "mp4"]
    chunks: list[tuple[Any, Any]] = []
    note = lambda chunk, metadata: chunks.append((chunk, metadata))  # noqa: E731
    with VideoEncoder(note, error=print) as encoder:
        width, height = SIZE
        encoder.configure({"codec": string, "width": width, "height": height, "framerate": 25})
        for timestamp, array in pictures():
            with VideoFrame.from_ndarray(array, timestamp=timestamp, duration=40_000) as frame:
                encoder.encode(frame)
        encoder.flush().result()
    with AudioEncoder(note, error=print) as sound:
        sound.configure({"codec": codec, "sample_rate": RATE, "number_of_channels": 2})
        samples = np.zeros(LENGTH * RATE, np.float32)
        for second in range(LENGTH):
            begin = round((second + FIRST) * RATE)
            samples[begin : begin + len(chirp(RATE))] = 0.8 * chirp(RATE)
        for first in range(0, len(samples), 4000):
            part = np.stack([samples[first : first + 4000]] * 2, axis=1)
            timestamp = round(first / RATE * 1e6)
            with AudioData.from_ndarray(part, sample_rate=RATE, timestamp=timestamp) as data:
                sound.encode(data)
        sound.flush().result()
    chunks.sort(key=lambda each: each[0].timestamp)
    with Muxer(path) as muxer:
        for chunk, metadata in chunks:
            muxer.add_chunk(chunk, metadata)


def moved(name: str, codec: str, folder: Path) -> float:
    """Return by how many milliseconds sound and picture are apart at most."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that TS begins later
        encode(folder / name, codec)
    found = meetings(folder / name)
    assert len(found) == LENGTH
    return max(abs(one.late) for one in found)


def need_sound(codec: str) -> None:
    name = {"opus": "libopus", "mp3": "libmp3lame", "vorbis": "libvorbis"}.get(codec, codec)
    if not avcodec.avcodec_find_encoder_by_name(name.replace("mp4a.40.2", "aac").encode()):
        pytest.skip(f"this FFmpeg has no {name}")


@pytest.mark.parametrize(("name", "codec"), CASES[:4])
def test_sound_and_picture_of_encoders_meet(name: str, codec: str, tmp_path: Path) -> None:
    need(VIDEO["webm" if name.endswith("webm") else "mp4"][1])
    need_sound(codec)
    assert moved(name, codec, tmp_path) <= 1


@pytest.mark.attack
def test_sound_and_picture_of_encoders_meet_everywhere(tmp_path: Path) -> None:
    cases = CASES[4 :: attack.rounds(len(CASES), 1)]
    far = [(case, by) for case in cases if (by := moved(*case, tmp_path)) > 1]
    attack.report("flash and beep, chunk by chunk", len(cases), len(far), "more than 1 ms apart")
    assert far == []
