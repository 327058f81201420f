"""The beep is heard when the flash is shown: in copies, in cuts, in every container.

Judged by the ffmpeg program, which decodes both. Where that program's own file is off, as AVI with
MP3 is, what is made of it is off by as much.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attack
import pytest
from encode_helpers import need
from flash_and_beep import SOURCES, meetings, source

from ffwebcodecs import AudioData, VideoFrame, remux, transcode
from ffwebcodecs._ffi import avcodec

pytestmark = pytest.mark.divided(file=True)

PART = {"start": 1_200_000, "stop": 2_800_000}
CALLS: dict[str, Callable[..., Any]] = {"remux": remux, "transcode": transcode}
# What holds the sound of each source without a change. AVI: below.
HELD = {
    "aac": (".mp4", ".mov", ".mkv", ".ts", ".flv"),
    "mp3": (".mp4", ".mkv", ".ts"),
    "alac": (".mp4", ".mov", ".mkv"),
    "opus": (".mp4", ".mkv"),
    "flac": (".mp4", ".mkv"),
    "vorbis": (".mkv",),
    "s16": (".mov", ".mkv"),
    "s24": (".mov",),
    "mp2": (".ts", ".mp4", ".mkv"),
    "ac3": (".ts", ".mp4", ".mkv"),
    "pcm": (".mov", ".mkv"),
}
CASES = [
    (name, suffix, call, is_part)
    for name in SOURCES
    for suffix in HELD[name.partition(".")[0].rpartition("-")[2]]
    for call in CALLS
    for is_part in (False, True)
    if not (name.startswith("webm") and suffix == ".mp4")  # VP8
]
# One of each container and codec, by turns whole and cut.
SHORT = [
    ("mp4-aac.mp4", ".mkv", "remux", True),
    ("mkv-opus.mkv", ".mp4", "remux", False),
    ("mkv-opus.mkv", ".mkv", "remux", False),
    ("mkv-vorbis.mkv", ".mkv", "transcode", False),
    ("mov-s16.mov", ".mov", "transcode", True),
    ("ts-mp2.ts", ".mp4", "remux", False),
    ("flv-aac.flv", ".flv", "transcode", True),
    ("avi-mp3.avi", ".ts", "remux", True),
]


# Sound that is encoded anew, by container.
ENCODED = {
    ".mp4": ("aac", "mp3", "opus", "flac", "alac", "ac3"),
    ".mov": ("aac", "alac", "pcm"),
    ".mkv": ("aac", "opus", "vorbis", "flac", "mp3"),
    ".webm": ("opus", "vorbis"),
    ".ts": ("aac", "mp2", "ac3", "opus"),
    ".flv": ("aac", "mp3"),
    ".avi": ("mp3", "aac", "ac3", "pcm"),
}
# Not on a frame, nor on a sample.
BETWEEN = {"start": 1_213_333, "stop": 2_777_777}
FRESH = [
    (name, suffix, codec, part)
    for name in ("mov-s24.mov", "mp4-aac.mp4", "ts-mp2.ts", "flv-mp3.flv")
    for suffix, codecs in ENCODED.items()
    for codec in codecs
    for part in ({}, PART, BETWEEN)
    # All begins with the first picture there, which is told.
    if not (suffix == ".avi" and part is BETWEEN)
]


def need_sound(codec: str) -> None:
    """Skip the test where this FFmpeg does not encode such sound."""
    name = {"opus": "libopus", "mp3": "libmp3lame"}.get(codec, codec)
    if not avcodec.avcodec_find_encoder_by_name(name.encode()):
        pytest.skip(f"this FFmpeg has no {name}")


def late(path: Path, speed: float = 1) -> list[float]:
    """Return by how many milliseconds each beep is late, of which there must be some."""
    found = [one.late for one in meetings(path, speed)]
    assert found
    return found


def moved(name: str, suffix: str, call: str, is_part: bool, folder: Path) -> float:
    """Return by how many milliseconds sound and picture were moved apart at most."""
    out = folder / f"a{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        CALLS[call](source(name), out, **(PART if is_part else {}))
    before = late(source(name))[0]
    found = late(out)
    assert len(found) == (2 if is_part else 3)
    return max(abs(one - before) for one in found)


@pytest.mark.parametrize(("name", "suffix", "call", "is_part"), SHORT)
def test_sound_that_is_copied_stays_with_the_picture(
    name: str, suffix: str, call: str, is_part: bool, tmp_path: Path
) -> None:
    if call == "transcode":
        need("libx264")
    assert moved(name, suffix, call, is_part, tmp_path) <= 1


def moved_by_encoding(
    name: str, suffix: str, codec: str, part: dict[str, int], folder: Path
) -> float:
    """Return by how many milliseconds encoding moved sound and picture apart at most."""
    out = folder / f"a{suffix}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        transcode(source(name), out, audio=codec, **part)
    before, found = late(source(name))[0], late(out)
    assert len(found) == (2 if part else 3)
    return max(abs(one - before) for one in found)


@pytest.mark.parametrize(
    ("name", "suffix", "codec", "part"),
    [
        ("mov-s24.mov", ".webm", "opus", {}),
        ("mov-s24.mov", ".mp4", "aac", BETWEEN),
        ("mp4-aac.mp4", ".mkv", "opus", BETWEEN),
        ("mp4-aac.mp4", ".ts", "aac", PART),
        ("mp4-aac.mp4", ".avi", "mp3", {}),
        ("mov-s16.mov", ".avi", "auto", PART),
        ("flv-mp3.flv", ".avi", "auto", {}),
    ],
)
def test_sound_that_is_encoded_stays_with_the_picture(
    name: str, suffix: str, codec: str, part: dict[str, int], tmp_path: Path
) -> None:
    need({".webm": "libvpx-vp9", ".avi": "mpeg4"}.get(suffix, "libx264"))
    if codec != "auto":
        need_sound(codec)
    assert moved_by_encoding(name, suffix, codec, part, tmp_path) <= 1


def faster(frame: VideoFrame) -> VideoFrame:
    return VideoFrame(frame, timestamp=frame.timestamp // 2, duration=(frame.duration or 0) // 2)


def faster_sound(data: AudioData) -> AudioData:
    samples = data.to_ndarray()
    return AudioData.from_ndarray(
        samples, sample_rate=2 * data.sample_rate, timestamp=data.timestamp // 2
    )


def test_a_film_that_is_sped_up_stays_together(tmp_path: Path) -> None:
    need("libx264")
    need_sound("aac")
    out = tmp_path / "a.mp4"
    transcode(source("mov-s16.mov"), out, audio="aac", map_frame=faster, map_audio=faster_sound)
    found = meetings(out, 2)
    assert [round(one.flash, 3) for one in found] == [0.2, 0.7, 1.2]
    assert max(abs(one.late) for one in found) <= 1


@pytest.mark.attack
def test_sound_that_is_encoded_stays_with_the_picture_everywhere(tmp_path: Path) -> None:
    cases = FRESH[:: attack.rounds(len(FRESH), 1)]
    far = [case for case in cases if moved_by_encoding(*case, tmp_path) > 1]
    attack.report("flash and beep, encoded", len(cases), len(far), "more than 1 ms apart")
    assert far == []


@pytest.mark.attack
def test_sound_stays_with_the_picture_everywhere(tmp_path: Path) -> None:
    cases = CASES[:: attack.rounds(len(CASES), 1)]
    far = [case for case in cases if moved(*case, tmp_path) > 1]
    attack.report("flash and beep", len(cases), len(far), "more than 1 ms apart")
    assert far == []
