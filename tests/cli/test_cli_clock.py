"""Times on the command line count from the film's beginning, whatever its clock says."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_helpers import call, names
from convert_helpers import film, times

import ffwebcodecs

pytestmark = pytest.mark.once


def test_frames_choose_by_the_time_of_the_film(tmp_path: Path) -> None:
    late, usual = film("recording.ts"), film()
    # In the MP4 file the picture begins at 0; the sound, which begins 21 ms before, is cut.
    arguments = ["--start", "1.03", "--stop", "1.87", "--format", "raw"]
    assert call("frames", late, "-o", tmp_path / "a", *arguments) == 0
    assert call("frames", usual, "-o", tmp_path / "b", *arguments) == 0
    made = names(tmp_path / "a")
    assert made == names(tmp_path / "b")
    for name in made:
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_frames_at_a_time_are_those_of_the_film(tmp_path: Path) -> None:
    late, usual = film("recording.ts"), film()
    # The picture begins 21 ms after the sound: it is the one that is meant before.
    at = ["--format", "raw", "--at", "0,0.03,1.51,2.91"]
    assert call("frames", late, "-o", tmp_path / "a", *at) == 0
    assert call("frames", usual, "-o", tmp_path / "b", *at) == 0
    for name in names(tmp_path / "a"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_frames_say_which_times_there_are_in_the_film(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("frames", film("recording.ts"), "-o", tmp_path / "a", "--at", "40001.5") == 1
    assert "its frames are from 00:00:00.000 to 00:00:03.000" in capsys.readouterr().err


def test_a_sheet_shows_the_times_of_the_film(tmp_path: Path) -> None:
    for name in ("recording.ts", "camera.mts"):
        arguments = ("-o", tmp_path / f"{name}.png", "--count", 4, "--times", "--width", 480)
        assert call("sheet", film(name), *arguments) == 0
    one, other = (tmp_path / f"{name}.png" for name in ("recording.ts", "camera.mts"))
    assert one.read_bytes() == other.read_bytes()


def test_transcode_chooses_by_the_time_of_the_film(tmp_path: Path) -> None:
    source, out = film("recording.ts"), tmp_path / "a.mkv"
    arguments = ["--preset", "ultrafast", "-q", "--start", "1", "--stop", "00:00:01.5"]
    assert call("transcode", source, out, *arguments) == 0
    with ffwebcodecs.Demuxer(source) as demuxer:
        chosen = [when - demuxer.origin - 1_000_000 for when in times(source)]
    want = [when for when in chosen if 0 <= when < 500_000]
    assert times(out) == pytest.approx(want, abs=1000)


def test_the_clock_can_be_kept(tmp_path: Path) -> None:
    source = film("recording.ts")
    for command in ("transcode", "remux"):
        out = tmp_path / f"{command}.mkv"
        assert call(command, source, out, "--keep-start", "-q") == 0
        assert times(out)[0] == pytest.approx(times(source)[0], abs=1000)
