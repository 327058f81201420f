"""A file descriptor that is never lost, and a file that is removed unless it is kept.

What the system opens is stored in C, and what is to be closed or removed is, as all of FFmpeg's
objects are: no interrupt comes in between (`_av.atomic`).
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import chain, starmap
from typing import Any

from . import atomic, forked, keeping

_BINARY = getattr(os, "O_BINARY", 0)  # of Windows


class Handle:
    """The owner of one descriptor, at first of none; when it goes, that is closed, and the file
    removed if it was to be temporary and has not been given another name.

    A fork of the process removes nothing.
    """

    __slots__ = ("__weakref__", "_closing", "_descriptors", "_owner", "_paths", "_removing")

    def __init__(self) -> None:
        self._descriptors: list[int] = []
        self._paths: list[str] = []
        # What one of these has taken from its list, no other does once more.
        self._closing = map(os.close, self._descriptors)
        self._removing = map(os.unlink, self._paths)
        end = atomic.at_end(chain(self._closing, self._removing))
        self._owner = keeping.with_end(end)

    def open(self, path: str, flags: int, mode: int = 0o666, *, temporary: bool = False) -> None:
        """Open a file, once; raises OSError. A `temporary` one is made, and ours to remove."""
        steps = [self._opening(os.open, path, flags | _BINARY, mode)]
        if temporary:
            forked.watch(self)
            steps.append(partial(self._paths.append, path))
        atomic.together(*steps)

    def duplicate(self, descriptor: int) -> None:
        """Take what an open descriptor stands for, with its place; raises OSError."""
        atomic.together(self._opening(os.dup, descriptor))

    def open_unlinked(self, path: str, flags: int) -> None:
        """Make a file, and remove its name at once; raises OSError."""
        opening = self._opening(os.open, path, flags | _BINARY, 0o600)
        atomic.together(opening, partial(os.unlink, path))

    def open_memory(self, name: str) -> None:
        """Make a file in memory; raises OSError."""
        atomic.together(self._opening(os.memfd_create, name, os.MFD_CLOEXEC))

    def _opening(self, make: Callable[..., int], *arguments: Any) -> partial[None]:
        return partial(self._descriptors.extend, starmap(make, (arguments,)))

    @property
    def descriptor(self) -> int:
        """The number, also of one that is closed; IndexError if nothing was opened."""
        return self._descriptors[0]

    def write(self, data: memoryview) -> None:
        """Write all of `data`, a view of bytes."""
        descriptor = self.descriptor
        while data:
            data = data[os.write(descriptor, data) :]

    def close(self) -> None:
        """Close the descriptor; raises OSError. Twice is fine."""
        if self._descriptors:
            next(self._closing, None)

    def rename(self, path: str) -> None:
        """Give the temporary file the name under which it stays; raises OSError."""
        atomic.together(partial(os.replace, self._paths[0], path), partial(self._paths.clear))

    def discard(self) -> None:
        """Close, and remove the file if it is temporary; twice is fine. What the system says
        against it is not told: there is an error to tell already.
        """
        with suppress(OSError):
            self.close()
        with suppress(OSError):
            if self._paths:
                next(self._removing, None)

    def _after_fork(self) -> None:
        self._paths.clear()  # it is the parent's
