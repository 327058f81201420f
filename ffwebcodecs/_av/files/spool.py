"""A file without a home: what FFmpeg reads or writes where there is no path to open.

FFmpeg opens by name only, for a custom reader or writer would be C code that calls Python. So
bytes and file objects are given a name: a memory file or an unlinked one on Linux, a temporary file
elsewhere.
"""

from __future__ import annotations

import os
import sys
from typing import Any

from ...errors import InvalidArgumentError

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

    __slots__ = ("_descriptor", "_path", "_process", "name")

    def __init__(self, *, in_memory: bool = False) -> None:
        self._descriptor = -1
        self._path: str | None = None
        self._process = os.getpid()
        if sys.platform == "linux":
            self._descriptor = (
                _memory_file() if in_memory and hasattr(os, "memfd_create") else _unlinked_file()
            )
            self.name = f"/proc/self/fd/{self._descriptor}"
        else:
            import tempfile  # here and below: it costs an import that paths do not need

            handle, self._path = tempfile.mkstemp(prefix=_PREFIX)
            os.close(handle)
            self.name = self._path

    def fill(self, data: memoryview) -> None:
        """Write all of `data`."""
        with open(self.name, "wb") as file:
            file.write(data)

    def fill_from(self, read: Any) -> None:
        """Write all that `read`, of somebody's file object, gives."""
        with open(self.name, "wb") as file:
            while block := read(_BLOCK):
                if isinstance(block, str):
                    raise InvalidArgumentError(
                        "the file object gives str; open the file in binary mode ('rb')"
                    )
                file.write(block)

    def copy_to(self, write: Any) -> None:
        """Give everything to `write`, of somebody's file object, piece by piece."""
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

    def __del__(self) -> None:
        self.close()


if sys.platform == "linux":

    def _memory_file() -> int:
        return os.memfd_create("ffwebcodecs", os.MFD_CLOEXEC)

    def _unlinked_file() -> int:
        import tempfile

        try:
            with tempfile.TemporaryFile(prefix=_PREFIX) as file:
                return os.dup(file.fileno())
        except OSError:  # no folder to write to
            return _memory_file()
