"""transcode: audio, subtitles, covers and tags stay what they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from clips import clip
from convert_helpers import (
    made,
    movie,
    streams,
)
from encode_helpers import need
from mux_helpers import packets, probe
from transcode_helpers import OPTIONS, fast

from ffwebcodecs import NotSupportedError, remux, transcode

pytestmark = pytest.mark.divided(file=True)


@pytest.mark.filterwarnings("ignore:.*cannot say which samples")
def test_audio_is_cut_to_the_range(tmp_path: Path) -> None:
    fast(tmp_path / "a.mkv", movie(), start=500_000, stop=1_000_000, audio="copy")
    kept = [p for p in packets(movie(), "a:0") if 500_000 <= (p.pts or 0) < 1_000_000]
    have = packets(tmp_path / "a.mkv", "a:0")
    assert [p.digest for p in have] == [p.digest for p in kept]
    for one, other in zip(have, kept, strict=True):
        assert one.pts is not None and other.pts is not None
        assert abs(one.pts - (other.pts - 500_000)) <= 1000


# ---- the other streams


@pytest.mark.parametrize("name", ["a.mp4", "a.mov", "a.mkv", "a.ts"])
def test_audio_is_copied_packet_by_packet(name: str, tmp_path: Path) -> None:
    source = clip("h264-with-audio.mp4")
    result = fast(tmp_path / name, source)
    assert result.copied_streams == ["audio aac"]
    have, want = packets(tmp_path / name, "a:0"), packets(source, "a:0")
    if name != "a.ts":  # there each has an ADTS header
        assert [p.digest for p in have] == [p.digest for p in want]
    assert len(have) == len(want)
    shift = video_shift(tmp_path / name, source)
    for one, other in zip(have, want, strict=True):
        assert one.pts is not None and other.pts is not None
        assert abs(one.pts - other.pts - shift) <= 1000


def video_shift(path: Path, source: Path) -> int:
    """MPEG-TS and Matroska move all of the file, so that no time in it is below zero."""
    have, want = (min(packet.pts or 0 for packet in packets(name)) for name in (path, source))
    return have - want


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_flac_is_copied(suffix: str, tmp_path: Path) -> None:
    source = made(
        *("flac.mkv", "-f", "lavfi", "-i", "testsrc2=size=160x120:rate=30", "-f", "lavfi"),
        *("-i", "sine=duration=0.5", "-frames:v", "15", "-c:v", "libx264", "-c:a", "flac"),
    )
    output = tmp_path / f"a.{suffix}"
    assert fast(output, source).copied_streams == ["audio flac"]
    have, want = packets(output, "a:0"), packets(source, "a:0")
    assert [packet.digest for packet in have] == [packet.digest for packet in want]


def with_cover() -> Path:
    source = movie()
    picture = made("cover.png", "-f", "lavfi", "-i", "color=red:size=64x48", "-frames:v", "1")
    return made(
        *("cover.mp4", "-i", str(source), "-i", str(picture), "-map", "0:v", "-map", "1"),
        *("-map", "0:a", "-c", "copy", "-disposition:v:1", "attached_pic"),
    )


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize("start", [None, 500_000])
def test_cover_picture_is_copied(suffix: str, start: int | None, tmp_path: Path) -> None:
    output = tmp_path / f"a.{suffix}"
    fast(output, with_cover(), start=start)
    [have], [want] = packets(output, "v:1"), packets(with_cover(), "v:1")
    assert have.digest == want.digest
    shown = probe(output, "-select_streams", "v:1", "-show_streams")["streams"][0]["disposition"]
    # Matroska's is a track of one picture, as with the ffmpeg program.
    assert shown["attached_pic"] == (suffix == "mp4")
    assert shown["default"] == 0


@pytest.mark.parametrize("suffix", ["mov", "ts"])
def test_cover_picture_that_cannot_be_held_is_not_lost_in_silence(
    suffix: str, tmp_path: Path
) -> None:
    with pytest.warns(UserWarning, match="cannot hold the video png stream"):
        result = fast(tmp_path / f"a.{suffix}", with_cover(), metadata={})
    assert result.dropped_streams == ["video png"]
    assert streams(tmp_path / f"a.{suffix}") == ["video h264", "audio aac"]


def test_first_of_two_videos_stays_the_one_that_is_played(tmp_path: Path) -> None:
    source = made(
        *("two.mp4", "-i", str(movie()), "-map", "0:v", "-map", "0:v", "-c", "copy"),
        *("-disposition:v:0", "default", "-disposition:v:1", "0"),
    )
    for suffix in ("mp4", "mkv"):
        fast(tmp_path / f"a.{suffix}", source)
        found = probe(tmp_path / f"a.{suffix}", "-show_streams")["streams"]
        assert [stream["disposition"]["default"] for stream in found] == [1, 0]


def test_subtitles_are_copied(tmp_path: Path) -> None:
    result = fast(tmp_path / "a.mkv", movie())
    assert result.copied_streams == ["audio aac", "subtitle subrip"]
    assert streams(tmp_path / "a.mkv") == ["video h264", "audio aac", "subtitle subrip"]
    have, want = packets(tmp_path / "a.mkv", "s:0"), packets(movie(), "s:0")
    assert [p.digest for p in have] == [p.digest for p in want]
    assert [p.duration for p in have] == [p.duration for p in want]


def test_what_the_container_cannot_hold_is_left_out_with_a_warning(tmp_path: Path) -> None:
    need("libvpx-vp9")
    out = tmp_path / "a.webm"
    with pytest.warns(UserWarning) as found:
        result = transcode(movie(), out, audio="copy", encoder_options=OPTIONS["vp9"])
    assert result.dropped_streams == ["audio aac"]
    text = [str(warning.message) for warning in found]
    assert text[0].startswith("webm cannot hold the audio aac stream of")
    assert streams(out) == ["video vp9", "subtitle webvtt"]


def test_audio_false_copies_nothing_and_is_silent(tmp_path: Path) -> None:
    result = fast(tmp_path / "a.mkv", movie(), audio=False)
    assert (result.copied_streams, result.dropped_streams) == ([], [])
    assert streams(tmp_path / "a.mkv") == ["video h264"]


def test_tags_are_kept_or_replaced(tmp_path: Path) -> None:
    fast(tmp_path / "a.mkv", movie())
    fast(tmp_path / "b.mkv", movie(), metadata={"title": "Another"})
    tags = [probe(tmp_path / name, "-show_format")["format"]["tags"] for name in ("a.mkv", "b.mkv")]
    assert [tag["title"] for tag in tags] == ["A film", "Another"]


# ---- what is lost is told


def copying(convert: Any) -> dict[str, str]:
    return {"audio": "copy"} if convert is transcode else {}


@pytest.mark.parametrize("convert", [transcode, remux])
def test_what_is_lost_is_named_in_the_result(convert: Any, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="cannot hold the audio aac"):
        result = convert(vp8_with_aac(), tmp_path / "a.webm", **copying(convert))
    assert result.lost == ["audio aac: webm cannot hold it"]
    assert result.dropped_streams == ["audio aac"]
    assert convert(vp8_with_aac(), tmp_path / "a.mkv").lost == []


@pytest.mark.parametrize("convert", [transcode, remux])
def test_require_all_makes_a_loss_an_error_and_leaves_no_output(
    convert: Any, tmp_path: Path
) -> None:
    with pytest.raises(NotSupportedError, match="would lack audio aac: webm cannot hold it"):
        convert(vp8_with_aac(), tmp_path / "a.webm", require_all=True, **copying(convert))
    assert list(tmp_path.iterdir()) == []
    assert convert(vp8_with_aac(), tmp_path / "a.mkv", require_all=True).lost == []
    # What was not asked for is not lost.
    assert convert(vp8_with_aac(), tmp_path / "b.webm", audio=False, require_all=True).lost == []


def vp8_with_aac() -> Path:
    need("libvpx")
    return made(
        "vp8-aac.mkv",
        *("-f", "lavfi", "-i", "testsrc2=s=64x48:r=10:d=1", "-f", "lavfi", "-i", "sine=d=1"),
        *("-c:v", "libvpx", "-c:a", "aac"),
    )
