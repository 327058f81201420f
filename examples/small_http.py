"""A small server of HTTP/1.1 on asyncio, for examples/service.py: bodies are read as they come.

One request for each connection; what is not said as RFC 9112 has it is refused.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")

HEAD = re.compile(
    r"([A-Z]+) (?:http://[!-.0-~]*)?(/[!->@-~]*)(?:\?[!-~]*)? HTTP/1\.[01]\r\n"
    r"((?:[\w!#$%&'*+.^`|~-]+:[^\r\n\0]*\r\n)*)\r\n",
    re.ASCII,
)
CHUNK = re.compile(rb"([0-9A-Fa-f]{1,15})[ \t]*(?:;[^\r\n]*)?\r\n")
LENGTHS = "content-length", "transfer-encoding"
BLOCK = 1 << 16
END = asyncio.CancelledError  # by `Server`, and by nobody else


class Answer(NamedTuple):
    """A status, the body, and a header if there is one to add."""

    status: int
    type: str
    body: bytes
    header: str = ""


class RefusedError(Exception):
    """What a client is told instead of an answer: a status, and the reason."""

    def __init__(self, status: int, reason: str, header: str = "") -> None:
        super().__init__(reason)
        self.answer = Answer(status, "text/plain; charset=utf-8", f"{reason}\n".encode(), header)


async def in_time(seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """As `asyncio.wait_for`, which before Python 3.12 can miss that it is cancelled."""
    task = asyncio.create_task(work)
    try:
        if not (await asyncio.wait([task], timeout=seconds))[0]:
            raise asyncio.TimeoutError
        return task.result()
    finally:
        task.cancel()
        await asyncio.wait([task])


class Request(NamedTuple):
    """The head of a request; the body is read later."""

    method: str
    path: str
    headers: dict[str, str]  # all in small letters
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    silence: float

    @property
    def size(self) -> int | None:
        """How long the body is, None if it comes in chunks; section 6.3."""
        length, coding = map(self.headers.get, LENGTHS)
        if coding is not None and (coding != "chunked" or length is not None):
            raise RefusedError(400, "Transfer-Encoding is chunked, and without Content-Length")
        if coding is None and length is None:
            raise RefusedError(411, "the request does not say how long its body is")
        if length is not None and not re.fullmatch("[0-9]{1,18}", length):
            raise RefusedError(400, "Content-Length is no number")
        return None if length is None else int(length)

    async def pieces(self) -> AsyncIterator[bytes]:
        """Yield the body as it comes; chunks as in section 7.1."""
        size = self.size
        if self.headers.get("expect") == "100-continue":
            self.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        left = size or 0
        while size is not None or (left := await self._chunk_size()):
            while left:
                piece = await in_time(self.silence, self.reader.read(min(left, BLOCK)))
                if not piece:
                    raise ConnectionResetError("the client is gone")
                left -= len(piece)
                yield piece
            if size is not None:
                return
            if await in_time(self.silence, self.reader.readexactly(2)) != b"\r\n":
                raise RefusedError(400, "a chunk of the body is longer than it says")
        for _ in range(100):
            if await in_time(self.silence, self.reader.readuntil(b"\r\n")) == b"\r\n":
                return
        raise RefusedError(431, "there are too many trailers")

    async def _chunk_size(self) -> int:
        found = CHUNK.fullmatch(await in_time(self.silence, self.reader.readuntil(b"\r\n")))
        if found is None:
            raise RefusedError(400, "the body does not come in chunks")
        return int(found[1], 16)

    async def unless_gone(self, work: Coroutine[Any, Any, None]) -> None:
        """Wait for something, once the body is read, for as long as the client is there."""
        task, gone = asyncio.create_task(work), asyncio.create_task(self.reader.read(1))
        try:
            await asyncio.wait([task, gone], return_when=asyncio.FIRST_COMPLETED)
            if not task.done() and not gone.result():
                raise ConnectionResetError("the client is gone")
            await task
        finally:
            task.cancel()
            gone.cancel()
            await asyncio.wait([task, gone])


async def read_head(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, silence: float
) -> Request:
    """Read the head of a request; sections 2 to 5."""
    head = await in_time(silence, reader.readuntil(b"\r\n\r\n"))
    found = HEAD.fullmatch(head.decode("latin-1"))
    if found is None:
        raise RefusedError(400, "this is no request of HTTP/1.1")
    headers: dict[str, str] = {}
    for line in found[3].lower().split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        value = value.strip(" \t")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return Request(found[1], found[2], headers, reader, writer, silence)


async def send(answer: Answer, with_body: bool, writer: asyncio.StreamWriter) -> None:
    head = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Date: {formatdate(usegmt=True)}",
        f"Content-Type: {answer.type}",
        f"Content-Length: {len(answer.body)}",
        *("Cache-Control: no-cache", "X-Content-Type-Options: nosniff", "Connection: close"),
        *filter(None, [answer.header]),
    ]
    writer.write("\r\n".join([*head, "", ""]).encode() + (answer.body if with_body else b""))
    await writer.drain()
    writer.write_eof()


async def read_out(reader: asyncio.StreamReader) -> None:
    while await reader.read(BLOCK):
        pass


class Server:
    """Answers clients of this machine; `async with` begins and ends it.

    Parameters
    ----------
    respond : coroutine function
        Takes a Request, returns an Answer, or raises RefusedError. It is cancelled at the end.
    port : int
        0: any.
    silence : float
        Seconds for which a client may send no head, or take no answer.
    """

    def __init__(
        self, respond: Callable[[Request], Awaitable[Answer]], port: int, silence: float
    ) -> None:
        self.port, self.clients = port, set[asyncio.Task[None]]()
        self._respond, self._silence = respond, silence

    async def __aenter__(self) -> Server:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=BLOCK)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for client in self.clients:
            client.cancel()
        await asyncio.gather(*self.clients, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        client = asyncio.current_task()
        assert client is not None
        self.clients.add(client)
        writer.transport.set_write_buffer_limits(0)  # `drain` waits until all is sent
        # A client that is gone, or asleep, is told nothing.
        with contextlib.suppress(ConnectionError, EOFError, asyncio.TimeoutError, END):
            try:
                answer, with_body = await self._answer(reader, writer)
                await in_time(self._silence, send(answer, with_body, writer))
                # Closing while more comes would take the answer away.
                await in_time(5, read_out(reader))
            finally:
                writer.transport.abort()
                self.clients.discard(client)

    async def _answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> tuple[Answer, bool]:
        with_body = True
        try:
            request = await read_head(reader, writer, self._silence)
            with_body = request.method != "HEAD"
            return await self._respond(request), with_body
        except RefusedError as error:
            return error.answer, with_body
        except asyncio.LimitOverrunError:
            return RefusedError(431, "a line of the request is too long").answer, True
        except asyncio.TimeoutError:
            return RefusedError(408, "nothing came for too long").answer, True
        except (ConnectionError, EOFError):
            raise
        except Exception:
            logging.exception("a request cannot be answered")
            return RefusedError(500, "that is our mistake, and in our log").answer, with_body
