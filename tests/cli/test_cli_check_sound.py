"""`check` of a song decodes it; what names no film is answered with what to do."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli_helpers import call
from sound_clips import sound

from ffwebcodecs import InvalidArgumentError, Muxer, NotSupportedError, transcode


def test_a_song_is_decoded(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    damaged = tmp_path / "damaged.m4a"
    content = bytearray(sound("alac.m4a").read_bytes())
    begin = content.index(b"mdat") + 20_000
    content[begin : begin + 8000] = b"\xff" * 8000
    damaged.write_bytes(content)
    assert call("check", "--json", sound("alac.m4a"), damaged) == 1
    good, bad = json.loads(capsys.readouterr().out)
    assert (good["status"], good["duration_us"]) == ("sound", 3_000_000)
    assert [each["kind"] for each in good["findings"]] == ["sound"]
    assert bad["status"] == "errors"
    assert bad["findings"][0]["severity"] == "error"


def test_a_text_is_advised_to_be_remuxed(tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match=r"srt holds subtitles alone: remux"):
        transcode(sound("aac.m4a"), tmp_path / "a.srt")


def test_a_track_is_announced_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="twice"):
        Muxer(tmp_path / "a.mka", tracks=["a", "a"])
