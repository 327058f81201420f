"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import itertools
import os
from types import TracebackType

_count = itertools.count(1).__next__


class CompleteFile:
    """A file being written under a temporary name, renamed at the end of the ``with`` block.

    If the block fails, the temporary file is removed and what was there before stays. What is no
    regular file (a pipe, ``/dev/null``) is written directly, for there is nothing to replace. A
    symbolic link stays one: the file that it points at is replaced.

    Raises
    ------
    OSError
        The file cannot be written; the error names `path`.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = os.fspath(path)
        self._final = os.path.realpath(self.path)
        self._temporary = self._final
        self._handle = -1
        self._process = os.getpid()

    def __enter__(self) -> CompleteFile:
        try:
            self._open()
        except OSError as error:
            self._temporary = self._final  # it was not made
            raise type(error)(error.errno, error.strerror, self.path) from None
        except BaseException:  # Ctrl-C
            self._abandon()
            raise
        return self

    def _open(self) -> None:
        flags = os.O_WRONLY | getattr(os, "O_BINARY", 0)
        if os.path.isdir(self._final):
            raise IsADirectoryError(21, "Is a directory", self.path)
        if os.path.exists(self._final) and not os.path.isfile(self._final):
            self._handle = os.open(self._final, flags)
            return
        folder, name = os.path.split(self._final)
        # A name of its own for each writer: two at the same path do not meet. It is known before
        # the file is there, so that an interrupt in between leaves none behind.
        self._temporary = os.path.join(folder, f".{name[:200]}.{os.getpid()}-{_count()}.part")
        self._handle = os.open(self._temporary, flags | os.O_CREAT | os.O_EXCL, 0o666)

    def _abandon(self) -> None:
        self._close()
        self._remove()

    def _close(self) -> None:
        handle, self._handle = self._handle, -1
        if handle >= 0:  # there is none if an interrupt came while it was opened
            os.close(handle)

    @property
    def temporary(self) -> str | None:
        """Where another program may write instead of calling `write`; None: it is written
        directly.
        """
        return None if self._temporary == self._final else self._temporary

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Write all of `data`."""
        view = memoryview(data).cast("B")
        try:
            while view:
                view = view[os.write(self._handle, view) :]
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
        direct = self._temporary == self._final
        is_ours = self._process == os.getpid()  # else a fork's copy: the file is the parent's
        try:
            self._close()
            if not is_ours:
                return
            if kind is None and not direct:
                os.replace(self._temporary, self._final)
        except OSError as failure:
            if is_ours:
                self._remove()
            raise type(failure)(failure.errno, failure.strerror, self.path) from None
        if kind is not None:
            self._remove()

    def _remove(self) -> None:
        if self._temporary != self._final:
            try:
                os.unlink(self._temporary)
            except OSError:
                pass  # the first error is the one to tell
