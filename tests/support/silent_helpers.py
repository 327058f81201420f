"""Inputs that give what they have and then nothing, for ever: servers on this machine, FIFOs."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from clips import clip
from interrupts import silence_alarm

import ffwebcodecs

Act = Callable[[], object]


class Interrupted(BaseException):
    """What stands here for KeyboardInterrupt, which would end pytest if it went astray."""


@contextlib.contextmanager
def raising_alarm() -> Iterator[None]:
    """Make SIGALRM raise `Interrupted`."""

    def ring(*_: object) -> None:
        raise Interrupted

    signal.signal(signal.SIGALRM, ring)
    try:
        yield
    finally:
        silence_alarm()


def descriptors() -> int:
    return len(os.listdir("/dev/fd"))


def read_all(source: str, **options: Any) -> None:
    with ffwebcodecs.Demuxer(source, **options) as demuxer:
        for _ in demuxer.chunks():
            pass


def in_thread(function: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    """Run a function in a thread; return that, and what will hold the error."""
    errors: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as error:
            errors.append(error.with_traceback(None))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    return thread, errors


@functools.cache
def transport_stream() -> bytes:
    """A clip of which each packet can be read as it comes."""
    file = io.BytesIO()
    ffwebcodecs.remux(clip("h264-bframes.mp4"), file, format="mpegts")
    return file.getvalue()


class Silent:
    """Something to open: after `begin`, it gives `data`, and then calls `act`."""

    def __init__(self, source: str, thread: threading.Thread, end: Act) -> None:
        self.source = source
        self.begin: Act = lambda: None  # opening it begins
        self._thread = thread
        self._end = end

    def close(self) -> None:
        self._end()
        self._thread.join(10)
        assert not self._thread.is_alive()


def _server(protocol: str, data: bytes, act: Act) -> Silent:
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    listening.listen()
    over = threading.Event()

    def serve() -> None:
        with listening, contextlib.suppress(OSError):
            peer, _ = listening.accept()
            with peer:
                if protocol == "http":
                    asked = b""
                    while b"\r\n\r\n" not in asked:
                        asked += peer.recv(4096) or b"\r\n\r\n"  # it has left already
                    if data:
                        peer.sendall(
                            b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n"
                            b"Connection: close\r\n\r\n"
                        )
                peer.sendall(data)
                if not over.is_set():
                    act()
                over.wait(60)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    port = listening.getsockname()[1]

    def end() -> None:
        over.set()
        with contextlib.suppress(OSError):  # whom nobody has called is called now
            socket.create_connection(("127.0.0.1", port)).close()

    return Silent(f"{protocol}://127.0.0.1:{port}/clip.ts", thread, end)


def _fifo(folder: Path, data: bytes, act: Act) -> Silent:
    path = str(folder / "fifo")
    os.mkfifo(path)
    over = threading.Event()

    def write() -> None:
        with contextlib.suppress(BrokenPipeError), open(path, "wb") as file:
            file.write(data)
            file.flush()
            if not over.is_set():
                act()
            over.wait(60)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()

    def end() -> None:
        over.set()
        with contextlib.suppress(OSError):  # a writer may still wait for a reader
            os.close(os.open(path, os.O_RDONLY | os.O_NONBLOCK))

    return Silent(path, thread, end)


def _pipe(data: bytes, act: Act) -> Silent:
    source, target = os.pipe()
    over, begun = threading.Event(), threading.Event()

    def write() -> None:
        begun.wait()
        with contextlib.suppress(BrokenPipeError), open(target, "wb") as file:
            file.write(data)
            file.flush()
            if not over.is_set():
                act()
            over.wait(60)

    thread = threading.Thread(target=write, daemon=True)
    thread.start()

    def end() -> None:
        over.set()
        begun.set()
        os.close(source)

    found = Silent(f"pipe:{source}", thread, end)
    found.begin = begun.set
    return found


@contextlib.contextmanager
def silent(kind: str, folder: Path, data: bytes, act: Act = lambda: None) -> Iterator[Silent]:
    """Give a source of `kind`: "http", "tcp", "fifo" or "pipe"."""
    if kind == "fifo":
        found = _fifo(folder, data, act)
    elif kind == "pipe":
        found = _pipe(data, act)
    else:
        found = _server(kind, data, act)
    try:
        yield found
    finally:
        found.close()
