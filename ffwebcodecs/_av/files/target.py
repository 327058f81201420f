"""Where a muxed file goes: a path, or somebody's file object; complete or not at all."""

from __future__ import annotations

import io
import os
from typing import Any

from ...errors import InvalidArgumentError
from .complete_file import CompleteFile
from .spool import Spool


class OutputFile:
    """Where to write, and how to make it count.

    Attributes
    ----------
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
                if self._file is not None:
                    self._spool.copy_to(self._file.write)
                else:
                    target = self._destination
                    self._spool.copy_to(target.write, is_raw=isinstance(target, io.RawIOBase))
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
