"""A part of a film, cut out without decoding: from a key frame on."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Iterable, Iterator
from typing import TYPE_CHECKING

from .._av.codecs import packet
from .._av.files.demux import DemuxerCore
from .._av.files.stream_info import NO_VIDEO, StreamInfo
from .._spec.codecs import avc, nal
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import DataError, EncodingError, InvalidArgumentError
from ._damage import Damage
from ._reading import chunk_of, kept_packets

if TYPE_CHECKING:
    from .._ffi._types import AVPacket

    # Of the video a chunk, of other streams an AVPacket; beside it its stream's index.
    Piece = tuple[int, EncodedVideoChunk | AVPacket]

_MICROSECOND = 1_000_000
# How far before the key frame other streams' packets of its time may lie in a file, and how far
# behind the last picture.
_BEFORE = 3_000_000
_BEHIND = 1_000_000
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

    Attributes
    ----------
    begin : int or None
        The time of the key frame with which it begins, after `find`; `start` without video.
    end : int or None
        When the last picture ends that had to be taken although it is shown after `stop`.
    reached_end : bool
        Whether the file was read to its end.
    """

    def __init__(
        self,
        demuxer: DemuxerCore,
        start: int | None,
        stop: int | None,
        has_video: bool,
        damage: Damage,
    ) -> None:
        self.begin: int | None = None if has_video else start
        self.end: int | None = None
        self.reached_end = False
        self._demuxer = demuxer
        self._start, self._stop = start, stop
        self._video = demuxer.info.index if has_video else NO_VIDEO
        self._bases = {one.index: one.time_base for one in demuxer.others if not one.is_cover}
        self._waiting: deque[Piece] = deque()
        if start is not None and demuxer.info.index != NO_VIDEO:
            self._seek(start)
        self._pieces = self._read(damage)

    def _seek(self, start: int) -> None:
        try:
            self._demuxer.seek(start - _BEFORE)
        except EncodingError:
            pass  # a pipe is read from its beginning

    def _read(self, damage: Damage) -> Generator[Piece, None, None]:
        demuxer = self._demuxer
        for index, ptr in kept_packets(demuxer, damage):
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
        self._require(last, start)

    def with_headers(self, chunk: EncodedVideoChunk) -> EncodedVideoChunk:
        """Return the chunk with which a stream begins whose headers stand in it alone."""
        return _with_headers(chunk, self._demuxer.info)

    def close(self) -> None:
        """Let go of what was read; twice is fine."""
        self._waiting.clear()
        self._pieces.close()

    def _require(self, last: EncodedVideoChunk | None, start: int) -> None:
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

    def pieces(self) -> Iterator[Piece]:
        """Yield what belongs to it, after `find`."""
        for index, piece in self._before_stop(self._all()):
            if self._is_wanted(index, piece):
                yield index, piece

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
        return when is None or when >= begin

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
        return when * base[0] * _MICROSECOND // base[1]

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
                if not is_over and piece.timestamp < last:
                    for one in behind:
                        ends = one[1].timestamp + (one[1].duration or 0)
                        self.end = ends if self.end is None else max(self.end, ends)
                        last = max(last, one[1].timestamp)
                        yield one
                    behind.clear()
                    yield index, piece
                    continue
                behind.append((index, piece))
                if len(behind) > _MOST_DELAY or (decoded is not None and decoded >= last):
                    is_over = True
                    behind.clear()
                when = piece.timestamp if decoded is None else decoded
            elif when is None or when < stop:
                yield index, piece
                continue
            if is_over and (not self._bases or (when is not None and when >= stop + _BEHIND)):
                return


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
