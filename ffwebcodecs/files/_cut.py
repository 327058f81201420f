"""A part of a film, cut out without decoding: from a key frame on."""

from __future__ import annotations

from collections import deque
from collections.abc import Container, Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from .._av.codecs import packet
from .._av.files.demux import DemuxerCore
from .._av.files.remux_run import CopiedSpan
from .._av.files.seeking import tick
from .._av.files.stream_info import NO_VIDEO, StreamInfo
from .._spec.codecs import avc, nal
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import DataError, EncodingError, InvalidArgumentError
from ._damage import Damage
from ._held_picture import ending_at, held_picture
from ._kept_packets import chunk_of, kept_packets
from ._losses import Losses

if TYPE_CHECKING:
    from .._ffi._types import AVPacket

    # Of the video a chunk, of other streams an AVPacket; beside it its stream's index.
    Piece = tuple[int, EncodedVideoChunk | AVPacket]

_MICROSECOND = 1_000_000
# The key frame is looked for from here on before `start`: pictures may lie in another order.
_BEFORE = 3_000_000
# How far before the key frame sound of its time may lie in a file, and how long before it one may
# have begun to show a subtitle; how far behind the last picture other packets may lie, and
# sound that has not come to that time.
_SOUND = 5_000_000
_SUBTITLES = 30_000_000
_BEHIND, _LONG_BEHIND = 1_000_000, 5_000_000
_JITTER = 1000  # microseconds that a time may differ after another seek
_SEQUENCE = 7  # NAL unit
_MOST_DELAY = 16  # pictures that codecs reorder by at most


class Cut:
    """Reads the pieces of a part of a file.

    Parameters
    ----------
    demuxer : DemuxerCore
        Borrowed. Nothing has been read.
    start, stop : int or None
        Microseconds of the file.
    has_video : bool
        False: of the other streams only; they need no key frames.
    damage : Damage
    copied : container of int
        The other streams that are wanted, by their indices.

    Attributes
    ----------
    begin : int or None
        The time of the key frame with which it begins, after `find`; `start` without video.
    end : int or None
        When the last picture ends that had to be taken although it is shown after `stop`.
    reached_end : bool
        Whether the file was read to its end.
    encoded : int
        How many frames are encoded anew: none here.
    encoder : str or None
        FFmpeg's name of the encoder that does it.
    """

    encoded = 0
    encoder: str | None = None

    def __init__(
        self,
        demuxer: DemuxerCore,
        start: int | None,
        stop: int | None,
        has_video: bool,
        damage: Damage,
        copied: Container[int],
    ) -> None:
        self.begin: int | None = None if has_video else start
        self.end: int | None = None
        self._following: int | None = None  # when the picture is shown that comes after the last
        self._decoded: int | None = None  # decoding time of what came last
        self.reached_end = False
        self._demuxer = demuxer
        self._start, self._stop = start, stop
        self._video = demuxer.info.index if has_video else NO_VIDEO
        self._damage = damage
        others = [one for one in demuxer.others if one.index in copied and not one.is_cover]
        self._bases = {one.index: one.time_base for one in others}
        self._texts = frozenset(one.index for one in others if one.kind == "subtitle")
        self._unheard = {one.index for one in others if one.kind == "audio"}
        self._shown: dict[int, AVPacket] = {}  # texts before it that last until the next one
        self._begun = False
        self._awaits_key = False
        self._waiting: deque[Piece] = deque()
        if start is not None and demuxer.info.index != NO_VIDEO:
            self._seek(start)
        self._pieces = self._read()

    def _seek(self, start: int) -> None:
        try:
            self._demuxer.seek(start - (_BEFORE if self._video != NO_VIDEO else _SOUND))
        except EncodingError:
            pass  # a pipe is read from its beginning

    def _look_back(self, begin: int) -> None:
        """Begin again where that may lie which is heard and read from the key frame on."""
        demuxer, kind = self._demuxer, self._demuxer.seekability
        if not self._bases or not kind.goes_back or kind.counts or kind.reopens:
            return  # all is read anyway
        if demuxer.source.is_remote:
            return  # to read twice from a network costs more than it brings
        self.close()
        self._damage.forget()  # it will be seen again
        demuxer.seek(begin - (_SUBTITLES if self._texts else _SOUND))
        self._shown.clear()
        self._awaits_key = True
        self._pieces = self._read()

    def _read(self) -> Generator[Piece, None, None]:
        demuxer = self._demuxer
        for index, ptr in kept_packets(demuxer, self._damage):
            if index == demuxer.info.index:
                if self._video != NO_VIDEO:
                    yield index, chunk_of(demuxer, ptr)
            else:
                yield index, ptr
        self.reached_end = True

    def find(self) -> None:
        """Read up to where it is known with which key frame it begins.

        Raises
        ------
        InvalidArgumentError
            No picture lies there.
        """
        start = self._start
        if start is None or self._video == NO_VIDEO:
            return
        last: EncodedVideoChunk | None = None
        for index, piece in self._pieces:
            if not isinstance(piece, EncodedVideoChunk):
                self._waiting.append((index, piece))
                continue
            is_key, timestamp = piece.type == "key", piece.timestamp
            if is_key and (self.begin is None or timestamp <= start):
                self.begin = timestamp
                kept = (one for one in self._waiting if self._is_wanted(*one))
                self._waiting = deque(kept)
            if self.begin is None:
                continue  # nothing decodes it
            self._waiting.append((index, piece))
            last = piece
            if timestamp > start:
                break
        self._look_back(self._required(last, start))

    @property
    def demuxer(self) -> DemuxerCore:
        """What is read."""
        return self._demuxer

    def with_headers(self, chunk: EncodedVideoChunk) -> EncodedVideoChunk:
        """Return the chunk with which a stream begins whose headers stand in it alone."""
        return _with_headers(chunk, self._demuxer.info)

    def tell(self, shown: str, losses: Losses) -> None:
        """Tell what encoding has cost: nothing here."""

    def close(self) -> None:
        """Let go of what was read; twice is fine."""
        self._waiting.clear()
        self._pieces.close()

    def _required(self, last: EncodedVideoChunk | None, start: int) -> int:
        begin, stop = self.begin, self._stop
        if (
            last is None
            or begin is None
            or last.timestamp + (last.duration or 0) < start
            or (stop is not None and begin >= stop)
        ):
            until = "" if stop is None else f" to {stop / 1e6:.6f} s"
            raise InvalidArgumentError(
                f"no picture of {self._demuxer.shown} is shown from {start / 1e6:.6f} s{until} of "
                "its clock: start and stop are microseconds"
            )
        return begin

    def pieces(self) -> Iterator[Piece]:
        """Yield what belongs to it, after `find`."""
        for index, piece in self._before_stop(self._all()):
            if self._is_wanted(index, piece):
                yield from self._passed(index, piece)

    def span(self) -> CopiedSpan | None:
        """Return of what comes next that which is yielded as it is: what is shown between two
        times. None: that has to be looked at, or is held back here.
        """
        if self._waiting or self._awaits_key or self._following is not None or not self._begun:
            return None
        return CopiedSpan(self.begin, self._stop)

    def _passed(self, index: int, piece: EncodedVideoChunk | AVPacket) -> Iterator[Piece]:
        """Yield a piece, and before the first one what is shown from before the beginning."""
        if index in self._texts and not isinstance(piece, EncodedVideoChunk):
            self._shorten(index, piece)
        elif not self._begun and self.time_of(index, piece) is not None:
            self._begun = True
            yield from self._still_shown()
        yield index, piece

    def _shorten(self, index: int, ptr: AVPacket) -> None:
        """Let a subtitle be shown within the part only."""
        base = self._bases[index]
        begin, end = packet.start(ptr, base), packet.stop(ptr, base)
        if begin is None or end is None:
            return
        first = begin if self.begin is None else max(begin, self.begin)
        last = end if self._stop is None else min(end, self._stop)
        if (first, last) != (begin, end):
            packet.show(ptr, tick(first, base), tick(max(first, last), base))

    def _still_shown(self) -> Iterator[Piece]:
        """Yield the subtitles that were shown last before the beginning."""
        for index, ptr in self._shown.items():
            self._shorten(index, ptr)
            yield index, ptr
        self._shown.clear()

    def _all(self) -> Iterator[Piece]:
        while self._waiting:
            yield self._waiting.popleft()
        yield from self._pieces

    def _is_wanted(self, index: int, piece: EncodedVideoChunk | AVPacket) -> bool:
        """Return whether it is not before the beginning: pictures that are shown before the key
        frame and come after it need others that are not there.
        """
        begin = self.begin
        if begin is None:
            return True
        when = self.time_of(index, piece)
        if isinstance(piece, EncodedVideoChunk):
            if self._awaits_key and piece.type == "key" and piece.timestamp >= begin - _JITTER:
                self._awaits_key = False
            return not self._awaits_key and piece.timestamp >= begin
        if index in self._texts and when is not None:
            return self._is_read(index, piece, when, begin)
        return when is None or when >= begin

    def _is_read(self, index: int, ptr: AVPacket, when: int, begin: int) -> bool:
        """Return whether a subtitle is shown after the beginning, as far as that is known."""
        if when > begin:
            return True
        self._shown.pop(index, None)
        if when == begin or (packet.stop(ptr, self._bases[index]) or 0) > begin:
            return True
        if not packet.duration(ptr):
            self._shown[index] = ptr
            return self._begun
        return False

    @property
    def earlier(self) -> int:
        """Microseconds by which it begins before `start`."""
        if self._start is None or self.begin is None:
            return 0
        return max(0, self._start - self.begin)

    @property
    def later(self) -> int:
        """Microseconds by which it ends after `stop`."""
        return 0 if self._stop is None or self.end is None else self.end - self._stop

    def time_of(self, index: int, piece: EncodedVideoChunk | AVPacket) -> int | None:
        """Return when a piece is shown, None if that does not matter."""
        if isinstance(piece, EncodedVideoChunk):
            return piece.timestamp
        base = self._bases.get(index)
        pts, dts = packet.times(piece)
        when = dts if pts is None else pts
        if base is None or when is None:
            return None  # a cover belongs to the whole
        return self.in_microseconds(index, when)

    def in_microseconds(self, index: int, ticks: int) -> int:
        """Return a time of one of the other streams in microseconds."""
        base = self._bases[index]
        return ticks * base[0] * _MICROSECOND // base[1]

    def _before_stop(self, pieces: Iterable[Piece]) -> Iterator[Piece]:
        """Yield what comes before the stop, and the pictures behind it that others before it
        need: those that are decoded before the last one that is shown before the stop. Those that
        are shown between them come too, lest one is shown for longer.
        """
        stop = self._stop
        if stop is None:
            yield from pieces
            return
        last = stop  # what is shown before it is wanted
        behind: list[tuple[int, EncodedVideoChunk]] = []
        is_over = self._video == NO_VIDEO
        for index, piece in pieces:
            when = self.time_of(index, piece)
            if isinstance(piece, EncodedVideoChunk):
                _, decoded = packet.times(piece._ptr)
                self._decoded = decoded
                if not is_over and piece.timestamp < last:
                    for one in behind:
                        ends = one[1].timestamp + (one[1].duration or 0)
                        self.end = ends if self.end is None else max(self.end, ends)
                        last = max(last, one[1].timestamp)
                        yield one
                    behind.clear()
                    self._following = None
                    yield index, piece
                    continue
                behind.append((index, piece))
                self._follow(piece.timestamp)
                if len(behind) > _MOST_DELAY or (decoded is not None and decoded >= last):
                    is_over = True
                    behind.clear()
                when = piece.timestamp if decoded is None else decoded
            elif when is None or when < stop:
                yield index, piece
                continue
            else:
                self._unheard.discard(index)
            if is_over and self._is_behind(index, when, stop):
                return

    @property
    def ends_early(self) -> bool:
        """Whether the file ends before it should."""
        return self.reached_end and self._demuxer.shortfall() is not None

    def lasting(self, timestamp: int, stated: int) -> int:
        """Return how long the last picture is shown, whose time is given, and what is stated."""
        if self.reached_end and self._following is None:
            lasting = held_picture(self._demuxer)
        else:
            lasting = self._until_following
        return ending_at(self._stop, lasting)(timestamp, stated)

    def _until_following(self, timestamp: int, stated: int) -> int:
        following, decoded = self._following, self._decoded
        if following is None or following <= timestamp:
            return stated
        gap = following - timestamp
        # What is decoded later is not shown before then.
        is_known = self.reached_end or (decoded is not None and decoded >= following)
        return gap if is_known or gap < stated else stated

    def _follow(self, timestamp: int) -> None:
        if self._following is None or timestamp < self._following:
            self._following = timestamp

    def _is_behind(self, index: int, when: int | None, stop: int) -> bool:
        """Return whether all has come that is before the stop, as far as one looks."""
        if index == self._video and not self._bases:
            return when is None or self._following is None or when >= self._following
        if when is None:
            return False
        return when >= stop + _LONG_BEHIND or (when >= stop + _BEHIND and not self._unheard)


def _with_headers(chunk: EncodedVideoChunk, info: StreamInfo) -> EncodedVideoChunk:
    """Return a chunk of H.264 with the stream's headers: FFmpeg adds them to pictures that begin a
    new sequence, and not to others.
    """
    if info.codec != "h264":
        return chunk
    extradata = info.extradata
    length_size = avc.length_size(extradata) if avc.is_description(extradata) else None
    try:
        units = nal.iter_nal_units(chunk.data, length_size)
        if any(unit[0] & 31 == _SEQUENCE for unit in units):
            return chunk
        if length_size is None:
            head = extradata if nal.START in extradata else b""
        else:
            found = avc.parse_avcc(extradata)
            sets = [*found.sps, *found.pps]
            head = b"".join(len(each).to_bytes(length_size, "big") + each for each in sets)
    except DataError:
        return chunk
    if not head:
        return chunk
    longer = packet.prefixed(chunk._ptr, head)
    is_key = chunk.type == "key"
    return EncodedVideoChunk._from_native(longer, is_key, chunk.timestamp, chunk.duration)
