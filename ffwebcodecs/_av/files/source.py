"""Where a demuxed file comes from: a path, bytes, or somebody's file object."""

from __future__ import annotations

import os

from ..._spec.texts import attribute, buffer_of, is_path, to_path
from ...errors import InvalidArgumentError
from .pipe_reader import FileWait
from .spool import Spool


class InputFile:
    """A name that FFmpeg can open, for a path, bytes or a file object; `close` removes what it
    made. Waiting for a file object that does not block takes at most `timeout` seconds.

    Attributes
    ----------
    name : str
        The file that FFmpeg reads.
    shown : str
        For messages.
    by_name : bool
        Whether the name is the program's own: else nothing but this file may know it.
    """

    __slots__ = ("_spool", "by_name", "name", "shown")

    def __init__(self, source: object, timeout: float | None = None) -> None:
        self._spool: Spool | None = None
        self.by_name = False
        if is_path(source):
            self.by_name = True
            self.name = to_path(source)
            self.shown = repr(self.name)
            return
        self.shown = f"<{type(source).__name__}>"
        view = buffer_of(source)
        read = attribute(source, "read") if view is None else None
        if view is None and read is None:
            several = isinstance(source, (list, tuple)) and source and is_path(source[0])
            raise InvalidArgumentError(
                f"expected a path, bytes or a binary file object, got {type(source).__name__}"
                f"{': one file at a time' if several else ''}"
            )
        self._spool = Spool(in_memory=True)
        self.name = self._spool.name
        try:
            if view is None:
                self._spool.fill_from(read, FileWait(source, self.shown, timeout))
            else:
                self._spool.fill(view)
        except BaseException:  # the program's own `read` may raise anything
            self.close()
            raise

    @property
    def url(self) -> bytes:
        """The name for FFmpeg: "file:" keeps one with a colon in it from being taken for a
        protocol; URLs keep theirs.
        """
        return os.fsencode(self.name if "://" in self.name else "file:" + self.name)

    @property
    def path(self) -> str:
        """The name for the operating system."""
        return self.name[5:] if self.name.startswith("file://") else self.name

    def close(self) -> None:
        """Remove what it made, if anything; twice is fine."""
        spool, self._spool = self._spool, None
        if spool is not None:
            spool.close()
