"""How long the last picture of a file is shown, where its packet does not say it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from .._av.files.seeking import tick
from .._later import pattern

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._spec.files.packet_table import PacketTable
    from ..codecs.encoded_video_chunk import EncodedVideoChunk

_TIME = pattern(r"(\d+):(\d\d):(\d\d)(\.\d+)?$")
# What is longer is rather a length that somebody has written wrongly.
_LONGEST = 600_000_000
_MOST_DELAY = 64  # packets: more than codecs reorder by
_HELD = 100_000  # microseconds: longer than a picture of a film is shown


def held_picture(demuxer: DemuxerCore) -> Callable[[int, int], int]:
    """Return what tells how long the last picture is shown, from its time and its stated duration.

    Matroska has no duration for most packets, MP4 has those of decoding, of which the last one is
    not that of the picture that is shown last, and AVI repeats pictures. But all three say when the
    track or the file ends. Where more than half a picture is left until then, the last one is held.
    """

    def lasting(timestamp: int, stated: int) -> int:
        end = _stated_end(demuxer)
        if end is None or demuxer.shortfall() is not None:
            return stated
        left = end - timestamp
        return left if stated * 3 // 2 < left <= _LONGEST else stated

    return lasting


def ending_at(stop: int | None, lasting: Callable[[int, int], int]) -> Callable[[int, int], int]:
    """Let no picture be held longer than to `stop`; a usual one may last a little longer."""
    if stop is None:
        return lasting
    shorter = held_to(stop)

    def ending(timestamp: int, stated: int) -> int:
        return shorter(timestamp, lasting(timestamp, stated))

    return ending


def held_to(stop: int) -> Callable[[int, int], int]:
    """Return what tells how long a picture is shown that is not held longer than to `stop`, from
    its time and how long it would be shown else.
    """

    def shorter(timestamp: int, length: int) -> int:
        left = stop - timestamp
        return left if length > left >= _HELD else length

    return shorter


def hold_last(table: PacketTable, demuxer: DemuxerCore) -> PacketTable:
    """Let a table of a whole file that has just been read say how long its last picture is held."""
    shown = table.shown
    if len(shown) and table.problem is None:
        stated = int(table.durations[-1])
        length = held_picture(demuxer)(int(table.timestamps[-1]), stated)
        if length != stated:
            table.duration[shown[-1]] = tick(length, table.time_base)
            del table.durations  # made anew when it is asked for
    return table


class LastPicture:
    """Keeps the chunk back that is shown last so far, and those behind it in decoding order, until
    it is known how long it is shown.

    Parameters
    ----------
    exact : bool
        Whether each gets the time to the next as its duration: Ogg has no other times.
    """

    __slots__ = ("_exact", "_latest", "_waiting")

    def __init__(self, exact: bool = False) -> None:
        self._exact = exact
        self._waiting: deque[EncodedVideoChunk] = deque()
        self._latest: int | None = None

    def push(self, chunk: EncodedVideoChunk) -> Iterator[EncodedVideoChunk]:
        """Take a chunk; yield those that can go on."""
        waiting, latest = self._waiting, self._latest
        is_last = latest is None or chunk.timestamp >= latest
        if is_last:
            self._latest = chunk.timestamp
        # What is further behind is no reordering: that time is wrong, and nothing waits for it.
        if self._exact and len(waiting) == 1 and chunk.timestamp > waiting[0].timestamp:
            waiting[0] = waiting[0]._lasting(chunk.timestamp - waiting[0].timestamp)
        if is_last or len(waiting) > _MOST_DELAY:
            while waiting:
                yield waiting.popleft()
        if is_last or waiting:
            waiting.append(chunk)
        else:
            yield chunk

    def held(self) -> tuple[list[EncodedVideoChunk], int] | None:
        """Return those that are kept back, and when the last one is shown; None before the first,
        and if they are changed.
        """
        if self._exact or self._latest is None:
            return None
        return list(self._waiting), self._latest

    def follow(self, chunks: list[EncodedVideoChunk], shown: int) -> None:
        """Keep these back in place of those, after others that have gone past."""
        self._waiting, self._latest = deque(chunks), shown

    def end(self, lasting: Callable[[int, int], int]) -> Iterator[EncodedVideoChunk]:
        """Yield what is left; `lasting` tells how long the last picture is shown, from its time and
        what is stated.
        """
        waiting = self._waiting
        if waiting:
            last = waiting.popleft()
            stated = last.duration or 0
            length = lasting(last.timestamp, stated)
            yield last if length == stated else last._lasting(length)
        while waiting:
            yield waiting.popleft()


def _stated_end(demuxer: DemuxerCore) -> int | None:
    """Return when the video ends by what its file says, in microseconds."""
    info = demuxer.info
    name = info.format_name.partition(",")[0]
    if name == "avi":
        return None if info.duration is None else (info.start_time or 0) + info.duration
    if name not in ("mov", "matroska"):
        return None
    streams = demuxer.streams()
    if name == "matroska":
        for key, value in streams[info.index].tags.items():
            found = _TIME.match(value) if key.upper().startswith("DURATION") else None
            if found is not None:
                hours, minutes, seconds = (int(part) for part in found.groups()[:3])
                whole = (hours * 60 + minutes) * 60 + seconds
                return whole * 1_000_000 + round(float(found[4] or 0) * 1_000_000)
    others = [stream for stream in streams if stream.info.index != info.index]
    ends = [
        None if one.duration is None else (one.info.start_time or 0) + one.duration
        for one in others
        if not one.is_cover
    ]
    known = [end for end in ends if end is not None]
    end = info.film_duration
    own = streams[info.index].duration if name == "mov" else None
    track = None if own is None else (info.start_time or 0) + own
    # It is that of the stream that ends last.
    if end is None or len(known) < len(ends) or end <= max(known, default=0):
        return track
    return end if track is None else max(end, track)
