"""``-`` and pipes wherever a file can stand: every frame goes through, and bytes only."""

from __future__ import annotations

import os
import subprocess
import threading
from pathlib import Path

import numpy as np
import pytest
from cli_helpers import NAME, call, command, environment, run
from clips import FRAMES, clip, raw_frames, run_ffmpeg
from convert_helpers import made, streams
from mux_helpers import probe

from ffwebcodecs import VideoIndex

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(os.name == "nt", reason="pipes of Unix"),
]


def transport_stream() -> bytes:
    """A stream whose container cannot tell how many frames it has."""
    return run_ffmpeg("-i", clip(NAME), "-c", "copy", "-f", "mpegts", "-")


def frames_in(path: Path) -> int:
    found = probe(path, "-count_frames", "-show_streams", "-select_streams", "v")
    return int(found["streams"][0]["nb_read_frames"])


@pytest.fixture
def fifo(tmp_path: Path) -> Path:
    path = tmp_path / "in"
    os.mkfifo(path)
    return path


def feed(path: Path, data: bytes) -> threading.Thread:
    thread = threading.Thread(target=path.write_bytes, args=(data,))
    thread.start()
    return thread


@pytest.mark.parametrize("words", [("remux",), ("transcode", "--preset", "ultrafast")])
def test_from_pipe_to_pipe(words: tuple[str, ...], tmp_path: Path) -> None:
    done = run(words[0], "-", "-", "--format", "mp4", *words[1:], stdin=transport_stream())
    assert done.returncode == 0, done.stderr
    path = tmp_path / "got.mp4"
    path.write_bytes(done.stdout)
    assert frames_in(path) == FRAMES
    assert done.stderr.startswith(f"-: {FRAMES} frames".encode())


def test_dev_stdout_is_standard_output(tmp_path: Path) -> None:
    done = run("remux", "/dev/stdin", "/dev/stdout", "--format", "mkv", stdin=transport_stream())
    path = tmp_path / "got.mkv"
    path.write_bytes(done.stdout)
    assert frames_in(path) == FRAMES
    assert done.stderr.startswith(f"/dev/stdout: {FRAMES} frames".encode())


def test_other_commands_give_bytes_only(tmp_path: Path) -> None:
    done = run("frames", "-", "-o", "-", "--format", "raw", stdin=transport_stream())
    assert done.stdout == raw_frames(clip(NAME))
    assert done.stderr == f"{FRAMES} frames in -\n".encode()
    index = tmp_path / "index"
    index.write_bytes(run("index", "-", "-o", "-", stdin=transport_stream()).stdout)
    assert len(VideoIndex.load(index)) == FRAMES
    sheet = run("sheet", clip(NAME), "-o", "-", "--width", "160").stdout
    assert sheet.startswith(b"\x89PNG\r\n")
    made = tmp_path / "made.mkv"
    made.write_bytes(run("images", "-", "-", "--format", "mkv", "-q", stdin=sheet).stdout)
    assert frames_in(made) == 1


@pytest.mark.parametrize("form", ["fifo", "descriptor"])
def test_what_cannot_be_opened_twice_is_not(form: str, fifo: Path, tmp_path: Path) -> None:
    data = transport_stream()
    out = tmp_path / "out"
    for words in (
        ("transcode", "IN", out / "a.mkv", "--preset", "ultrafast"),
        ("remux", "IN", out / "b.mkv"),
        ("frames", "IN", "-o", out / "raw", "--format", "raw"),
        ("frames", "IN", "-o", out / "one", "--format", "raw", "--indices", "-1"),
        ("sheet", "IN", "-o", out / "s.png"),
        ("index", "IN", "-o", out / "i"),
        ("check", "IN"),
        ("probe", "IN"),
    ):
        reading = None
        thread = feed(fifo, data)
        if form == "descriptor":  # as <(...) of a shell makes it
            reading = os.open(fifo, os.O_RDONLY)
        name = fifo if reading is None else f"/dev/fd/{reading}"
        assert call(*(name if word == "IN" else word for word in words)) == 0
        thread.join()
        if reading is not None:
            os.close(reading)
    assert frames_in(out / "a.mkv") == frames_in(out / "b.mkv") == FRAMES
    assert len(list((out / "raw").iterdir())) == FRAMES
    assert len(list((out / "one").iterdir())) == 1
    assert len(VideoIndex.load(out / "i")) == FRAMES


def test_progress_takes_nothing_from_a_pipe(tmp_path: Path) -> None:
    import pty

    ours, terminal = pty.openpty()
    out = tmp_path / "a.mkv"
    try:
        done = subprocess.run(
            command("remux", "/dev/stdin", out),
            input=transport_stream(),
            stdout=subprocess.PIPE,
            stderr=terminal,
            env=environment(),
            timeout=60,
        )
    finally:
        os.close(terminal)
        os.close(ours)
    assert done.returncode == 0
    assert frames_in(out) == FRAMES


def test_sound_from_a_pipe_is_whole(tmp_path: Path) -> None:
    # FFmpeg knows neither time nor duration of the first packets.
    sound = made("only-sound.ts", "-f", "lavfi", "-i", "sine=duration=1", "-c:a", "aac")
    path = tmp_path / "got.mka"
    done = run("remux", "-", "-", "--format", "matroska", stdin=sound.read_bytes())
    path.write_bytes(done.stdout)
    counted, expected = (
        probe(each, "-count_packets", "-show_streams")["streams"][0]["nb_read_packets"]
        for each in (path, sound)
    )
    assert counted == expected, done.stderr


def test_a_terminal_is_given_no_bytes() -> None:
    import pty

    ours, terminal = pty.openpty()
    try:
        done = subprocess.run(
            command("remux", clip(NAME), "-", "--format", "mkv"),
            stdout=terminal,
            stderr=subprocess.PIPE,
            env=environment(),
            timeout=60,
        )
    finally:
        os.close(terminal)
        os.close(ours)
    assert done.returncode == 2
    assert b"standard output is a terminal" in done.stderr


def test_a_file_on_standard_input_is_gone_back_in(tmp_path: Path) -> None:
    # The index of this one is at its end.
    source = tmp_path / "a.mp4"
    source.write_bytes(run_ffmpeg_file(tmp_path))
    out = tmp_path / "b.mkv"
    with open(source, "rb") as file:
        done = subprocess.run(
            command("remux", "-", out, "-q"), stdin=file, env=environment(), timeout=60
        )
    assert done.returncode == 0
    assert streams(out) == streams(source)


def run_ffmpeg_file(folder: Path) -> bytes:
    path = folder / "made.mp4"
    run_ffmpeg("-i", clip("h264-with-audio.mp4"), "-c", "copy", "-movflags", "0", path)
    return path.read_bytes()


def test_convert_reads_and_writes_fifos(fifo: Path, tmp_path: Path) -> None:
    size = 64 * 48 * 3 // 2
    data = np.random.default_rng(1).integers(0, 255, size * 3, np.uint8).tobytes()
    other = tmp_path / "out"
    os.mkfifo(other)
    got: list[bytes] = []
    threads = [feed(fifo, data), threading.Thread(target=lambda: got.append(other.read_bytes()))]
    threads[1].start()
    words = ("--from", "I420", "--to", "I420", "--size", "64x48")
    assert call("convert", fifo, other, *words) == 0
    for thread in threads:
        thread.join()
    assert got == [data]
