"""transcode to a file for sound: from any film, without its video, cut to the sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from convert_helpers import made, streams
from heard import RATE, alike, heard, noisy_film, offset
from mux_helpers import probe

from ffwebcodecs import InvalidArgumentError, NotSupportedError, TranscodeProgress, transcode

pytestmark = pytest.mark.divided(file=True)


def film24() -> Path:
    return noisy_film("mov", "-c:a", "pcm_s24le", name="noise24")


@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("a.m4a", "alac"),
        ("a.m4a", "aac"),
        ("a.mp3", "mp3"),
        ("a.opus", "opus"),
        ("a.flac", "flac"),
        ("a.wav", "pcm_s24le"),
        ("a.mka", "pcm_s24le"),
        ("a.aac", "aac"),
        ("a.ac3", "ac3"),
        ("a.aiff", "pcm_s24be"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*cannot say that the first")
def test_each_gets_the_sound_as_its_players_expect_it(
    name: str, codec: str, tmp_path: Path
) -> None:
    out = tmp_path / name
    result = transcode(film24(), out, **({"audio": "alac"} if codec == "alac" else {}))
    copied = codec == "pcm_s24le"
    assert result.encoded_streams == ([] if copied else [f"audio pcm_s24le as {codec}"])
    assert result.dropped_streams == ["video h264"]
    assert (result.frames_read, result.codec) == (0, None)
    assert streams(out) == [f"audio {codec}"]
    have, want = heard(out), heard(film24())
    if codec in ("alac", "flac") or codec.startswith("pcm"):
        assert np.array_equal(have, want)
    if name.endswith((".aac", ".ac3")):  # they cannot say that they begin with a coder's delay
        have = have[offset(have, want) :]
    assert offset(have, want) == 0
    assert alike(have, want) > 0.85


def test_ogg_is_opus_or_what_is_asked_for(tmp_path: Path) -> None:
    assert streams(made_of(tmp_path / "a.ogg")) == ["audio opus"]
    assert streams(made_of(tmp_path / "b.ogg", audio="flac")) == ["audio flac"]
    assert np.array_equal(heard(tmp_path / "b.ogg"), heard(film24()))


def made_of(out: Path, **options: Any) -> Path:
    transcode(film24(), out, **options)
    return out


def test_what_fits_is_copied_with_tags_cover_and_chapters(tmp_path: Path) -> None:
    picture = made("cover.png", "-f", "lavfi", "-i", "color=red:size=64x48", "-frames:v", "1")
    source = made(
        *("noise-cover.mp4", "-i", str(noisy_film()), "-i", str(picture), "-map", "0:v"),
        *("-map", "0:a", "-map", "1", "-c", "copy", "-disposition:v:1", "attached_pic"),
        *("-metadata", "title=Song"),
    )
    result = transcode(source, tmp_path / "a.m4a")
    assert (result.copied_streams, result.encoded_streams) == (["audio aac", "video png"], [])
    result = transcode(source, tmp_path / "a.mp3")
    assert (result.copied_streams, result.encoded_streams) == (["video png"], ["audio aac as mp3"])
    assert result.lost == []
    assert probe(tmp_path / "a.mp3", "-show_format")["format"]["tags"]["title"] == "Song"
    assert sorted(streams(tmp_path / "a.mp3")) == ["audio mp3", "video png"]


@pytest.mark.parametrize("name", ["a.flac", "a.opus", "a.mp3", "a.m4a"])
def test_it_is_cut_to_the_sample(name: str, tmp_path: Path) -> None:
    out = tmp_path / name
    transcode(film24(), out, start=333_333, stop=777_777, **encoded(name))
    have, want = heard(out), heard(film24())[16000:37334]
    assert offset(have, want) == 0
    assert 0 <= len(have) - len(want) < (1 if name != "a.m4a" else 1024)
    if name == "a.flac":
        assert np.array_equal(have, want)


def encoded(name: str) -> dict[str, Any]:
    return {"audio": "aac"} if name == "a.m4a" else {}


def test_a_file_without_video_is_a_source_too(tmp_path: Path) -> None:
    transcode(film24(), tmp_path / "a.flac")
    result = transcode(tmp_path / "a.flac", tmp_path / "a.wav")
    assert result.encoded_streams == ["audio flac as pcm_s24le"]
    assert np.array_equal(heard(tmp_path / "a.wav"), heard(film24()))


def test_progress_tells_the_time(tmp_path: Path) -> None:
    told: list[TranscodeProgress] = []
    transcode(film24(), tmp_path / "a.mp3", on_progress=told.append)
    times = [one.timestamp for one in told]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(1_200_000, abs=RATE)
    assert {one.frames for one in told} == {0}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"audio": False}, "audio=False leaves nothing"),
        ({"codec": "mp3"}, "holds no video, which codec is for; audio is for sound"),
        ({"bitrate": "192k"}, "which bitrate is for; audio_bitrate is for sound"),
        ({"width": 320}, "which width is for"),
        ({"audio": "aac"}, r"\.mp3 cannot hold aac"),
        ({"audio": "copy"}, r"\.mp3 cannot hold pcm_s24le"),
        ({"start": 5_000_000}, "nothing of .* is from start=5000000"),
        ({"audio_stream": 0}, "audio_stream is 0, which is no stream of sound .*: those are 1"),
    ],
)
def test_what_is_wrong_is_named(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    with pytest.raises((InvalidArgumentError, NotSupportedError), match=message):
        transcode(film24(), tmp_path / "a.mp3", **options)
    assert list(tmp_path.iterdir()) == []


def test_a_silent_film_gives_none(tmp_path: Path) -> None:
    silent = made("noise-silent.mp4", "-i", str(noisy_film()), "-an", "-c", "copy")
    with pytest.raises(NotSupportedError, match="has no sound"):
        transcode(silent, tmp_path / "a.mp3")
