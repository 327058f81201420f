"""Program streams that can be read only once: FFmpeg fills in times before it knows the order."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from clips import run_ffprobe
from convert_helpers import made
from file_objects import Stream

from ffwebcodecs import Demuxer, Video, read_frames


def packed(codec: str, between: str) -> Path:
    """Return a stream in which PES packets hold several pictures, and only the first one's time."""
    return made(
        *(f"once-{codec}-{between}.mpg", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=25"),
        *("-frames:v", "75", "-c:v", codec, "-bf", between, "-g", "12", "-threads", "1"),
        *("-f", "mpeg"),
    )


@pytest.mark.parametrize("codec", ["mpeg1video", "mpeg2video"])
@pytest.mark.parametrize("between", ["0", "2"])
def test_times_are_those_of_the_file(codec: str, between: str) -> None:
    path = packed(codec, between)
    entries = ("-show_entries", "frame=best_effort_timestamp", "-select_streams", "v")
    said = json.loads(run_ffprobe(*entries, path))["frames"]
    # What is shown at the very end has no time in some files: it goes on as before.
    begin = int(said[0]["best_effort_timestamp"]) * 100 // 9
    expected = [begin + 40_000 * number for number in range(75)]
    data = path.read_bytes()
    assert [int(each["best_effort_timestamp"]) * 100 // 9 for each in said[:70]] == expected[:70]
    for most in (1 << 16, 500):
        found = []
        for frame in read_frames(Stream(data, most=most)):
            with frame:
                found.append(frame.timestamp)
        assert found == expected
    with Demuxer(Stream(data)) as demuxer:
        assert sorted(chunk.timestamp for chunk in demuxer.chunks()) == expected
    with Video(Stream(data)) as video:
        assert video.timestamps.tolist() == expected
    live = read_frames(Stream(data), live=True)
    found = []
    for frame in live:
        with frame:
            found.append(frame.timestamp)
    assert set(found) <= set(expected) and sorted(set(found)) == found
    assert len(found) + live.dropped == 75
