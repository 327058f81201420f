"""ffwebcodecs probe: all that ffprobe sees, and what nobody says is called so."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import call
from clips import ROOT, clip, run_ffmpeg
from convert_helpers import made
from mux_helpers import probe as ffprobe

pytestmark = pytest.mark.once

CHAPTERS = """;FFMETADATA1
title=A film
[CHAPTER]
TIMEBASE=1/1000
START=0
END=200
title=One
[CHAPTER]
TIMEBASE=1/1000
START=200
END=400
title=Two
"""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with all kinds of streams but data."""
    folder = tmp_path_factory.mktemp("whole")
    chapters = folder / "chapters.txt"
    chapters.write_text(CHAPTERS)
    note = folder / "note.ttf"
    note.write_bytes(b"no font")
    path = folder / "whole.mkv"
    run_ffmpeg(
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=25:d=0.4"),
        *("-f", "lavfi", "-i", "anullsrc=channel_layout=5.1(side):r=44100:d=0.4"),
        *("-i", made_subtitles(folder), "-i", chapters, "-map", "0", "-map", "1", "-map", "2"),
        *(
            "-map_metadata",
            "3",
            "-map_chapters",
            "3",
            "-c:v",
            "mpeg4",
            "-c:a",
            "ac3",
            "-c:s",
            "srt",
        ),
        *("-metadata:s:a", "language=deu", "-metadata:s:a", "title=Ton", "-attach", note),
        *("-metadata:s:t", "mimetype=font/ttf", path),
    )
    return path


def made_subtitles(folder: Path) -> Path:
    path = folder / "words.srt"
    path.write_text("1\n00:00:00,100 --> 00:00:00,300\nwords\n")
    return path


def probed(capfd: pytest.CaptureFixture[str], *paths: object, status: int = 0) -> Any:
    assert call("probe", *paths, "--json") == status
    return json.loads(capfd.readouterr().out)


def test_every_stream_chapter_and_tag_is_ffprobes(
    whole: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    [document] = probed(capfd, whole)
    found = ffprobe(whole, "-show_format", "-show_streams", "-show_chapters")
    assert document["tags"] == found["format"]["tags"]
    assert [
        (each["start_us"], each["stop_us"], each["title"]) for each in document["chapters"]
    ] == [
        (round(float(c["start_time"]) * 1e6), round(float(c["end_time"]) * 1e6), c["tags"]["title"])
        for c in found["chapters"]
    ]
    assert len(document["chapters"]) == 2
    for have, stream in zip(document["streams"], found["streams"], strict=True):
        tags = stream.get("tags", {})
        assert have["kind"] == stream["codec_type"]
        assert have["tags"] == tags
        assert (have["language"], have["title"]) == (tags.get("language"), tags.get("title"))
        assert (have["file_name"], have["mime_type"]) == (
            tags.get("filename"),
            tags.get("mimetype"),
        )
        if stream["codec_type"] == "audio":
            assert have["sample_rate"] == int(stream["sample_rate"])
            assert have["channels"] == stream["channels"]
            assert have["channel_layout"] == stream["channel_layout"]
            assert have["bit_rate"] == int(stream["bit_rate"])
            assert have["codec_name"] == stream["codec_name"]
    assert [stream["kind"] for stream in document["streams"]] == [
        *("video", "audio", "subtitle", "attachment")
    ]


def test_people_see_the_same(whole: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert call("probe", whole) == 0
    said = capfd.readouterr().out
    for words in (
        "audio ac-3 44100 Hz, 5.1(side), deu, 'Ton', 448 kbit/s",
        "subtitle subrip",
        "note.ttf, font/ttf",
        "title: A film",
        "00:00:00.200 to 00:00:00.400 Two",
    ):
        assert words in said


def test_files_without_video_are_shown(capfd: pytest.CaptureFixture[str]) -> None:
    path = made("only-sound.m4a", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac")
    [document] = probed(capfd, path)
    [stream] = document["streams"]
    assert (stream["kind"], stream["codec"], document["stream"]) == ("audio", "mp4a.40.2", None)
    seconds = float(ffprobe(path, "-show_format")["format"]["duration"])
    assert document["duration_us"] == round(seconds * 1e6)
    assert not document["duration_is_estimated"]
    assert call("probe", path) == 0
    assert "44100 Hz, mono" in capfd.readouterr().out


def test_what_nobody_says_is_called_so(capfd: pytest.CaptureFixture[str]) -> None:
    sound = made("only-sound.aac", "-f", "lavfi", "-i", "sine=duration=1")
    raw = made("untimed.mjpeg", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=30:d=0.2")
    assert call("probe", sound) == 0
    assert "(estimated)" in capfd.readouterr().out
    assert call("probe", raw) == 0
    assert "25 frames/s (guessed)" in capfd.readouterr().out
    documents = probed(capfd, sound, raw, clip("h264-bframes.mp4"))
    assert [each["duration_is_estimated"] for each in documents] == [True, False, False]
    assert [each["frame_rate_is_guessed"] for each in documents] == [None, True, False]


def test_a_file_that_fails_has_an_entry(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    none = tmp_path / "none.mp4"
    first, failed, last = probed(capfd, clip("h264-bframes.mp4"), none, clip("vp9.webm"), status=1)
    assert failed == {"file": str(none), "error": f"{none}: No such file or directory"}
    assert (first["codec"][:5], last["codec"][:5]) == ("avc1.", "vp09.")


def keys_of(value: Any) -> set[str]:
    if isinstance(value, list):
        return {key for each in value for key in keys_of(each)}
    if not isinstance(value, dict):
        return set()
    below = {key for name, each in value.items() if name != "tags" for key in keys_of(each)}
    return set(value) | below


def test_all_keys_are_in_snake_case_and_written_down(
    whole: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    # One that says its colours.
    colored = made(
        *(
            "colored.mp4",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=s=64x48:d=0.2",
            "-color_primaries",
            "bt709",
        ),
        *("-color_trc", "bt709", "-colorspace", "bt709", "-color_range", "tv"),
    )
    documents = probed(capfd, whole, colored, tmp_path / "none", status=1)
    assert documents[1]["color_space"] == {
        **dict.fromkeys(("primaries", "transfer", "matrix"), "bt709"),
        "full_range": False,
    }
    keys = keys_of(documents)
    assert not [key for key in keys if not re.fullmatch(r"[a-z]+(_[a-z]+)*", key)]
    written = (ROOT / "docs" / "probe.md").read_text(encoding="utf-8")
    assert not keys - set(re.findall(r"`([a-z_]+)`", written))
