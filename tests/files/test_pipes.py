"""Pipes, FIFOs, descriptors, and file objects that do not block: read, written, never waited for
where nothing ends it.
"""

from __future__ import annotations

import contextlib
import io
import os
import select
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from clips import clip
from demux_helpers import chunks
from silent_helpers import Interrupted, descriptors, in_thread, raising_alarm
from silent_helpers import transport_stream as stream

import ffwebcodecs
from ffwebcodecs import Demuxer, InvalidStateError, Muxer

fcntl = pytest.importorskip("fcntl", reason="there are no such pipes and signals on Windows")


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    with raising_alarm():
        yield


def test_a_fifo_without_a_writer_is_waited_for_outside_of_open(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    before = descriptors()
    with pytest.raises(TimeoutError):
        Demuxer(path, timeout=0.1)
    with pytest.raises(TimeoutError):
        Demuxer(f"file:{path}", timeout=0.1)
    with pytest.raises(TimeoutError):
        Demuxer(f"file://{path}", timeout=0.1)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    with pytest.raises(Interrupted):
        Demuxer(path)
    assert descriptors() == before


def test_a_blocking_descriptor_stays_one() -> None:
    source, target = os.pipe()
    with open(target, "wb") as file, pytest.raises(TimeoutError):
        file.write(stream()[:1000])
        file.flush()
        Demuxer(f"/dev/fd/{source}", timeout=0.1)
    assert os.get_blocking(source)
    os.close(source)


def feed(target: int, data: bytes) -> threading.Thread:
    def write() -> None:
        with contextlib.suppress(BrokenPipeError), open(target, "wb") as file:
            file.write(data)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()
    return thread


@pytest.mark.parametrize("name", ["/dev/fd/{}", "/proc/self/fd/{}", "pipe:{}"])
@pytest.mark.parametrize("blocking", [True, False])
def test_pipes_give_what_the_file_gives(name: str, blocking: bool, tmp_path: Path) -> None:
    path = tmp_path / "clip.ts"
    path.write_bytes(stream())
    source, target = os.pipe()
    os.set_blocking(source, blocking)
    thread = feed(target, stream())
    try:
        assert chunks(name.format(source)) == chunks(path)
    finally:
        os.close(source)
        thread.join()


def test_a_file_that_is_open_is_read_from_where_it_stands(tmp_path: Path) -> None:
    """An MP4 whose index is at its end, for which FFmpeg must go back and forth."""
    path = tmp_path / "file"
    path.write_bytes(b"some other data" + clip("h264-bframes.mp4").read_bytes())
    with open(path, "rb", buffering=0) as file:
        assert file.read(15) == b"some other data"
        assert chunks(f"pipe:{file.fileno()}") == chunks(clip("h264-bframes.mp4"))


def test_a_file_of_such_a_name_is_that_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("pipe:7").write_bytes(stream())
    assert chunks("pipe:7") == chunks(io.BytesIO(stream()))


def test_a_descriptor_that_is_not_there_is_an_oserror() -> None:
    for name in ("pipe:12345", "pipe:99999999999999999999", "/dev/fd/12345"):
        with pytest.raises(OSError):
            Demuxer(name)


@pytest.mark.parametrize("buffering", [0, 65536])
def test_a_file_object_that_does_not_block_is_read_to_its_end(buffering: int) -> None:
    """Its `read` returns None where there is nothing yet."""
    source, target = os.pipe()
    os.set_blocking(source, False)
    begin = threading.Event()

    class Slow(threading.Thread):
        def run(self) -> None:
            begin.wait()
            with open(target, "wb", buffering=0) as file:
                for start in range(0, len(stream()), 1500):
                    file.write(stream()[start : start + 1500])

    thread = Slow(daemon=True)
    thread.start()
    with open(source, "rb", buffering=buffering) as file:
        assert file.read(1) is None
        begin.set()
        assert chunks(file) == chunks(stream())
    thread.join()


def test_a_file_object_that_gives_nothing_for_too_long() -> None:
    source, target = os.pipe()
    os.set_blocking(source, False)
    with open(source, "rb", buffering=0) as file, open(target, "wb"):
        with pytest.raises(TimeoutError, match=r"0\.1 s"):
            Demuxer(file, timeout=0.1)
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Interrupted):
            Demuxer(file)


def test_a_file_object_that_cannot_be_waited_for_is_an_error() -> None:
    class Nothing(io.RawIOBase):
        def read(self, size: int = -1) -> bytes | None:
            return None

    with pytest.raises(BlockingIOError, match="Nothing"):
        Demuxer(Nothing())


def test_a_fifo_without_a_reader_can_be_interrupted(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    signal.setitimer(signal.ITIMER_REAL, 0.05)
    with pytest.raises(Interrupted):
        ffwebcodecs.remux(clip("h264-bframes.mp4"), path, format="mpegts")


@pytest.mark.skipif(sys.platform != "linux", reason="how much a pipe holds is Linux's to say")
def test_discard_ends_the_wait_for_the_reader_of_a_fifo(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)  # who never reads
    fcntl.fcntl(reader, 1031, 4096)  # F_SETPIPE_SZ, which Python 3.10 has as a name
    muxer = Muxer(path, format="mpegts")
    with Demuxer(clip("h264-bframes.mp4")) as demuxer:
        config = demuxer.video_config
        for chunk in demuxer.chunks():
            muxer.add_chunk(chunk, config)
    thread, errors = in_thread(muxer.close)
    assert select.select([reader], [], [], 30)[0]
    began = time.monotonic()
    muxer.discard()
    assert time.monotonic() - began < 1
    thread.join(30)
    os.close(reader)
    assert [type(error) for error in errors] == [InvalidStateError]
