"""Conversions in parts show every frame of the same in one piece, at the same time."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import suite
from bar_clips import BY_NAME, CLIPS, RATE, BarClip
from clips import passthrough, run_ffmpeg

from ffwebcodecs import WebCodecsError, transcode

# Of the file: the pictures, when each is shown, and how long.
TABLE = ("-map", "0:v:0", *passthrough(), "-f", "framemd5", "-")

# In the last one all packets are called key packets, and few are.
SOME = list({**dict.fromkeys(suite.part(CLIPS, 0.02, "parts")), BY_NAME["h263.mkv"]: None})


@pytest.fixture(scope="module")
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as pool:
        yield pool


def converted(clip: BarClip, target: Path, **parts: Any) -> tuple[Any, ...]:
    """Return what the ffmpeg program sees of a lossless conversion, and what was said of it."""
    given = {"codec": "ffmpeg:ffv1", "audio": False, "errors": "skip", **parts}
    options = {**clip.options, **given}
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        try:
            result = transcode(clip.path(), target, threads=1, **options)
        except WebCodecsError as error:
            return (type(error),)
    said = {str(each.message) for each in told}
    counts = (result.frames_read, result.frames_written, result.skipped_chunks, result.codec)
    table = run_ffmpeg("-i", target, *TABLE)
    return table, counts, result.lost, result.skipped_ranges, said


@pytest.mark.sweep
@pytest.mark.slow
@pytest.mark.divided
@pytest.mark.parametrize("clip", SOME, ids=repr)
def test_parts_are_the_whole(clip: BarClip, tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    if not clip.can_be_read:
        pytest.skip(f"this FFmpeg does not read {clip}")
    whole = converted(clip, tmp_path / "whole.mkv")
    for count in (2, 7, 64):
        seconds = clip.frames / RATE / count
        found = converted(clip, tmp_path / "parts.mkv", executor=pool, part_seconds=seconds)
        assert found == whole, count
