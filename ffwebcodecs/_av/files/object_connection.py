"""An input that is somebody's file object."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..._ffi import avformat
from ...errors import InvalidStateError
from .connection import Connection
from .custom_input import CustomInput
from .interrupt import watch
from .object_reader import ObjectReader

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVPacket

# Begin the names of formats that go to places of which their index tells. Others look for them
# from the end, and go astray where nobody knows it.
_BY_PLACE = ("mov", "matroska", "avi")


class ObjectConnection(Connection):
    """A file object, called in the thread that calls libavformat, and in no other.

    Nothing of this input can be used from inside of the object's functions: libavformat is in the
    middle of something then.
    """

    __slots__ = (
        *("_cursor", "_custom", "_file", "_is_careful", "_read_frame", "_reader"),
        *("inside", "opens_again", "read_at"),
    )

    def __init__(self, shown: str, timeout: float | None, reader: ObjectReader) -> None:
        self._reader, self._file = reader, reader.file
        self.inside: Any = reader.file.inside
        self.read_at: Callable[[int, int], bytes] | None = None
        self.opens_again = reader.can_seek
        if self.opens_again:
            self.read_at = reader.read_at
        self._cursor = reader.cursor()
        self._custom = CustomInput(self._cursor, reader.buffer_size)
        super().__init__(shown, timeout)
        self._cursor.timeout = timeout
        self._is_careful = timeout is not None  # whether there is something to look at first
        self._read_frame: Callable[..., int] = avformat.av_read_frame
        watch(self)

    def _prepare(self, ptr: AVFormatContext) -> tuple[Any, ...]:
        super()._prepare(ptr)
        return self._custom.attach(ptr)

    def begin(self) -> None:
        self.refuse_inside()
        if self._file.is_broken:
            self.stop()
        super().begin()
        self._cursor.until = self._until

    def suit(self, format: str) -> None:
        reader = self._reader
        if reader.can_seek and not format.startswith(_BY_PLACE) and reader.size() is None:
            self.context.pb.seekable = 0

    def refuse_inside(self) -> None:
        if self.inside._is_owned():
            raise InvalidStateError(
                f"{self.shown} is being read: its own functions cannot use, or close, what reads it"
            )

    def _made(self, *arguments: Any, function: Callable[..., int]) -> int:
        self.refuse_inside()
        with self.inside:
            try:
                code = function(*arguments)
            finally:
                # Also if the function raised: it went by what came until the object broke off.
                del arguments
                self._raise_kept()
        if code < 0 and self._stop.stopped:
            raise self._broken_off()
        return code

    def read(self, context: AVFormatContext, ptr: AVPacket) -> int:
        # As `begin` and `_made`, in fewer steps: once a packet.
        del context
        if self._is_careful:
            self.begin()
        inside = self.inside
        if inside._is_owned():
            self.refuse_inside()
        with inside:
            try:
                code = self._read_frame(self.context, ptr)
            finally:
                del ptr
                if self._custom.error is not None:
                    self._raise_kept()
        if code < 0 and self._stop.stopped:
            raise self._broken_off()
        return code

    def _raise_kept(self) -> None:
        try:
            self._custom.raise_kept()
        except BaseException:
            self.stop()  # for the next time
            raise

    def stop(self) -> None:
        super().stop()
        self._cursor.is_stopped = self._is_careful = True

    @property
    def reads_directly(self) -> bool:
        return False

    def close(self, wait: bool = True) -> None:
        self._custom.forget()
        self.stop()
        super().close()
