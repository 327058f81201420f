"""AVFormatContext: files opened, streams described, packets read."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, avformat, avutil, ffi
from ...errors import (
    EncodingError,
    InvalidStateError,
    NotSupportedError,
)
from .. import atomic, averror, forked, releases
from ..codecs import packet
from ..codecs.parameters import StreamParameters
from . import chapters, limits
from .chapters import Chapter
from .confinement import Confinement
from .connection import (
    Connection,
    PipeConnection,
    RemoteConnection,
    RemotePipeConnection,
    StartHelper,
)
from .input import Preparation
from .opening import DEFAULT, Opening
from .pipe_reader import open_pipe
from .source import InputFile
from .streams import CopiedStream, read_tags

if TYPE_CHECKING:
    from ..._ffi._types import (
        AVCodecParameters,
        AVFormatContext,
        AVPacket,
        AVRational,
        AVStream,
    )

NOPTS = packet.NOPTS
_DEFAULT_STEP = 40000  # microseconds from picture to picture, if the file does not tell


class StreamInfo:
    """What the container says about the chosen video stream, in FFmpeg's numbers and our
    microseconds.
    """

    __slots__ = (
        "codec",
        "codec_tag",
        "color",
        "display_matrix",
        "duration",
        "extradata",
        "format_name",
        "frame_count",
        "frame_rate",
        "height",
        "index",
        "level",
        "parameters",
        "pix_fmt",
        "profile",
        "sar",
        "start_time",
        "time_base",
        "width",
    )
    codec: str
    codec_tag: int
    color: tuple[int, int, int, int]
    display_matrix: tuple[int, ...] | None
    duration: int | None
    extradata: bytes
    format_name: str
    frame_count: int | None
    frame_rate: tuple[int, int]
    height: int
    index: int
    level: int
    parameters: StreamParameters
    pix_fmt: int
    profile: int
    sar: tuple[int, int]
    start_time: int | None
    time_base: tuple[int, int]
    width: int

    @property
    def rate(self) -> float | None:
        """Average frames per second, None if FFmpeg cannot tell."""
        numerator, denominator = self.frame_rate
        return numerator / denominator if numerator > 0 and denominator > 0 else None


class DemuxerCore:
    """One open input. Not thread-safe: its owner locks.

    Raises
    ------
    OSError
        The operating system refuses the file.
    EncodingError
        FFmpeg cannot make sense of the content.
    NotSupportedError
        There is no video stream in it.
    TimeoutError
        It took longer than `opening` allows.
    """

    __slots__ = (
        "__weakref__",
        "_ahead",
        "_confinement",
        "_connection",
        "_context",
        "_key_flag",
        "_next",
        "_opening",
        "_read_frame",
        "_source",
        "_step",
        "_time_base",
        "info",
        "others",
        "timestamp",
    )

    def __init__(
        self,
        source: object,
        opening: Opening = DEFAULT,
        *,
        all_streams: bool = False,
        helper: StartHelper | None = None,
    ) -> None:
        self._context: AVFormatContext | Any = None  # None unless it is open
        self._connection: Connection | None = None
        self._confinement: Confinement | Any = None  # the opened input's
        self._opening = opening
        self.others: list[CopiedStream] = []
        self._ahead: deque[AVPacket] = deque()
        # Loading libavformat first: if it is missing, that is the error to give, whatever the
        # source.
        avformat.avformat_version()
        self._source = InputFile(source, opening.timeout)
        try:
            self._connection = self._connect(helper)
            self._open(self._connection)
            self._context = self._connection.context
            direct = self._connection.reads_directly
            self._read_frame: Callable[[Any, AVPacket], int] = (
                avformat.av_read_frame if direct else self._connection.read
            )
            self.info = self._describe(self._connection)
            self._choose(all_streams)
        except BaseException as error:
            self.close()
            averror.let_go(error)
            raise
        forked.watch(self)
        self._time_base = self.info.time_base
        ticks, seconds = self.info.frame_rate
        self._step = 1000000 * seconds // ticks if self.info.rate else _DEFAULT_STEP
        self._next = 0
        self.timestamp = 0
        """Presentation time of the packet of the video that was read last, in microseconds.

        Raw streams and AVI have none: the decoding time stands in for it or, without that, the end
        of the packet before, counted from where reading began.
        """
        self._key_flag: int = avcodec.AV_PKT_FLAG_KEY

    def _connect(self, helper: StartHelper | None) -> Connection:
        name, shown, timeout = self._source.name, self._source.shown, self._opening.timeout
        by_name = self._source.by_name
        pipe = open_pipe(name, shown) if by_name else None
        remote = by_name and self._opening.may_wait(name)
        if pipe is None:
            if helper is None or not remote:
                return Connection(shown, timeout)
            return RemoteConnection(shown, timeout, helper)
        if helper is None or not remote:
            return PipeConnection(shown, timeout, pipe)
        return RemotePipeConnection(shown, timeout, pipe, helper)

    def _open(self, connection: Connection) -> None:
        source = self._source
        prepared = Preparation(source, self._opening, connection.context)
        confinement = self._confinement = prepared.confinement
        limits.before_open(prepared.options, self._opening, source, connection.read_at)
        connection.begin()
        if connection.context.pb:  # open already
            code = connection.call(confinement.judge, prepared.options)
            if code < 0:
                prepared.check(code)
        code = connection.open(source.url, prepared.format, prepared.options)
        prepared.check(code)
        code = limits.find_stream_info(connection, self._opening)
        confinement.opening = False
        confinement.check()
        averror.check(code, f"cannot read {source.shown}", EncodingError)

    def _describe(self, connection: Connection) -> StreamInfo:
        context = connection.context
        index = avformat.av_find_best_stream(
            context, avutil.AVMEDIA_TYPE_VIDEO, -1, -1, ffi.NULL, 0
        )
        if index < 0:
            kinds = [
                ffi.string(text).decode()
                for i in range(context.nb_streams)
                if (text := avutil.av_get_media_type_string(context.streams[i].codecpar.codec_type))
            ]
            raise NotSupportedError(
                f"{self._source.shown} has no video stream (it has: {', '.join(kinds) or 'none'})"
            )
        index = self._not_the_cover(index)
        stream = context.streams[index]
        par = stream.codecpar
        info = StreamInfo()
        info.index = index
        info.format_name = ffi.string(context.iformat.name).decode()
        info.codec = ffi.string(avcodec.avcodec_get_name(par.codec_id)).decode()
        info.codec_tag = par.codec_tag
        most = self._opening.max_pixels
        self._ahead = limits.measure(connection, index, most, self._source.shown)
        info.width, info.height = par.width, par.height
        info.profile, info.level = par.profile, par.level
        info.pix_fmt = par.format
        info.color = (par.color_primaries, par.color_trc, par.color_space, par.color_range)
        info.time_base = (stream.time_base.num, stream.time_base.den)
        sar: AVRational = avformat.av_guess_sample_aspect_ratio(context, stream, ffi.NULL)
        info.sar = (sar.num, sar.den)
        rate: AVRational = avformat.av_guess_frame_rate(context, stream, ffi.NULL)
        info.frame_rate = (rate.num, rate.den)
        info.frame_count = stream.nb_frames or None
        info.start_time = self._microseconds(stream.start_time, info.time_base)
        info.duration = self._microseconds(stream.duration, info.time_base)
        if info.duration is None and context.duration > 0:
            info.duration = context.duration
        info.display_matrix = self._display_matrix(stream, par)
        info.parameters = StreamParameters.of_stream(stream)
        info.extradata = info.parameters.extradata
        return info

    def _choose(self, all_streams: bool) -> None:
        context = self._context
        for i in range(context.nb_streams):
            if i == self.info.index:
                continue
            if all_streams:
                self.others.append(CopiedStream(context.streams[i]))
            else:
                context.streams[i].discard = avcodec.AVDISCARD_ALL

    def _not_the_cover(self, index: int) -> int:
        """Return `index`, or that of a film if `index` is only its cover picture."""
        streams = self._context.streams
        cover = avformat.AV_DISPOSITION_ATTACHED_PIC
        if streams[index].disposition & cover:
            for i in range(self._context.nb_streams):
                kind = streams[i].codecpar.codec_type
                if kind == avutil.AVMEDIA_TYPE_VIDEO and not streams[i].disposition & cover:
                    return i
        return index

    @staticmethod
    def _microseconds(value: int, time_base: tuple[int, int]) -> int | None:
        if value == NOPTS:
            return None
        result: int = avutil.av_rescale_q(value, time_base, (1, 1000000))
        return result

    @staticmethod
    def _display_matrix(stream: AVStream, par: AVCodecParameters) -> tuple[int, ...] | None:
        kind = avcodec.AV_PKT_DATA_DISPLAYMATRIX
        data = ffi.NULL
        if releases.parameters_have_side_data():
            entries = par.coded_side_data
            for i in range(par.nb_coded_side_data):
                if entries[i].type == kind and entries[i].size >= 36:
                    data = entries[i].data
        else:
            size = ffi.new("size_t *")
            data = avformat.av_stream_get_side_data(stream, kind, ffi.cast("void *", size))
        if not data:
            return None
        return tuple(ffi.unpack(ffi.cast("int32_t *", data), 9))

    def read(self, ptr: AVPacket) -> bool:
        """Read the next packet of the video stream into `ptr`, timestamps in microseconds; False at
        the end.
        """
        index = self.info.index
        while True:
            found = self.read_any(ptr)
            if found is None:
                return False
            if found == index:
                return True
            avcodec.av_packet_unref(ptr)

    def read_any(self, ptr: AVPacket) -> int | None:
        """Read the next packet of any stream into `ptr`; return the stream's index, None at the
        end.

        Timestamps of the video stream are in microseconds, others in their stream's time base.
        """
        code = 0
        if self._ahead:
            avcodec.av_packet_move_ref(ptr, self._ahead.popleft())
        else:
            code = self._read_frame(self._context, ptr)
        if self._confinement.error is not None:
            avcodec.av_packet_unref(ptr)
            self._confinement.check()
        if code < 0:
            if code == averror.EOF:
                return None
            raise self._read_error(code)
        found = ptr.stream_index
        if found == self.info.index:
            avcodec.av_packet_rescale_ts(ptr, self._time_base, (1, 1000000))
            timestamp = ptr.pts
            if timestamp == NOPTS:
                timestamp = ptr.dts if ptr.dts != NOPTS else self._next
            self.timestamp = timestamp
            self._next = timestamp + (ptr.duration or self._step)
        return found

    @property
    def tags(self) -> dict[str, str]:
        """The metadata of the whole file."""
        return read_tags(self._context.metadata)

    @property
    def chapters(self) -> list[Chapter]:
        """The chapters of the whole file, by their start."""
        return chapters.read(self._context)

    def _read_error(self, code: int) -> Exception:
        what = f"cannot read on in {self._source.shown}"
        if self._connection is None or self._connection.stopped:
            return InvalidStateError(f"{what}: it was closed meanwhile")
        if code == avutil.AVERROR_ENOMEM:
            # A damaged length makes FFmpeg ask for gigabytes. If memory for a frame is there, the
            # file is at fault.
            probe = ffi.gc(ffi.new("void **"), avutil.av_freep)
            atomic.fill(probe, avutil.av_malloc, 1 << 20)
            if probe[0]:
                failure = EncodingError(f"{what}: it claims a packet that does not fit into memory")
                failure.code = code
                return failure
        return averror.error(code, what, EncodingError)

    def is_key(self, ptr: AVPacket) -> bool:
        """Return whether the packet is a key frame."""
        return bool(ptr.flags & self._key_flag)

    def seek(self, timestamp: int) -> None:
        """Move to the last key frame at or before `timestamp` microseconds (the first one if there
        is none before).
        """
        connection = self._connection
        if connection is None:
            self.require_open()
            return
        connection.begin()
        call, seek_frame = connection.call, avformat.av_seek_frame
        index = self.info.index
        target = self._tick(timestamp)
        what = f"cannot seek to {timestamp} us in {self._source.shown}"
        averror.check(call(_go_back), what, EncodingError)
        code = call(avformat.avformat_seek_file, index, -(2**63), target, target, 0)
        if code < 0:
            # Nothing at or before: go to the start; formats without an index take only this one.
            code = call(seek_frame, index, target, avformat.AVSEEK_FLAG_BACKWARD)
        if code < 0 and self.info.start_time is not None:
            start = self._tick(self.info.start_time)
            code = call(seek_frame, index, start, avformat.AVSEEK_FLAG_BACKWARD)
        if code < 0:
            # Raw streams have bytes only. Their first frame is before all others.
            code = call(_go_back) or call(seek_frame, index, 0, avformat.AVSEEK_FLAG_BYTE)
            timestamp = 0
        self._confinement.check()
        averror.check(code, what, EncodingError)
        self._next = timestamp
        self._ahead.clear()

    def _tick(self, timestamp: int) -> int:
        """Return the last tick of the stream's clock that is `timestamp` in microseconds, rounded,
        or before it.
        """
        numerator, denominator = self._time_base
        tick = ((2 * timestamp + 1) * denominator - 1) // (2000000 * numerator)
        return max(-(2**62), min(tick, 2**62))

    @property
    def max_pixels(self) -> int | None:
        """The largest picture that is read, None: no limit."""
        return self._opening.max_pixels

    @property
    def shown(self) -> str:
        """The source, for people."""
        return self._source.shown

    def require_open(self) -> None:
        """Raise InvalidStateError if it is closed."""
        if self.closed:
            raise InvalidStateError("the demuxer is closed")

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._context is None

    def interrupt(self) -> None:
        """End what waits for the input, for good; from any thread, twice is fine."""
        connection = self._connection
        if connection is not None:
            connection.stop()

    def close(self, wait: bool = True) -> None:
        """Close the input; twice is fine.

        What another thread is reading at the moment is freed when that comes back; with `wait`,
        this waits for it, but not for long.
        """
        self._context = None
        self._ahead.clear()
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close(wait)
        self._source.close()

    def _after_fork(self) -> None:
        self.__class__ = _Inherited
        self._context = self._connection = None


def _go_back(context: AVFormatContext) -> int:
    """Go to the first byte, where not every byte can be gone to: what FFmpeg tries on a pipe loses
    what it has read of it, and some of that says that it has worked.
    """
    pb = context.pb
    if not pb or pb.seekable & avformat.AVIO_SEEKABLE_NORMAL:
        return 0
    place: int = avformat.avio_seek(pb, 0, os.SEEK_SET)
    return min(0, place)


class _Inherited(DemuxerCore):
    """What a demuxer is in a fork of the process that made it: the two share the file's place."""

    __slots__ = ()

    def require_open(self) -> None:
        raise forked.inherited("this demuxer")

    def read(self, ptr: AVPacket) -> bool:
        raise forked.inherited("this demuxer")

    def read_any(self, ptr: AVPacket) -> int | None:
        raise forked.inherited("this demuxer")

    def seek(self, timestamp: int) -> None:
        raise forked.inherited("this demuxer")
