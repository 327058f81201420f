"""Nothing waits for ever: signals, `timeout` and `close` end every wait for an input."""

from __future__ import annotations

import contextlib
import functools
import gc
import io
import os
import select
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType
from typing import Any

import attack
import pytest
from clips import clip
from demux_helpers import chunks, described
from handles import live_handles
from silent_helpers import silent, transport_stream

import ffwebcodecs
from ffwebcodecs import Demuxer, InvalidStateError, Muxer, read_frames
from ffwebcodecs._av.files.demux import DemuxerCore

fcntl = pytest.importorskip("fcntl", reason="there are no such pipes and signals on Windows")
KINDS = ("http", "tcp", "fifo", "pipe")
each_kind = pytest.mark.parametrize("kind", KINDS)


class Interrupted(BaseException):
    """What stands here for KeyboardInterrupt, which would end pytest if it went astray."""


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    def ring(*_: object) -> None:
        raise Interrupted

    before = signal.signal(signal.SIGALRM, ring)
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    signal.signal(signal.SIGALRM, before)


def send_signal() -> None:
    """Send it in a moment, when the call that took what there was is waiting again."""
    signal.setitimer(signal.ITIMER_REAL, 0.05)


@functools.cache
def stream() -> bytes:
    return transport_stream()


def descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def read_all(source: str, **options: Any) -> None:
    with Demuxer(source, **options) as demuxer:
        for _ in demuxer.chunks():
            pass


def show_all(source: str, **options: Any) -> None:
    for frame in read_frames(source, **options):
        frame.close()


def convert(source: str, **options: Any) -> None:
    ffwebcodecs.transcode(source, io.BytesIO(), codec="ffmpeg:mpeg4", format="matroska", **options)


def rewrap(source: str, **options: Any) -> None:
    ffwebcodecs.remux(source, io.BytesIO(), format="matroska", **options)


CALLS = (Demuxer, read_all, show_all, convert, rewrap)


def waits(call: Callable[..., Any], share: float) -> bytes:
    """What the input gives before it falls silent: `Demuxer` itself never has enough of nothing."""
    return b"" if call is Demuxer else stream()[: int(len(stream()) * share)]


@pytest.mark.divided
@pytest.mark.parametrize("call", CALLS)
@each_kind
def test_a_signal_ends_the_wait(kind: str, call: Callable[..., Any], tmp_path: Path) -> None:
    with silent(kind, tmp_path, waits(call, 1), send_signal) as one, pytest.raises(Interrupted):
        one.begin()
        call(one.source)
    assert not live_handles()


@pytest.mark.divided
@pytest.mark.parametrize("call", CALLS)
@each_kind
def test_the_timeout_ends_the_wait(kind: str, call: Callable[..., Any], tmp_path: Path) -> None:
    with silent(kind, tmp_path, waits(call, 0.9)) as one:
        one.begin()
        with pytest.raises(TimeoutError) as caught:
            call(one.source, timeout=0.2)
        assert "0.2 s" in str(caught.value)
        assert repr(one.source) in str(caught.value)
        # Though the error, and what it remembers, is still there.
        assert "format_context" not in live_handles()


@each_kind
def test_what_came_before_the_silence_is_read(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "clip.ts"
    path.write_bytes(stream())
    wanted = chunks(path)
    found = []
    with silent(kind, tmp_path, stream()) as one:
        one.begin()
        with Demuxer(one.source, timeout=0.3) as demuxer:
            with pytest.raises(TimeoutError):
                for chunk in demuxer.chunks():
                    found.append(described(chunk))  # noqa: PERF401
            with pytest.raises(InvalidStateError, match="broken off"):
                next(demuxer.chunks())
            with pytest.raises(InvalidStateError, match="broken off"):
                demuxer.seek(0)
    # FFmpeg keeps the last packet until it knows that nothing of it follows.
    assert found == wanted[: len(found)]
    assert len(found) >= len(wanted) - 3


@pytest.mark.divided
@pytest.mark.parametrize("call", [read_all, show_all])
@each_kind
def test_a_handler_that_does_not_raise_is_no_end(
    kind: str, call: Callable[..., Any], tmp_path: Path
) -> None:
    heard: list[int] = []
    signal.signal(signal.SIGALRM, lambda number, frame: heard.append(number))
    with silent(kind, tmp_path, stream(), send_signal) as one, pytest.raises(TimeoutError):
        one.begin()
        call(one.source, timeout=0.5)
    assert heard == [signal.SIGALRM]


def in_thread(function: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    errors: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as error:
            errors.append(error.with_traceback(None))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, errors


@each_kind
def test_close_ends_the_wait_of_another_thread(kind: str, tmp_path: Path) -> None:
    with silent(kind, tmp_path, stream()) as one:
        one.begin()
        demuxer = Demuxer(one.source)
        reading = threading.Event()

        def read() -> None:
            for _ in demuxer.chunks():
                reading.set()

        thread, errors = in_thread(read)
        assert reading.wait(30)
        began = time.monotonic()
        demuxer.close()
        assert time.monotonic() - began < 1
        assert "format_context" not in live_handles()
        thread.join(30)
    assert [type(error) for error in errors] == [InvalidStateError]


@each_kind
def test_frames_can_be_closed_while_another_thread_waits_for_one(kind: str, tmp_path: Path) -> None:
    with silent(kind, tmp_path, stream()) as one:
        one.begin()
        frames: Any = read_frames(one.source, threads=1)
        reading = threading.Event()

        def read() -> None:
            for frame in frames:
                frame.close()
                reading.set()

        thread, errors = in_thread(read)
        assert reading.wait(30)
        began = time.monotonic()
        frames.close()
        assert time.monotonic() - began < 1
        thread.join(30)
    # Or it was closed between two frames.
    assert [type(error) for error in errors] in ([InvalidStateError], [])
    assert not live_handles()


@pytest.mark.parametrize("make", [Demuxer, read_frames])
@each_kind
def test_a_handler_may_close_what_is_waited_for(
    kind: str, make: Callable[[str], Any], tmp_path: Path
) -> None:
    kept: list[Any] = []
    signal.signal(signal.SIGALRM, lambda *_: kept[0].close())
    with silent(kind, tmp_path, stream(), send_signal) as one:
        one.begin()
        kept.append(make(one.source))
        with pytest.raises(InvalidStateError):
            for _ in kept[0].chunks() if make is Demuxer else kept[0]:
                pass
        kept[0].close()


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


def test_a_call_that_cannot_be_interrupted_is_abandoned(tmp_path: Path) -> None:
    """A FIFO that FFmpeg itself opens: as a dead mount, or the resolution of a name, is."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    source = f"cache:file://{path}"
    with pytest.raises(TimeoutError):
        Demuxer(source, timeout=0.1)
    assert live_handles() == {"format_context": 1}
    with open(path, "wb"):  # it comes back
        deadline = time.monotonic() + 30
        while live_handles():
            assert time.monotonic() < deadline


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


def test_without_a_helper_libavformat_still_asks(tmp_path: Path) -> None:
    """The field that no table has is where it is looked for, in every release."""
    cores: list[DemuxerCore] = []
    with silent("tcp", tmp_path, stream()) as one:
        cores.append(DemuxerCore(one.source))

        def read() -> None:
            from ffwebcodecs._av.codecs import packet

            while cores[0].read(packet.allocate()):
                reading.set()

        reading = threading.Event()
        thread, errors = in_thread(read)
        assert reading.wait(30)
        cores[0].interrupt()
        thread.join(30)
        assert not thread.is_alive()
        cores[0].close()
    assert [type(error) for error in errors] == [InvalidStateError]


class Live:
    """A server whose playlist never ends and never gets anything new."""

    def __init__(self, act: Callable[[], object]) -> None:
        self._act = act
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._asked = 0
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}/live.m3u8"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        playlist = (
            b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n#EXT-X-MEDIA-SEQUENCE:1\n"
            b"#EXTINF:1.0,\none.ts\n"
        )
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                with peer, contextlib.suppress(OSError):
                    asked = b""
                    while b"\r\n\r\n" not in asked:
                        asked += peer.recv(4096) or b"\r\n\r\n"
                    body = playlist if b"live.m3u8" in asked else stream()
                    kind = b"application/x-mpegurl" if body is playlist else b"video/mp2t"
                    peer.sendall(
                        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: %s\r\n"
                        b"Content-Length: %d\r\n\r\n" % (kind, len(body))
                    )
                    peer.sendall(body)
                    self._asked += body is playlist
                    if self._asked == 2:
                        self._act()

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)


@pytest.mark.slow
@pytest.mark.parametrize("call", [read_all, convert])
def test_an_endless_playlist_ends(call: Callable[..., Any]) -> None:
    with contextlib.closing(Live(lambda: None)) as live, pytest.raises(TimeoutError):
        call(live.url, timeout=1)
    with contextlib.closing(Live(send_signal)) as live, pytest.raises(Interrupted):
        call(live.url)


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


def ring_after(seconds: float, source: str) -> None:
    with pytest.raises(Interrupted):
        signal.setitimer(signal.ITIMER_REAL, seconds)
        read_all(source)


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["pipe", "http"])
def test_interrupts_at_any_moment_lose_nothing(kind: str, tmp_path: Path) -> None:
    dice = attack.dice(f"waiting {kind}")
    tries = attack.rounds(8, 300)
    before, failed = descriptors(), 0
    for _ in range(tries):
        with silent(kind, tmp_path, stream()) as one:
            one.begin()
            ring_after(dice.uniform(0.0005, 0.03), one.source)
        for thread in threading.enumerate():
            if thread.name == "ffwebcodecs-input":
                thread.join(30)
        failed += bool(live_handles()) or descriptors() != before
    attack.report(f"interrupts of a wait: {kind}", tries, failed, "descriptors or handles left")
    assert not failed


OURS = ("connection.py", "custom_input.py", "helper.py", "interrupt.py", "pipe_reader.py")


def interrupted_at(source: str, line: int) -> tuple[type[BaseException] | None, int]:
    """Read a source that falls silent, raising before the line of `OURS` of this number; return
    what came of it, and how many lines were executed until then.
    """
    count = 0

    def count_line(frame: FrameType, event: str, _: object) -> Any:
        nonlocal count
        if event == "line":
            count += 1
            if count == line:
                raise Interrupted
        return count_line

    def trace(frame: FrameType, _: str, __: object) -> Any:
        code = frame.f_code
        # What a destructor raises is dropped.
        is_ours = os.path.basename(code.co_filename) in OURS and code.co_name != "__del__"
        return count_line if is_ours and "ffwebcodecs" in code.co_filename else None

    before, kind = sys.gettrace(), None
    sys.settrace(trace)
    try:
        read_all(source, timeout=0.15)
    except BaseException as error:
        kind = type(error)
    finally:
        sys.settrace(before)
    return kind, count


@pytest.mark.attack
@pytest.mark.parametrize("kind", ["pipe", "tcp"])
def test_an_interrupt_before_any_line_loses_nothing(kind: str, tmp_path: Path) -> None:
    dice = attack.dice(f"lines {kind}")
    with silent(kind, tmp_path, stream()) as one:
        one.begin()
        found, total = interrupted_at(one.source, -1)
    assert found is TimeoutError
    assert total > 500
    lines = sorted(dice.sample(range(1, total), attack.rounds(12, 300)))
    before, failed = descriptors(), []
    for line in lines:
        with silent(kind, tmp_path, stream()) as one:
            one.begin()
            found, reached = interrupted_at(one.source, line)
        for thread in threading.enumerate():
            if thread.name == "ffwebcodecs-input":
                thread.join(30)
        if descriptors() != before:
            gc.collect()  # tracebacks, and what was interrupted, held each other
        wrong = reached >= line and found is not Interrupted
        if wrong or "format_context" in live_handles() or descriptors() != before:
            failed.append(line)
    attack.report(f"interrupts at lines: {kind}", len(lines), len(failed), "anything lost or left")
    assert not failed
