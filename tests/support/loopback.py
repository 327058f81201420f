"""A server of HTTP on this machine that drops connections when it is told to."""

from __future__ import annotations

import contextlib
import re
import socket
import threading


class DroppingServer:
    """Gives `data`, or the part that is asked for, and drops the first `drops` connections a third
    on.

    Attributes
    ----------
    asked : list of str
        What the requests say.
    """

    def __init__(self, data: bytes, drops: int = 0) -> None:
        self.asked: list[str] = []
        self._data, self._drops = data, drops
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._socket.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                peer, _ = self._socket.accept()
                with peer, contextlib.suppress(OSError):
                    self._answer(peer)

    def _answer(self, peer: socket.socket) -> None:
        asked = b""
        while b"\r\n\r\n" not in asked:
            asked += peer.recv(4096) or b"\r\n\r\n"
        self.asked.append(asked.decode())
        found = re.search(rb"Range: bytes=(\d+)-", asked)
        at, size = int(found[1]) if found else 0, len(self._data)
        body = self._data[at:]
        state = f"206 Partial Content\r\nContent-Range: bytes {at}-{size - 1}/{size}"
        head = f"Accept-Ranges: bytes\r\nConnection: close\r\nContent-Length: {len(body)}"
        if len(self.asked) <= self._drops:
            body = body[: size // 3]
        peer.sendall(f"HTTP/1.1 {state if found else '200 OK'}\r\n{head}\r\n\r\n".encode() + body)

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join(10)
