"""The command line's check and index: what they say, and with which status they end."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bar_clips import bar_clip
from cli_helpers import NAME, call, names, run
from clips import FRAMES, clip

import ffwebcodecs

pytestmark = pytest.mark.once


@pytest.fixture(scope="module")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a TS that begins between key frames."""
    path = tmp_path_factory.mktemp("check") / "cut.ts"
    data = clip("h264-bframes.ts").read_bytes()
    path.write_bytes(data[len(data) // 2 // 188 * 188 :])
    return path


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("check") / "empty.mp4"
    path.write_bytes(b"")
    return path


def test_check_of_a_sound_file(capsys: pytest.CaptureFixture[str]) -> None:
    path = clip(NAME)
    assert call("check", path) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[-1] == f"{path}: sound"
    counted = f"{path}: note: {FRAMES} frames counted, the file states {FRAMES} [frame-count]"
    assert counted in lines
    assert all(line.startswith(f"{path}: note: ") for line in lines[:-1])


def test_check_of_a_variable_rate_ends_with_status_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("check", clip("h264-variable-rate.mp4")) == 0
    assert "[variable-rate]" in capsys.readouterr().out


def test_check_of_a_file_with_errors(cut: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("check", "--quiet", cut) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines
    assert all(line.startswith(f"{cut}: error: ") for line in lines)
    assert lines[0].endswith(" [starts-between-key-frames]")


def test_check_of_several_files_ends_with_the_worst(
    cut: Path, empty: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = clip(NAME)
    assert call("check", sound, cut) == 1
    assert call("check", cut, sound) == 1
    capsys.readouterr()
    assert call("check", empty, sound, tmp_path / "none.mp4", cut) == 2
    said = capsys.readouterr()
    assert f"{sound}: sound" in said.out
    assert f"{cut}: 1 error" in said.out
    assert str(empty) in said.err
    assert "No such file or directory" in said.err


def test_check_writes_json_with_an_object_for_each_file(
    cut: Path, empty: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sound = clip(NAME)
    assert call("check", "--json", sound, cut, empty) == 2
    documents = json.loads(capsys.readouterr().out)
    keys = ["file", "status", "frames", "duration_us", "error", "findings"]
    assert [list(document) for document in documents] == [keys] * 3
    assert [document["file"] for document in documents] == [str(sound), str(cut), str(empty)]
    assert [each["status"] for each in documents] == ["sound", "errors", "unreadable"]
    first, second, third = documents
    assert (first["frames"], first["duration_us"], first["error"]) == (FRAMES, 1_500_000, None)
    assert (third["frames"], third["duration_us"], third["findings"]) == (None, None, [])
    assert str(empty) in third["error"]
    assert second["findings"][0]["kind"] == "starts-between-key-frames"
    with ffwebcodecs.Video(sound) as video:
        assert first["findings"] == video.check().to_json()


def test_check_reads_standard_input() -> None:
    done = run("check", "-", stdin=clip(NAME).read_bytes())
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == b"-: sound"


# ---- index


def test_index_is_written_beside_the_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(clip(NAME).read_bytes())
    assert call("index", path) == 0
    assert names(tmp_path) == ["clip.mp4", "clip.mp4.ffindex"]
    said = capsys.readouterr().out
    assert said == f"{FRAMES} frames, 3 key frames, 00:00:01.500 in {path}.ffindex\n"
    index = ffwebcodecs.VideoIndex.load(f"{path}.ffindex")
    one = bar_clip("one.mp4").path()
    assert call("index", one, "-o", tmp_path / "index") == 0
    assert capsys.readouterr().out.startswith("1 frame, 1 key frame, ")
    assert call("sheet", one, "-o", tmp_path / "sheet.png") == 0
    assert capsys.readouterr().out.startswith("1 picture in ")
    assert call("check", one) == 0
    assert "1 key frame, every 1 frame, at most 0.040 s" in capsys.readouterr().out
    with ffwebcodecs.Video(path, index=index) as video, video[20] as frame:
        assert len(video) == FRAMES
        assert frame.timestamp == 666_667


def test_index_is_used_by_frames_and_sheet(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    index, path = tmp_path / "index", clip(NAME)
    assert call("index", path, "-o", index) == 0
    assert call("frames", path, "-o", tmp_path / "o", "--index", index, "--at", "1.0") == 0
    assert call("sheet", path, "-o", tmp_path / "s.png", "--index", index) == 0
    capsys.readouterr()
    # Another file's is refused, and so is one that is not used.
    other = clip("h264-bframes.mkv")
    assert call("frames", other, "-o", tmp_path / "p", "--index", index, "--at", "1.0") == 1
    assert f"this is not the index of '{other}': " in capsys.readouterr().err
    assert call("index", path, "-o", "-", "--json") == 2
    assert call("frames", path, "-o", tmp_path / "p", "--index", index) == 2
    assert names(tmp_path) == ["index", "o", "s.png"]


def test_index_says_what_is_in_it_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "new" / "index"
    assert call("index", clip(NAME), "-o", out, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {
        "file": str(clip(NAME)),
        "index": str(out),
        "bytes": out.stat().st_size,
        "digest": ffwebcodecs.VideoIndex(clip(NAME)).digest,
        "frames": FRAMES,
        "key_frames": 3,
        "packets": FRAMES,
        "first_us": 0,
        "last_us": 1_466_667,
        "duration_us": 1_500_000,
        "problem": None,
    }


def test_index_is_not_overwritten_unless_forced(tmp_path: Path) -> None:
    out = tmp_path / "index"
    out.write_bytes(b"old")
    assert call("index", clip(NAME), "-o", out) == 1
    assert out.read_bytes() == b"old"
    assert call("index", clip(NAME), "-o", out, "--force", "--quiet") == 0
    assert out.read_bytes() != b"old"
    assert names(tmp_path) == ["index"]


def test_index_of_standard_input_needs_a_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("index", "-") == 2
    assert "-o INDEX" in capsys.readouterr().err


def test_index_of_what_is_no_video_writes_nothing(empty: Path, tmp_path: Path) -> None:
    assert call("index", empty, "-o", tmp_path / "index") == 1
    assert names(tmp_path) == []
