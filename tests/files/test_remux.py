"""remux: another container, the same packets."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from clips import FRAMES, clip, framemd5, run_ffmpeg
from convert_helpers import movie, streams, times
from mux_helpers import packets, probe, video_stream

from ffwebcodecs import InvalidArgumentError, NotSupportedError, TranscodeProgress, remux

pytestmark = pytest.mark.divided


def names(folder: Path) -> list[str]:
    return sorted(os.listdir(folder))


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("h264-bframes.mp4", ".mkv"),
        ("h264-bframes.mkv", ".mp4"),
        ("h264-bframes.mp4", ".mov"),
        ("h264-variable-rate.mp4", ".mp4"),
        ("h264-offset.mp4", ".mp4"),
        ("hevc-bframes.mp4", ".mkv"),
        ("hevc-main10.mp4", ".mov"),
        ("vp8.webm", ".mkv"),
        ("vp9.webm", ".mp4"),
        ("av1.mp4", ".webm"),
        ("vp9-odd.mkv", ".webm"),
    ],
)
def test_packets_are_the_very_same(name: str, suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"a{suffix}"
    result = remux(clip(name), out)
    assert (result.frames_written, result.encoder) == (FRAMES, None)
    have, want = packets(out), packets(clip(name))
    assert [(p.digest, p.key) for p in have] == [(p.digest, p.key) for p in want]
    shift = min(p.pts or 0 for p in have) - min(p.pts or 0 for p in want)
    for one, other in zip(have, want, strict=True):
        assert one.pts is not None and other.pts is not None
        assert abs(one.pts - other.pts - shift) <= 1000


@pytest.mark.parametrize(
    ("name", "suffix"),
    [
        ("h264-bframes.ts", ".mp4"),
        ("h264-bframes.mp4", ".ts"),
        ("h264-bframes.mp4", ".h264"),
        ("h264-bframes.h264", ".mp4"),
        ("hevc-bframes.ts", ".mkv"),
        ("h264-interlaced.mp4", ".mkv"),
    ],
)
def test_pictures_are_the_same_in_another_form(name: str, suffix: str, tmp_path: Path) -> None:
    out = tmp_path / f"a{suffix}"
    remux(clip(name), out)
    have, want = framemd5(out), framemd5(clip(name))
    assert [frame.digest for frame in have] == [frame.digest for frame in want]


def test_audio_subtitles_and_title_come_along(tmp_path: Path) -> None:
    result = remux(movie(), tmp_path / "a.mkv")
    assert result.copied_streams == ["audio aac", "subtitle subrip"]
    assert streams(tmp_path / "a.mkv") == streams(movie())
    for stream in ("a:0", "s:0"):
        have, want = packets(tmp_path / "a.mkv", stream), packets(movie(), stream)
        assert [(p.digest, p.pts) for p in have] == [(p.digest, p.pts) for p in want]
    tags = probe(tmp_path / "a.mkv", "-show_format")["format"]["tags"]
    assert tags["title"] == "A film"


def test_what_does_not_fit_is_left_out_with_a_warning(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="mpegts cannot hold the subtitle subrip stream"):
        result = remux(movie(), tmp_path / "a.ts", metadata={})
    assert result.dropped_streams == ["subtitle subrip"]
    assert streams(tmp_path / "a.ts") == ["video h264", "audio aac"]


def test_audio_false_leaves_the_video(tmp_path: Path) -> None:
    remux(movie(), tmp_path / "a.mkv", audio=False)
    assert streams(tmp_path / "a.mkv") == ["video h264"]


def test_rotation_and_times_stay(tmp_path: Path) -> None:
    remux(clip("h264-rotated.mp4"), tmp_path / "a.mov")
    have, want = (
        [e["displaymatrix"] for e in video_stream(path)["side_data_list"] if "displaymatrix" in e]
        for path in (tmp_path / "a.mov", clip("h264-rotated.mp4"))
    )
    assert have == want
    assert times(tmp_path / "a.mov") == times(clip("h264-rotated.mp4"))


def test_bytes_to_file_object_with_progress() -> None:
    seen: list[TranscodeProgress] = []
    out = io.BytesIO()
    remux(clip("vp9.webm").read_bytes(), out, format="mkv", on_progress=seen.append)
    assert out.getvalue()[:4] == b"\x1a\x45\xdf\xa3"
    assert [step.frames for step in seen] == list(range(1, FRAMES + 1))


def test_codec_that_does_not_fit_is_refused_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(NotSupportedError, match="webm cannot hold h264"):
        remux(clip("h264-bframes.mp4"), tmp_path / "a.webm")
    assert names(tmp_path) == []


def test_same_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.mp4"
    path.write_bytes(data := clip("h264-bframes.mp4").read_bytes())
    with pytest.raises(InvalidArgumentError, match="the same file"):
        remux(path, path)
    assert path.read_bytes() == data


def test_interrupt_leaves_nothing(tmp_path: Path) -> None:
    def stop(step: TranscodeProgress) -> None:
        if step.frames == 40:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        remux(clip("h264-bframes.mp4"), tmp_path / "a.mp4", on_progress=stop)
    assert names(tmp_path) == []


def test_file_cut_short_is_no_silent_success(tmp_path: Path) -> None:
    """What a player finds in the rest is copied; nothing that is not there is invented."""
    data = clip("vp9.webm").read_bytes()
    with pytest.warns(UserWarning, match=f"states {len(data)} bytes, and has {len(data) // 2}"):
        result = remux(data[: len(data) // 2], tmp_path / "a.webm")
    assert 0 < result.frames_written < FRAMES
    have, want = packets(tmp_path / "a.webm"), packets(clip("vp9.webm"))
    assert [p.digest for p in have] == [p.digest for p in want][: len(have)]


def test_header_that_ffmpeg_refuses_is_no_permission_error(tmp_path: Path) -> None:
    source, out = tmp_path / "a.mkv", tmp_path / "b.mkv"
    run_ffmpeg(
        *("-i", clip("h264-bframes.mp4"), "-f", "lavfi", "-i", "sine=d=1", "-c:v", "copy"),
        *("-c:a", "vorbis", "-ac", "2", "-strict", "experimental", source),
    )
    data = source.read_bytes()
    private = b"\x63\xa2"  # Matroska's CodecPrivate; the audio track is the last one
    at = data.index(private, data.index(b"A_VORBIS"))
    remux(data, out)
    with pytest.raises(
        NotSupportedError, match=r"cannot begin .*b\.mkv.*(no reason|Extradata corrupt)"
    ):
        remux(data[:at] + b"\x63\xa3" + data[at + 2 :], out, format="matroska")
