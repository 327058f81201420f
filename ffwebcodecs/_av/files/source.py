"""Where a demuxed file comes from: a path, bytes, or somebody's file object."""

from __future__ import annotations

import os

from ...errors import InvalidArgumentError
from .spool import Spool


class InputFile:
    """A name that FFmpeg can open, for a path, bytes or a file object; `close` removes what it
    made.

    Attributes
    ----------
    name : str
        The file that FFmpeg reads.
    shown : str
        For messages.
    """

    __slots__ = ("_spool", "name", "shown")

    def __init__(self, source: object) -> None:
        self._spool: Spool | None = None
        if isinstance(source, (str, os.PathLike)):
            self.name = os.fspath(source)
            self.shown = repr(self.name)
            if isinstance(self.name, bytes):
                self.name = os.fsdecode(self.name)
            if "\0" in self.name:
                raise InvalidArgumentError(f"a path cannot hold a null character: {self.name!r}")
            return
        self.shown = f"<{type(source).__name__}>"
        try:
            view = memoryview(source).cast("B")  # type: ignore[arg-type]
        except TypeError:
            read = getattr(source, "read", None)
            if read is None:
                raise InvalidArgumentError(
                    f"expected a path, bytes or a binary file object, got {type(source).__name__}"
                ) from None
            view = None
        self._spool = Spool(in_memory=True)
        self.name = self._spool.name
        try:
            if view is None:
                self._spool.fill_from(read)
            else:
                self._spool.fill(view)
        except BaseException:  # the program's own `read` may raise anything
            self.close()
            raise

    def close(self) -> None:
        """Remove what it made, if anything; twice is fine."""
        spool, self._spool = self._spool, None
        if spool is not None:
            spool.close()
