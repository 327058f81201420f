"""A worker process, and how it and its parent speak: pickles over a socket.

A message is a pickle of protocol 5 and the buffers that travel beside it. The parent sends a call
at a time, as ``(function, arguments)``, and an empty message for the end. The worker answers with
any number of ``("told", value)``, then ``("done", result)`` or ``("failed", error, traceback)``.

The worker lives no longer than its parent: the socket hangs up when that dies, however it dies. A
fork of the parent may still hold the other end; so it is also asked now and then who the parent is.
"""

from __future__ import annotations

import os
import pickle
import select
import signal
import socket
import struct
import sys
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any

from .telling import heard_by

_SLICE = 1000  # milliseconds between two questions for the parent
_RARELY = 0.1  # seconds between two messages of how far it is
_LENGTH = struct.Struct("!Q")


def pack(thing: object) -> list[Any]:
    """Return a message's blocks."""
    buffers: list[pickle.PickleBuffer] = []
    head = pickle.dumps(thing, protocol=5, buffer_callback=buffers.append)
    return [head, *(buffer.raw() for buffer in buffers)]


def send(end: socket.socket, blocks: Sequence[Any]) -> None:
    """Send a message's blocks."""
    lengths = [len(blocks), *map(len, blocks)]
    end.sendall(b"".join(map(_LENGTH.pack, lengths)))
    for block in blocks:
        end.sendall(block)


def receive(end: socket.socket) -> list[Any]:
    """Return the blocks of the next message; EOFError or OSError if the other has gone."""
    (count,) = _LENGTH.unpack(_read(end, _LENGTH.size))
    lengths = struct.unpack(f"!{count}Q", _read(end, count * _LENGTH.size))
    return [_read(end, length) for length in lengths]


def unpack(blocks: Sequence[Any]) -> Any:
    """Return what a message says; its buffers are not copied."""
    return pickle.loads(blocks[0], buffers=blocks[1:])


def _read(end: socket.socket, length: int) -> bytearray:
    block = bytearray(length)
    with memoryview(block) as left:
        got = 0
        while got < length:
            more = end.recv_into(left[got:])
            if not more:
                raise EOFError
            got += more
    return block


def main(number: int, parent: int) -> None:
    """Serve the process `parent` over the socket that is descriptor `number`, until the end."""
    # Ctrl-C is the parent's to hear. The signal has been blocked since before this process was.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGINT])
    end = socket.socket(fileno=number)
    end.set_inheritable(False)
    ended: list[bool] = []
    threading.Thread(target=_outlive_nobody, args=(end, parent, ended), daemon=True).start()
    try:
        while blocks := receive(end):
            answer = _work(end, blocks)
            del blocks
            send(end, answer)
            del answer
    except (EOFError, OSError):  # the parent has gone
        os._exit(1)
    ended.append(True)


def _outlive_nobody(end: socket.socket, parent: int, ended: list[bool]) -> None:
    """End this process when the parent has gone, whatever is being done."""
    hung_up = select.POLLHUP | select.POLLERR | getattr(select, "POLLRDHUP", 0)
    watch = select.poll()
    watch.register(end.fileno(), hung_up)
    while not ended and os.getppid() == parent:
        if watch.poll(_SLICE):
            break
    if not ended:
        os._exit(1)


def _work(end: socket.socket, blocks: Sequence[Any]) -> list[Any]:
    """Make a call, and return the message of what came of it."""
    try:
        function, arguments = unpack(blocks)
        with heard_by(_teller(end)):
            return pack(("done", function(*arguments)))
    except BaseException as error:  # the parent's to raise
        text = "".join(traceback.format_exception(error))
        try:
            blocks = pack(("failed", error, text))
            unpack(blocks)
        except Exception:  # whatever an error's own pickling may raise
            blocks = pack(("failed", RuntimeError(f"{type(error).__name__}: {error}"), text))
        return list(blocks)


def _teller(end: socket.socket) -> Callable[[object], None]:
    last = 0.0

    def hear(value: object) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= _RARELY:
            last = now
            send(end, pack(("told", value)))

    return hear


def command(number: int) -> list[str]:
    """Return the command line of a worker whose end of the socket is descriptor `number`.

    It imports what it needs, from where this process does, and not the program that runs: that may
    have no ``if __name__ == "__main__"``.
    """
    # The options with which this Python was started: -W, -X, -E, -I ...
    from subprocess import _args_from_interpreter_flags as flags  # type: ignore[attr-defined]

    options: list[str] = flags()
    paths = [path or os.getcwd() for path in sys.path]
    # Where this package was found, which is nowhere there if this process has changed its folder.
    home = os.path.abspath(__file__).rpartition(__name__.replace(".", os.sep))[0].rstrip(os.sep)
    if home not in paths:
        paths.append(home)
    call = f"from {__name__} import main; main({number}, {os.getpid()})"
    return [sys.executable, *options, "-c", f"import sys; sys.path[:] = {paths!r}; {call}"]
