"""Somebody's file object: what it is asked, one call at a time, and whether its answers can be."""

from __future__ import annotations

import codecs
import errno
import io
import os
import stat
import threading
import time
from typing import Any, Protocol

from ..._spec.functions import is_async
from ..._spec.numbers import show
from ..._spec.texts import attribute
from ...errors import InvalidArgumentError, InvalidStateError
from .pipe_reader import SLICE, late

# What an object says that cannot do something, and not of what went wrong.
_CANNOT = (io.UnsupportedOperation, NotImplementedError)
# Their read() waits until all is there, and read1() until something is.
_GIVE_SOME = ("_io", "http.client")
_PLAIN = (io.FileIO, io.BufferedReader)


class Patience(Protocol):
    """How long somebody waits for an object that does not block.

    Attributes
    ----------
    until, timeout : float or None
        As of a `PipeReader`.
    is_stopped : bool
        Whether nobody wants to wait any more.
    """

    until: float | None
    timeout: float | None
    is_stopped: bool


class FileObject:
    """One file object. It stays its owner's: it is never closed here.

    What it raises goes on to the caller as it is, and after that it is not called any more.

    Parameters
    ----------
    file : object
    shown : str
        For messages.
    origin : int, optional
        Where it begins; default: where it stands.

    Attributes
    ----------
    can_seek : bool
    inside : threading.RLock
        Held by the thread that is being served: whoever comes back with it was called from inside
        of the object.
    is_broken : bool
        It raised something, or gave what it cannot.
    origin : int
        The place, on the object's own count, that is 0 here.
    patience : Patience or None
        Of who reads now, with an object that does not block.
    """

    __slots__ = (
        *("_asks", "_file", "_has_read", "_place", "_poll", "can_seek", "inside", "is_broken"),
        *("origin", "patience", "shown"),
    )

    def __init__(self, file: Any, shown: str, origin: int | None = None) -> None:
        self._file = file
        self.shown = shown
        self.inside = threading.RLock()
        self.is_broken = False
        self.patience: Patience | None = None
        self._poll: Any = None
        self._place: int | None = None  # where it stands, if it cannot tell
        read = attribute(file, "read")
        self._has_read = callable(read)
        self._refuse(file, read if self._has_read else attribute(file, "readinto"))
        self.origin = origin or 0
        self.can_seek = self._find_out(origin is None)
        some = type(file).__module__ in _GIVE_SOME and hasattr(file, "read1")
        self._asks = "read1" if some and not self.can_seek else "read"

    def _refuse(self, file: Any, read: Any) -> None:
        # Temporary files and those of `codecs` are no TextIOBase.
        texts = (io.TextIOBase, codecs.StreamReader, codecs.StreamReaderWriter)
        if isinstance(file, texts) or isinstance(attribute(file, "encoding"), str):
            raise self._text()
        if is_async(read):
            raise InvalidArgumentError(
                f"{self.shown} has an async read(), which nobody would await; give a file object "
                "that reads at once"
            )

    def _text(self) -> InvalidArgumentError:
        return InvalidArgumentError(
            f"the file object {self.shown} gives str; open the file in binary mode ('rb')"
        )

    def _find_out(self, keeps_place: bool) -> bool:
        """Return whether it can seek; find out where it stands."""
        if not callable(attribute(self._file, "seek")):
            return False
        if callable(attribute(self._file, "seekable")) and not self._call("seekable"):
            return False
        try:
            if keeps_place:
                self.origin = self._told()
            self._call("seek", self.origin)
        except _CANNOT:
            self.is_broken = False
            return False
        return True

    def _told(self) -> int:
        can_tell = callable(attribute(self._file, "tell"))
        place = self._call("tell") if can_tell else self._call("seek", 0, os.SEEK_CUR)
        if not isinstance(place, int) or place < 0:
            what = "tell" if can_tell else "seek"
            raise self._wrong(f"{what}() returned {show(place)}, which is no place")
        return place

    @property
    def is_plain(self) -> bool:
        """Whether it is but a regular file that Python has opened for reading, without anything of
        its owner's in between, so that its descriptor gives the same.
        """
        file = self._file
        if type(file) not in _PLAIN or vars(file).keys() & {"read", "seek", "tell", "fileno"}:
            return False
        raw = getattr(file, "raw", file)
        if type(raw) is not io.FileIO or not hasattr(os, "preadv"):
            return False
        try:
            return self.can_seek and stat.S_ISREG(os.fstat(raw.fileno()).st_mode)
        except OSError:
            return False

    def descriptor(self) -> int:
        """Return the descriptor of a plain one; raises ValueError if it is closed."""
        return int(self._call("fileno"))

    def _call(self, name: str, *arguments: Any) -> Any:
        if self.is_broken:
            raise InvalidStateError(f"reading {self.shown} was broken off: only close is left")
        with self.inside:
            try:
                answer = getattr(self._file, name)(*arguments)
            except StopIteration as error:  # in a generator it would end the frames in silence
                self.is_broken = True
                raise RuntimeError(f"{name}() of {self.shown} raised StopIteration") from error
            except BaseException:
                self.is_broken = True
                raise
        return answer

    def _wrong(self, what: str) -> OSError:
        self.is_broken = True
        return OSError(errno.EIO, f"the file object {self.shown} cannot be read: its {what}")

    def size(self) -> int | None:
        """Return how many bytes there are, None if it cannot tell."""
        try:
            end = self._call("seek", 0, os.SEEK_END)
            if not isinstance(end, int):
                end = self._told()
        except (*_CANNOT, ValueError):  # what gets its bytes by their number may not know the end
            self.is_broken = False
            return None
        self._place = end
        return max(0, end - self.origin)

    def go_to(self, place: int) -> None:
        """Go to a place, if it is not there: others may have moved it meanwhile."""
        wanted = self.origin + place
        can_tell = hasattr(self._file, "tell")
        if (self._call("tell") if can_tell else self._place) == wanted:
            return
        self._place = None
        reached = self._call("seek", wanted)
        if isinstance(reached, int) and reached != wanted:
            raise self._wrong(f"seek({wanted}) went to {reached}")
        self._place = wanted

    def read(self, size: int) -> bytes:
        """Return the next bytes, as many as it likes to give; none at the end.

        Raises
        ------
        InvalidArgumentError
            It gave what are no bytes.
        OSError
            It gave more than it was asked for.
        BlockingIOError, TimeoutError
            It had nothing, and cannot be waited for; it took too long.
        """
        place, self._place = self._place, None
        ask = self._asks if self._has_read else "readinto"
        while (block := self._ask(ask, size)) is None:
            self._wait()
        if not block and ask == "read1":
            # What does not block says that of its end, and of nothing yet as well.
            while (block := self._ask("read", size)) is None:
                self._wait()
        if place is not None:
            self._place = place + len(block)
        return block

    def _ask(self, name: str, size: int) -> bytes | None:
        if name == "readinto":
            # It may keep what it gets: so that is neither FFmpeg's nor used again.
            room = bytearray(size)
            count = self._call(name, memoryview(room))
            if count is None:
                return None
            if not isinstance(count, int) or not 0 <= count <= size:
                raise self._wrong(f"readinto() returned {show(count)} for {size} bytes")
            return bytes(memoryview(room)[:count])
        block = self._call(name, size)
        if block is None:
            return None
        if type(block) is not bytes:
            block = self._bytes_of(block)
        if len(block) > size:
            raise self._wrong(f"{name}({size}) returned {len(block)} bytes")
        return block

    def _bytes_of(self, block: Any) -> bytes:
        """Return a copy: it may use the same memory once more."""
        if isinstance(block, str):
            self.is_broken = True
            raise self._text()
        try:
            return bytes(memoryview(block).cast("B"))
        except (TypeError, ValueError, BufferError):
            self.is_broken = True
            raise InvalidArgumentError(
                f"the file object's read() must return bytes, got {type(block).__name__}"
            ) from None

    def _wait(self) -> None:
        """Wait until there is something to read."""
        if self._poll is None:
            self._poll = self._make_poll()
        patience, left = self.patience, SLICE
        until = None if patience is None else patience.until
        while True:
            if patience is not None and patience.is_stopped:
                raise InvalidStateError(f"reading {self.shown} was broken off: it was closed")
            if until is not None:
                left = min(SLICE, max(0.0, until - time.monotonic()))
            if self._poll.poll(left * 1000):
                return
            if until is not None and time.monotonic() >= until:
                raise late(self.shown, patience.timeout or 0 if patience else 0)

    def _make_poll(self) -> Any:
        import select

        try:
            poll = select.poll()
            poll.register(self._file.fileno(), select.POLLIN)
        except (AttributeError, OSError, ValueError, TypeError):  # no poll on Windows
            raise BlockingIOError(
                errno.EAGAIN, f"{self.shown} has nothing to read yet; give one that blocks"
            ) from None
        return poll
