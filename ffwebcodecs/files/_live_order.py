"""In which order the packets of a file that is written as it is made are written, and where it is
cut.

What belongs before a cut is written before it. So a fragment waits for the sound until that has
come as far as the picture that begins the next one, but not for ever: a track that is behind by
`_PATIENCE` is waited for no more, and what comes of it then is in a later fragment. For as long
sound that is ahead waits for the picture.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._av.codecs import packet
from .._av.files.mux import MuxerCore
from .._av.files.streams import CopiedStream
from .._spec.files.fragments import FragmentCuts
from ._segments import Segments
from ._sound_track import SoundTrack
from ._tracks import Tracks
from ._video_track import VideoTrack

if TYPE_CHECKING:
    from .._ffi._types import AVPacket

_PATIENCE = 10_000_000  # microseconds, as libavformat has
_SECOND = 1_000_000
Write = Callable[..., Any]


class _Copied:
    """The packets of a copied stream that wait."""

    __slots__ = ("_offset", "_place", "_stream", "packets", "reach")

    def __init__(self, stream: CopiedStream, place: int, offset: int) -> None:
        self._stream = stream
        self._place = place  # in the file
        self._offset = offset
        self.packets: deque[tuple[int, int, AVPacket]] = deque()
        self.reach = 0  # how far what has come goes

    @property
    def is_waited_for(self) -> bool:
        return self._stream.kind in ("audio", "video") and not self._stream.is_cover

    @property
    def codec(self) -> str:
        return self._stream.codec

    @property
    def is_heard(self) -> bool:
        return self._stream.kind == "audio"

    def push(self, ptr: AVPacket) -> None:
        pts, dts = packet.times(ptr)
        time = dts if dts is not None else pts
        begin = self.reach if time is None else self._microseconds(time) + self._offset
        end = begin + self._microseconds(packet.duration(ptr) or 0)
        self.reach = max(self.reach, end)
        self.packets.append((begin, end, ptr))

    def _microseconds(self, ticks: int) -> int:
        numerator, denominator = self._stream.time_base
        return ticks * numerator * _SECOND // denominator

    @property
    def next_span(self) -> tuple[int, int] | None:
        if not self.packets:
            return None
        if self._stream.is_cover:
            return 0, 0
        return self.packets[0][:2]

    def hurry(self) -> None:
        """Nothing waits for the next packet."""

    def write_next(self, core: MuxerCore) -> None:
        core.write(self._place, self.packets.popleft()[2], self._offset)


class LiveOrder:
    """Writes packets to a file that is given away in fragments.

    Parameters
    ----------
    segments : Segments
    plan : FragmentCuts
    """

    __slots__ = ("_copied", "_delay", "_offset", "_plan", "_reached", "_segments")

    def __init__(self, segments: Segments, plan: FragmentCuts) -> None:
        self._segments = segments
        self._plan = plan
        self._copied: dict[int, _Copied] = {}
        self._offset = 0
        self._delay = 0  # from decoding to presentation, at the last key frame
        self._reached: int | None = None  # the decoding time of the last picture

    def begin(self, copied: dict[int, tuple[CopiedStream, int]], offset: int) -> None:
        """Take the copied streams by their numbers, with their places in the file."""
        self._offset = offset
        for number, (stream, place) in copied.items():
            self._copied[number] = _Copied(stream, place, offset)

    def push_copied(self, number: int, ptr: AVPacket) -> None:
        """Take a packet of a copied stream."""
        self._copied[number].push(ptr)

    def cut(self) -> None:
        """Let the next packet begin a fragment."""
        self._plan.cut()

    def close(self) -> None:
        """Let go of all packets."""
        self._copied = {}

    def advance(
        self,
        core: MuxerCore,
        video: VideoTrack,
        tracks: Tracks,
        write: Write,
        cut: Write,
        *,
        is_all: bool = False,
    ) -> None:
        """Write what can be written by now, all that is there if `is_all`."""
        others: list[SoundTrack | _Copied] = [*tracks.sounds.values(), *self._copied.values()]
        while video.ready:
            start, stop, dts, is_key = video.next_picture
            start, stop, dts = (time + self._offset for time in (start, stop, dts))
            begin = start if is_key else dts + self._delay
            if self._plan.is_due(begin, is_key):
                newest = begin if is_all else video.newest + self._offset
                if not self._cut(core, others, begin, newest, write, cut, is_all):
                    return
            else:
                self._write_before(core, others, dts + 1, write)
            if is_key:
                self._delay = start - dts
            self._plan.note_picture(begin, stop, is_key)
            self._segments.note_picture(begin, stop, is_key)
            self._reached = dts
            write(video.write_next, core, self._offset)
        key = video.waiting_key
        if key is not None and self._plan.is_due(key + self._offset, True):
            begin = key + self._offset
            if not self._cut(core, others, begin, begin, write, cut, is_all):
                return
        if is_all:
            self._write_sound(core, others, write, cut, None)
        elif video.timeline is None:
            self._write_sound(core, others, write, cut, _complete_until(others))
        elif self._reached is not None:
            newest = max((each.reach for each in others if each.is_waited_for), default=0)
            if newest - self._reached > _PATIENCE:
                self._write_sound(core, others, write, cut, newest - _PATIENCE)

    def _cut(
        self,
        core: MuxerCore,
        others: list[SoundTrack | _Copied],
        begin: int,
        newest: int,
        write: Write,
        cut: Write,
        is_all: bool,
    ) -> bool:
        """End the fragment before a picture, with all that begins before; return False if some of
        it has not come.
        """
        if not (is_all or _are_complete(others, begin, newest)):
            return False
        self._write_before(core, others, begin, write)
        self._plan.cut()
        cut(begin)
        return True

    def _write_before(
        self, core: MuxerCore, others: list[SoundTrack | _Copied], time: int, write: Write
    ) -> None:
        while True:
            first = _first(others)
            if first is None:
                return
            each, (start, stop) = first
            if start >= time:
                return
            self._write(core, each, start, stop, write)

    def _write_sound(
        self,
        core: MuxerCore,
        others: list[SoundTrack | _Copied],
        write: Write,
        cut: Write,
        until: int | None,
    ) -> None:
        """Write what begins before a time, None: all, and cut where no picture tells."""
        while True:
            first = _first(others)
            if first is None:
                return
            each, (start, stop) = first
            if until is not None and start >= until:
                return
            if self._plan.is_due_for_sound(start):
                self._plan.cut()
                cut(start)
            self._write(core, each, start, stop, write)

    def _write(
        self, core: MuxerCore, each: SoundTrack | _Copied, start: int, stop: int, write: Write
    ) -> None:
        if each.is_heard:
            self._plan.note_sound(start)
            is_delayed = core.container.moves_sound(each.codec)
            self._segments.note_sound(start, stop, is_delayed=is_delayed)
        write(each.write_next, core)


def _first(
    others: list[SoundTrack | _Copied],
) -> tuple[SoundTrack | _Copied, tuple[int, int]] | None:
    found: tuple[SoundTrack | _Copied, tuple[int, int]] | None = None
    for each in others:
        span = each.next_span
        if span is not None and (found is None or span < found[1]):
            found = each, span
    return found


def _are_complete(others: list[SoundTrack | _Copied], time: int, newest: int) -> bool:
    """Return whether all has come that begins before a time, or is waited for no more; then the
    last packets of it wait for none after them.
    """
    for each in others:
        if each.is_waited_for and each.reach < time and newest - each.reach <= _PATIENCE:
            return False
    for each in others:
        each.hurry()
    return True


def _complete_until(others: list[SoundTrack | _Copied]) -> int | None:
    """Return until when all tracks have come, but for those that are waited for no more."""
    reached = [each.reach for each in others if each.is_waited_for]
    if len(reached) < 2:
        return None
    newest = max(reached)
    return min(reach for reach in reached if newest - reach <= _PATIENCE)
