"""Pipes, FIFOs and terminals, read so that waiting for them can be ended.

FFmpeg's own reading waits inside ``open`` until a FIFO has a writer and inside ``read`` until that
writes, where nothing reaches it. Here the descriptor and a second one, which wakes, are waited for
together. O_NONBLOCK is set only on what is opened here: a descriptor that others have as well stays
as it is.
"""

from __future__ import annotations

import os
import stat
import time
from collections import deque
from functools import partial
from itertools import chain, starmap
from typing import Any

from ..._later import pattern
from ...errors import InvalidStateError
from .. import atomic, keeping

SLICE = 0.2
"""Seconds: a signal that comes right before a wait begins is heard when that is over."""
_MOST = 1 << 28  # bytes at once
_WINDOWS = os.name == "nt"  # which has no way to wait for a pipe
_STREAM = pattern(r"/dev/(?:(stdin)|fd/(\d+))|/proc/self/fd/(\d+)|pipe:(\d*)(?![^?])")


def late(shown: str, timeout: float) -> TimeoutError:
    """Return the error for an input that took too long."""
    return TimeoutError(f"waited {timeout:g} s for {shown}, which is all that timeout allows")


def open_pipe(name: str, shown: str) -> PipeReader | None:
    """Return a reader of what a name stands for; None if that is no pipe, or nothing.

    Raises
    ------
    OSError
        The operating system refuses it.
    """
    match = _STREAM.match(name)
    descriptor = None
    if match is not None and (match[4] is not None or match.end() == len(name)):
        is_path = match[4] is None
        descriptor = 0 if match[1] else int(match[2] or match[3] or match[4] or 0)
        if not is_path and os.path.exists(name):
            return None  # a file of this name
        try:
            mode = os.fstat(descriptor).st_mode
        except (OSError, OverflowError) as error:
            if is_path:
                return None  # opening it says why
            raise OSError(getattr(error, "errno", 9), "no such descriptor", name) from None
        if is_path and not _is_pipe(mode):
            return None
        kind = FileReader if stat.S_ISREG(mode) else PipeReader
        return kind(partial(os.dup, descriptor), shown)
    path = name[5:] if name.startswith("file:") else name
    try:
        mode = os.stat(path).st_mode
    except (OSError, ValueError):
        return None
    if not _is_pipe(mode):
        return None
    # Without waiting for a writer.
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    return PipeReader(partial(os.open, path, flags), shown)


def _is_pipe(mode: int) -> bool:
    return not _WINDOWS and (stat.S_ISFIFO(mode) or stat.S_ISCHR(mode) or stat.S_ISSOCK(mode))


class PipeReader:
    """Reads the descriptor that `open` returns; takes it.

    Attributes
    ----------
    until : float or None
        The moment of `time.monotonic` at which a wait ends with a TimeoutError, which names
        `timeout`.
    """

    __slots__ = (
        "_closing",
        "_descriptors",
        "_owner",
        "_poll",
        "_stopped",
        "_wakers",
        "_woken",
        "shown",
        "timeout",
        "until",
    )

    def __init__(self, open: partial[int], shown: str) -> None:
        # What is read, then the two ends of the pipe that wakes.
        self._descriptors: list[int] = []
        # What one of these has taken, no other does once more.
        self._closing = map(os.close, self._descriptors)
        self._owner = keeping.with_end(atomic.at_end(self._closing))
        # One may write, once, so that nobody writes into what was closed meanwhile.
        self._wakers: list[int] = []
        self._woken = False
        self._stopped = False
        self.shown = shown
        self.until: float | None = None
        self.timeout: float | None = None
        self._poll: Any = None
        atomic.together(partial(self._descriptors.extend, starmap(open, ((),))))
        if _WINDOWS:
            return
        import select

        ends = chain.from_iterable(starmap(os.pipe, ((),)))
        atomic.together(partial(self._descriptors.extend, ends))
        descriptor, woken, wake = self._descriptors
        self._wakers.append(wake)
        self._poll = select.poll()
        self._poll.register(woken, select.POLLIN)
        self._poll.register(descriptor, select.POLLIN)

    def stop(self) -> None:
        """End what waits, at once; from any thread, twice is fine."""
        self._stopped = True
        try:
            wake = self._wakers.pop()
        except IndexError:
            return
        os.write(wake, b"x")
        self._woken = True

    def readinto(self, buffer: Any) -> int:
        """Wait for bytes and put them at the start of `buffer`; return how many, 0 at the end."""
        while True:
            self._wait()
            try:
                if _WINDOWS:
                    data = os.read(self._descriptors[0], len(buffer))
                    buffer[: len(data)] = data
                    return len(data)
                return os.readv(self._descriptors[0], [buffer])
            except BlockingIOError:
                continue  # somebody else who has this descriptor was faster

    def _wait(self) -> None:
        while True:
            if self._stopped:
                raise InvalidStateError(f"reading {self.shown} was broken off: it was closed")
            if self._poll is None:
                return
            left = SLICE
            if self.until is not None:
                left = min(left, max(0.0, self.until - time.monotonic()))
            ready = dict(self._poll.poll(left * 1000))
            if ready and self._descriptors[1] not in ready:
                return
            if self.until is not None and time.monotonic() >= self.until:
                raise late(self.shown, self.timeout or 0)

    def close(self) -> None:
        """Stop, and close the descriptors; twice is fine. If somebody else is about to wake it,
        they are closed after that.
        """
        self.stop()
        if self._woken or _WINDOWS:
            deque(self._closing, 0)


class FileReader(PipeReader):
    """Reads and seeks a regular file that somebody has opened, such as ``< clip.mp4``, from where
    it stands.
    """

    __slots__ = ("_origin",)

    def __init__(self, open: partial[int], shown: str) -> None:
        super().__init__(open, shown)
        self._origin = os.lseek(self._descriptors[0], 0, os.SEEK_CUR)

    def seek(self, offset: int, whence: int) -> int:
        """Go to a place; return it."""
        if whence == os.SEEK_SET:
            offset += self._origin
        return os.lseek(self._descriptors[0], offset, whence) - self._origin

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from a place, and stay where it is."""
        return os.pread(self._descriptors[0], min(size, _MOST), self._origin + offset)

    def size(self) -> int:
        """Return how many bytes there are from where it began."""
        return os.fstat(self._descriptors[0]).st_size - self._origin
