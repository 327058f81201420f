"""Memory that processes of one machine share, and its slots, each with a lock of the kernel.

The block is a file in memory without a name: nothing is left of it when the last process that has
it is gone, however that ends. Others open it as ``/proc/PID/fd/N`` of its owner.

The lock of a slot is an *open file description lock* on the slot's first byte. A process that opens
a slot opens the file anew, locks the byte, maps the slot, and keeps nothing but the map: a map
holds the file, and with it the lock, until it is unmapped, by whatever destructor or by the
process's death, and in its forks as well. So the kernel alone says whether a slot is held, and no
process has to be asked or believed, nor the number of one.
"""

from __future__ import annotations

import errno
import mmap
import os
import sys
import time
from contextlib import suppress
from functools import cache, lru_cache, partial
from io import FileIO
from itertools import chain, starmap
from math import inf
from struct import Struct
from typing import TYPE_CHECKING, Any

from ..._ffi import ffi
from ...errors import InvalidStateError, NotSupportedError
from .. import atomic, keeping
from ..handle import Handle
from . import buffers

if sys.platform != "win32":
    import fcntl
    import select
if TYPE_CHECKING:
    from ..._ffi._types import Array

_call: Any = partial.__call__
_FLOCK = Struct("hhqqi4x")  # type, whence, start, length, pid


class Bell:
    """A pipe into which others put a byte; it closes when it goes."""

    __slots__ = ("_closing", "_descriptors", "_owner")

    def __init__(self) -> None:
        self._descriptors: list[int] = []
        self._closing = map(os.close, self._descriptors)
        self._owner = keeping.with_end(atomic.at_end(self._closing))
        make = starmap(os.pipe2, ((os.O_CLOEXEC | os.O_NONBLOCK,),))
        atomic.together(partial(self._descriptors.extend, chain.from_iterable(make)))

    @property
    def reader(self) -> int:
        """The descriptor to read from."""
        return self._descriptors[0]

    def close(self) -> None:
        """Close both ends; twice is fine."""
        for _ in self._closing:
            pass


class SharedBlock:
    """A block of shared memory, of the process that makes it.

    Parameters
    ----------
    name : str
        For people who look at ``/proc/PID/maps``.
    size : int
        Bytes, a multiple of `page_size`; all of them are there when it is made.

    Attributes
    ----------
    descriptor : int
    inode : int
    pixels : uint8_t[]
        All of it, writable; valid until it is closed.
    bell : Bell
        What others write to when they have let a slot go.
    """

    __slots__ = ("_file", "_memory", "bell", "bell_inode", "descriptor", "inode", "pixels")

    def __init__(self, name: str, size: int) -> None:
        require()
        if size > os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"):
            # The kernel would end processes to make room, and not say no.
            raise MemoryError(f"cannot share {size} bytes: this machine has less memory than that")
        if size > group_limit():
            raise MemoryError(f"cannot share {size} bytes: this container may have less than that")
        self._file = file = Handle()
        self.bell = Bell()
        try:
            _make(file, name)
            self.descriptor = file.descriptor
            os.fchmod(self.descriptor, 0o600)
            os.posix_fallocate(self.descriptor, 0, size)
            self._memory = mmap.mmap(self.descriptor, size)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.ENOMEM, errno.EFBIG):
                raise MemoryError(f"cannot share {size} bytes: {error.strerror}") from None
            raise
        self.inode = os.fstat(self.descriptor).st_ino
        self.bell_inode = os.fstat(self.bell.reader).st_ino
        self.pixels: Array[int] = buffers.export(self._memory, "shared memory", writable=True)
        self._try_out()

    def _try_out(self) -> None:
        """Raise NotSupportedError if others could not open it, or not lock it."""
        try:
            found = os.stat(_path(os.getpid(), self.descriptor)).st_ino
            self.is_locked(0)
        except OSError as error:
            raise NotSupportedError(f"SharedFrames cannot work here: {error}") from None
        if found != self.inode:
            raise NotSupportedError(
                "SharedFrames cannot work here: /proc is not that of this process's namespace"
            )

    def read(self, size: int, offset: int) -> bytes:
        """Return so many bytes from `offset` on."""
        return os.pread(self.descriptor, size, offset)

    def write(self, data: bytes, offset: int) -> None:
        """Put bytes there, all of them or, if this process ends, none."""
        os.pwrite(self.descriptor, data, offset)

    def lock(self, offset: int) -> bool:
        """Lock a byte, without waiting; return whether nobody else has it locked."""
        return _lock(self.descriptor, offset)

    def unlock(self, offset: int) -> None:
        """Unlock a byte."""
        fcntl.fcntl(self.descriptor, fcntl.F_OFD_SETLK, _flock(fcntl.F_UNLCK, offset))

    def is_locked(self, offset: int) -> bool:
        """Return whether somebody else, who may be in this process, has locked a byte."""
        wanted = _flock(fcntl.F_WRLCK, offset)
        found = fcntl.fcntl(self.descriptor, fcntl.F_OFD_GETLK, wanted)
        return bool(_FLOCK.unpack(found)[0] != fcntl.F_UNLCK)

    def give_away(self, offset: int, size: int) -> None:
        """Give the memory of a part back to the system, also if others have the rest."""
        self._memory.madvise(mmap.MADV_REMOVE, offset, size)

    def quieten(self) -> None:
        """Forget how often the bell was rung."""
        try:
            while len(os.read(self.bell.reader, 4096)) == 4096:
                pass
        except BlockingIOError:
            pass

    def wait(self, seconds: float) -> None:
        """Wait until the bell rings, or for so many seconds; Python hears signals meanwhile."""
        poll = select.poll()
        poll.register(self.bell.reader, select.POLLIN)
        poll.poll(max(0, seconds) * 1000)

    def close(self) -> None:
        """Let go of it; others keep what they have opened."""
        self.descriptor = -1  # so that a late user does not meet another file
        buffers.unexport(self.pixels)
        self._memory.close()
        self.bell.close()
        self._file.close()


def _make(file: Handle, name: str) -> None:
    """Make a file in memory without a name."""
    if hasattr(os, "memfd_create"):
        file.open_memory(name)
        return
    # A Python that was built for an older libc. What this makes has no name either.
    try:
        file.open("/dev/shm", os.O_TMPFILE | os.O_RDWR | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise NotSupportedError(
            f"SharedFrames cannot work here: this Python has no os.memfd_create, and {error}"
        ) from None


class OpenedSlot:
    """One slot, mapped into this process, not locked yet. What it holds goes with it.

    Parameters
    ----------
    pid, descriptor, inode : int
        Of the block's owner, its descriptor, and the file's number.
    offset : int
        Of the slot.

    Raises
    ------
    InvalidStateError
        There is no such block any more, or this process may not open it.
    """

    __slots__ = ("_bell", "_file", "_offset", "_pid", "descriptor", "memory")

    def __init__(self, pid: int, descriptor: int, inode: int, offset: int) -> None:
        self._pid, self._offset = pid, offset
        self._file = Handle()
        self._bell = Handle()
        self.memory: Any = None
        self._reopen(self._file, descriptor, inode)
        self.descriptor = self._file.descriptor
        self._require(0)

    def _require(self, size: int) -> None:
        """Raise InvalidStateError if so many bytes of the slot are not in the file."""
        if os.fstat(self.descriptor).st_size < self._offset + size:
            raise gone(self._pid)

    def _reopen(self, handle: Handle, descriptor: int, inode: int) -> None:
        path = _path(self._pid, descriptor)
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY
        try:
            # Looked at first: what has the number now may be a device that minds being opened.
            found = os.stat(path)
            if found.st_ino != inode:
                raise FileNotFoundError
            if found.st_uid != os.geteuid():  # what is said of a frame is a pickle, which is code
                raise PermissionError(errno.EPERM, "it is another user's")
            handle.open(path, flags)
            if os.fstat(handle.descriptor).st_ino != inode:
                raise FileNotFoundError
        except (FileNotFoundError, ProcessLookupError, NotADirectoryError):
            raise gone(self._pid) from None
        except PermissionError as error:
            raise InvalidStateError(
                f"this process may not open the memory of process {self._pid}, which has put the "
                f"frame: {error.strerror}; both must be of one user, and have been from their start"
            ) from None

    def read(self, size: int, offset: int = 0) -> bytes:
        """Return so many bytes of the slot."""
        return os.pread(self.descriptor, size, self._offset + offset)

    def write(self, data: bytes, offset: int) -> None:
        """Put bytes into the slot."""
        os.pwrite(self.descriptor, data, self._offset + offset)

    def map(self, size: int, bell: int, bell_inode: int) -> None:
        """Map the slot, of `size` bytes, and open the bell to ring when it is let go."""
        self._require(size)
        self._reopen(self._bell, bell, bell_inode)
        self.memory = mmap.mmap(
            self.descriptor, size, mmap.MAP_SHARED, mmap.PROT_READ, offset=self._offset
        )

    def lock(self) -> bool:
        """Lock the slot, until the last user of its memory is gone; return False if somebody else
        has.
        """
        return _lock(self.descriptor, self._offset)

    def export(self) -> Array[int]:
        """Return the memory for `buffers.lend`; when that goes, the slot is unmapped, with that
        unlocked, and the bell rung, in this order.
        """
        memory, bell = self.memory, self._bell
        exported: Array[int] = buffers.export(memory, "a slot")
        # It does not raise when the pipe is full, as os.write does; then it rings anyhow.
        ring = FileIO(bell.descriptor, "wb", closefd=False).write
        # The last step does nothing: it holds the bell until it was rung.
        steps = (
            partial(ffi.release, exported),
            partial(memory.close),
            partial(ring, b"\0"),
            partial(id, bell),
        )
        shown: Array[int] = ffi.gc(exported, atomic.at_end(map(_call, steps)))
        self.memory = None
        self._file.close()  # the map holds it, and so the lock
        return shown


def require() -> None:
    """Raise NotSupportedError if this system lacks what sharing is made of."""
    if not sys.platform.startswith("linux") or not hasattr(fcntl, "F_OFD_SETLK"):
        raise NotSupportedError(
            f"SharedFrames needs Linux: {sys.platform} has no memory without a name whose locks go "
            "with the process; send frames, or references to frames"
        )


def group_limit(groups: str = "/proc/self/cgroup", root: str = "/sys/fs/cgroup") -> float:
    """Return how many bytes of memory the kernel lets this process's control group have."""
    least = inf
    with suppress(OSError, ValueError), open(groups, "rb") as file:
        for line in file:
            _, kinds, path = os.fsdecode(line).rstrip("\n").split(":", 2)
            if kinds and "memory" not in kinds.split(","):
                continue
            base, name = (
                (f"{root}/memory", "memory.limit_in_bytes") if kinds else (root, "memory.max")
            )
            parts = path.strip("/").split("/")
            for count in range(len(parts) + 1):  # a group has no more than those that it is in
                least = min(least, _number_in("/".join((base, *parts[:count], name))))
    return least


def _number_in(path: str) -> float:
    try:
        with open(path, "rb") as file:
            return int(file.read())
    except (OSError, ValueError):  # there is none, or it says "max"
        return inf


def place() -> tuple[int, int]:
    """Return numbers that say which machine this is, since when, and in which namespaces of the
    kernel.

    Raises
    ------
    NotSupportedError
        There is no /proc.
    """
    try:
        return _machine(), _namespaces(os.getpid())
    except OSError as error:
        raise NotSupportedError(f"SharedFrames needs /proc: {error}") from None


@cache
def _machine() -> int:
    from zlib import crc32

    with open("/proc/sys/kernel/random/boot_id", "rb") as file:
        return crc32(file.read())


@lru_cache(maxsize=1)
def _namespaces(pid: int) -> int:
    """Return a checksum of those that numbers of processes, and the clock, are of."""
    from zlib import crc32

    found = 0
    for name in ("pid", "time"):
        with suppress(FileNotFoundError):  # Linux 5.6 knows that of the clock
            # /proc may be of a namespace in which this process has another number.
            found = crc32(b"%d" % os.stat(f"/proc/self/ns/{name}").st_ino, found)
    return found


def started(pid: int) -> int | None:
    """Return when a process was started, in the kernel's ticks; None if there is no such
    process.
    """
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            # Behind its name, in which anything may stand.
            return int(file.read().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return None


@lru_cache(maxsize=1)
def own_start(pid: int) -> int:
    """Return when this process, whose number is `pid`, was started."""
    return started(pid) or 0


def gone(pid: int) -> InvalidStateError:
    """Return the error for a block that is not there any more."""
    return InvalidStateError(
        f"the frame is gone: the SharedFrames it was put into is closed, or its process, {pid}, "
        "has ended; keep it open until all tickets are opened (SharedFrames.wait)"
    )


def page_size() -> int:
    """Return what sizes and places of maps are multiples of."""
    return mmap.ALLOCATIONGRANULARITY


def now() -> float:
    """Return the machine's monotonic clock, in seconds."""
    return time.monotonic()


def _path(pid: int, descriptor: int) -> str:
    return f"/proc/{pid}/fd/{descriptor}"


def _flock(kind: int, offset: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, offset, 1, 0)


def _lock(descriptor: int, offset: int) -> bool:
    try:
        fcntl.fcntl(descriptor, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK, offset))
    except OSError as error:
        if error.errno in (errno.EAGAIN, errno.EACCES):
            return False
        raise
    return True
