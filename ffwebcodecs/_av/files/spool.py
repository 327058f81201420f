"""A file without a home: what FFmpeg reads or writes where there is no path to open.

Bytes that are read, and what is written for a file object, are given a name that FFmpeg opens by
itself: a memory file or an unlinked one on Linux, a temporary file elsewhere.
"""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from ..handle import Handle
from .complete_file import write_all

_BLOCK = 1 << 20
_PREFIX = "ffwebcodecs-"


class Spool:
    """A temporary file that FFmpeg can open by its name; gone when closed.

    Parameters
    ----------
    in_memory : bool
        Keep it in memory, where that is possible; else on the disk, without a name of its own where
        that is possible, so that nothing is left even if the process is killed.
    """

    __slots__ = ("_handle", "name")

    def __init__(self, *, in_memory: bool = False) -> None:
        self._handle = Handle()
        if sys.platform == "linux":
            if in_memory and hasattr(os, "memfd_create"):
                self._handle.open_memory("ffwebcodecs")
            else:
                _open_unlinked(self._handle)
            self.name = f"/proc/self/fd/{self._handle.descriptor}"
        else:

            def open_named(path: str) -> None:
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
                self._handle.open(path, flags, 0o600, temporary=True)
                self.name = path

            _try_names(_folder(), open_named)

    def fill(self, data: memoryview) -> None:
        """Write all of `data`."""
        self._handle.write(data)

    def copy_to(self, write: Callable[[memoryview], Any], *, is_raw: bool = False) -> None:
        """Give everything to `write`, of somebody's file object, piece by piece; see
        `write_all`.
        """
        descriptor = self._handle.descriptor
        os.lseek(descriptor, 0, os.SEEK_SET)
        done = 0
        while block := os.read(descriptor, _BLOCK):
            write_all(write, memoryview(block), is_raw=is_raw, before=done)
            done += len(block)

    def close(self) -> None:
        """Remove it; twice is fine."""
        self._handle.discard()


def _folder() -> str:
    import tempfile  # here, for it costs an import that paths do not need

    return tempfile.gettempdir()


def _try_names(folder: str, make: Callable[[str], None]) -> None:
    """Call `make` with names of files in `folder` until there is one that is free."""
    for _ in range(100):
        with suppress(FileExistsError):
            return make(os.path.join(folder, _PREFIX + os.urandom(8).hex()))
    raise FileExistsError(errno.EEXIST, "No usable temporary name", folder)


def _open_unlinked(handle: Handle) -> None:
    """Open a file on the disk that has no name, one in memory where there is no folder for it."""
    try:
        folder = _folder()
        try:
            # Linux's own way; some file systems do not have it.
            return handle.open(folder, os.O_RDWR | os.O_TMPFILE, 0o600)
        except OSError:
            flags = os.O_RDWR | os.O_CREAT | os.O_EXCL
            return _try_names(folder, lambda path: handle.open_unlinked(path, flags))
    except OSError:
        if not hasattr(os, "memfd_create"):
            raise
        return handle.open_memory("ffwebcodecs")
