"""AVIOContext over memory of ours: libavformat's bytes are gathered until somebody takes them.

libavformat cannot be let into somebody's file object: it calls a writer in the middle of its work,
where an exception cannot pass, where the object could call the same muxer again, and with buffers
that are not to be kept. So what it writes is gathered here, and whoever cuts the fragments gives
them to the object, as bytes, once libavformat has returned.

To libavformat this is no file that can be sought in: it writes no index that it would complete
later. What was written since bytes were last taken can still be changed, though. Old and new
releases complete the sizes of boxes so, and lose that where their own buffer is smaller.

What a signal handler raises while libavformat calls is kept, and raised by who called libavformat.
After that the output stays broken: bytes would be missing in silence.
"""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING, Any

from ... import _ffi
from ..._ffi import avformat, avutil, ffi
from .. import atomic, averror
from .callee import Callee
from .custom_input import keep, seek_callback

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVIOContext, Pointer

_SIZE = 1 << 16
_AVSEEK_SIZE = 0x10000
_WRITE = "int(void *, const uint8_t *, int)"


class CustomOutput(Callee):
    """The AVIOContext whose bytes are gathered."""

    __slots__ = ("_data", "_holders", "_in_use", "_pb", "_place", "_taken")

    def __init__(self) -> None:
        self._data = bytearray()
        self._taken = 0  # bytes before those in `_data`
        self._place = 0  # in `_data`, of what is written next
        super().__init__()
        handle = ffi.new_handle(self)
        self._in_use = {handle: None}
        # FFmpeg has the handle, so that lives as long. Its destructor is no Python function.
        kept = ffi.gc(handle, self._in_use.pop)
        box: Pointer[AVIOContext] = ffi.gc(ffi.new("AVIOContext **"), avformat.avio_context_free)
        memory = ffi.gc(ffi.new("unsigned char **"), avutil.av_freep)
        atomic.fill(memory, avutil.av_malloc, _SIZE)
        averror.check_pointer(memory[0], "cannot write")
        write = _ffi.make_callback("ffwc_write", _WRITE, _write, averror.EXIT, keep)
        write, seek = ffi.cast("void *", write), ffi.cast("void *", seek_callback())
        make = avformat.avio_alloc_context
        atomic.fill(box, make, memory[0], _SIZE, 1, handle, ffi.NULL, write, seek)
        averror.check_pointer(box[0], "cannot write")
        # Others may put another buffer in this one's place, so what is freed is the field's.
        memory[0] = ffi.NULL
        field = ffi.cast("void *", ffi.addressof(box[0], "buffer"))
        self._pb: AVIOContext = box[0]
        self._holders: tuple[Any, ...] = kept, box, ffi.gc(field, avutil.av_freep)

    def holders(self) -> tuple[Any, ...]:
        """Return the owners of its native parts, once: nothing else may have them, for they are
        freed from the last to the first, once the format context is.
        """
        holders, self._holders = self._holders, ()
        return holders

    def attach(self, context: AVFormatContext) -> None:
        """Make a context that is not begun yet write here."""
        self._pb.seekable = 0
        context.flags |= avformat.AVFMT_FLAG_CUSTOM_IO
        context.pb = self._pb

    def close(self, context: AVFormatContext) -> int:
        """Gather the last bytes after the trailer; return FFmpeg's code."""
        avformat.avio_flush(context.pb)
        code: int = context.pb.error
        return code

    def take(self) -> bytes:
        """Return what was written since the last time, once libavformat has flushed it."""
        data = bytes(self._data)
        self._taken += len(data)
        self._data = bytearray()
        self._place = 0
        return data

    def _store(self, data: Any) -> int:
        if self._broken:
            return averror.EXIT
        stop = self._place + len(data)
        self._data[self._place : stop] = data
        self._place = stop
        return len(data)

    def _move(self, offset: int, whence: int) -> int:
        if self._broken:
            return averror.EXIT
        end = self._taken + len(self._data)
        if whence & _AVSEEK_SIZE:
            return end
        kind = whence & (os.SEEK_SET | os.SEEK_CUR | os.SEEK_END)
        place = offset + {0: 0, 1: self._taken + self._place, 2: end}[kind]
        if not self._taken <= place <= end:
            raise OSError(
                errno.ESPIPE, f"byte {place} cannot be changed: {self._taken} are written for good"
            )
        self._place = place - self._taken
        return place


def _write(opaque: Any, data: Pointer[int], size: int) -> int:
    try:
        stored: int = ffi.from_handle(opaque)._store(ffi.buffer(data, size))
        return stored
    except BaseException as error:  # an interrupt above all
        ffi.from_handle(opaque)._keep(error)
        return averror.EXIT
