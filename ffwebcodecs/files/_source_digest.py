"""By what a file is known again: its size, its first and last bytes, and, where it was seen, when
it was changed.
"""

from __future__ import annotations

import errno
import hashlib
import os
import platform
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from .._av.files.demux import DemuxerCore
from .._av.files.object_reader import ObjectReader
from .._spec.texts import buffer_of, is_path, to_path
from ..errors import InvalidArgumentError

if TYPE_CHECKING:
    from .._spec.files.packet_table import PacketTable

_PIECE = 1 << 16


_MEMBERS = ("size", "first", "last", "changed", "place")


class SourceDigest:
    """What is known of a source, each None where it cannot be known.

    Attributes
    ----------
    size : int or None
        Bytes.
    first, last : str or None
        SHA-256 of the first and the last 64 KiB.
    changed : int or None
        When the file was changed, in nanoseconds.
    place : str or None
        A digest of the machine's name and the file's path: `changed` counts in the same place only.
    """

    __slots__ = ("changed", "first", "last", "place", "size")

    def __init__(
        self,
        size: int | None = None,
        first: str | None = None,
        last: str | None = None,
        changed: int | None = None,
        place: str | None = None,
    ) -> None:
        self.size = size
        self.first = first
        self.last = last
        self.changed = changed
        self.place = place

    def members(self) -> dict[str, Any]:
        """Return all of it, for a file."""
        return {name: getattr(self, name) for name in _MEMBERS}

    @property
    def says_nothing(self) -> bool:
        """Whether nothing is known: a URL, a pipe."""
        return self.size is None

    def seal(self, packets: int) -> bytes:
        """Return what the source is known by, if there are so many packets in it."""
        return hashlib.sha256(self._words(packets)).digest()

    def seal_of(self, table: PacketTable) -> bytes:
        """Return what the source with these packets is known by: where nothing else is known of it,
        by the packets.
        """
        found = hashlib.sha256(self._words(len(table)))
        if self.says_nothing:
            for column in (table.pts, table.size, table.flags):
                found.update(column.tobytes())
        return found.digest()

    def _words(self, packets: int) -> bytes:
        return repr((self.size, self.first, self.last, packets)).encode()

    def difference(self, now: SourceDigest) -> str | None:
        """Return why `now` is another source, None if it looks like the same one."""
        if self.says_nothing or now.says_nothing:
            return None
        if now.size != self.size:
            return f"it has {now.size} bytes, the index is of a file with {self.size}"
        for name in ("first", "last"):
            if getattr(self, name) != getattr(now, name):
                count = min(_PIECE, self.size or 0)
                return f"its {name} {count} bytes are others than the index was made of"
        if self.place == now.place and self.changed != now.changed:
            return "it was changed after the index was made"
        return None


def digest_of(source: Any) -> SourceDigest:
    """Return the digest of a path, of bytes, or of what a seekable file object gives from where it
    is; one that says nothing for anything else.

    Raises
    ------
    OSError
        The file is not there, or may not be read.
    InvalidArgumentError
        It is none of these.
    """
    if is_path(source):
        name = to_path(source)
        name = name[7:] if name.startswith("file://") else name
        is_other = "://" in name or name == "-" or name.startswith("pipe:")
        return SourceDigest() if is_other else _of_file(name, known=True)
    view = buffer_of(source)
    if view is not None:
        view = memoryview(view).cast("B")
        return SourceDigest(len(view), _hash(view[:_PIECE]), _hash(view[-_PIECE:]))
    if not hasattr(source, "read"):
        raise InvalidArgumentError(
            f"expected a path, bytes or a binary file object, got {type(source).__name__}"
        )
    reader = ObjectReader(source, f"<{type(source).__name__}>")
    try:
        return _of_object(reader)
    finally:
        if reader.can_seek:
            reader.file.go_to(0)


def digest_of_open(demuxer: DemuxerCore) -> SourceDigest:
    """Return the digest of what a demuxer reads."""
    source = demuxer.source
    if source.reader is not None:
        return _of_object(source.reader)
    if not source.is_remote:
        with suppress(OSError):  # a pattern of names, a device
            return _of_file(source.path, known=source.by_name)
    return SourceDigest()


def _of_object(reader: ObjectReader) -> SourceDigest:
    size = reader.size() if reader.can_seek else None
    if size is None:
        return SourceDigest()
    first, last = reader.read_at(0, _PIECE), reader.read_at(max(0, size - _PIECE), _PIECE)
    return SourceDigest(size, _hash(first), _hash(last))


def _of_file(path: str, known: bool) -> SourceDigest:
    mode = os.stat(path).st_mode
    if stat.S_ISDIR(mode):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), path)
    if not stat.S_ISREG(mode):  # a FIFO would be waited for
        return SourceDigest()
    with open(path, "rb", buffering=0) as file:
        found = os.fstat(file.fileno())
        size = found.st_size
        digest = SourceDigest(
            size,
            _hash(_read(file, 0, min(size, _PIECE))),
            _hash(_read(file, max(0, size - _PIECE), min(size, _PIECE))),
        )
    if known:
        digest.changed = found.st_mtime_ns
        digest.place = _hash(f"{platform.node()}\0".encode() + os.fsencode(os.path.realpath(path)))
    return digest


def _read(file: Any, place: int, size: int) -> bytes:
    pread = getattr(os, "pread", None)
    if pread is not None:  # the place of a descriptor may be somebody else's too
        found: bytes = pread(file.fileno(), size, place)
        return found
    file.seek(place)
    data: bytes = file.read(size)
    return data


def _hash(data: Any) -> str:
    return hashlib.sha256(data).hexdigest()
