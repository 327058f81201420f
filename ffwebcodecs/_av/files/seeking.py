"""Where reading goes on: seeks by time, by byte, to the beginning."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..._ffi import avformat

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext
    from .connection import Connection
    from .stream_info import StreamInfo


def go_to(connection: Connection, info: StreamInfo, timestamp: int) -> tuple[int, int]:
    """Go to about the last key frame at or before `timestamp` microseconds; return FFmpeg's code
    and the time that a stream without times counts on from.
    """
    call, seek_frame = connection.call, avformat.av_seek_frame
    index = info.index
    target = tick(timestamp, info.time_base)
    code = call(_go_back)
    if code < 0:
        return code, timestamp
    code = call(avformat.avformat_seek_file, index, -(2**63), target, target, 0)
    if code < 0:
        # Nothing at or before: go to the start; formats without an index take only this one.
        code = call(seek_frame, index, target, avformat.AVSEEK_FLAG_BACKWARD)
    if code < 0 and info.start_time is not None:
        start = tick(info.start_time, info.time_base)
        code = call(seek_frame, index, start, avformat.AVSEEK_FLAG_BACKWARD)
    if code < 0:
        # Raw streams have bytes only. Their first frame is before all others.
        code = call(_go_back) or call(seek_frame, index, 0, avformat.AVSEEK_FLAG_BYTE)
        timestamp = 0
    return code, timestamp


def jump(connection: Connection, info: StreamInfo, place: int, by_byte: bool) -> int:
    """Go to about a time in microseconds, or a byte, and to nowhere else; return FFmpeg's code."""
    code = connection.call(_go_back)
    if code < 0:
        return code
    flags, target = avformat.AVSEEK_FLAG_BACKWARD, tick(place, info.time_base)
    if by_byte:
        flags, target = avformat.AVSEEK_FLAG_BYTE, place
    return connection.call(avformat.av_seek_frame, info.index, target, flags)


def tick(timestamp: int, time_base: tuple[int, int]) -> int:
    """Return the last tick of a stream's clock that is `timestamp` in microseconds, rounded, or
    before it.
    """
    numerator, denominator = time_base
    result = ((2 * timestamp + 1) * denominator - 1) // (2000000 * numerator)
    return max(-(2**62), min(result, 2**62))


def _go_back(context: AVFormatContext) -> int:
    """Go to the first byte, where not every byte can be gone to: what FFmpeg tries on a pipe loses
    what it has read of it, and some of that says that it has worked.
    """
    pb = context.pb
    if not pb or pb.seekable & avformat.AVIO_SEEKABLE_NORMAL:
        return 0
    place: int = avformat.avio_seek(pb, 0, os.SEEK_SET)
    return min(0, place)
