"""The command line: what it says, how it ends; info, probe and progress."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import NAME, call, command, environment, names, run
from clips import clip
from convert_helpers import made, movie

import ffwebcodecs
from ffwebcodecs.cli import _COMMANDS
from ffwebcodecs.cli._progress import Progress, line

pytestmark = pytest.mark.once

# ---- the program as a whole


@pytest.mark.parametrize("arguments", [[], ["nonsense"], ["probe"], ["frames", "a.mp4"]])
def test_wrong_usage_ends_with_2(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert call(*arguments) == 2
    assert "usage: ffwebcodecs" in capsys.readouterr().err


@pytest.mark.parametrize("name", list(_COMMANDS))
def test_each_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert call(name, "--help") == 0
    assert f"usage: ffwebcodecs {name}" in capsys.readouterr().out


def test_help_loads_neither_numpy_nor_ffmpeg() -> None:
    code = (
        "import sys\n"
        "from ffwebcodecs.cli import main\n"
        "assert main(['--help']) == 0\n"
        "unwanted = {'numpy', 'asyncio', '_cffi_backend', 'tqdm'} & set(sys.modules)\n"
        "assert not unwanted, unwanted\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, env=environment())
    assert done.returncode == 0, done.stderr


def test_version_is_the_packages(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("--version") == 0
    assert capsys.readouterr().out == f"ffwebcodecs {ffwebcodecs.__version__}\n"


def test_missing_file_is_one_line_without_a_traceback(tmp_path: Path) -> None:
    done = run("sheet", tmp_path / "no.mp4", "-o", tmp_path / "s.png")
    assert done.returncode == 1
    text = f"ffwebcodecs: {tmp_path / 'no.mp4'}: No such file or directory\n"
    assert done.stderr.decode() == text
    assert names(tmp_path) == []


def test_reader_that_leaves_is_no_error_message() -> None:
    # More output than a pipe holds.
    path = clip(NAME)
    with subprocess.Popen(
        command("probe", "--json", *[path] * 300),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment(),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 1


# ---- info


def test_info_says_mode_reason_libraries_and_codecs(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("info") == 0
    text = capsys.readouterr().out
    info = ffwebcodecs.ffmpeg_info()
    assert f"Mode: {info.mode} ({info.reason})" in text
    for name, (path, version) in info.libraries.items():
        line = next(line for line in text.splitlines() if line.split()[:1] == [name])
        assert line.split()[1:] == [".".join(map(str, version)), path]
    assert "H.264" in text


def test_info_json_names_every_codec(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("info", "--json") == 0
    document = json.loads(capsys.readouterr().out)
    info = ffwebcodecs.ffmpeg_info()
    assert document["mode"] == info.mode
    assert document["decoders"] == info.decoders
    assert document["encoders"] == info.encoders
    assert document["audio_decoders"] == info.audio_decoders
    assert document["audio_encoders"] == info.audio_encoders
    assert {"aac", "flac", "pcm_s16le"} <= set(info.audio_decoders)
    assert document["devices"] == info.devices
    assert set(document["libraries"]) == {"avutil", "avcodec", "swscale", "avformat"}
    assert document["codecs"]["H.264"]["decoders"][0] == "h264"
    assert document["codecs"]["FLAC"]["decoders"] == ["flac"]


@pytest.mark.parametrize("json_wanted", [False, True])
def test_info_without_ffmpeg_says_what_to_install(tmp_path: Path, json_wanted: bool) -> None:
    arguments = ["--json"] if json_wanted else []
    done = run("info", *arguments, FFWEBCODECS_LIBRARY_PATH=str(tmp_path), FFWEBCODECS_FFI="auto")
    assert done.returncode == 1
    message = done.stderr.decode()
    assert message.startswith("ffwebcodecs: ")
    assert "install" in message
    assert "Traceback" not in message
    assert ffwebcodecs.__version__ in done.stdout.decode()
    if json_wanted:
        assert str(tmp_path) in json.loads(done.stdout)["error"]


# ---- probe


def test_probe_json_has_one_object_for_each_file(capsys: pytest.CaptureFixture[str]) -> None:
    paths = [clip(NAME), clip("vp9-profile2.webm")]
    assert call("probe", "--json", *paths) == 0
    first, second = json.loads(capsys.readouterr().out)
    with ffwebcodecs.Demuxer(paths[0]) as demuxer:
        assert first["codec"] == demuxer.video_config.codec
        assert first["container"] == demuxer.format_name
    assert first["file"] == str(paths[0])
    assert (first["width"], first["height"], first["display_aspect"]) == (160, 120, [4, 3])
    assert (first["duration_us"], first["frame_rate"], first["frame_count"]) == (1_500_000, 30, 45)
    assert (first["rotation"], first["flip"], first["supported"]) == (0, False, True)
    assert second["codec"].startswith("vp09.02.")


def test_probe_text_says_rotation_and_duration(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("probe", clip("h264-rotated.mp4")) == 0
    text = capsys.readouterr().out
    assert "degrees clockwise" in text
    assert "00:00:01.500" in text
    assert "160x120" in text


def test_probe_lists_the_streams_and_marks_the_one_that_is_read(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert call("probe", "--json", "--stream", "0", movie()) == 0
    [document] = json.loads(capsys.readouterr().out)
    assert document["stream"] == 0
    streams = document["streams"]
    assert [one["kind"] for one in streams] == ["video", "audio", "subtitle"]
    assert [one["chosen"] for one in streams] == [True, False, False]
    assert [one["codec"] for one in streams[1:]] == ["mp4a.40.2", "subrip"]
    assert call("probe", movie()) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "  * 0        video avc1.64000B 160x120" in lines
    assert "    1        audio mp4a.40.2 44100 Hz, mono" in lines


def test_frames_are_of_the_stream_that_was_named(tmp_path: Path) -> None:
    source = made(
        *("cli-two.mp4", "-f", "lavfi", "-i", "color=red:s=64x48", "-f", "lavfi", "-i"),
        *("color=red:s=96x64", "-map", "0", "-map", "1", "-t", "0.04", "-c:v", "mpeg4"),
    )
    for stream, size in enumerate([(64, 48), (96, 64)]):
        folder = tmp_path / str(stream)
        assert (
            call("frames", "--stream", stream, "--format", "npy", "-q", "-o", folder, source) == 0
        )
        [name] = names(folder)
        assert np.load(folder / name).shape == (size[1], size[0], 3)


def test_stream_that_is_no_video_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("probe", "--stream", "1", movie()) == 1
    assert "stream 1" in (said := capsys.readouterr().err)
    assert "is audio (aac)" in said and "0 (h264 160x120)" in said


def test_probe_goes_on_after_a_bad_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"no video")
    assert call("probe", tmp_path / "bad.mp4", tmp_path / "none.mp4", clip(NAME)) == 1
    out, err = capsys.readouterr()
    assert "avc1." in out
    assert [line.count("ffwebcodecs: ") for line in err.splitlines()] == [1, 1]
    assert "bad.mp4" in err.splitlines()[0]
    assert "none.mp4: No such file" in err.splitlines()[1]


# ---- progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def play(stream: io.StringIO, seconds: Sequence[float], **options: object) -> str:
    clock = iter([0.0, *seconds])
    with Progress(
        100,
        stream=stream,
        clock=lambda: next(clock),
        tqdm=False,
        **options,  # type: ignore[arg-type]
    ) as progress:
        for _ in seconds:
            progress.step()
    return stream.getvalue()


def test_progress_shows_nothing_within_the_first_second() -> None:
    assert play(Terminal(), [0.2, 0.5, 0.9]) == ""


def test_progress_shows_rate_and_time_left_and_goes_away() -> None:
    text = play(Terminal(), [0.5, 1.0])
    assert text == "\r2/100 frames (2 %), 2.0 frames/s, 00:49 left\x1b[K\r\x1b[K"


def test_progress_is_silent_when_quiet_or_no_terminal() -> None:
    assert play(Terminal(), [2.0, 3.0], quiet=True) == ""
    assert play(io.StringIO(), [2.0, 3.0]) == ""


def test_progress_forgets_a_total_that_was_too_low() -> None:
    assert line(2, 1, 2.0) == "2 frames, 1.0 frames/s"
