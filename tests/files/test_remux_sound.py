"""remux to a file for sound: all of the sound, with tags, chapters and cover, and no video."""

from __future__ import annotations

import io
import subprocess
import warnings
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import call, names
from clips import clip, ffmpeg_program, run_ffmpeg
from convert_helpers import made, movie, streams
from mux_helpers import packets, probe

from ffwebcodecs import InvalidArgumentError, NotSupportedError, TranscodeResult, remux

pytestmark = pytest.mark.divided(file=True)

TAGS = (
    ";FFMETADATA1\ntitle=Song\nartist=Me\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=400\ntitle=one\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=400\nEND=1000\ntitle=two\n"
)


@pytest.fixture(scope="module")
def tagged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Films of 1 s with a title and chapters, by the codec of their sound."""
    folder = tmp_path_factory.mktemp("tagged")
    (folder / "tags.txt").write_text(TAGS)
    found = {}
    codecs = ("aac", "libmp3lame", "libopus", "flac", "pcm_s16le", "ac3", "libvorbis", "mp2")
    for codec in codecs:
        found[codec] = folder / f"{codec}.mkv"
        run_ffmpeg(
            *("-f", "lavfi", "-i", "testsrc2=size=64x64:rate=25:duration=1"),
            *("-f", "lavfi", "-i", "sine=sample_rate=48000:duration=1"),
            *("-i", folder / "tags.txt", "-map_metadata", "2", "-c:v", "mjpeg", "-c:a", codec),
            found[codec],
        )
    return found


def quietly(*given: Any, **more: Any) -> TranscodeResult:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return remux(*given, **more)


def samples(path: Path) -> bytes:
    """Return what the ffmpeg program decodes."""
    command = [ffmpeg_program(), "-v", "error", "-i", path, "-map", "0:a:0", "-f", "s16le", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize(
    ("codec", "suffix", "format", "keeps"),
    [
        ("aac", "m4a", "mov,mp4,m4a,3gp,3g2,mj2", {"tags", "chapters"}),
        ("aac", "aac", "aac", set()),
        ("libmp3lame", "mp3", "mp3", {"tags", "chapters"}),
        ("libopus", "opus", "ogg", {"tags", "chapters"}),
        ("libvorbis", "oga", "ogg", {"tags"}),
        ("flac", "ogg", "ogg", {"tags"}),
        ("flac", "flac", "flac", {"tags"}),
        ("pcm_s16le", "wav", "wav", {"tags"}),
        ("ac3", "ac3", "ac3", set()),
        ("mp2", "mp2", "mp3", set()),
        ("mp2", "caf", "caf", {"tags"}),
        ("flac", "mka", "matroska,webm", {"tags", "chapters"}),
    ],
)
def test_sound_is_all_there_and_nothing_else(
    codec: str,
    suffix: str,
    format: str,
    keeps: set[str],
    tagged: dict[str, Path],
    tmp_path: Path,
) -> None:
    source, out = tagged[codec], tmp_path / f"a.{suffix}"
    result = quietly(source, out)
    assert (result.frames_read, result.frames_written, result.codec) == (0, 0, None)
    assert result.dropped_streams == ["video mjpeg"]
    [kept] = result.copied_streams
    assert [one for one in streams(out) if not one.startswith("data")] == [kept]
    have, want = samples(out), samples(source)
    assert abs(len(have) - len(want)) <= 2 * 2 * 2400  # what encoders put before and behind
    shorter, longer = sorted((have, want), key=len)
    assert shorter[len(shorter) // 2 :][:20000] in longer
    said = probe(out, "-show_format", "-show_chapters", "-show_streams")
    tags = {**said["streams"][0].get("tags", {}), **said["format"].get("tags", {})}
    found = {key.lower(): value for key, value in tags.items()}
    assert said["format"]["format_name"] == format
    lost = " ".join(result.lost)
    if "tags" in keeps:
        assert (found["title"], found["artist"]) == ("Song", "Me")
    assert ("tags" not in lost) == ("tags" in keeps)
    chapters = [chapter["tags"]["title"] for chapter in said["chapters"]]
    assert chapters == (["one", "two"] if "chapters" in keeps else [])
    assert ("chapters" not in lost) == ("chapters" in keeps)


def test_sound_that_does_not_fit_is_refused_with_suffixes_that_do(
    tagged: dict[str, Path], tmp_path: Path
) -> None:
    for codec, suffix, message in (
        ("libmp3lame", "m4a", r"\.m4a cannot hold mp3; use \.mp3 or \.mka"),
        ("aac", "mp3", r"\.mp3 cannot hold aac; use \.m4a or \.mka"),
        ("libopus", "wav", r"\.wav cannot hold opus; use \.opus, \.ogg or \.mka"),
        ("aac", "caf", r"\.caf cannot hold aac; use \.m4a or \.mka"),
        ("flac", "caf", r"\.caf cannot hold flac; use \.flac, \.ogg or \.mka"),
        ("libopus", "caf", r"\.caf cannot hold opus; use \.opus, \.ogg or \.mka"),
        ("pcm_s16le", "flac", r"\.flac cannot hold pcm_s16le; use \.wav or \.mka"),
    ):
        with pytest.raises(NotSupportedError, match=message):
            remux(tagged[codec], tmp_path / f"a.{suffix}")
    with pytest.raises(NotSupportedError, match=r"has no sound, and \.m4a files hold no video"):
        remux(clip("vp9.webm"), tmp_path / "a.m4a")
    with pytest.raises(InvalidArgumentError, match="audio=False leaves nothing"):
        remux(tagged["aac"], tmp_path / "a.m4a", audio=False)
    with pytest.raises(InvalidArgumentError, match=r"nothing of .* is from start=9000000"):
        remux(tagged["aac"], tmp_path / "a.m4a", start=9_000_000)
    assert names(tmp_path) == []


@pytest.mark.parametrize("suffix", ["m4a", "mp3", "flac"])
def test_cover_comes_along(suffix: str, tmp_path: Path) -> None:
    codec = {"m4a": "aac", "mp3": "libmp3lame", "flac": "flac"}[suffix]
    source = made(
        *(f"cover-{suffix}.{'flac' if suffix == 'flac' else 'mp4'}", "-f", "lavfi", "-i"),
        *("sine=duration=1", "-f", "lavfi", "-i", "color=red:size=32x32:duration=0.04"),
        *("-map", "0", "-map", "1", "-c:a", codec, "-c:v", "png", "-frames:v", "1"),
        *("-disposition:v", "attached_pic"),
    )
    out = tmp_path / f"a.{suffix}"
    result = remux(source, out)
    found = probe(out, "-show_streams")["streams"]
    pictures = [one for one in found if one["codec_name"] == "png"]
    assert [one["disposition"]["attached_pic"] for one in pictures] == [1]
    assert result.lost == []
    assert packets(out, "v:0")[0].digest == packets(source, "v:0")[0].digest


@pytest.mark.parametrize("suffix", ["mka", "mkv", "mp4", "m4a", "ts"])
def test_input_without_video_is_enough(suffix: str, tmp_path: Path) -> None:
    source = made("no-video.m4a", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac")
    result = remux(source, tmp_path / f"a.{suffix}")
    assert streams(tmp_path / f"a.{suffix}") == ["audio aac"]
    assert result.copied_streams == ["audio aac"]
    with pytest.raises(NotSupportedError, match="has no video, and ivf can hold nothing"):
        quietly(source, tmp_path / "a.ivf")


def test_best_one_of_several_and_the_others_are_told(tmp_path: Path) -> None:
    source = made(
        *("two-sounds.mkv", "-f", "lavfi", "-i", "sine=220:duration=1", "-f", "lavfi", "-i"),
        *("sine=880:duration=1", "-map", "0", "-map", "1", "-c:a:0", "flac", "-c:a:1"),
        *("libmp3lame", "-disposition:a:0", "default", "-disposition:a:1", "0"),
    )
    with pytest.warns(UserWarning, match="audio flac .* is left out: .mp3 holds one stream"):
        result = remux(source, tmp_path / "a.mp3")
    assert (result.copied_streams, result.dropped_streams) == (["audio mp3"], ["audio flac"])
    assert remux(source, tmp_path / "a.mka").copied_streams == ["audio flac", "audio mp3"]


def test_part_of_the_sound_begins_where_it_was_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("remux", movie(), tmp_path / "a.m4a", "--start", "0.5", "--stop", "1") == 0
    assert capsys.readouterr() == (f"{tmp_path / 'a.m4a'}: audio aac\n", "")
    want = [one for one in packets(movie(), "a:0") if 500_000 <= (one.pts or 0) < 1_000_000]
    have = packets(tmp_path / "a.m4a", "a:0")
    assert [one.digest for one in have] == [one.digest for one in want]
    assert abs((have[0].pts or 0) - (want[0].pts or 0) + 500_000) <= 1000


def test_sound_alone_into_a_file_object(tmp_path: Path) -> None:
    out = io.BytesIO()
    remux(movie(), out, format="m4a")
    assert out.getvalue()[4:8] == b"ftyp"
    (tmp_path / "a.m4a").write_bytes(out.getvalue())
    assert streams(tmp_path / "a.m4a") == ["audio aac"]
