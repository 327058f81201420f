"""Where a film begins on the clock of its file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clips import clip, run_ffmpeg, run_ffprobe

from ffwebcodecs._av.files.demux import DemuxerCore
from ffwebcodecs.files._clock import origin


def stated(path: Path) -> int:
    """Return ffprobe's `start_time` of a whole file, in microseconds."""
    told = json.loads(run_ffprobe("-show_entries", "format=start_time", path))
    return round(float(told["format"]["start_time"]) * 1_000_000)


@pytest.mark.parametrize(
    ("suffix", "codecs"),
    [
        ("ts", ["-c:v", "copy", "-c:a", "mp2"]),
        ("mpg", ["-c:v", "mpeg2video", "-c:a", "mp2"]),
        ("flv", ["-c", "copy"]),
    ],
)
def test_a_meaningless_clock_begins_with_the_first_stream(
    suffix: str, codecs: list[str], tmp_path: Path
) -> None:
    source, path = clip("h264-with-audio.mp4"), tmp_path / f"a.{suffix}"
    late = ["-itsoffset", "0.2", "-i", source]
    run_ffmpeg("-i", source, *late, "-map", "1:v", "-map", "0:a", *codecs, path)
    core = DemuxerCore(path, all_streams=True)
    assert origin(core) == stated(path)
    assert origin(core) < (core.info.start_time or 0)  # the sound comes first
    assert origin(core, keep_start=True) == 0
    core.close()


def test_a_clock_that_means_something_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    run_ffmpeg("-itsoffset", "5", "-i", clip("h264-bframes.mp4"), "-c", "copy", path)
    assert stated(path) > 4_000_000
    core = DemuxerCore(path)
    assert origin(core) == 0
    core.close()
