"""Where a film begins on the clock of its file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from clips import clip, run_ffmpeg, run_ffprobe
from convert_helpers import FAST, FILMS, film, made, times
from mux_helpers import packets

from ffwebcodecs import remux, transcode
from ffwebcodecs._av.files.demux import DemuxerCore
from ffwebcodecs.files._clock import origin

pytestmark = pytest.mark.divided(file=True)


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
    first, picture = stated(path), core.info.start_time or 0
    assert first < picture  # the sound comes first
    # A lead-in, as MPEG-PS has it here, does not move the pictures.
    assert origin(core) == (first if picture - first > 100_000 else picture)
    assert origin(core, keep_start=True) == 0
    core.close()


def test_a_clock_that_means_something_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    run_ffmpeg("-itsoffset", "5", "-i", clip("h264-bframes.mp4"), "-c", "copy", path)
    assert stated(path) > 4_000_000
    core = DemuxerCore(path)
    assert origin(core) == 0
    core.close()


def first_and_last(path: Path, stream: str) -> tuple[int, int]:
    times = sorted(one.pts for one in packets(path, stream) if one.pts is not None)
    return times[0], times[-1]


@pytest.mark.parametrize("name", FILMS)
def test_a_film_begins_at_zero_as_the_ffmpeg_program_makes_it(name: str, tmp_path: Path) -> None:
    source, told = film(name), []
    reference = made(f"{name}-reference.mp4", "-i", str(source), "-c", "copy")
    transcode(source, tmp_path / "t.mp4", encoder_options=FAST, on_progress=told.append)
    remux(source, tmp_path / "r.mp4")
    for path in (tmp_path / "t.mp4", tmp_path / "r.mp4"):
        for stream in ("v:0", "a:0"):
            have, want = first_and_last(path, stream), first_and_last(reference, stream)
            assert have[0] == pytest.approx(want[0], abs=1000)
            # From program streams the program writes decoding times for what has no other.
            assert have[1] == pytest.approx(want[1], abs=1000 if name != "tape.mpg" else 40_000)
    begin, end = first_and_last(tmp_path / "t.mp4", "v:0")
    assert (told[0].timestamp, told[-1].timestamp) == (begin, end)
    assert told[-1].duration == pytest.approx(end + 40_000, abs=200_000)  # FLV states too much


@pytest.mark.parametrize("convert", [transcode, remux])
def test_the_clock_can_be_kept(convert: Any, tmp_path: Path) -> None:
    source = film("recording.ts")
    convert(source, tmp_path / "a.mkv", keep_start=True)
    for stream in ("v:0", "a:0"):
        have, want = first_and_last(tmp_path / "a.mkv", stream), first_and_last(source, stream)
        assert have == pytest.approx(want, abs=1000)


def test_the_picture_begins_at_zero_if_nothing_else_is_kept(tmp_path: Path) -> None:
    source = film("recording.ts")
    assert first_and_last(source, "v:0") > first_and_last(source, "a:0")
    for convert in (transcode, remux):
        convert(source, tmp_path / "a.mp4", audio=False)
        assert first_and_last(tmp_path / "a.mp4", "v:0") == (0, 2_960_000)


def test_start_and_stop_count_from_the_beginning_of_the_film(tmp_path: Path) -> None:
    source = film("recording.ts")
    zero, seen, told = times(source)[0], [], []  # the sound's lead-in is 21 ms
    want = [when - zero for when in times(source) if 1_500_000 <= when - zero < 2_300_000]
    transcode(
        *(source, tmp_path / "a.mkv"),
        start=1_500_000,
        stop=2_300_000,
        map_frame=lambda frame: seen.append(frame.timestamp) or frame,
        on_progress=told.append,
        encoder_options=FAST,
    )
    assert seen == want
    moved = [when - 1_500_000 for when in want]
    assert times(tmp_path / "a.mkv") == pytest.approx(moved, abs=1000)
    assert [each.timestamp for each in told] == moved
    assert told[0].duration == 800_000


def test_with_the_clock_start_and_stop_are_counted_on_it(tmp_path: Path) -> None:
    source = film("recording.ts")
    shown = times(source)
    result = transcode(source, tmp_path / "a.mkv", start=shown[30], stop=shown[50], keep_start=True)
    assert result.frames_written == 20
    assert times(tmp_path / "a.mkv")[0] == 0
