"""Where a muxed file goes: a path, or somebody's file object; complete or not at all, unless it is
written as it is made.
"""

from __future__ import annotations

import codecs
import io
import os
from contextlib import suppress
from typing import Any

from ..._spec.discreet import discreet
from ..._spec.functions import is_async
from ..._spec.texts import attribute, descriptor_of, is_path, to_path
from ...errors import InvalidArgumentError
from .complete_file import CompleteFile, write_bytes
from .replaced_file import ReplacedFile
from .spool import Spool


def _is_special(path: str) -> bool:
    return (os.path.exists(path) and not os.path.isfile(path)) or descriptor_of(path) is not None


def _require_name(path: str, shown: str) -> None:
    """Raise InvalidArgumentError for what no file can take the name of: FFmpeg renames what it has
    written, over a device as well.
    """
    if _is_special(path):
        raise InvalidArgumentError(
            f"{shown} is a pipe, a device or a folder; several files need a file's name"
        )


class OutputFile:
    """Where to write, and how to make it count.

    Parameters
    ----------
    destination : path, file object or None
        None: somebody else takes what is written.
    several : bool
        What writes it writes several files, at their names.
    as_made : bool
        It is given to `write`, piece by piece, which are there at once.
    in_place : bool
        A path is written where it is.

    Attributes
    ----------
    path : str or None
        What the suffix is read from.
    shown : str
        For messages.
    """

    def __init__(
        self,
        destination: object,
        *,
        several: bool = False,
        as_made: bool = False,
        in_place: bool = False,
    ) -> None:
        self._is_several = several
        self._as_made = as_made
        self._in_place = in_place
        self._file: CompleteFile | None = None
        self._spool: Spool | None = None
        self._replaced: ReplacedFile | None = None
        self._destination: Any = None
        self.path: str | None = None
        if is_path(destination):
            self.path = to_path(destination)
            self.shown = repr(discreet(self.path))
            if several:
                _require_name(self.path, self.shown)
            return
        if destination is None and as_made:
            self.shown = "<segments>"
            return
        if in_place and not as_made:
            raise InvalidArgumentError(
                "atomic=False is for paths: a file object gets the finished bytes at close, and "
                "each fragment at once with fragmented=True"
            )
        self.shown = f"<{type(destination).__name__}>"
        # Temporary files and those of `codecs` are no TextIOBase.
        encoding = attribute(destination, "encoding")
        texts = (io.TextIOBase, codecs.StreamWriter)
        if isinstance(destination, texts) or isinstance(encoding, str):
            raise InvalidArgumentError(
                f"{self.shown} takes text; open the file in binary mode ('wb')"
            )
        write = attribute(destination, "write")
        if is_async(write):
            raise InvalidArgumentError(
                f"{self.shown} has an async write(), which nobody would await; give a file object "
                "that writes at once"
            )
        if not callable(write):
            raise InvalidArgumentError(
                "expected a path or a writable binary file object, got "
                f"{type(destination).__name__}"
            )
        writable = attribute(destination, "writable")
        if attribute(destination, "closed") is True or (callable(writable) and not writable()):
            raise InvalidArgumentError(f"{self.shown} is closed or not open for writing")
        name = attribute(destination, "name")
        try:
            self.path = to_path(name) if isinstance(name, str) else None
        except InvalidArgumentError:
            self.path = None  # a name that says nothing
        self._destination = destination

    def open(self) -> str | None:
        """Make the file that is written, and return its name, None if it is given to `write`;
        raises OSError.

        Several files have no temporary name: what writes them writes where they belong.
        """
        if self._is_several:
            if self._destination is not None or self.path is None:
                raise InvalidArgumentError(f"several files need a path, not {self.shown}")
            with suppress(OSError):
                self._replaced = ReplacedFile(self.path)
            return self.path
        if self._destination is None and self.path is not None:
            if self._in_place and not self._as_made and not _is_special(self.path):
                return self.path
            self._file = CompleteFile(self.path, in_place=self._in_place)
            self._file.__enter__()
            if self._file.temporary is not None and not self._as_made:
                return self._file.temporary
        if self._as_made:
            return None
        # Pipes and file objects cannot seek, and muxers want to.
        self._spool = Spool()
        return self._spool.name

    def write(self, data: bytes) -> None:
        """Give what was made to whom it is for."""
        if self._file is not None:
            self._file.write(data)
        elif self._destination is not None:
            target = self._destination
            write_bytes(target.write, data, is_raw=isinstance(target, io.RawIOBase))
            flush = attribute(target, "flush")
            if callable(flush) and not is_async(flush):
                flush()  # what is buffered there has not come yet

    def interrupt(self) -> None:
        """End what waits for a reader; from any thread, twice is fine."""
        file = self._file
        if file is not None:
            file.interrupt()

    def commit(self) -> None:
        """Put what was written in its place."""
        try:
            if self._spool is not None:
                if self._file is not None:
                    self._spool.copy_to(self._file.write)
                else:
                    target = self._destination
                    self._spool.copy_to(target.write, is_raw=isinstance(target, io.RawIOBase))
            elif self._replaced is not None and self.path is not None:
                with suppress(OSError):
                    self._replaced.hand_on_to(self.path)  # a playlist has been renamed to this
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
