"""Nothing waits for ever: signals, `timeout` and `close` end every wait for an input."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from demux_helpers import chunks, described
from handles import live_handles
from silent_helpers import Interrupted, in_thread, raising_alarm, read_all, silent
from silent_helpers import transport_stream as stream

import ffwebcodecs
from ffwebcodecs import Demuxer, InvalidStateError, read_frames
from ffwebcodecs._av.files.demux import DemuxerCore
from ffwebcodecs._av.files.opening import Opening

fcntl = pytest.importorskip("fcntl", reason="there are no such pipes and signals on Windows")
# FFmpeg 4.3 would wait for more than there is before it opens.
QUICK = {"analyzeduration": 100_000}
KINDS = ("http", "tcp", "fifo", "pipe")
each_kind = pytest.mark.parametrize("kind", KINDS)


@pytest.fixture(autouse=True)
def alarm() -> Iterator[None]:
    with raising_alarm():
        yield


def send_signal() -> None:
    """Send it in a moment, when the call that took what there was is waiting again."""
    signal.setitimer(signal.ITIMER_REAL, 0.05)


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
        with Demuxer(one.source, timeout=0.3, options=QUICK) as demuxer:
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


@each_kind
def test_close_ends_the_wait_of_another_thread(kind: str, tmp_path: Path) -> None:
    with silent(kind, tmp_path, stream()) as one:
        one.begin()
        demuxer = Demuxer(one.source, options=QUICK)
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
        frames: Any = read_frames(one.source, threads=1, options=QUICK)
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
    kind: str, make: Callable[..., Any], tmp_path: Path
) -> None:
    kept: list[Any] = []

    def close(*_: object) -> None:
        if kept:
            kept[0].close()
        else:  # it is still being opened
            signal.setitimer(signal.ITIMER_REAL, 0.05)

    signal.signal(signal.SIGALRM, close)
    with silent(kind, tmp_path, stream(), send_signal) as one:
        one.begin()
        kept.append(make(one.source, options=QUICK))
        with pytest.raises(InvalidStateError):
            for _ in kept[0].chunks() if make is Demuxer else kept[0]:
                pass
        kept[0].close()


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


def test_without_a_helper_libavformat_still_asks(tmp_path: Path) -> None:
    """The field that no table has is where it is looked for, in every release."""
    cores: list[DemuxerCore] = []
    with silent("tcp", tmp_path, stream()) as one:
        cores.append(DemuxerCore(one.source, Opening(options={"analyzeduration": "100000"})))

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
@pytest.mark.divided
@pytest.mark.parametrize("call", [read_all, convert])
def test_an_endless_playlist_ends(call: Callable[..., Any]) -> None:
    with contextlib.closing(Live(lambda: None)) as live, pytest.raises(TimeoutError):
        call(live.url, timeout=1)
    with contextlib.closing(Live(send_signal)) as live, pytest.raises(Interrupted):
        call(live.url)
