"""A file object is read where libavformat and others look, not from its beginning to its end.

What can seek is read in blocks, which are kept for a while: going back a little reads nothing
again, and who looks at a file beside libavformat finds what that has read. What cannot is a stream.
A plain file of Python's own is read by its descriptor, without the detour.
"""

from __future__ import annotations

import errno
import os
import weakref
from typing import Any

from ...errors import InvalidStateError
from .file_object import FileObject

BLOCK = 1 << 16
"""Bytes: the least that is read at a time, and what the places of reads are multiples of."""
_MOST_BLOCKS = 4  # read at a time, where one comes after the other
_KEPT = 128  # blocks
_MOST = 1 << 28  # bytes at once
_LAST = (1 << 63) - 1


class ObjectReader:
    """Reads one file object, at any place if it can seek.

    Several inputs may share it; each holds ``file.inside`` while it reads.

    Parameters
    ----------
    file : object
        With ``read(size)`` or ``readinto(buffer)``.
    shown : str
        For messages.
    origin : int, optional
        The place that is 0 here; default: where the object stands.
    """

    __slots__ = ("__weakref__", "_blocks", "_is_plain", "_known", "_next", "_run", "_size", "file")

    def __init__(self, file: Any, shown: str, origin: int | None = None) -> None:
        self.file = FileObject(file, shown, origin)
        self._is_plain = self.file.is_plain
        self._blocks: dict[int, memoryview] = {}  # the one that was used last comes last
        self._next = 0  # the block behind those that were read last
        self._run = 1  # blocks that were read last
        self._size: int | None = None
        self._known = False  # whether it has been asked for its size

    @property
    def shown(self) -> str:
        """The object, for people."""
        return self.file.shown

    @property
    def can_seek(self) -> bool:
        """Whether it can be read at any place."""
        return self.file.can_seek

    @property
    def buffer_size(self) -> int:
        """How much libavformat should ask for at a time."""
        return BLOCK * (_MOST_BLOCKS if self._is_plain else 1)

    def cursor(self) -> StreamCursor:
        """Return what libavformat reads this with."""
        return Cursor(self) if self.can_seek else StreamCursor(self)

    def size(self) -> int | None:
        """Return how many bytes there are, None if nobody knows."""
        if self._is_plain:
            return max(0, os.fstat(self.file.descriptor()).st_size - self.file.origin)
        if not self._known:
            self._size = self.file.size()
            self._known = True
        return self._size

    def read_at(self, offset: int, size: int) -> bytes:
        """Return bytes from a place, fewer at the end; raises what the object raises."""
        if offset > _LAST - self.file.origin or size <= 0:
            return b""
        size = min(size, _MOST)
        if self._is_plain:
            return os.pread(self.file.descriptor(), size, self.file.origin + offset)
        parts = []
        with self.file.inside:
            while size > 0 and (part := self._part(offset, size)):
                parts.append(part)
                offset += len(part)
                size -= len(part)
        return b"".join(parts)

    def fill(self, offset: int, buffer: Any) -> int:
        """Read from a place to the start of a buffer; return how many bytes, 0 at the end."""
        if self._is_plain:
            return os.preadv(self.file.descriptor(), [buffer], self.file.origin + offset)
        part = self._part(offset, len(buffer))
        buffer[: len(part)] = part
        return len(part)

    def next_into(self, buffer: Any) -> int:
        """Read what comes next of a stream to the start of a buffer; return how many bytes."""
        block = self.file.read(len(buffer))
        buffer[: len(block)] = block
        return len(block)

    def _part(self, offset: int, size: int) -> memoryview:
        """Return bytes from a place, as many as lie in one block."""
        number, begin = divmod(offset, BLOCK)
        block = self._blocks.pop(number, None)
        if block is None:
            block = self._read(number)
        else:
            self._blocks[number] = block
        return block[begin : begin + size]

    def _read(self, number: int) -> memoryview:
        """Read a block, and with it those behind it if reading goes on there."""
        goes_on = number == self._next
        count = min(2 * self._run, _MOST_BLOCKS) if goes_on else 1
        self._next = -1  # not known if this is interrupted
        place, left = number * BLOCK, count * BLOCK
        if self._known and self._size is not None and place >= self._size:
            return memoryview(b"")  # some objects refuse to go there
        file = self.file
        file.go_to(place)
        parts: list[bytes] = []
        while left > 0 and (part := file.read(left)):
            parts.append(part)
            left -= len(part)
        data = memoryview(parts[0] if len(parts) == 1 else b"".join(parts))
        blocks = self._blocks
        for index in range(1, count):
            rest = data[index * BLOCK : (index + 1) * BLOCK]
            if rest:
                blocks.pop(number + index, None)
                blocks[number + index] = rest
        first = data[:BLOCK]
        if first:
            blocks[number] = first
        while len(blocks) > _KEPT:
            del blocks[next(iter(blocks))]
        self._run, self._next = count, number + count
        return first


class StreamCursor:
    """Gives libavformat what comes next. libavformat holds it for as long as its context lives, and
    it holds the object by a weak reference only: who uses the context holds that.
    """

    __slots__ = ("_find", "is_stopped", "timeout", "until")

    def __init__(self, reader: ObjectReader) -> None:
        self._find = weakref.ref(reader)
        self.is_stopped = False
        self.timeout: float | None = None
        self.until: float | None = None

    def _reader(self) -> ObjectReader:
        reader = self._find()
        if reader is None:
            raise InvalidStateError("the file object is not there any more")
        if self.is_stopped:
            raise InvalidStateError(f"reading {reader.shown} was broken off: it was closed")
        reader.file.patience = self
        return reader

    def readinto(self, buffer: Any) -> int:
        """Fill the start of a buffer; return how many bytes, 0 at the end."""
        return self._reader().next_into(buffer)


class Cursor(StreamCursor):
    """A place in an object that can seek: moving it reads nothing."""

    __slots__ = ("_place",)

    def __init__(self, reader: ObjectReader) -> None:
        super().__init__(reader)
        self._place = 0

    def readinto(self, buffer: Any) -> int:
        count = self._reader().fill(self._place, buffer)
        self._place += count
        return count

    def seek(self, offset: int, whence: int) -> int:
        """Go to a place; return it, or a negative code."""
        if whence == os.SEEK_CUR:
            offset += self._place
        elif whence == os.SEEK_END:
            size = self.size()
            if size is None:
                return -errno.ENOSYS
            offset += size
        if not 0 <= offset <= _LAST:
            return -errno.EINVAL
        self._place = offset
        return offset

    def size(self) -> int | None:
        """Return how many bytes there are, None if nobody knows."""
        return self._reader().size()
