"""The tables of what containers hold: written with libavformat, read by ffprobe."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from clips import clip
from mux_helpers import copy, need_container, probe

from ffwebcodecs._av.files import holds

pytestmark = pytest.mark.divided
CLIPS = {"webm": "vp9.webm", "ivf": "vp8.ivf", "avif": "av1.mp4"}
NAMES = {"mkv": "matroska", "ts": "mpegts", "m4v": "mp4"}
SUFFIXES = ("mp4", "mov", "m4v", "mkv", "webm", "avi", "ts", "flv", "asf", "ivf", "avif", "f4v")
VALUES = {
    "date": "2020",
    "track": "3",
    "disc": "1",
    "location": "+52.5000+013.4000/",
    "creation_time": "2024-05-06T07:08:09.000000Z",
    "season_number": "3",
    "hd_video": "1",
    "episode_sort": "4",
    "media_type": "9",
    "compilation": "1",
    "gapless_playback": "1",
}
KEYS = (
    *("title", "artist", "album_artist", "composer", "album", "date", "track", "disc", "genre"),
    *("comment", "description", "synopsis", "copyright", "creation_time", "show", "network"),
    *("episode_id", "season_number", "episode_sort", "lyrics", "grouping", "keywords", "location"),
    *("hd_video", "media_type", "compilation", "gapless_playback", "make", "model"),
    *("encoded_by", "publisher", "performer", "director", "rating"),
)
# A description is read as the comment; when it was made has a field of its own.
ODD = {("asf", "description"), ("asf", "comment"), ("asf", "creation_time")}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_each_tag_of_a_file_is_held_or_not_as_the_table_says(suffix: str, tmp_path: Path) -> None:
    need_container(suffix)
    source, output = clip(CLIPS.get(suffix, "h264-bframes.mp4")), tmp_path / f"a.{suffix}"
    tags = {key: VALUES.get(key, f"a {key}") for key in KEYS}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        copy(source, output, metadata=tags)
    told = probe(output, "-show_format")["format"].get("tags", {})
    found = {key.lower(): value for key, value in told.items()}
    name = NAMES.get(suffix, suffix)
    for key, value in tags.items():
        if (suffix, key) not in ODD:
            assert holds.file_tag(name, key) == (found.get(key) == value), key
