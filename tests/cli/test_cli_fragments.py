"""``--fragmented``: standard output and FIFOs get each piece while the input still comes."""

from __future__ import annotations

import functools
import os
import select
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cli_helpers import call, command, environment
from convert_helpers import film, made
from mux_helpers import Packet, all_packets, packets

pytestmark = [
    pytest.mark.once,
    pytest.mark.skipif(os.name == "nt", reason="pipes of Unix"),
]
FAST = ("--preset", "ultrafast", "--option", "tune=zerolatency")
PATIENCE = 30  # seconds, after which the test fails


def longer() -> Path:
    """Return 12 s with a key frame each second, which is read from a pipe as it comes."""
    return made(
        "longer.mkv",
        *("-stream_loop", "3", "-i", str(film()), "-c", "copy"),
    )


@functools.cache
def packets_of_longer() -> dict[str, list[Packet]]:
    return all_packets(longer())


class Feeder:
    """Writes a part of a file into a FIFO, and the rest when it is told to."""

    def __init__(self, fifo: Path, data: bytes, part: int) -> None:
        self._go = threading.Event()
        self._fifo, self._data, self._part = fifo, data, part
        self._thread = threading.Thread(target=self._feed)
        self._thread.start()

    def _feed(self) -> None:
        with suppress(BrokenPipeError), open(self._fifo, "wb", buffering=0) as file:
            file.write(self._data[: self._part])
            assert self._go.wait(PATIENCE)
            file.write(self._data[self._part :])

    def go_on(self) -> None:
        self._go.set()

    def end(self) -> None:
        self._go.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()


def read_until(descriptor: int, word: bytes) -> bytes:
    """Read from a pipe until a word has come."""
    got = b""
    while word not in got:
        assert select.select([descriptor], [], [], PATIENCE)[0], f"only {len(got)} bytes came"
        piece = os.read(descriptor, 1 << 16)
        assert piece, f"it ended after {len(got)} bytes"
        got += piece
    return got


@contextmanager
def working(*words: object, **more: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command(*words), stderr=subprocess.PIPE, env=environment(), **more)
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


@pytest.mark.parametrize(
    ("words", "format", "piece"),
    [
        (("remux",), "mp4", b"mdat"),
        (("remux",), "mkv", b"\x1f\x43\xb6\x75"),
        (("remux",), "mpegts", b"\x47\x40\x00"),
        (("transcode", *FAST, "--fragment-duration", "1"), "mp4", b"mdat"),
    ],
)
def test_the_first_piece_comes_before_the_input_ends(
    words: tuple[str, ...], format: str, piece: bytes, tmp_path: Path
) -> None:
    fifo, out = tmp_path / "in", tmp_path / "out"
    os.mkfifo(fifo)
    data = longer().read_bytes()
    with working(
        words[0], fifo, "-", "--format", format, "--fragmented", *words[1:], stdout=subprocess.PIPE
    ) as process:
        feeder = Feeder(fifo, data, len(data) // 2)
        try:
            got = read_until(process.stdout.fileno(), piece)
        finally:
            feeder.go_on()
        rest, said = process.communicate(timeout=PATIENCE)
        feeder.end()
        assert process.returncode == 0, said
        got += rest
    out.write_bytes(got)
    found, wanted = all_packets(out), packets_of_longer()
    assert len(found["video"]) == len(wanted["video"]) == 300
    if format != "mpegts":
        assert [one.digest for one in found["audio"]] == [one.digest for one in wanted["audio"]]


def test_a_fifo_gets_them_too(tmp_path: Path) -> None:
    fifo, out = tmp_path / "in", tmp_path / "out.mp4"
    os.mkfifo(fifo)
    os.mkfifo(out)
    data = longer().read_bytes()
    with working("remux", fifo, out, "--fragmented", "--fragment-duration", "0.5") as process:
        feeder = Feeder(fifo, data, len(data) // 2)
        reading = os.open(out, os.O_RDONLY)
        try:
            got = read_until(reading, b"mdat")
            feeder.go_on()
            while piece := os.read(reading, 1 << 16):
                got += piece
        finally:
            feeder.go_on()
            os.close(reading)
        _, said = process.communicate(timeout=PATIENCE)
        feeder.end()
        assert process.returncode == 0, said
    path = tmp_path / "copy.mp4"
    path.write_bytes(got)
    assert len(packets(path)) == 300


@pytest.mark.parametrize("words", [("remux",), ("transcode", *FAST)])
def test_a_reader_that_leaves_ends_it_with_status_1(words: tuple[str, ...]) -> None:
    with working(
        words[0],
        longer(),
        "-",
        "--format",
        "mp4",
        "--fragmented",
        *words[1:],
        stdout=subprocess.PIPE,
    ) as process:
        assert len(process.stdout.read(1000)) == 1000
        process.stdout.close()
        said = process.stderr.read()
        assert process.wait(PATIENCE) == 1
    assert b"Traceback" not in said
    assert said.count(b"\n") <= 1, said


def test_pictures_become_a_film_piece_by_piece(tmp_path: Path) -> None:
    assert call("frames", film(), "-o", tmp_path / "shots", "--stop", "0.4", "-q") == 0
    out = tmp_path / "a.mp4"
    assert call("images", tmp_path / "shots", out, "--fragmented", "-q") == 0
    assert out.read_bytes().count(b"moof") > 0
    assert len(packets(out)) == 10


def test_a_duration_alone_is_a_wrong_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("remux", "transcode"):
        assert call(name, film(), tmp_path / "a.mp4", "--fragment-duration", "2") == 2
        assert "--fragment-duration needs --fragmented" in capsys.readouterr().err
        for wrong in ("0", "-1", "two", "nan"):
            words = "--fragmented", f"--fragment-duration={wrong}"
            assert call(name, film(), tmp_path / "a.mp4", *words) == 2
            assert "write 2 or 0.5" in capsys.readouterr().err
