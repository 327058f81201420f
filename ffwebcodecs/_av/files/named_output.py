"""The AVIOContext of a file that FFmpeg opens by its name, and may go back in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import avformat, ffi

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVIOContext, Pointer


class NamedOutput:
    """It is closed after the context is freed, and apart from it, for that needs no Python
    function. Without a trailer what lies in it then is nobody's.
    """

    __slots__ = ("_box", "_holders")

    def __init__(self) -> None:
        self._box: Pointer[AVIOContext] = ffi.new("AVIOContext **")
        self._holders: tuple[Any, ...] = (ffi.gc(self._box, avformat.avio_closep),)

    def holders(self) -> tuple[Any, ...]:
        """Return its owner, once: nothing else may have it, for it is freed after the context."""
        holders, self._holders = self._holders, ()
        return holders

    def open(self, context: AVFormatContext, url: bytes, asking: Any) -> int:
        """Open it for a context, which lets `asking`, an AVIOInterruptCB, end its waits; return
        FFmpeg's code.
        """
        write = avformat.AVIO_FLAG_WRITE
        code: int = avformat.avio_open2(self._box, url, write, asking, ffi.NULL)
        context.pb = self._box[0]
        return code

    def close(self, context: AVFormatContext) -> int:
        """Close it after the trailer; return FFmpeg's code."""
        context.pb = ffi.NULL
        code: int = avformat.avio_closep(self._box)
        return code

    def raise_kept(self) -> None:
        """There is nothing to raise: FFmpeg writes itself."""

    def forget(self) -> None:
        """There is nothing to give up."""
