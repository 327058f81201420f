"""A conversion whose parts are made in other processes: what is lost is made again, or all ends."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import part_work
import pytest
from cli_helpers import call, names
from clips import framemd5, run_ffmpeg
from convert_helpers import film

from ffwebcodecs import InvalidArgumentError, OperationError, TranscodeProgress, transcode

PARTS: dict[str, Any] = {"part_seconds": 1, "codec": "ffmpeg:ffv1", "audio": False}

SOUND = ("-map", "0:a", "-c", "copy", "-f", "md5", "-")


def seen(path: Path) -> list[tuple[int, str]]:
    return [(frame.timestamp, frame.digest) for frame in framemd5(path)]


@pytest.mark.once
def test_a_killed_worker_changes_nothing(tmp_path: Path) -> None:
    out, mark = tmp_path / "out.mkv", tmp_path / "mark"
    heard: list[TranscodeProgress] = []
    kill = partial(part_work.kill_once, os.fspath(mark))
    given = {"executor": 2, "map_frame": kill, "on_progress": heard.append}
    transcode(film(), out, **given, **PARTS)
    assert mark.exists()
    assert seen(out) == seen(film())
    counts = [each.frames for each in heard]
    assert counts == sorted(set(counts))
    assert counts[-1] == 75


@pytest.mark.once
def test_a_part_that_kills_all_its_workers_leaves_no_output(tmp_path: Path) -> None:
    kill = partial(part_work.kill_once, None)
    lost = r"^part 2 of 3, from 1\.000 to 2\.000 s is lost: its worker .* killed by SIGKILL"
    with pytest.raises(OperationError, match=lost):
        transcode(film(), tmp_path / "out.mkv", executor=1, map_frame=kill, **PARTS)
    assert names(tmp_path) == []


@pytest.mark.once
def test_a_broken_pool_leaves_no_output(tmp_path: Path) -> None:
    kill = partial(part_work.kill_once, None)
    with (
        ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as executor,
        pytest.raises(OperationError, match=r"has died on part [12] of 3, .* make another one"),
    ):
        transcode(film(), tmp_path / "out.mkv", executor=executor, map_frame=kill, **PARTS)
    assert names(tmp_path) == []


# Without a guard of `__main__`, as programs that only do this are.
SCRIPT = """
import sys
from ffwebcodecs import InvalidArgumentError, transcode
def same(frame):
    return frame
film, out = sys.argv[1:]
parts = {"executor": 1, "part_seconds": 1}
try:
    transcode(film, out, map_frame=same, **parts)
except InvalidArgumentError as error:
    print(error)
print(transcode(film, out, **parts).frames_written)
"""


@pytest.mark.once
def test_a_program_needs_no_guard(tmp_path: Path) -> None:
    script, out = tmp_path / "script.py", tmp_path / "out.mkv"
    script.write_text(SCRIPT)
    command = [sys.executable, "-W", "error", script, film(), out]
    done = subprocess.run(command, capture_output=True, check=True, text=True)
    refused, count = done.stdout.splitlines()
    assert refused.startswith("same is defined in the program that runs (__main__)")
    assert (count, done.stderr) == ("75", "")


@pytest.mark.once
def test_what_cannot_be_sent_is_refused_whatever_the_film(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="map_frame"):
        transcode(film(), tmp_path / "out.mkv", executor=1, map_frame=lambda frame: frame)
    assert names(tmp_path) == []


@pytest.mark.once
def test_workers_of_the_command_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out.mkv"
    parts = ("--workers", 2, "--part-seconds", 1)
    each = ("--codec", "ffmpeg:mjpeg", "--bitrate", "2M", "--split-bitrate")
    assert call("transcode", film(), out, *parts, *each) == 0
    assert capfd.readouterr().out.startswith(f"{out}: 75 frames, ffmpeg:mjpeg by mjpeg, ")
    begin, *times = [frame.timestamp for frame in framemd5(out)]
    assert times == [begin + 40_000 * place for place in range(1, 75)]
    sounds = [run_ffmpeg("-i", path, *SOUND) for path in (out, film())]
    assert sounds[0] == sounds[1]


@pytest.mark.once
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--part-seconds", "5"), "--part-seconds needs --workers or --scheduler"),
        (("--split-bitrate",), "--split-bitrate needs --workers or --scheduler"),
        (("--workers", "2", "--jobs", "2"), "--workers and --jobs exclude each other"),
        (("--workers", "2", "--scheduler", "tcp://a:1"), "--workers and --scheduler exclude"),
        (("--workers", "2", "--bitrate", "1M"), "--bitrate needs --split-bitrate with --workers"),
        (("--workers", "0"), "--workers"),
        (("--workers", "2", "--part-seconds", "0"), "--part-seconds"),
    ],
)
def test_what_does_not_go_together_is_a_usage_error(
    arguments: tuple[str, ...], said: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call("transcode", film(), tmp_path / "out.mkv", *arguments) == 2
    assert said in capfd.readouterr().err
    assert names(tmp_path) == []


@pytest.mark.once
def test_an_address_that_is_none_is_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert call("transcode", film(), tmp_path / "out.mkv", "--scheduler", "nonsense://a") == 2
    assert "write tcp://HOST:PORT" in capfd.readouterr().err
    assert names(tmp_path) == []
