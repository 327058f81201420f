"""AVIOContext over a reader in Python: libavformat's bytes come from an object of ours.

libavformat calls read and seek in the thread that called libavformat, and in no other, so the
reader needs no lock of its own. What the reader raises cannot pass through C: it is kept, the call
is told to end, and its caller raises it (`raise_kept`) whatever the call returned, for
``avformat_find_stream_info`` says that all is well, and a seek goes on somewhere else. An interrupt
is no exception to that: Python runs signal handlers in here when this is the main thread.

After that the input stays broken: packets would be missing in silence.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from ... import _ffi
from ..._ffi import avformat, avutil, ffi
from .. import atomic, averror
from .callee import Callee

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, Pointer

_SIZE = 1 << 16  # bytes: more at a time costs slow sources more than it gives
_AVSEEK_SIZE = 0x10000
_READ = "int(void *, uint8_t *, int)"
_SEEK = "int64_t(void *, int64_t, int)"


class Reader(Protocol):
    """Where the bytes come from. It may have ``seek(offset, whence) -> int`` and ``size() -> int``
    as well, of which the one returns a negative code for where it cannot go, and the other None if
    it does not know.
    """

    def readinto(self, buffer: Any) -> int:
        """Fill the start of a writable buffer, which must not be kept; return how many bytes, 0 at
        the end.
        """


class CustomInput(Callee):
    """The AVIOContext of one reader, which is asked for up to `size` bytes at a time, or for more
    where a packet is longer.

    Attributes
    ----------
    error : BaseException or None
        What the reader raised since the last `raise_kept`.
    holders : tuple
        Owners of its native parts. They are freed from the last to the first, once the format
        context is.
    """

    __slots__ = ("_in_use", "_reader", "holders")

    def __init__(self, reader: Reader, size: int = _SIZE) -> None:
        self._reader: Any = reader
        super().__init__()
        handle = ffi.new_handle(self)
        self._in_use = {handle: None}
        # FFmpeg has the handle, so that lives as long. Its destructor is no Python function.
        kept = ffi.gc(handle, self._in_use.pop)
        box = ffi.gc(ffi.new("AVIOContext **"), avformat.avio_context_free)
        memory = ffi.gc(ffi.new("unsigned char **"), avutil.av_freep)
        atomic.fill(memory, avutil.av_malloc, size)
        averror.check_pointer(memory[0], "cannot open")
        read = _ffi.make_callback("ffwc_read", _READ, _read, averror.EXIT, keep)
        seek = ffi.NULL
        if hasattr(reader, "seek"):
            seek = seek_callback()
        read, seek = ffi.cast("void *", read), ffi.cast("void *", seek)
        make = avformat.avio_alloc_context
        atomic.fill(box, make, memory[0], size, 0, handle, read, ffi.NULL, seek)
        averror.check_pointer(box[0], "cannot open")
        # Probing may put another buffer in this one's place, so what is freed is the field's.
        memory[0] = ffi.NULL
        field = ffi.cast("void *", ffi.addressof(box[0], "buffer"))
        self.holders: tuple[Any, ...] = kept, box, ffi.gc(field, avutil.av_freep)

    def attach(self, context: AVFormatContext) -> tuple[Any, ...]:
        """Make a context that is not open yet read from here; return the holders, now the
        caller's.
        """
        holders, self.holders = self.holders, ()
        box: Pointer[Any] = holders[1]
        # Opening says so too. Before that, closing would take it for one of FFmpeg's own.
        context.flags |= avformat.AVFMT_FLAG_CUSTOM_IO
        context.pb = box[0]
        return holders

    @property
    def in_use(self) -> bool:
        """Whether FFmpeg may still read from it."""
        return bool(self._in_use)

    def _fill(self, buffer: Any) -> int:
        if self._broken:
            return averror.EXIT
        got = self._reader.readinto(buffer)
        if got is None:
            raise BlockingIOError("a file that does not block has nothing to read yet")
        if not 0 <= got <= len(buffer):
            raise OSError(f"a reader said that it filled {got} of {len(buffer)} bytes")
        filled: int = got or averror.EOF  # after a mere 0, FFmpeg would ask again for ever
        return filled

    def _move(self, offset: int, whence: int) -> int:
        if self._broken:
            return averror.EXIT
        if whence & _AVSEEK_SIZE:
            size = getattr(self._reader, "size", None)
            whole: int | None = None if size is None else size()
            unknown: int = avutil.AVERROR_ENOSYS
            return unknown if whole is None else whole
        place: int = self._reader.seek(offset, whence & (os.SEEK_SET | os.SEEK_CUR | os.SEEK_END))
        return place


def _read(opaque: Any, data: Pointer[int], size: int) -> int:
    try:
        filled: int = ffi.from_handle(opaque)._fill(ffi.buffer(data, size))
        return filled
    except BaseException as error:  # an interrupt above all
        ffi.from_handle(opaque)._keep(error)
        return averror.EXIT


def seek_callback() -> Any:
    """Return the one function by which libavformat moves in what an object of ours is the handle
    of: it calls the object's ``_move``.
    """
    return _ffi.make_callback("ffwc_seek", _SEEK, _seek, averror.EXIT, keep)


def _seek(opaque: Any, offset: int, whence: int) -> int:
    try:
        place: int = ffi.from_handle(opaque)._move(offset, whence)
        return place
    except BaseException as error:
        ffi.from_handle(opaque)._keep(error)
        return averror.EXIT


def keep(_: type[BaseException], error: BaseException, trace: Any) -> None:
    """Keep what was raised before, or after, a callback could see to it: an interrupt."""
    while trace is not None:
        opaque = trace.tb_frame.f_locals.get("opaque")
        if opaque is not None:
            ffi.from_handle(opaque)._keep(error)
            return
        trace = trace.tb_next
