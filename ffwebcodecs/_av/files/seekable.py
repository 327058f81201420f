"""An input that goes to other places: what a demuxer does for a seek."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ...errors import EncodingError
from .. import averror
from . import limits, seeking
from .connection import connect
from .landing import Landing
from .opened import open_input

if TYPE_CHECKING:
    from ..._ffi._types import AVPacket
    from .completeness import Came
    from .confinement import Confinement
    from .connection import Connection, StartHelper
    from .copied_stamps import CopiedStamps
    from .opening import Opening
    from .picture_streams import AlphaItem, AlphaTrack
    from .seeking import Seekability
    from .source import InputFile
    from .stamps import Stamper
    from .stream_info import StreamInfo
    from .streams import CopiedStream


class SeekableInput:
    """The part of a demuxer that seeks. What a seek has read is in `_ready`, to be read first."""

    __slots__ = (
        *("_ahead", "_connection", "_looked_at", "_stamper"),
        *("_code", "_failure", "_landing", "_latest", "_next", "_ready", "is_fresh"),
        "seekability",
    )

    # A demuxer's own.
    _ahead: deque[AVPacket | EncodingError]
    _looked_at: deque[AVPacket | EncodingError]
    _confinement: Confinement | Any
    _connection: Connection | None
    _copied_stamps: CopiedStamps | None
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
    _use: Callable[[Connection], None]
    _join_alpha: Callable[[], None]
    _discard: Callable[[], None]
    _find_stamper: Callable[[], Stamper | None]

    def __init__(self) -> None:
        # With their presentation times, and the error that came after them.
        self._ready: deque[tuple[AVPacket, int]] = deque()
        self._failure: EncodingError | None = None
        self._landing: Landing | None = None
        self._next = 0  # where a stream without times counts on from
        self._latest = -(2**63)  # end of the last picture that is shown, of those that came
        self._code = 0  # FFmpeg's, of where it went last
        self.is_fresh = True
        """Nothing has been read yet."""
        self.seekability: Seekability

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

    def jump(self, place: int, by_byte: bool) -> bool:
        """Move to about a time of the stream's clock in microseconds, or to a byte; return whether
        libavformat says that it did. Where it is then is for the caller to find out.
        """
        connection = self._connection
        if connection is None:
            self.require_open()
            return False
        connection.begin()
        self._drop()
        self.is_fresh = False
        code = seeking.jump(connection, self.info, place, by_byte)
        self._confinement.check()
        self._forget()
        if self._stamper is not None:
            self._stamper.restart(0)
        return code >= 0
