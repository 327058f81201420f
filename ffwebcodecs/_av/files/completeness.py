"""Whether all came that a file says is in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import avcodec, avformat
from ..._spec.files.stated_size import is_whole, missing
from .. import releases
from ..codecs.packet import NOPTS
from .limits import look
from .stream_info import NO_VIDEO

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVPacket
    from .connection import Connection
    from .source import InputFile
    from .stamps import Stamper
    from .stream_info import StreamInfo

_ALL = 2**63 - 1
_DELAYED = 4  # pictures
_FIELDS = 2  # of a picture
_UNKNOWN = 1 << 30  # what FFmpeg writes for the frames of an AVI that it cannot come back to


class Came:
    """The packets of the video that have come so far, as far as that matters at the end."""

    __slots__ = ("_count", "_flags", "_last")

    def __init__(self) -> None:
        self._count: int | None = 0  # None after a seek
        self._last = NOPTS  # decoding time of the last one, in ticks
        self._flags = 0  # of the last one

    def note(self, ptr: AVPacket) -> None:
        """Note a packet."""
        self._last, self._flags = ptr.dts, ptr.flags
        if self._count is not None:
            self._count += 1

    def note_more(self, count: int, last: int, flags: int) -> None:
        """Note some packets: how many, decoding time and flags of the last one."""
        self._last, self._flags = last, flags
        if self._count is not None:
            self._count += count

    def note_all(self, count: int, last: int, flags: int) -> None:
        """Note all packets of a file at once: their number, decoding time and flags of the last."""
        self._count, self._last, self._flags = count, last, flags

    def forget(self) -> None:
        """Note that reading goes on elsewhere."""
        self._count, self._last = None, NOPTS

    @property
    def _is_cut_off(self) -> bool:
        """Whether the last packet is damaged, as FFmpeg says of one that the input ends in."""
        return bool(self._flags & avcodec.AV_PKT_FLAG_CORRUPT)

    def shortfall(
        self,
        connection: Connection,
        info: StreamInfo,
        source: InputFile,
        less: int,
        stamper: Stamper | None,
    ) -> str | None:
        """Return what is missing at the end of an input, in words with both numbers; None if
        nothing is, or the input does not say.

        Parameters
        ----------
        connection : Connection
            At its end.
        info : StreamInfo
        source : InputFile
        less : int
            How many of the packets are not whole.
        stamper : Stamper or None
            What has changed their times.
        """
        last = self._last
        if stamper is not None and last != NOPTS and info.format_name.startswith("mov,"):
            last += stamper.moved
        found = _frames(connection.context, info, last, self._count)
        if found is not None:
            if info.format_name == "avi" and look(source, connection.read_at, is_whole):
                return None
            stated, came = found
            return f"{source.shown} ends early: it states {stated} frames, {came - less} came"
        sizes = look(source, connection.read_at, missing)
        if source.is_remote and releases.http_ends_in_silence():
            sizes = _of_connection(connection)
        if sizes is None:
            return None
        if info.format_name == "flv" and not (self._is_cut_off or _is_short(info, self._last)):
            return None
        stated, came = sizes
        return f"{source.shown} ends early: it states {stated} bytes, and has {came}"


def _of_connection(connection: Connection) -> tuple[int, int] | None:
    """Return how many bytes the server has announced, and how many came before the connection
    ended, if those are fewer.
    """
    found: list[int] = []
    connection.call(_where, found)
    stated, came = found
    return (stated, came) if came < stated else None


def _where(context: AVFormatContext, found: list[int]) -> int:
    pb = context.pb
    if pb and pb.eof_reached:
        found += [avformat.avio_seek(pb, 0, avformat.AVSEEK_SIZE), pb.pos]
    else:  # the demuxer ends before the film does
        found += [0, 0]
    return 0


def _frames(
    context: AVFormatContext, info: StreamInfo, last: int, count: int | None
) -> tuple[int, int] | None:
    """Return stated and come frames, if fewer came.

    Of MP4 the index tells: its header also counts what edit lists leave out. AVI counts pictures
    without bytes, which repeat the one before and do not come; so its clock tells, which is behind
    where pictures are reordered. Such ones stand at the end too, where the last picture is held.
    """
    if info.index == NO_VIDEO:
        return None
    stated, came = info.frame_count, count
    name = info.format_name
    if name.startswith("mov,"):
        search, stream = avformat.av_index_search_timestamp, context.streams[info.index]
        anywhere = avformat.AVSEEK_FLAG_ANY | avformat.AVSEEK_FLAG_BACKWARD
        stated = search(stream, _ALL, anywhere) + 1
        came = 0 if last == NOPTS else search(stream, last, anywhere) + 1
    elif name == "avi" and stated and last != NOPTS:
        # H.264 is often counted in fields, two for each picture.
        ticks = _FIELDS if count is None or count < 2 else max(1, round(last / (count - 1)))
        if last + _DELAYED * ticks >= stated or stated >= _UNKNOWN:
            return None
        came = last + 1 if count is None else count
    elif name not in ("avi", "gif"):
        return None
    if not stated or came is None or came >= stated:
        return None
    return stated, came


def _is_short(info: StreamInfo, last: int) -> bool:
    """Whether the last packet is well before the end that the header states: what FLV says of its
    size is often that of another file.
    """
    if info.duration is None or last == NOPTS:
        return True
    numerator, denominator = info.time_base
    reached = last * 1_000_000 * numerator // denominator - (info.start_time or 0)
    return reached + 250_000 < info.duration
