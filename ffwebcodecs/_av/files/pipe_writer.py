"""FIFOs, and other pipes and devices, that are written, so that waiting for a reader can be ended
from any thread.
"""

from __future__ import annotations

import errno
import os
import stat
import time

from ...errors import InvalidStateError
from ..handle import Handle
from .interrupt import watch
from .pipe_reader import SLICE

_PAUSE = 0.02  # seconds between two looks for a reader, which nothing tells of


def is_fifo(path: str) -> bool:
    """Whether a path is a FIFO."""
    try:
        return stat.S_ISFIFO(os.stat(path).st_mode)
    except OSError:
        return False


class PipeWriter:
    """Opens a FIFO and writes to it, through a handle that is the caller's to close."""

    __slots__ = ("__weakref__", "_handle", "_path", "_stopped")

    def __init__(self, path: str, handle: Handle) -> None:
        self._path = path
        self._handle = handle
        self._stopped = False
        watch(self)

    def stop(self) -> None:
        """End what waits, soon; from any thread, twice is fine."""
        self._stopped = True

    def _require_going(self) -> None:
        if self._stopped:
            raise InvalidStateError(f"writing {self._path!r} was broken off")

    def open(self) -> None:
        """Open it once somebody reads; raises OSError."""
        while True:
            self._require_going()
            try:
                return self._handle.open(self._path, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
            time.sleep(_PAUSE)

    def write(self, data: memoryview) -> None:
        """Write all of `data`, a view of bytes."""
        import select

        descriptor = self._handle.descriptor
        # One that others have as well stays as it is: so much goes into it if it has room.
        most = select.PIPE_BUF if os.get_blocking(descriptor) else len(data)
        poll = select.poll()
        poll.register(descriptor, select.POLLOUT)
        while data:
            self._require_going()
            if poll.poll(SLICE * 1000):
                try:
                    data = data[os.write(descriptor, data[:most]) :]
                except BlockingIOError:
                    time.sleep(_PAUSE)  # room for less than a page, and more is wanted at once
