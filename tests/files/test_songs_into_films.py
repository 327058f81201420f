"""transcode of a file without video to a container for films: the sound alone, and the cover."""

from __future__ import annotations

import io
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from convert_helpers import made, streams
from heard import heard, offset

from ffwebcodecs import InvalidArgumentError, NotSupportedError, transcode

SONG = ("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=1", "-ac", "2")


def song() -> Path:
    return made("song.m4a", *SONG, "-c:a", "aac", "-metadata", "title=Song")


def song_with_cover() -> Path:
    picture = made("cover.png", "-f", "lavfi", "-i", "color=red:size=64x48", "-frames:v", "1")
    return made(
        *("song-cover.m4a", "-i", str(song()), "-i", str(picture), "-map", "0", "-map", "1"),
        *("-c", "copy", "-disposition:v:0", "attached_pic"),
    )


@pytest.mark.parametrize(
    ("name", "codec"),
    [("a.webm", "opus"), ("a.weba", "opus"), ("a.mkv", "aac"), ("a.mp4", "aac")],
)
def test_it_gets_the_sound_copied_or_encoded(name: str, codec: str, tmp_path: Path) -> None:
    out = tmp_path / name
    result = transcode(song(), out)
    assert result.encoded_streams == ([] if codec == "aac" else ["audio aac as opus"])
    assert result.copied_streams == (["audio aac"] if codec == "aac" else [])
    assert (result.frames_read, result.codec, result.lost) == (0, None, [])
    assert streams(out) == [f"audio {codec}"]
    if not name.endswith("mkv"):  # which cannot say of AAC that it begins with a coder's delay
        have, want = heard(out), heard(song())
        assert offset(have, want, 50) == 0
        assert np.abs(have[: len(want)] - want[: len(have)])[2000:-2000].max() < 0.05


def test_a_cover_is_no_film(tmp_path: Path) -> None:
    result = transcode(song_with_cover(), tmp_path / "a.mp4")
    assert result.copied_streams == ["audio aac", "video png"]
    with pytest.warns(UserWarning, match="cannot hold the video png"):
        result = transcode(song_with_cover(), tmp_path / "a.webm")
    assert streams(tmp_path / "a.webm") == ["audio opus"]
    # Who names it gets it.
    result = transcode(song_with_cover(), tmp_path / "b.mp4", stream=1)
    assert (result.frames_written, result.copied_streams) == (1, ["audio aac"])


@pytest.mark.filterwarnings("ignore:.*cannot say that the first")
def test_what_nobody_could_read_there_is_encoded(tmp_path: Path) -> None:
    # FFmpeg reads no FLAC in AVI, and writes no PCM of 48 kHz into FLV.
    for source, suffix, codec in (("flac", "avi", "mp3"), ("wav", "flv", "aac")):
        result = transcode(made(f"only.{source}", *SONG), tmp_path / f"a.{suffix}")
        assert result.encoded_streams[0].endswith(f" as {codec}")
        assert streams(tmp_path / f"a.{suffix}") == [f"audio {codec}"]


def test_what_is_read_once_is_opened_once(tmp_path: Path) -> None:
    pipe = subprocess.Popen(["cat", made("only.mp3", *SONG)], stdout=subprocess.PIPE)
    assert pipe.stdout is not None
    target = io.BytesIO()
    result = transcode(pipe.stdout, target, format="webm")
    pipe.stdout.close()
    assert pipe.wait() == 0
    assert result.encoded_streams == ["audio mp3 as opus"]
    (tmp_path / "a.webm").write_bytes(target.getvalue())
    assert streams(tmp_path / "a.webm") == ["audio opus"]


@pytest.mark.parametrize("options", [{"codec": "vp9"}, {"width": 20}, {"quantizer": 20}])
def test_options_for_pictures_are_refused(options: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match=f"has no video, which {next(iter(options))}"):
        transcode(song(), tmp_path / "a.webm", **options)
    assert not list(tmp_path.iterdir())


def test_who_wants_a_film_is_told_that_there_is_none(tmp_path: Path) -> None:
    for name, options in (("a.gif", {}), ("a.h264", {}), ("a.mp4", {"audio": False})):
        with pytest.raises(NotSupportedError, match="no video stream \\(it has: audio\\)"):
            transcode(song(), tmp_path / name, **options)
    assert not list(tmp_path.iterdir())
