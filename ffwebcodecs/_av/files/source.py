"""Where a demuxed file comes from: a path, bytes, or somebody's file object."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..._spec.discreet import discreet
from ..._spec.texts import attribute, buffer_of, is_path, to_path
from ...errors import InvalidArgumentError
from .spool import Spool

if TYPE_CHECKING:
    from .object_reader import ObjectReader


class InputFile:
    """A name that FFmpeg can open, for a path or bytes, or what reads a file object; `close`
    removes what it made.

    Parameters
    ----------
    source : object
        A path, bytes, a file object, or the `reader` of another one.

    Attributes
    ----------
    name : str
        The file that FFmpeg reads; empty for a file object.
    shown : str
        For messages.
    by_name : bool
        Whether the name is the program's own: else nothing but this file may know it.
    reader : ObjectReader or None
        What reads the file object.
    """

    __slots__ = ("_spool", "by_name", "name", "reader", "shown")

    def __init__(self, source: object) -> None:
        self._spool: Spool | None = None
        self.reader: ObjectReader | None = None
        self.by_name = False
        self.name = ""
        if is_path(source):
            self.by_name = True
            self.name = to_path(source)
            self.shown = repr(discreet(self.name))
            return
        if type(source) is not bytes and self._take_object(source):
            return
        self.shown = f"<{type(source).__name__}>"
        view = buffer_of(source)
        if view is None:
            several = isinstance(source, (list, tuple)) and source and is_path(source[0])
            raise InvalidArgumentError(
                f"expected a path, bytes or a binary file object, got {type(source).__name__}"
                f"{': one file at a time' if several else ''}"
            )
        self._spool = Spool(in_memory=True)
        self.name = self._spool.name
        try:
            self._spool.fill(view)
        except BaseException:
            self.close()
            raise

    def _take_object(self, source: object) -> bool:
        """Take what reads; return whether it does."""
        from .object_reader import ObjectReader

        if isinstance(source, ObjectReader):
            self.reader, self.shown = source, source.shown
            return True
        if not any(callable(attribute(source, name)) for name in ("read", "readinto")):
            return False
        # What maps a file is all of that, wherever it stands.
        origin = None if buffer_of(source) is None else 0
        self.shown = f"<{type(source).__name__}>"
        self.reader = ObjectReader(source, self.shown, origin)
        return True

    @property
    def url(self) -> bytes:
        """The name for FFmpeg: "file:" keeps one with a colon in it from being taken for a
        protocol; URLs keep theirs.
        """
        if self.reader is not None:
            return b""
        return os.fsencode(self.name if "://" in self.name else "file:" + self.name)

    @property
    def path(self) -> str:
        """The name for the operating system."""
        return self.name[5:] if self.name.startswith("file://") else self.name

    @property
    def is_remote(self) -> bool:
        """Whether it has the address of what may be far away."""
        return self.by_name and "://" in self.path

    def close(self) -> None:
        """Remove what it made, if anything, and let go of the file object; twice is fine."""
        self.reader = None
        spool, self._spool = self._spool, None
        if spool is not None:
            spool.close()
