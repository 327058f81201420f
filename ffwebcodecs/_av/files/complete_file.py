"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import errno
import itertools
import operator
import os
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

from ..._spec.numbers import show
from ..._spec.texts import descriptor_of
from ..handle import Handle
from .pipe_writer import PipeWriter, is_fifo
from .replaced_file import ReplacedFile

_count = itertools.count(1).__next__
_PIECE = 1 << 20  # bytes at a time for who takes less than all: each piece is copied


class CompleteFile:
    """A file being written under a temporary name, renamed at the end of the ``with`` block.

    If the block fails, the temporary file is removed and what was there before stays. What is no
    regular file (a pipe, ``/dev/null``) is written directly, for there is nothing to replace; so is
    what a descriptor stands for (``/dev/stdout``), from its place on. A symbolic link stays one:
    the file that it points at is replaced. A file that is replaced hands on its owner and
    permissions, as far as the system allows it.

    Parameters
    ----------
    path : path
    in_place : bool
        Write a regular file directly too, over what was there: what fails leaves its beginning.

    Raises
    ------
    OSError
        The file cannot be written; the error names `path`.
    """

    def __init__(self, path: str | os.PathLike[str], *, in_place: bool = False) -> None:
        self.path = os.fspath(path)
        self._in_place = in_place
        self._final = os.path.realpath(self.path)
        self._temporary = self._final
        self._handle = Handle()
        self._pipe: PipeWriter | None = None
        self._replaced: ReplacedFile | None = None
        self._process = os.getpid()

    def __enter__(self) -> CompleteFile:
        try:
            self._open()
        except OSError as error:
            raise type(error)(error.errno, error.strerror, self.path) from None
        return self

    def _open(self) -> None:
        if os.path.isdir(self._final):
            raise IsADirectoryError(21, "Is a directory", self.path)
        descriptor = descriptor_of(self.path)
        if descriptor is not None:
            self._handle.duplicate(descriptor)
            if os.path.exists(self.path) and not os.path.isfile(self.path):
                self._pipe = PipeWriter(self.path, self._handle)
            return
        # Not the real path: what is reached through a descriptor has none that can be opened.
        if os.path.exists(self.path) and not os.path.isfile(self.path):
            if is_fifo(self.path):
                self._pipe = PipeWriter(self.path, self._handle)
                self._pipe.open()
            else:
                self._handle.open(self.path, os.O_WRONLY)
            return
        if self._in_place:
            self._handle.open(self._final, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            return
        folder, name = os.path.split(self._final)
        # A name of its own for each writer: two at the same path do not meet.
        temporary = os.path.join(folder, f".{name[:200]}.{os.getpid()}-{_count()}.part")
        self._look_at_replaced()
        # Nobody sees what is written who could not see what is replaced.
        mode = 0o666 if self._replaced is None else 0o600
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        self._handle.open(temporary, flags, mode, temporary=True)
        self._temporary = temporary

    def _look_at_replaced(self) -> None:
        with suppress(FileNotFoundError):
            self._replaced = ReplacedFile(self._final)

    @property
    def temporary(self) -> str | None:
        """Where another program may write instead of calling `write`; None: it is written
        directly.
        """
        return None if self._temporary == self._final else self._temporary

    def interrupt(self) -> None:
        """End what waits for the reader of a FIFO; from any thread, twice is fine."""
        if self._pipe is not None:
            self._pipe.stop()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write all of `data`."""
        try:
            view = memoryview(data).cast("B")
            (self._handle if self._pipe is None else self._pipe).write(view)
        except BrokenPipeError:
            raise
        except OSError as error:
            raise type(error)(error.errno, error.strerror, self.path) from None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        is_ours = self._process == os.getpid()  # else a fork's copy: the file is the parent's
        try:
            if kind is None:
                is_new = is_ours and self.temporary is not None
                if is_new:
                    self._look_at_replaced()  # once more, for it may have changed meanwhile
                    if self._replaced is not None:
                        self._replaced.hand_on(self._handle.descriptor)
                self._handle.close()
                if is_new:
                    self._handle.rename(self._final)
        except OSError as failure:
            raise type(failure)(failure.errno, failure.strerror, self.path) from None
        finally:
            # What an interrupt keeps from it is done when the handle goes.
            self._handle.discard()


def _count_of(written: Any) -> int | None:
    """Return how many bytes somebody's `write` says that it took, None if it says nothing."""
    if written is None:
        return None
    try:
        return operator.index(written)  # numpy's numbers too
    except TypeError:
        close = getattr(written, "close", None)
        if hasattr(written, "__await__") and callable(close):
            close()  # a coroutine, of which Python would say that nobody has awaited it
        raise OSError(
            errno.EIO, f"the file object's write() returned {show(written)}, no number of bytes"
        ) from None


def write_all(
    write: Callable[[memoryview], Any], data: memoryview, *, is_raw: bool, before: int = 0
) -> None:
    """Give all of `data` to `write`, of somebody's file object, which may take less at a time.

    Parameters
    ----------
    is_raw : bool
        It is that of an `io.RawIOBase`, whose None means that nothing was taken. Of others it means
        that all was, or that they do not say.
    before : int
        Bytes that were written before, for the error.

    Raises
    ------
    BlockingIOError
        It takes nothing now.
    OSError
        What it returns cannot be a number of bytes that were taken.
    """
    size = len(data)
    while data:
        data = data[_taken(write(data), data, is_raw, before + size - len(data)) :]


def write_bytes(write: Callable[[bytes], Any], data: bytes, *, is_raw: bool) -> None:
    """Give all of `data` to `write`, like `write_all`: as bytes, which may be kept, and at once
    unless less is taken.
    """
    place = _taken(write(data), data, is_raw, 0)
    view = memoryview(data)
    while place < len(data):
        piece = bytes(view[place : place + _PIECE])
        place += _taken(write(piece), piece, is_raw, place)


def _taken(answer: Any, data: memoryview | bytes, is_raw: bool, before: int) -> int:
    written = _count_of(answer)
    if written is None:
        if not is_raw:
            return len(data)
        written = 0
    if not 0 <= written <= len(data):
        raise OSError(
            errno.EIO,
            f"the file object's write() returned {written}; it was given {len(data)} bytes",
        )
    if not written:
        raise BlockingIOError(
            errno.EAGAIN,
            "the file object takes no more data now (its write() took none of "
            f"{len(data)} bytes); give one that waits, such as a buffered file over a blocking "
            "descriptor",
            before,
        )
    return written
