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

from ffwebcodecs import remux, transcode

pytestmark = pytest.mark.divided

PART = {"start": 1_200_000, "stop": 2_800_000}
CALLS: dict[str, Callable[..., Any]] = {"remux": remux, "transcode": transcode}
# What holds the sound of each source without a change. AVI and Opus in Matroska: below.
HELD = {
    "aac": (".mp4", ".mov", ".mkv", ".ts", ".flv"),
    "mp3": (".mp4", ".mkv", ".ts"),
    "alac": (".mp4", ".mov", ".mkv"),
    "opus": (".mp4",),
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
    ("mkv-vorbis.mkv", ".mkv", "transcode", False),
    ("mov-s16.mov", ".mov", "transcode", True),
    ("ts-mp2.ts", ".mp4", "remux", False),
    ("flv-aac.flv", ".flv", "transcode", True),
    ("avi-mp3.avi", ".ts", "remux", True),
]


def late(path: Path) -> list[float]:
    """Return by how many milliseconds each beep is late, of which there must be some."""
    found = [one.late for one in meetings(path)]
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


@pytest.mark.attack
def test_sound_stays_with_the_picture_everywhere(tmp_path: Path) -> None:
    cases = CASES[:: attack.rounds(len(CASES), 1)]
    far = [case for case in cases if moved(*case, tmp_path) > 1]
    attack.report("flash and beep", len(cases), len(far), "more than 1 ms apart")
    assert far == []
