"""Where a muxed file goes: a path, or somebody's file object; complete or not at all."""

from __future__ import annotations

import io
import os
import sys
from typing import Any

from ...errors import InvalidArgumentError
from .complete_file import CompleteFile

_BLOCK = 1 << 20


class Spool:
    """A temporary file that FFmpeg can open by its name; gone when closed."""

    def __init__(self) -> None:
        import tempfile  # costs an import that writing to a path does not need

        self._descriptor = -1
        self._process = os.getpid()
        self._path: str | None = None
        if sys.platform == "linux":
            # Without a name of its own, so that nothing is left even if the process is killed.
            try:
                with tempfile.TemporaryFile(prefix="ffwebcodecs-") as file:
                    self._descriptor = os.dup(file.fileno())
            except OSError:  # no folder to write to
                self._descriptor = os.memfd_create("ffwebcodecs", os.MFD_CLOEXEC)
            self.name = f"/proc/self/fd/{self._descriptor}"
        else:
            handle, self._path = tempfile.mkstemp(prefix="ffwebcodecs-")
            os.close(handle)
            self.name = self._path

    def copy_to(self, write: Any) -> None:
        """Give everything to `write`, piece by piece."""
        with open(self.name, "rb") as file:
            while block := file.read(_BLOCK):
                view = memoryview(block)
                while view:
                    written = write(view)
                    # Raw files may take less than all; others return None or what they like.
                    view = view[written:] if type(written) is int and written > 0 else view[:0]

    def close(self) -> None:
        """Remove it; twice is fine."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)
        path, self._path = self._path, None
        if path is not None and self._process == os.getpid():  # a fork does not own it
            os.unlink(path)


class Target:
    """Where to write, and how to make it count.

    Attributes
    ----------
    name : str
        The file that FFmpeg writes.
    path : str or None
        What the suffix is read from.
    shown : str
        For messages.
    """

    def __init__(self, destination: object) -> None:
        self._file: CompleteFile | None = None
        self._spool: Spool | None = None
        self._destination: Any = None
        self.path: str | None = None
        if isinstance(destination, (str, os.PathLike)):
            path = os.fspath(destination)
            self.path = os.fsdecode(path) if isinstance(path, bytes) else path
            self.shown = repr(self.path)
            if "\0" in self.path:
                raise InvalidArgumentError(f"a path cannot hold a null character: {self.path!r}")
            return
        self.shown = f"<{type(destination).__name__}>"
        if isinstance(destination, io.TextIOBase):
            raise InvalidArgumentError(
                f"{self.shown} takes text; open the file in binary mode ('wb')"
            )
        if not callable(getattr(destination, "write", None)):
            raise InvalidArgumentError(
                "expected a path or a writable binary file object, got "
                f"{type(destination).__name__}"
            )
        writable = getattr(destination, "writable", None)
        if getattr(destination, "closed", False) is True or (callable(writable) and not writable()):
            raise InvalidArgumentError(f"{self.shown} is closed or not open for writing")
        name = getattr(destination, "name", None)
        self.path = name if isinstance(name, str) else None
        self._destination = destination

    def open(self) -> str:
        """Make the temporary file and return its name; raises OSError."""
        if self._destination is None:
            assert self.path is not None
            self._file = CompleteFile(self.path)
            self._file.__enter__()
            if self._file.temporary is not None:
                return self._file.temporary
        # Pipes and file objects cannot seek, and muxers want to.
        self._spool = Spool()
        return self._spool.name

    def commit(self) -> None:
        """Put what was written in its place."""
        try:
            if self._spool is not None:
                write = self._destination.write if self._file is None else self._file.write
                self._spool.copy_to(write)
        except BaseException:
            self.discard()
            raise
        self._finish(None)

    def discard(self) -> None:
        """Remove what was written; what was there before stays. Twice is fine."""
        self._finish(GeneratorExit)

    def _finish(self, kind: type[BaseException] | None) -> None:
        spool, self._spool = self._spool, None
        file, self._file = self._file, None
        try:
            if spool is not None:
                spool.close()
        finally:
            if file is not None:
                file.__exit__(kind, None, None)
