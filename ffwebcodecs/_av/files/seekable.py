"""An input that goes to other places: what a demuxer does for a seek."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container
from typing import TYPE_CHECKING, Any, TypeVar

from ..._ffi import avcodec, avformat
from ...errors import EncodingError, InvalidStateError, NotSupportedError
from .. import averror
from ..codecs import packet
from . import limits, seeking, sound_streams, stream_info
from .connecting import connect
from .copied_stamps import CopiedStamps
from .landing import Landing
from .opened import open_input

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVPacket
    from .completeness import Came
    from .confinement import Confinement
    from .connection import Connection, StartHelper
    from .last_packets import LastPacket
    from .opening import Opening
    from .picture_streams import AlphaItem, AlphaTrack
    from .seeking import Seekability
    from .sound_streams import SoundStream
    from .source import InputFile
    from .stamps import Stamper
    from .stream_info import StreamInfo
    from .streams import CopiedStream

_T = TypeVar("_T")
_LOOK = 256  # packets


class SeekableInput:
    """The part of a demuxer that seeks. What a seek has read is in `_ready`, to be read first."""

    __slots__ = (
        *("_ahead", "_connection", "_context", "_copied_stamps", "_discarded", "_looked_at"),
        *("_code", "_failed", "_failure", "_landing", "_latest", "_next", "_ready", "_stamper"),
        *("_last_packets", "is_fresh", "seekability"),
    )

    # A demuxer's own.
    _ahead: deque[AVPacket | EncodingError]
    _looked_at: deque[AVPacket | EncodingError]
    _confinement: Confinement | Any
    _connection: Connection | None
    _helper: StartHelper | None
    _opening: Opening
    _joined: AlphaTrack | AlphaItem | None
    _source: InputFile
    _stamper: Stamper | None
    _time_base: tuple[int, int]
    came: Came
    info: StreamInfo
    others: list[CopiedStream]
    timestamp: int
    require_open: Callable[[], None]
    read_on: Callable[[AVPacket], int | None]
    is_key: Callable[[AVPacket], bool]
    close: Callable[[], None]
    _head: bytes
    _read_frame: Callable[[Any, AVPacket], int]
    _use: Callable[[Connection], None]
    _join_alpha: Callable[[], None]
    _find_stamper: Callable[[], Stamper | None]

    def __init__(self) -> None:
        self._context: AVFormatContext | Any = None  # None unless it is open
        self._copied_stamps: CopiedStamps | None = None
        self._last_packets: dict[int, LastPacket | None] = {}
        self._discarded: list[int] = []
        # With their presentation times, and the error that came after them.
        self._ready: deque[tuple[Any, int]] = deque()
        self._failure: EncodingError | None = None
        self._landing: Landing | None = None
        self._next = 0  # where a stream without times counts on from
        self._latest = -(2**63)  # end of the last picture that is shown, of those that came
        self._code = 0  # FFmpeg's, of where it went last
        self._failed = 0  # FFmpeg's, of what somebody has read who used `plain_context`
        self.is_fresh = True
        """Nothing has been read yet."""
        self.seekability: Seekability

    def look(self, use: Callable[[Callable[[int, int], bytes]], _T]) -> _T | None:
        """Return ``use(read)``, where ``read(offset, size)`` reads on the side; None of pipes."""
        connection = self._connection
        return None if connection is None else limits.look(self._source, connection.read_at, use)

    @property
    def source(self) -> InputFile:
        """What is read."""
        return self._source

    def refuse_inside(self) -> None:
        """Raise InvalidStateError if the file object that is being read calls this."""
        if self._connection is not None:
            self._connection.refuse_inside()

    @staticmethod
    def _read_nothing(_context: object, _ptr: object) -> int:
        raise InvalidStateError("the demuxer is closed")

    def plain_context(self) -> AVFormatContext | None:
        """Return what ``av_read_frame`` reads just what `read_any` would return; None if there is
        more to it. Whoever uses it calls `read_plain` after.
        """
        more = self._ahead or self._looked_at or self._ready or self._failure or self._failed
        other = self._stamper or self._copied_stamps or self._joined
        if more or other or self.info.index != stream_info.NO_VIDEO:
            return None
        return self._context if self._read_frame == avformat.av_read_frame else None

    def video_context(self) -> AVFormatContext | None:
        """Return what ``av_read_frame`` reads just what `read_any` would return, but for the units
        of the video's times, as long as all packets of that have one; None if there is more to it.
        Whoever uses it calls `has_read_video` after.
        """
        more = self._ahead or self._looked_at or self._ready or self._failure or self._failed
        other = self._stamper or self._copied_stamps or self._joined or self._confinement.opens
        if more or other or self._read_frame != avformat.av_read_frame:
            return None
        return self._context

    def has_read_video(
        self,
        came: tuple[int, int, int],
        times: tuple[int, int, int],
        code: int,
        rest: AVPacket | None,
    ) -> None:
        """Say what somebody has read: how many packets of the video, decoding time in ticks and
        flags of the last one; its time, where it ends and where the last one on the screen ends, in
        microseconds; what ``av_read_frame`` said at last, and a packet that is to be read again.
        """
        if came[0]:
            self.came.note_more(*came)
            self.timestamp, self._next, self._latest = times
        if rest is not None and self._context is not None:
            self._ahead.append(rest)
        self.has_read(code)

    def read_plain(self, code: int) -> None:
        """Say that somebody has read, and what ``av_read_frame`` said at last: what is negative is
        told by the next `read_any`.
        """
        self._confinement.check()
        self._failed = min(code, 0)

    def has_read(self, code: int) -> None:
        """Say the same where what has been read is given first: then what is wrong is told."""
        self.is_fresh = False
        self._failed = min(code, 0 if self._confinement.error is None else -1)

    def begin(self) -> list[int]:
        """Pass over what comes before the first key packet, if nothing has been read yet: it was
        made of pictures that are missing. Return the times of the packets that were passed over.
        """
        if not self.is_fresh:
            return []
        self.is_fresh = False
        landing = Landing(self, False)
        try:
            landing.begin()
        except BaseException as error:
            landing.packets.clear()
            averror.let_go(error)
            raise
        self._take_over(landing)
        return landing.passed

    def seek(self, timestamp: int, *, decodes: bool = False) -> None:
        """Move to the last key frame at or before `timestamp` microseconds (the first one if there
        is none before); if it `decodes`, to one whose picture needs no others.
        """
        if self._stamper is not None and self._stamper.counts:
            self.seekability.counts = True
        landing = Landing(self, decodes)
        self._verify(landing, lambda: landing.find(timestamp), timestamp)

    def further_back(self) -> bool:
        """Move to an earlier key frame than the last `seek` or `further_back` did, because the
        decoder's first picture is too late; return False if there is none.
        """
        landing = self._landing
        if landing is None or landing.at_beginning:
            return False
        self._verify(landing, landing.further_back, landing.wanted)
        return True

    def _verify(self, landing: Landing, find: Callable[[], bool], timestamp: int) -> None:
        """Let a landing look for its place, and take over what it has read."""
        self._drop()
        self.came.forget()
        connection = self._connection
        if connection is None:
            self.require_open()
            return
        connection.begin()
        try:
            connection.is_within = True  # all of it is one wait
            found = find()
        except BaseException as error:
            landing.packets.clear()
            averror.let_go(error)
            raise
        finally:
            if self._connection is not None:  # it may be another one now
                self._connection.is_within = False
        if not found:
            what = f"cannot seek to {timestamp} us in {self._source.shown}"
            averror.check(self._code, what, EncodingError)
        self._take_over(landing)
        self._landing = landing

    def _take_over(self, landing: Landing) -> None:
        self._ready, landing.packets = landing.packets, deque()
        self._failure, landing.failure = landing.failure, None

    def _drop(self) -> None:
        """Forget what a seek has read."""
        self._landing = self._failure = None
        self._ready.clear()

    def _forget(self) -> None:
        """Forget what was read ahead, at the place that was left."""
        self._ahead.clear()
        self._looked_at.clear()
        self._failed = 0
        if self._joined is not None:
            self._joined.clear()

    def go(self, timestamp: int | None) -> bool:
        """Go to about this time, None: to the beginning, without a look at what is there; return
        whether FFmpeg says that it did.
        """
        connection = self._connection
        if connection is None:
            self.require_open()
            return False
        is_fresh, self.is_fresh = self.is_fresh, False
        if is_fresh and timestamp is None:
            return True
        if timestamp is None:
            self._code = seeking.go_to_beginning(connection, self.info)
        else:
            self._code = seeking.go_to(connection, self.info, timestamp)
        self._confinement.check()
        if self._code < 0:
            return False
        self._next = timestamp or 0
        self._latest = -(2**63)
        self._forget()
        if self._stamper is not None:
            self._stamper.restart(seeking.tick(timestamp or 0, self._time_base))
        if self._copied_stamps is not None:
            self._copied_stamps.restart(timestamp or 0)
        return True

    def reopen(self) -> None:
        """Go to the beginning by opening the input again."""
        before = self._connection
        if before is None:
            self.require_open()
            return
        self._next, self._latest = 0, -(2**63)
        connection = connect(self._source, self._opening, self._helper)
        connection.follow(before)
        self._connection = connection
        before.close()
        try:
            self.require_open()  # not closed meanwhile
            opened = open_input(connection, self._source, self._opening, self._helper)
            self._confinement, self._head = opened
            most, shown = self._opening.max_pixels, self._source.shown
            self._ahead = limits.measure(connection, self.info.index, most, shown)
            self._use(connection)
            self._join_alpha()
            self._discard()
            self._stamper = self._find_stamper()
        except BaseException:
            self.close()
            raise

    def _look_further(self) -> None:
        """Open the input again if that tells more of its sound."""
        before, source, opening = self._connection, self._source, self._opening
        assert before is not None
        if not before.opens_again or (source.by_name and opening.may_wait(source.name)):
            return
        from . import late_sound

        further = late_sound.look_further(before.context, opening)
        if further is None:
            return
        self._opening = further
        self._connection = connection = connect(source, further, self._helper)
        connection.follow(before)
        before.close()
        opened = open_input(connection, source, further, self._helper)
        self._confinement, self._head = opened

    def _discard(self) -> None:
        context = self._context
        for i in self._discarded:
            context.streams[i].discard = avcodec.AVDISCARD_ALL
        videos = [one.index for one in self.others if one.kind == "video" and not one.is_cover]
        self._copied_stamps = CopiedStamps(context, videos) or None

    def select(self, wanted: Container[int]) -> None:
        """Read these of the streams that are read at all, the video and the sound."""
        self.require_open()
        context, video = self._context, self.info.index
        discarded = set(self._discarded)
        for i in range(context.nb_streams):
            if i in wanted:
                discarded.discard(i)
                context.streams[i].discard = avcodec.AVDISCARD_DEFAULT
            elif i == video or self.is_sound(i):
                discarded.add(i)
        self._discarded = sorted(discarded)
        self._discard()

    def require_video(self) -> None:
        """Raise NotSupportedError if there was no video when the file was opened."""
        if self.info.index != stream_info.NO_VIDEO:
            return
        self.require_open()
        stream_info.find_video(self._context, self._source.shown)
        raise NotSupportedError(
            f"the video of {self._source.shown} begins behind where streams were looked for; "
            'options={"probesize": ...} looks further'
        )

    def is_sound(self, index: int) -> bool:
        """Return whether a stream is one of sound."""
        return stream_info.kind_of(self._context.streams[index]) == "audio"

    def sound(self, wanted: int | None = None) -> SoundStream:
        """Return what the file says of a stream of sound, by default the best one; raises as
        `sound_streams.find`.
        """
        self.require_open()
        context = self._context
        index = sound_streams.find(context, self._source.shown, wanted, self.info.index)
        return sound_streams.describe(context, index, self.last_packet_of(index))

    def last_packet_of(self, stream: int) -> LastPacket | None:
        """Return what MP4's tables say of the last packet of a stream of sound."""
        known, connection = self._last_packets, self._connection
        if stream not in known:
            read_at = None if connection is None else connection.read_at
            from . import last_packets

            known[stream] = last_packets.find(self._source, read_at, self._context, stream)
        return known[stream]

    def first_of(self, stream: int) -> AVPacket | None:
        """Return the first packet of a stream, which stays to be read, as FFmpeg gave it; None if
        reading has begun, or there is none among the next packets.
        """
        if not self.is_fresh or self._connection is None:
            return None
        kept = [*self._looked_at, *self._ahead]
        found = next(
            (p for p in kept if not isinstance(p, EncodingError) and _is_of(p, stream)), None
        )
        for _ in range(_LOOK if found is None and not _ends(kept) else 0):
            ptr = packet.allocate()
            if self._read_frame(self._context, ptr) < 0:
                break  # whoever reads on is told why
            self._ahead.append(ptr)
            if _is_of(ptr, stream):
                return ptr
        return found

    def restart(self) -> bool:
        """Go to the beginning, if that is not where it is; return whether it is there."""
        if self.is_fresh:
            return True
        self._drop()
        self.came.forget()
        if self.seekability.reopens:
            self.reopen()
            return True
        return self.go(None)

    def jump(self, place: int, by_byte: bool, stream: int | None = None) -> bool:
        """Move to about a time of the video's clock in microseconds, to a tick of another stream's,
        or to a byte; return whether libavformat says that it did. Where it is then is for the
        caller to find out.
        """
        connection = self._connection
        if connection is None:
            self.require_open()
            return False
        connection.begin()
        self._drop()
        self.is_fresh = False
        if stream is None:
            code = seeking.jump(connection, self.info, place, by_byte)
        else:
            code = seeking.jump_in(connection, stream, place)
        self._confinement.check()
        self._forget()
        if self._stamper is not None:
            self._stamper.restart(0)
        return code >= 0


def _is_of(ptr: AVPacket, stream: int) -> bool:
    return ptr.stream_index == stream


def _ends(kept: list[AVPacket | EncodingError]) -> bool:
    return bool(kept) and isinstance(kept[-1], EncodingError)
