"""What an ImageDecoder is given: bytes that are there, or pieces that come one after the other."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from typing import Any, Protocol

from .._runtime.feeding import Feeder, feed_in_task, feed_on_thread
from .._runtime.parking import Spot, TaskSpot
from .._spec.functions import is_async
from .._spec.numbers import show
from .._spec.texts import attribute, buffer_of, is_path, to_path
from ..errors import AbortError, InvalidArgumentError

_BLOCK = 1 << 16


class Receiver(Protocol):
    """Where the pieces go."""

    closed: bool

    def arrive(self, piece: bytes) -> None: ...

    def arrive_end(self, error: BaseException | None) -> None: ...


class ImageSource:
    """Data, or what gives it; `begin` begins to read that.

    Parameters
    ----------
    source : bytes-like, path, binary file object, iterable or asynchronous iterable of bytes-like
    transfer : bool
        Whether a buffer is given away.

    Raises
    ------
    InvalidArgumentError
        It is none of them, or empty.
    InvalidStateError
        It is asynchronous, and no task runs here that could read it.
    OSError
        The file cannot be read.

    Attributes
    ----------
    data : bytes, memoryview or None
        All of it; None: it is still to come.
    """

    __slots__ = ("_feeder", "_loop", "_pieces", "_reader", "data")

    def __init__(self, source: object, transfer: bool) -> None:
        self._feeder: Feeder | None = None
        self._reader: list[int] = []  # the thread that goes over the pieces
        self._loop: Any = None
        self._pieces: Any = None
        self.data = _whole(source, transfer)
        if self.data is None:
            self._pieces = _pieces(source, self._reader)
            if isinstance(self._pieces, AsyncIterable):
                self._loop = _loop_here()
        elif not len(self.data):
            raise InvalidArgumentError("data is empty: there is no image in it")

    def begin(self, receiver: Receiver) -> None:
        """Begin to give what comes."""
        pieces, self._pieces = self._pieces, None
        intake = PieceIntake(receiver)
        if isinstance(pieces, AsyncIterable):
            self._reader.append(threading.get_ident())
            self._feeder = feed_in_task(pieces, intake)
        else:
            self._feeder = feed_on_thread(pieces, intake)

    def end(self) -> None:
        """Let go of what is read, from any thread; what waits in it may go on doing so."""
        feeder = self._feeder
        if feeder is not None and not feeder.state.is_done:
            feeder.stop()

    def why_not_here(self) -> str | None:
        """Return why whoever waits for data in this thread would do so for ever."""
        if self.data is not None or threading.get_ident() not in self._reader:
            return None
        if self._loop is not None:
            return "the event loop that reads the data runs in this thread: 'await' it instead"
        return "this is the thread that reads the data"

    def why_over(self) -> str | None:
        """Return why no more data can come though it has not ended, None if some may."""
        loop = self._loop
        if loop is not None and getattr(loop, "is_closed", bool)():
            return "the event loop that reads the data has stopped"
        return None


class PieceIntake:
    """Takes pieces in; see `feeding.Intake`."""

    __slots__ = ("__weakref__", "_receiver", "is_finished")

    def __init__(self, receiver: Receiver) -> None:
        self._receiver = receiver
        self.is_finished = False

    def is_over(self) -> bool:
        """Return whether no more is wanted."""
        return self._receiver.closed or self.is_finished

    def has_room(self) -> bool:
        """Return True: all of a file is held anyway."""
        return True

    def wait_at(self, spot: Spot) -> bool:
        """Return False: there is room."""
        return False

    def give(self, box: list[Any]) -> None:
        """Give a piece on."""
        piece = box.pop()
        view = None if isinstance(piece, str) else buffer_of(piece)
        if view is None:
            raise InvalidArgumentError(f"data comes in bytes-like pieces, got {show(piece)}")
        if len(view):
            self._receiver.arrive(bytes(view))

    def discard(self, box: list[Any]) -> None:
        """Let go of what is in the box."""
        box.clear()

    def stop(self) -> None:
        """Want no more."""
        self.finish(AbortError("what reads the data was ended"))

    def finish(self, error: BaseException | None) -> None:
        """Say that there is no more."""
        self.is_finished = True
        self._receiver.arrive_end(error)


def _whole(source: object, transfer: bool) -> bytes | memoryview | None:
    if source is None:
        raise InvalidArgumentError("data is required")
    if is_path(source):
        return _file_content(to_path(source))
    view = buffer_of(source)
    if view is None and not transfer:
        return _scattered(source)
    if view is None:
        raise InvalidArgumentError(f"transfer is for a buffer in one piece, not {show(source)}")
    if isinstance(source, bytes):
        return source
    return view if transfer else bytes(view)


def _scattered(source: Any) -> bytes | None:
    """Return the bytes of a buffer with gaps, None if it is no buffer."""
    try:
        return memoryview(source).tobytes()
    except TypeError:
        return None


def _file_content(path: str) -> bytes:
    with open(path, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise InvalidArgumentError(
                f"{path!r} is no plain file: open it, and give the file object"
            )
        return file.read()


def _pieces(source: Any, reader: list[int]) -> Iterable[object] | AsyncIterable[object]:
    for name in ("read1", "read"):  # the first one gives what is there
        read = attribute(source, name)
        if callable(read):
            return _blocks_later(read) if is_async(read) else _noted(_blocks(read), reader)
    if isinstance(source, AsyncIterable):
        return source
    if isinstance(source, Iterable):
        return _noted(source, reader)
    raise InvalidArgumentError(
        "data must be bytes-like, a path, a binary file object, or an iterable or asynchronous "
        f"iterable of bytes-like pieces, got {show(source)}"
    )


def _noted(source: Iterable[object], reader: list[int]) -> Iterator[object]:
    reader.append(threading.get_ident())
    yield from source


def _blocks(read: Callable[[int], Any]) -> Iterator[object]:
    while True:
        block = read(_BLOCK)
        if block is None:
            raise BlockingIOError("the file object has nothing to read yet: it must wait")
        if not len(block):
            return
        yield block


async def _blocks_later(read: Callable[[int], Any]) -> AsyncIterator[object]:
    while len(block := await read(_BLOCK)):
        yield block


def _loop_here() -> Any:
    from .._runtime.completion import running_loop

    TaskSpot()  # raises where no task runs
    return running_loop() or object()
