"""Title, artist, album and track of a song go along into any other file for songs."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from convert_helpers import made
from mux_helpers import probe

from ffwebcodecs import remux, transcode

pytestmark = pytest.mark.divided

SONG = ("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=0.2", "-ac", "2")
TAGS = {"title": "Über", "artist": "A; B", "album": "Alb", "track": "3"}
MADE = [part for pair in TAGS.items() for part in ("-metadata", "=".join(pair))]


OF_STREAM = ("-metadata:s:a", "handler_name=SoundHandler", "-metadata:s:a", "encoder=some")


def tags_of(path: Path) -> dict[str, str]:
    """Return those that matter, wherever ffprobe finds them."""
    said = probe(path, "-show_entries", "format_tags:stream_tags")
    parts = [*said["streams"], said["format"]]
    found = {k.lower(): v for each in parts for k, v in each.get("tags", {}).items()}
    return {key: found[key] for key in TAGS if key in found}


@pytest.mark.parametrize("source", ["m4a", "mp3", "ogg", "mka"])
def test_tags_go_along(source: str, tmp_path: Path) -> None:
    path = made(f"tagged3.{source}", *SONG, *MADE, *OF_STREAM)
    assert tags_of(path) == TAGS
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for suffix in ("m4a", "flac", "ogg"):
            out = tmp_path / f"a.{suffix}"
            assert transcode(path, out).lost == []
            assert tags_of(out) == TAGS, suffix
        out = tmp_path / f"b.{source}"
        assert remux(path, out).lost == []
    assert tags_of(out) == TAGS


def test_tags_of_a_song_in_ogg_are_those_of_the_file(tmp_path: Path) -> None:
    path = made("tagged3.ogg", *SONG, *MADE, *OF_STREAM)
    seen = []

    def titled(tags: dict[str, str]) -> dict[str, str]:
        seen.append(tags)
        return {**tags, "title": "Other"}

    transcode(path, tmp_path / "a.ogg", metadata=titled)
    assert {key.lower(): value for key, value in seen[0].items()}.items() >= TAGS.items()
    assert tags_of(tmp_path / "a.ogg") == {**TAGS, "title": "Other"}
