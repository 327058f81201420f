"""Where decoding may begin in an APNG.

FFmpeg's demuxer calls each picture that covers all and is cleared after it a key frame, also one
that is laid over what is there, and its decoder (5.1 to 9.0) lays no key frame over anything. It
calls those key frames too that leave behind what was there before them, which who begins there
does not know. And the first picture is none where it is laid over what is there: nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, ffi
from ..._spec.images.apng_control import SIZE, is_beginning

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVPacket
    from .stream_info import StreamInfo

CODEC = "apng"


class ApngKeys:
    """Reads an APNG; the flags of its packets say what is so.

    Parameters
    ----------
    info : StreamInfo
        The video.
    read : callable
        ``av_read_frame``, or what waits for it.
    """

    __slots__ = ("_read", "_size")

    def __init__(self, info: StreamInfo, read: Callable[[Any, AVPacket], int]) -> None:
        self._size = info.width, info.height
        self._read = read

    def read(self, context: AVFormatContext, ptr: AVPacket) -> int:
        """Read a packet, as ``av_read_frame`` does."""
        code = self._read(context, ptr)
        if code >= 0 and ptr.size >= SIZE:
            begins = is_beginning(bytes(ffi.buffer(ptr.data, SIZE)), *self._size)
            if begins is not None:
                rest = ptr.flags & ~avcodec.AV_PKT_FLAG_KEY
                ptr.flags = rest | avcodec.AV_PKT_FLAG_KEY * begins
        return code
