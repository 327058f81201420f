"""Inputs that come piece by piece: ended at every point, followed live, left in every way."""

from __future__ import annotations

import gc
import os
import socket
import threading
import warnings
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from typing import Any

from ffwebcodecs import VideoFrame, WebCodecsError, read_frames

from .. import media
from ..scenario import Step, scenario


def _send(write: Any, leave: Any, data: bytes) -> None:
    with suppress(OSError):  # the reader has left
        view = memoryview(data)
        while view:
            view = view[write(view[:3_000]) :]
    with suppress(OSError):
        leave()


class Sender:
    """A thread that sends bytes, and a name to read them by; `end` joins it."""

    def __init__(self, kind: str, data: bytes) -> None:
        self.descriptor = -1
        if kind == "tcp":
            server = socket.create_server(("127.0.0.1", 0))
            self.name = f"tcp://127.0.0.1:{server.getsockname()[1]}"
            target, arguments = _serve, (server, data)
        else:
            if kind == "pipe":
                self.descriptor, write = os.pipe()
                give = partial(os.write, write), partial(os.close, write)
            else:
                ours, theirs = socket.socketpair()
                self.descriptor = theirs.detach()
                give = ours.send, ours.close
            self.name = f"pipe:{self.descriptor}"
            target, arguments = _send, (*give, data)
        self._thread = threading.Thread(target=target, args=arguments)
        self._thread.start()

    def end(self) -> None:
        """Close the reader's side, and wait for the thread."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
        self._thread.join()


def _serve(server: socket.socket, data: bytes) -> None:
    with server:
        client, _ = server.accept()
    _send(client.send, client.close, data)


def _stream() -> bytes:
    """Return a stream of Matroska without an index: it can be read from a pipe."""
    import io

    from ffwebcodecs import remux

    sink = io.BytesIO()
    remux(media.clip("h264.mp4"), sink, format="mkv", fragmented=True)
    return sink.getvalue()


KINDS = ("pipe", "socket", "tcp")


@scenario(
    "pipes, sockets and TCP that end after any number of bytes", cycles=10_000, each=media.FRAMES
)
def senders_that_leave() -> Iterator[Step]:
    data = _stream()
    warnings.simplefilter("ignore", UserWarning)

    def read(index: int, cut: bytes) -> None:
        sender = Sender(KINDS[index % 3], cut)
        try:
            with suppress(WebCodecsError):
                for frame in read_frames(sender.name, threads=1, live=index % 5 == 0, timeout=20):
                    frame.close()
        finally:
            sender.end()

    def step(index: int) -> None:
        read(index, data[: index % 97 * len(data) // 96])

    for index in range(15):
        read(index, data)  # what is kept for the next time is there
    yield step


@scenario(
    "pipes, sockets and TCP whose reader leaves after some frames", cycles=10_000, each=media.FRAMES
)
def readings_left() -> Iterator[Step]:
    data = _stream()

    def step(index: int) -> None:
        sender = Sender(KINDS[index % 3], data)
        try:
            frames = read_frames(sender.name, threads=1, timeout=20)
            for number, frame in enumerate(frames):
                frame.close()
                if number == index // 3 % 40:
                    break
            if index % 2:
                frames.close()
            del frames
        finally:
            sender.end()

    yield step


class Cycle:
    """Garbage that holds something until it is collected."""

    def __init__(self, held: Any) -> None:
        self.itself = self
        self.held = held


@scenario("live streams: dropped, closed, collected, to the end", cycles=10_000, each=media.FRAMES)
def live_streams() -> Iterator[Step]:
    data = _stream()

    def step(index: int) -> None:
        sender = Sender(KINDS[index // 5 % 3], data)
        try:
            frames = read_frames(sender.name, live=True, timeout=20)
            kind = index % 5
            if kind:
                for number, frame in enumerate(frames):
                    if index % 2:
                        VideoFrame.close(frame)
                    if number == index // 15 % 5:
                        break
            if kind == 0:
                assert len(list(frames)) + frames.dropped == media.FRAMES
            elif kind == 1:
                frames.close()
            elif kind == 2:
                with frames:
                    pass
            elif kind == 3:
                Cycle(frames)
            del frames
            if kind == 3:
                gc.collect()
        finally:
            sender.end()

    yield step
