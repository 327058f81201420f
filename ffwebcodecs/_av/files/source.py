"""Where a demuxed file comes from: a path, bytes, or somebody's file object."""

from __future__ import annotations

from ..._spec.texts import attribute, buffer_of, is_path, to_path
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
        if is_path(source):
            self.name = to_path(source)
            self.shown = repr(self.name)
            return
        self.shown = f"<{type(source).__name__}>"
        view = buffer_of(source)
        read = attribute(source, "read") if view is None else None
        if view is None and read is None:
            raise InvalidArgumentError(
                f"expected a path, bytes or a binary file object, got {type(source).__name__}"
            )
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
