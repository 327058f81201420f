"""Containers that write other files than the one that is named do so only if that is asked for."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cli_helpers import call
from clips import clip, run_ffprobe
from playlist_helpers import need_format

import ffwebcodecs
from ffwebcodecs import Demuxer, InvalidArgumentError, Muxer, NotSupportedError

NAME = "h264-bframes.mp4"
SEVERAL = [
    ("a.m3u8", None, "a.m3u8"),
    ("a.mpd", None, "a.mpd"),
    ("a%d.ts", "segment", "a0.ts"),
    ("a", "hls", "a"),
    ("a.mp4", "DASH", "a.mp4"),
    ("a.ts", "m3u8", "a.ts"),
]
NEVER = ["tee", "hds", "smoothstreaming", "image2", "stream_segment", "webm_chunk", "rtp", "fifo"]


def remux(path: Any, **options: Any) -> Any:
    return ffwebcodecs.remux(clip(NAME), path, **options)


def transcode(path: Any, **options: Any) -> Any:
    return ffwebcodecs.transcode(clip(NAME), path, codec="ffmpeg:mpeg4", **options)


def write_frames(path: Any, **options: Any) -> Any:
    frames = ffwebcodecs.read_frames(clip(NAME))
    return ffwebcodecs.write_frames(frames, path, codec="ffmpeg:mpeg4", **options)


def muxer(path: Any, **options: Any) -> None:
    with Demuxer(clip(NAME)) as demuxer, Muxer(path, **options) as muxer:
        for chunk in demuxer.chunks():
            muxer.add_chunk(chunk, demuxer.video_config)


@pytest.mark.parametrize("write", [remux, transcode, write_frames, muxer])
@pytest.mark.parametrize(("name", "format", "first"), SEVERAL)
def test_several_files_are_refused_unasked(
    tmp_path: Path, write: Callable[..., Any], name: str, format: str | None, first: str
) -> None:
    with pytest.raises(NotSupportedError, match="several_files=True"):
        write(tmp_path / name, format=format)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("write", [remux, muxer])
@pytest.mark.parametrize(("name", "format", "first"), SEVERAL)
def test_several_files_are_written_if_asked(
    tmp_path: Path, write: Callable[..., Any], name: str, format: str | None, first: str
) -> None:
    write(tmp_path / name, format=format, several_files=True)
    made = {path.name for path in tmp_path.iterdir()}
    assert first in made
    assert len(made) > 1 or format == "segment"
    kind = "dash" if b"<MPD" in (tmp_path / first).read_bytes() else "hls"
    if format != "segment":
        need_format(kind)
    options = {} if format == "segment" else {"format": kind}
    with Demuxer(tmp_path / first, **options) as demuxer:
        got = sum(1 for _ in demuxer.chunks())
    told = run_ffprobe(
        "-count_packets", "-select_streams", "v", "-show_entries", "stream=nb_read_packets",
        "-of", "csv=p=0", clip(NAME),
    )  # fmt: skip
    assert got == int(told)


def test_encoded_frames_are_written_too(tmp_path: Path) -> None:
    result = write_frames(tmp_path / "a.m3u8", several_files=True)
    assert result.frames_written > 0
    assert {path.suffix for path in tmp_path.iterdir()} == {".m3u8", ".ts"}


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("format", NEVER)
def test_what_writes_anywhere_is_always_refused(tmp_path: Path, format: str, several: bool) -> None:
    for name in ("a%d.png", f"a.mp4|{tmp_path}/b.mp4"):
        with pytest.raises((InvalidArgumentError, NotSupportedError)):
            remux(tmp_path / name, format=format, several_files=several)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["a%d.mp4", "a%03d.mkv", "%d.ts", "a%.avi"])
def test_a_percent_sign_in_a_name_is_no_pattern(tmp_path: Path, name: str) -> None:
    remux(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_several_files_need_a_path() -> None:
    with pytest.raises(InvalidArgumentError, match="need a path"):
        remux(io.BytesIO(), format="hls", several_files=True)
    with pytest.raises(InvalidArgumentError, match="several_files"):
        remux("a.m3u8", several_files="yes")


def test_the_command_line_asks_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    target = tmp_path / "a.m3u8"
    assert call("remux", clip(NAME), target, "-q") == 1
    assert "several files" in capsys.readouterr().err
    assert call("remux", clip(NAME), target, "-q", "--several-files") == 0
    assert call("transcode", clip(NAME), target, "-q", "-f") == 1
    assert call("transcode", clip(NAME), target, "-q", "-f", "--several-files") == 0
    assert {path.suffix for path in tmp_path.iterdir()} == {".m3u8", ".ts"}


def test_what_is_discarded_closes_its_files(tmp_path: Path) -> None:
    with Demuxer(clip(NAME)) as demuxer:
        writer = Muxer(tmp_path / "a.m3u8", several_files=True)
        for chunk in demuxer.chunks():
            writer.add_chunk(chunk, demuxer.video_config)
        writer.discard()
    assert writer.closed
