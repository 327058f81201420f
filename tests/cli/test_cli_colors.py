"""Colours on the command line: what probe says of them, and how they are said."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_helpers import call, png
from color_clips import BT709_TAGS, LOSSLESS, colored, near
from mux_helpers import video_stream

pytestmark = pytest.mark.once


def test_probe_says_what_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    untagged = colored("h264.mp4", "64x64", "bt601", *LOSSLESS)
    tagged = colored("t.mp4", "64x64", "bt709", *LOSSLESS, *BT709_TAGS, "-color_range", "tv")
    assert call("probe", "--json", untagged, tagged) == 0
    one, other = json.loads(capsys.readouterr().out)
    assert one["color_space"]["matrix"] == "smpte170m"
    assert one["guessed_colors"] == ["primaries", "transfer", "matrix", "full_range"]
    assert other["color_space"]["matrix"] == "bt709"
    assert other["guessed_colors"] == []
    assert call("probe", untagged) == 0
    text = capsys.readouterr().out
    assert "matrix smpte170m (guessed), limited range (guessed)" in text
    assert call("probe", tagged) == 0
    text = capsys.readouterr().out
    assert "primaries bt709, transfer bt709, matrix bt709, limited range" in text
    assert "range (guessed)" not in text
    assert call("probe", "--color-space", "bt709", untagged) == 0
    assert "matrix bt709, limited range (guessed)" in capsys.readouterr().out


def test_color_space_is_taken_by_frames_and_transcode(tmp_path: Path) -> None:
    source = colored("h264.mp4", "64x64", "bt709", *LOSSLESS)
    say = ("--color-space", "bt709", "-q")
    assert call("frames", source, "-o", tmp_path / "pictures", "--at", "0", *say) == 0
    [picture] = (tmp_path / "pictures").iterdir()
    assert near(png(picture)[32, 32].tolist())
    assert call("transcode", source, tmp_path / "a.mp4", *say) == 0
    assert video_stream(tmp_path / "a.mp4")["color_space"] == "bt709"
    assert call("sheet", source, "-o", tmp_path / "sheet.png", *say) == 0
    assert call("transcode", source, tmp_path / "b.mp4", "-q") == 0
    assert video_stream(tmp_path / "b.mp4")["color_space"] == "smpte170m"
