"""AVFormatContext: files opened, streams described, packets read."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, avformat, avutil, ffi
from ..._spec.files.upcoming import Lasting
from ...errors import EncodingError, InvalidStateError, NotSupportedError
from .. import atomic, averror, forked
from ..codecs import packet
from . import apng_keys, limits, loop, picture_streams, seeking, sound_streams, stamps, stream_info
from .completeness import Came
from .confinement import Confinement
from .connecting import connect
from .connection import Connection, StartHelper
from .foreseen import Foreseen, foreseen
from .opened import open_input
from .opening import DEFAULT, Opening
from .picture_streams import AlphaItem, AlphaTrack
from .seekable import SeekableInput
from .source import InputFile
from .stream_info import NO_VIDEO, ListedStream, StreamInfo
from .streams import CopiedStream, read_tags

if TYPE_CHECKING:
    from ..._ffi._types import (
        AVCodecParameters,
        AVFormatContext,
        AVPacket,
    )
    from .chapters import Chapter

NOPTS = packet.NOPTS
_NO_MORE = -1  # what some demuxers (GXF) say of the end
_DEFAULT_STEP = 40000  # microseconds from picture to picture, if the file does not tell


class DemuxerCore(SeekableInput):
    """One open input. Not thread-safe: its owner locks.

    Raises
    ------
    OSError
        The operating system refuses the file.
    EncodingError
        FFmpeg cannot make sense of the content.
    NotSupportedError
        There is no video stream in it, and `opening` needs one.
    TimeoutError
        It took longer than `opening` allows.
    """

    __slots__ = (
        "__weakref__",
        "_confinement",
        "_head",
        *("_helper", "_hides", "_joined", "_key_flag", "_known"),
        "_opening",
        "_parts",
        "_read_frame",
        "_source",
        "_step",
        "_time_base",
        "_upcoming",
        "came",
        "copies",
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
        super().__init__()
        self._stamper: stamps.Stamper | None = None
        self._upcoming: Foreseen | None = None
        self._hides = False
        self._connection: Connection | None = None
        self._confinement: Confinement | Any = None  # the opened input's
        self._opening = opening
        self.others: list[CopiedStream] = []
        self._ahead: deque[AVPacket | EncodingError] = deque()
        self._looked_at: deque[AVPacket | EncodingError] = deque()  # comes first
        self._head = b""  # of pictures from a pipe
        self._joined: AlphaTrack | AlphaItem | None = None
        # Loading libavformat first: if it is missing, that is the error to give, whatever the
        # source.
        avformat.avformat_version()
        self._source = InputFile(source)
        self._helper = helper
        try:
            self._connection = connect(self._source, opening, helper)
            opened = open_input(self._connection, self._source, opening, helper)
            self._confinement, self._head = opened
            if all_streams or opening.only_sound:
                self._look_further()
            self._use(self._connection)
            self.info = self._describe(self._connection)
            self.seekability = seeking.Seekability(self._connection, self.info, self._source)
            self._join_alpha()
            if self.info.codec == apng_keys.CODEC:
                self._read_frame = apng_keys.ApngKeys(self.info, self._read_frame).read
            self._choose(all_streams)
        except BaseException as error:
            self.close()
            averror.let_go(error)
            raise
        forked.watch(self)
        self._time_base = self.info.time_base
        ticks, seconds = self.info.frame_rate
        self._step = 1000000 * seconds // ticks if self.info.rate else _DEFAULT_STEP
        self._stamper = self._find_stamper()
        self.came = Came()
        self.timestamp = 0
        """Presentation time of the packet of the video that was read last, in microseconds.

        Where nothing tells in which order pictures are shown, the decoding time stands in for it
        or, without that, the end of the packet before, counted from where reading began.
        """
        self._key_flag: int = avcodec.AV_PKT_FLAG_KEY

    def _use(self, connection: Connection) -> None:
        self._context = connection.context
        direct = connection.reads_directly
        self._read_frame: Callable[[Any, AVPacket], int] = (
            avformat.av_read_frame if direct else connection.read
        )

    def _describe(self, connection: Connection) -> StreamInfo:
        context = connection.context
        shown, wanted = self._source.shown, self._opening.stream
        self._parts = parts = picture_streams.examine(connection, self._source, self._head)
        needed, partners = self._opening.needs_video, parts.partners if parts else ()
        index = NO_VIDEO
        if not sound_streams.suffices(context, self._opening):
            index = stream_info.find_video(context, shown, wanted, partners, needed)
        if index == NO_VIDEO:
            self._parts = None
            return stream_info.describe_without_video(context)
        if parts is not None:
            parts.require_whole(index, context, shown, wanted is not None)
        most = self._opening.max_pixels
        self._ahead = limits.measure(connection, index, most, self._source.shown)
        info = stream_info.describe(context, index)
        info.loop = loop.loop_count_of(connection, self._source, self._head)
        if parts is not None and info.display_matrix is None:
            info.display_matrix = parts.matrix_of(index)
        return info

    def _join_alpha(self) -> None:
        """Read the alpha channel of the video with it, where it is a stream or an item."""
        if self._parts is None:
            return
        index = self.info.index
        alpha = self._parts.alpha_of(index, self._context, self._source.shown)
        if isinstance(alpha, bytes):
            self._joined = AlphaItem(index, alpha, self._read_frame)
        elif alpha is not None:
            self._joined = AlphaTrack(self._context, index, alpha, self._read_frame)
        if self._joined is not None:
            self._read_frame = self._joined.read

    def _choose(self, all_streams: bool) -> None:
        context = self._context
        self._known: int = context.nb_streams
        self._discarded: list[int] = []
        self.copies = all_streams
        joined: set[int] = set()
        if self._parts is not None:
            joined = self._parts.not_copied_with(self.info.index)
        for i in range(self._known):
            if i == self.info.index or (i in joined and self._joined is not None):
                continue
            if all_streams and i not in joined:
                last = self.last_packet_of(i) if self.is_sound(i) else None
                self.others.append(CopiedStream(context.streams[i], last))
            elif not (self._opening.takes_sound and self.is_sound(i)):
                self._discarded.append(i)
        self._discard()

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
        if self._ready:
            kept, self.timestamp = self._ready.popleft()
            avcodec.av_packet_move_ref(ptr, packet.pointer_of(kept))
            found: int | None = ptr.stream_index
        else:
            if self._failure is not None:
                failure, self._failure = self._failure, None
                raise failure
            self.is_fresh = False
            found = self.read_on(ptr)
        if ptr.side_data_elems and found == self.info.index:
            self._require_plain(ptr)
        upcoming = self._upcoming
        if upcoming is not None:
            if found is None:
                upcoming.end()
            elif found == self.info.index and (not self._hides or packet.is_shown_vp8(ptr)):
                upcoming.add(self.timestamp, ptr.dts)
        return found

    def read_on(self, ptr: AVPacket) -> int | None:
        """Read as `read_any` does, but not what a seek has read."""
        found = self.read_ticks(ptr)
        if found == self.info.index:
            self.came.note(ptr)
            avcodec.av_packet_rescale_ts(ptr, self._time_base, (1, 1000000))
            timestamp = ptr.pts
            if timestamp == NOPTS:
                timestamp = ptr.dts if ptr.dts != NOPTS else self._next
            self.timestamp = timestamp
            self._next = end = timestamp + (ptr.duration or self._step)
            if end > self._latest:
                self._latest = end
        return found

    def _require_plain(self, ptr: AVPacket) -> None:
        if packet.is_encrypted(ptr):
            raise NotSupportedError(
                f"{self._source.shown} is encrypted (Common Encryption): give its key, as in "
                "options={'decryption_key': '32 hexadecimal digits'}; that is `input_options` in "
                "transcode and remux"
            )

    def foresee(self, held: Lasting | None = None) -> Lasting:
        """Remember times from now on; return what tells how long a picture of the video is shown,
        see `Upcoming.lasting`.
        """
        self._upcoming = foreseen(held)
        # VP8's references that are not shown have packets, and times, of their own.
        self._hides = self.info.codec == "vp8"
        return self._upcoming.lasting

    def look_back(self) -> None:
        """Remember times no longer."""
        self._upcoming = None

    def read_ticks(self, ptr: AVPacket) -> int | None:
        """Read as `read_any` does, with all timestamps in their stream's time base."""
        stamper, read = self._stamper, self._read_packet
        if stamper is not None:
            return stamper.read(read, ptr)
        found = read(ptr)
        if found == self.info.index and ptr.pts == NOPTS:
            stamper = self.begin_stamper()
            if not stamper.take(ptr, found):
                return stamper.read(read, ptr)
        return found

    def read_ahead(self, ptr: AVPacket) -> int:
        """Read the next one of what `has_ahead` tells of, as FFmpeg gave it."""
        return stamps.take_kept(self._ahead, ptr)

    def _read_packet(self, ptr: AVPacket) -> int | None:
        """Read the next packet, those of the video as FFmpeg gives them."""
        if self._looked_at:
            return stamps.take_kept(self._looked_at, ptr)
        copied = self._copied_stamps
        return self._read_raw(ptr) if copied is None else copied.read(self._read_raw, ptr)

    def _read_raw(self, ptr: AVPacket) -> int | None:
        code = 0
        if self._ahead:
            stamps.take_kept(self._ahead, ptr)
        elif self._failed:
            code, self._failed = self._failed, 0
        else:
            code = self._read_frame(self._context, ptr)
        if self._confinement.error is not None:
            avcodec.av_packet_unref(ptr)
            self._confinement.check()
        if code < 0:
            if self._is_end(code):
                return None
            raise self._read_error(code)
        return ptr.stream_index

    def _is_end(self, code: int) -> bool:
        if code != _NO_MORE:
            return code == averror.EOF
        pb = self._context.pb
        return bool(pb and pb.eof_reached and not pb.error)

    def _find_stamper(self) -> stamps.Stamper | None:
        if self.info.index == NO_VIDEO:
            return None
        read, live = self._read_packet, self._opening.live
        pb = self._context.pb
        once = bool(pb) and not pb.seekable & avformat.AVIO_SEEKABLE_NORMAL
        ahead = self._looked_at
        return stamps.find(self.info, self._parameters(), read, ahead, live, once)

    def _parameters(self) -> AVCodecParameters:
        return self._context.streams[self.info.index].codecpar

    @property
    def stamper(self) -> stamps.Stamper | None:
        """What gives packets times that libavformat does not give them, if any need."""
        return self._stamper

    def reader(self) -> tuple[AVFormatContext, Callable[[Any, AVPacket], int]]:
        """Return what reads packets as they are: the context, and a function that is called as
        ``av_read_frame`` is; if it is not that, then because something may have to be waited for.

        Whoever uses it has read what `has_ahead` tells of, and calls `confirm` after.
        """
        self.require_open()
        return self._context, self._read_frame

    @property
    def has_ahead(self) -> bool:
        """Whether packets that have been read already are to be read first."""
        return bool(self._ahead or self._looked_at)

    def follow(self, *ticks: int) -> None:
        """Say when the video's packet before is shown, and for how long."""
        time, lasting = (avutil.av_rescale_q(t, self._time_base, (1, 1000000)) for t in ticks)
        self._next = time + (lasting or self._step)
        self._latest = max(self._latest, self._next)

    def begin_stamper(self) -> stamps.Stamper:
        """Return what stamps packets from one on that has no presentation time."""
        origin = seeking.tick(max(self._next, self._latest), self._time_base)
        self._stamper = stamps.begin(self.info, self._parameters(), origin)
        return self._stamper

    def confirm(self, code: int) -> EncodingError | None:
        """Return what is wrong with the file, None if it was read to its end, after `reader` was
        used and gave `code` at last; raises what has other causes.
        """
        self._confinement.check()
        if code >= 0 or self._is_end(code):
            return None
        error = self._read_error(code)
        if isinstance(error, EncodingError):
            return error
        raise error

    def streams(self) -> list[ListedStream]:
        """Return all streams that have turned up so far."""
        context = self._context
        parts = self._parts.partners if self._parts is not None else {}
        return [ListedStream(context, i, parts.get(i)) for i in range(context.nb_streams)]

    def late_streams(self) -> list[str]:
        """Return kind and codec of the streams that turned up after the file was opened."""
        late = self.streams()[self._known :]
        return [f"{stream.kind} {stream.info.codec}" for stream in late]

    def left_out(self) -> list[str]:
        """Return the codecs of the other videos that are not read, but for covers."""
        read = {self.info.index, *(stream.index for stream in self.others)}
        return stream_info.left_out(self.streams()[: self._known], read)

    @property
    def tags(self) -> dict[str, str]:
        """The metadata of the whole file."""
        return read_tags(self._context.metadata)

    @property
    def chapters(self) -> list[Chapter]:
        """The chapters of the whole file, by their start."""
        from . import chapters

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

    def shortfall(self, less: int = 0) -> str | None:
        """Return at the end of the input what is missing there, see `Came.shortfall`."""
        connection = self._connection
        if connection is None:
            return None
        return self.came.shortfall(connection, self.info, self._source, less, self._stamper)

    def is_key(self, ptr: AVPacket) -> bool:
        """Return whether the packet is a key frame."""
        return bool(ptr.flags & self._key_flag)

    @property
    def max_pixels(self) -> int | None:
        """The largest picture that is read, None: no limit."""
        return self._opening.max_pixels

    @property
    def shown(self) -> str:
        """The source, for people."""
        return self._source.shown

    def require_open(self) -> None:
        """Raise InvalidStateError if it is closed, or called by the file object that it reads."""
        if self._context is None:
            raise InvalidStateError("the demuxer is closed")
        if self._connection is not None and self._connection.inside is not None:
            self.refuse_inside()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._context is None

    def interrupt(self) -> None:
        """End what waits for the input, for good; from any thread, twice is fine."""
        self.refuse_inside()
        connection = self._connection
        if connection is not None:
            connection.stop()

    def close(self, wait: bool = True) -> None:
        """Close the input; twice is fine.

        What another thread is reading at the moment is freed when that comes back; with `wait`,
        this waits for it, but not for long.
        """
        connection, is_refused = self._connection, False
        try:
            self.refuse_inside()
        except InvalidStateError:
            is_refused = True
            raise
        finally:
            if not is_refused:  # an interrupt is no reason to stay open
                self._context = self._stamper = self._connection = None
        self._read_frame = self._read_nothing  # the connection's own would hold what it reads
        self._forget()
        self._drop()
        if self._copied_stamps is not None:
            self._copied_stamps.restart(0)
        if connection is not None:
            connection.close(wait)
        self._source.close()

    def _after_fork(self) -> None:
        self.__class__ = _Inherited
        self._context = self._connection = None


class _Inherited(DemuxerCore):
    """What a demuxer is in a fork of the process that made it: the two share the file's place."""

    __slots__ = ()

    def require_open(self) -> None:
        raise forked.inherited("this demuxer")

    def read(self, ptr: AVPacket) -> bool:
        raise forked.inherited("this demuxer")

    def read_any(self, ptr: AVPacket) -> int | None:
        raise forked.inherited("this demuxer")

    def seek(self, timestamp: int, *, decodes: bool = False) -> None:
        raise forked.inherited("this demuxer")

    def further_back(self) -> bool:
        raise forked.inherited("this demuxer")

    def jump(self, place: int, by_byte: bool, stream: int | None = None) -> bool:
        raise forked.inherited("this demuxer")
