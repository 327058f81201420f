"""Conversions: the caller chooses the output's tags, and which streams go along."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli_helpers import call
from clips import clip, run_ffmpeg
from convert_helpers import made, movie, streams, times
from mux_helpers import packets, probe
from transcode_helpers import fast, names

from ffwebcodecs import InvalidArgumentError, remux, write_frames
from ffwebcodecs.cli import main

pytestmark = pytest.mark.once


def tags(path: Path) -> dict[str, str]:
    """Return the tags of the whole file but for those about the file itself."""
    found: dict[str, str] = probe(path, "-show_format")["format"].get("tags", {})
    return {key.lower(): value for key, value in found.items() if key.lower() != "encoder"}


def tagged() -> Path:
    return made(
        *("tagged.mkv", "-i", str(movie()), "-c", "copy", "-metadata", "title=A film"),
        *("-metadata", "artist=Somebody", "-metadata", "COMMENT=old"),
    )


# ---- tags


@pytest.mark.parametrize("command", ["remux", "transcode"])
def test_command_line_changes_tags_and_keeps_the_others(command: str, tmp_path: Path) -> None:
    assert tags(tagged()) == {"title": "A film", "artist": "Somebody", "comment": "old"}
    said = (
        "--metadata",
        "TITLE=Zwei = Filme ",
        "--metadata",
        "comment=",
        "--metadata",
        "date=1999",
    )
    preset = ("--preset", "ultrafast") if command == "transcode" else ()
    assert call(command, tagged(), tmp_path / "a.mkv", *said, *preset, "-q") == 0
    found = {"title": "Zwei = Filme ", "artist": "Somebody", "date": "1999"}
    assert tags(tmp_path / "a.mkv") == found


def test_last_word_about_a_tag_counts(tmp_path: Path) -> None:
    said = ("--metadata", "title=1", "--metadata", "Title=", "--metadata", "TITLE=3")
    assert call("remux", tagged(), tmp_path / "a.mkv", *said, "-q") == 0
    assert tags(tmp_path / "a.mkv")["title"] == "3"


def test_video_of_pictures_has_the_tags_that_are_named(tmp_path: Path) -> None:
    picture = tmp_path / "1.png"
    run_ffmpeg("-i", clip("h264-bframes.mp4"), "-frames:v", "1", picture)
    said = ("--metadata", "title=Still", "--metadata", "artist=", "--preset", "ultrafast")
    assert call("images", picture, tmp_path / "a.mkv", *said, "-q") == 0
    assert tags(tmp_path / "a.mkv")["title"] == "Still"


@pytest.mark.parametrize("text", ["title", "=x", " =x"])
@pytest.mark.parametrize("command", ["remux", "transcode", "images"])
def test_what_is_no_tag_is_wrong_usage(
    command: str, text: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, str(tagged()), str(tmp_path / "a.mkv"), "--metadata", text]) == 2
    assert "KEY=VALUE" in capsys.readouterr().err
    assert not names(tmp_path)


def test_metadata_replaces_all_tags_and_a_function_makes_them_of_the_inputs(tmp_path: Path) -> None:
    seen: list[dict[str, str]] = []

    def change(found: dict[str, str]) -> dict[str, str]:
        seen.append(dict(found))
        return {**found, "title": "B"}

    remux(tagged(), tmp_path / "a.mkv", metadata={"title": "Only this"})
    assert tags(tmp_path / "a.mkv") == {"title": "Only this"}
    remux(tagged(), tmp_path / "b.mkv", metadata=change)
    assert {key.lower(): value for key, value in seen[0].items()} == tags(tagged())
    assert tags(tmp_path / "b.mkv") == {"title": "B", "artist": "Somebody", "comment": "old"}


@pytest.mark.parametrize("bad", [None, "title=x", 3, {"title": 1.5}])
def test_function_for_tags_must_return_tags(bad: Any, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="mapping of str to str"):
        fast(tmp_path / "a.mkv", tagged(), metadata=lambda _: bad)
    with pytest.raises(ZeroDivisionError):
        remux(tagged(), tmp_path / "a.mkv", metadata=lambda _: 1 / 0)
    with pytest.raises(InvalidArgumentError, match="mapping"):
        write_frames(iter(()), tmp_path / "a.mkv", metadata=lambda _: {})  # type: ignore[arg-type]
    assert not names(tmp_path)


# ---- streams


def test_subtitles_are_left_out_where_that_is_asked_for(tmp_path: Path) -> None:
    for name, convert in (("a.mkv", remux), ("b.mkv", lambda *a, **k: fast(a[1], a[0], **k))):
        result = convert(movie(), tmp_path / name, subtitles=False, require_all=True)
        assert streams(tmp_path / name) == ["video h264", "audio aac"]
        assert (result.copied_streams, result.dropped_streams, result.lost) == (
            ["audio aac"],
            [],
            [],
        )
        digests = [[p.digest for p in packets(path, "a:0")] for path in (tmp_path / name, movie())]
        assert digests[0] == digests[1]
    with pytest.raises(InvalidArgumentError, match="subtitles"):
        remux(movie(), tmp_path / "c.mkv", subtitles="no")  # type: ignore[arg-type]


def test_no_subtitles_ends_the_warning_about_them(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call("remux", movie(), tmp_path / "a.ts", "-q") == 0
    said = capfd.readouterr().err
    assert "subrip" in said and "--no-subtitles leaves it out" in said
    assert call("remux", movie(), tmp_path / "b.ts", "-q", "--no-subtitles") == 0
    assert "subrip" not in capfd.readouterr().err
    assert streams(tmp_path / "b.ts") == ["video h264", "audio aac"]


def two_films() -> Path:
    """Return two different videos, sound between them, and subtitles."""
    return made(
        *("two-films.mkv", "-i", str(movie()), "-i", str(clip("hevc-bframes.mkv"))),
        *("-map", "0:v", "-map", "0:a", "-map", "1:v", "-map", "0:s", "-c", "copy"),
    )


def test_stream_chooses_the_video_and_the_others_go_along(tmp_path: Path) -> None:
    source = two_films()
    film, other = 0, 2
    assert call("remux", source, tmp_path / "a.mkv", "--stream", other, "-q") == 0
    assert streams(tmp_path / "a.mkv")[0] == "video hevc"
    assert sorted(streams(tmp_path / "a.mkv")) == sorted(streams(source))
    digests = {p.digest for p in packets(tmp_path / "a.mkv", "v:0")}
    assert digests == {p.digest for p in packets(source, str(other))}
    result = fast(tmp_path / "b.mkv", source, stream=other, subtitles=False)
    assert streams(tmp_path / "b.mkv") == ["video h264", "video h264", "audio aac"]
    assert result.frames_written == len(packets(source, str(other)))
    copied = [p.digest for p in packets(tmp_path / "b.mkv", "v:1")]
    assert copied == [p.digest for p in packets(source, str(film))]
    result = fast(tmp_path / "c.mkv", source, stream=other, audio=False)
    assert streams(tmp_path / "c.mkv") == ["video h264"]
    assert result.dropped_streams == ["video h264"]
    assert times(tmp_path / "c.mkv") == [
        p.pts for p in sorted(packets(source, str(other)), key=lambda p: p.pts or 0)
    ]


@pytest.mark.parametrize("command", ["remux", "transcode", "frames", "sheet", "check", "index"])
@pytest.mark.parametrize("stream", [1, 9])
def test_stream_that_is_no_video_is_refused_everywhere(
    command: str, stream: int, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    output: list[object] = []
    if command in ("remux", "transcode"):
        output = [tmp_path / "a.mkv"]
    elif command != "check":
        output = ["-o", tmp_path / ("a.png" if command == "sheet" else "a")]
    assert call(command, two_films(), *output, "--stream", stream) != 0
    assert "the video streams are 0 (h264 160x120), 2 (hevc 160x120)" in capfd.readouterr().err
    assert not names(tmp_path)
