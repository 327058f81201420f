"""Where reading goes on: seeks by time, by byte, to the beginning, as FFmpeg does them.

Where they lead is not what was asked for, in most containers: `landing` looks at it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..._ffi import avformat
from .. import releases
from . import limits

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext
    from .connection import Connection
    from .source import InputFile
    from .stream_info import StreamInfo

# Microseconds before the first frame: before all that a file may hide there, and far from where
# demuxers count wrong.
_LONG_BEFORE = 1_000_000_000
# Their packets say by themselves where they belong, so that byte 0 is a place like any other.
_BY_BYTE = {"mpeg", "mpegts"}
# Streams without a container whose packets FFmpeg counts by what it has parsed of them so far: a
# seek leads to the right one under another time. (The others say so by themselves.)
_PARSED = {"mpegvideo", "m4v", "h261", "h263", "mjpeg", "ipu", "dirac", "dnxhd", "vc1"} | {
    *("cavsvideo", "avs2", "avs3", "evc", "h264", "hevc", "vvc", "obu"),
}


def go_to(connection: Connection, info: StreamInfo, timestamp: int) -> int:
    """Go to about the last key frame at or before `timestamp` microseconds; return FFmpeg's
    code.
    """
    code = connection.call(_go_back)
    if code < 0:
        return code
    index, target = info.index, tick(timestamp, info.time_base)
    code = connection.call(avformat.avformat_seek_file, index, -(2**63), target, target, 0)
    if code < 0:
        # Formats without an index take only this one.
        back = avformat.AVSEEK_FLAG_BACKWARD
        code = connection.call(avformat.av_seek_frame, index, target, back)
    return code


def go_to_beginning(connection: Connection, info: StreamInfo) -> int:
    """Go to the first packet; return FFmpeg's code."""
    call, seek_frame = connection.call, avformat.av_seek_frame
    back, by_byte = avformat.AVSEEK_FLAG_BACKWARD, avformat.AVSEEK_FLAG_BYTE
    code = call(_go_back)
    if code < 0:
        return code
    if info.format_name in _BY_BYTE and call(seek_frame, info.index, 0, by_byte) >= 0:
        return 0
    start = info.start_time or 0
    for target in (start - _LONG_BEFORE, start):
        code = call(seek_frame, info.index, tick(target, info.time_base), back)
        if code >= 0:
            return code
    return call(_go_back) or call(seek_frame, info.index, 0, by_byte)


class Seekability:
    """How an input is gone to.

    Attributes
    ----------
    goes_back : bool
        It can go to any place again.
    counts : bool
        What lies behind the beginning can be read from there only: times are counted because the
        stream has none, or only its index, or seeks lead to nothing.
    reopens : bool
        The beginning can be gone to by opening it again only.
    opens_again : bool
        It is there for longer than until it has been read.
    has_index : bool
        There is an index of all key packets.
    """

    __slots__ = ("counts", "goes_back", "has_index", "opens_again", "reopens")

    def __init__(self, connection: Connection, info: StreamInfo, source: InputFile) -> None:
        context = connection.context
        pb = context.pb
        fixed = context.ctx_flags & avformat.AVFMTCTX_UNSEEKABLE
        normal = not pb or pb.seekable & avformat.AVIO_SEEKABLE_NORMAL
        self.goes_back = bool(normal and not fixed)
        self.opens_again = self.goes_back and connection.opens_again
        name = info.format_name
        is_parsed = name in _PARSED
        self.counts = is_parsed or bool(context.iformat.flags & avformat.AVFMT_NOTIMESTAMPS)
        if name == "avi":
            from ..._spec.files import riff

            # FFmpeg makes an index of what it comes by, and miscounts where chunks are empty.
            if limits.look(source, connection.read_at, riff.has_index) is False:
                self.counts = True
        # A tag of four letters is MP4's, MPEG-TS has a byte.
        in_fragments = name.startswith("hls") and info.codec_tag >= 1 << 24
        self.reopens = is_parsed and self.opens_again
        if name.startswith("hls"):
            self.reopens = not releases.hls_goes_to_its_beginning()
        if in_fragments and not releases.hls_fragments_seek():
            self.counts = self.reopens = True
        # Fragmented files have none, and state no number of frames either.
        is_whole = name.startswith("mov") and info.frame_count is not None
        self.has_index = is_whole or name.startswith("matroska")


def jump(connection: Connection, info: StreamInfo, place: int, by_byte: bool) -> int:
    """Go to about a time in microseconds, or a byte, and to nowhere else; return FFmpeg's code."""
    code = connection.call(_go_back)
    if code < 0:
        return code
    flags, target = avformat.AVSEEK_FLAG_BACKWARD, tick(place, info.time_base)
    if by_byte:
        flags, target = avformat.AVSEEK_FLAG_BYTE, place
    return connection.call(avformat.av_seek_frame, info.index, target, flags)


def jump_in(connection: Connection, stream: int, place: int) -> int:
    """Go to about a tick of one stream's clock; return FFmpeg's code."""
    code = connection.call(_go_back)
    if code < 0:
        return code
    return connection.call(avformat.av_seek_frame, stream, place, avformat.AVSEEK_FLAG_BACKWARD)


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
