"""Where a film begins on its file's clock, and on its output's."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from .._av.files.stream_info import NO_VIDEO
from .._spec.files.clocks import begins_anywhere

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore

_TIMED = ("video", "audio")
LEAD_IN = 100_000
"""Microseconds: the most that a coder of sound puts in front."""
_SHORT = 100_000  # microseconds: who gives less may have meant another unit


def origin(demuxer: DemuxerCore, keep_start: bool = False) -> int:
    """Return the time of the file, in microseconds, that is 0 of the film: `start` and `stop` of a
    conversion are counted from there, and so are all times on the command line.

    It is that of the first picture, unless other streams begin well before that: then that of the
    earliest packet. A coder's lead-in of sound, which begins a little before, does not move the
    pictures away from 0. It is the same whichever streams are kept. 0 where the file's clock means
    something, as in MP4 and Matroska, where the file does not say, and with `keep_start`.
    """
    if keep_start or not begins_anywhere(demuxer.info.format_name):
        return 0
    first, picture = demuxer.info.first_start, demuxer.info.start_time
    if first is None or (picture is not None and picture - first <= LEAD_IN):
        return picture or 0
    return first


class FilmClock:
    """The part of a film that a conversion takes; all times are microseconds of the file.

    Parameters
    ----------
    demuxer : DemuxerCore
        The input; only asked now.
    start, stop : int or None
        Counted from the film's beginning.
    keep_start : bool
        The output keeps the file's own clock, and `start` and `stop` are counted on it.

    Attributes
    ----------
    origin : int
        0 of the film.
    start, stop : int or None
    zero : int
        What becomes 0 of the output.
    """

    __slots__ = (
        *("_has_video", "_keeps", "_starts", "_video"),
        "moved",
        "origin",
        "start",
        "stop",
        "zero",
    )

    def __init__(
        self,
        demuxer: DemuxerCore,
        start: int | None,
        stop: int | None,
        keep_start: bool,
    ) -> None:
        info = demuxer.info
        self.origin = origin(demuxer, keep_start)
        if start == 0 and not keep_start:
            start = None  # sound that leads in belongs to the beginning
        self.start = None if start is None else self.origin + start
        self.stop = None if stop is None else self.origin + stop
        self.zero = self.origin if self.start is None else self.start
        self.moved = 0
        self._has_video = info.index != NO_VIDEO
        self._keeps = keep_start or self.start is not None or not begins_anywhere(info.format_name)
        self._video = info.start_time, info.duration, begins_anywhere(info.format_name)
        self._starts = {
            one.index: one.start_time
            for one in demuxer.others
            if one.kind in _TIMED and not one.is_cover
        }

    def settle(self, kept: Container[int], with_pictures: bool = False) -> None:
        """Let the output begin with the first of the video and the other streams that are `kept`,
        or `with_pictures` with the video, if no more than a lead-in comes before it, unless it was
        said where. `moved` says then by how much more than without.
        """
        starts = [when for index, when in self._starts.items() if index in kept]
        picture = self._video[0]
        if not self._keeps:
            self.zero = min((w for w in (picture, *starts) if w is not None), default=self.zero)
        if (
            with_pictures
            and self.start is None
            and picture is not None
            and all(when is None or picture - when <= LEAD_IN for when in starts)
        ):
            self.moved = picture - self.zero
            self.zero = picture

    def nothing(self) -> str:
        """Say that no frame lies in the part."""
        if self.start is None and self.stop is None:
            return "the input gives no frame"
        first, last = (
            None if time is None else time - self.origin for time in (self.start, self.stop)
        )
        where = "" if first is None else f" from {_seconds(first)}"
        where += " on" if last is None else f" to {_seconds(last)}"
        begin, duration, _ = self._video
        begin = (begin or 0) - self.origin
        film = f" from {_seconds(begin)}"
        film += " on" if duration is None else f" to {_seconds(begin + duration)}"
        hint = ""
        if max(first or 0, last or 0) < _SHORT:
            given = ("start", first), ("stop", last)
            said = ", ".join(f"{name}={time}" for name, time in given if time is not None)
            hint = f" ({said} are microseconds: a second is 1_000_000)"
        return f"there is no frame in this range,{where}{hint}: the film's are{film}"

    @property
    def pictures(self) -> int | None:
        """When the pictures begin, in the output's time; None if there are none."""
        if not self._has_video:
            return None
        if self.start is not None:
            return 0
        return max(0, (self._video[0] or 0) - self.zero)

    @property
    def end(self) -> int | None:
        """When the output ends, in its own time, None if the input does not say."""
        start, duration, is_absolute = self._video
        if duration is None:
            return None if self.stop is None else self.stop - self.zero
        end = duration + (start or 0) * is_absolute
        return max(0, (end if self.stop is None else min(self.stop, end)) - self.zero)


def _seconds(time: int) -> str:
    return f"{time / 1_000_000:.6f}".rstrip("0").rstrip(".") + " s"
