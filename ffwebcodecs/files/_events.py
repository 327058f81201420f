"""A file as conversions see it: frames of its video, packets of all else, in file order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from .._av.codecs import packet
from .._av.files.seeking import tick
from ..frames.video_frame import VideoFrame
from ._clock import FilmClock
from ._conversion import late_streams
from ._damage import Damage
from ._fields import earlier, whole_pictures
from ._losses import Losses
from ._open import DecodedFile
from ._reading import frames_of, packets_further_back, packets_of
from ._seeking import decoded_from

if TYPE_CHECKING:
    from .._ffi._types import AVPacket
    from ._seeking import Packets

_MICROSECOND = 1_000_000
# After the last frame that is wanted, how far on the other streams are looked for.
_BEHIND = 1_000_000


class CopiedPacket:
    """A packet that is copied; takes the AVPacket."""

    __slots__ = ("index", "ptr")

    def __init__(self, index: int, ptr: AVPacket) -> None:
        self.index = index
        self.ptr = ptr


class FileEvents:
    """Reads a part of a file: frames, and the packets of the streams in `copied`.

    Parameters
    ----------
    file : DecodedFile
        Taken: closed at the end of `events`, or by `close`.
    clock : FilmClock
        Which part. Frames' times are the film's, those of packets the output's.
    damage : Damage
        What is done about it, and has become of it.
    losses : Losses
    deinterlace : bool
        Whether interlaced pictures are made whole.
    copied : mapping of int to (int, int)
        Stream index to time base.
    subtitles : bool
        Whether they are wanted.
    late : list of str
        Afterwards: the streams that turned up too late to be among them.
    """

    def __init__(
        self,
        file: DecodedFile,
        clock: FilmClock,
        *,
        damage: Damage,
        losses: Losses,
        deinterlace: bool = False,
    ) -> None:
        self.demuxer = demuxer = file.demuxer
        self.copied: Mapping[int, tuple[int, int]] = {}
        self.late: list[str] = []
        self.subtitles = True
        self.clock = clock
        start, stop = self._start, self._stop = clock.start, clock.stop
        self._covers = frozenset(one.index for one in demuxer.others if one.is_cover)
        self._waiting: list[CopiedPacket] = []
        self._file = file
        self._damage = damage if damage.skips else None
        self._losses = losses
        begin = earlier(start) if deinterlace else start
        self._packets = packets_of(demuxer, begin, self._divert, self._damage)
        close, lasting = file.decoder.close, demuxer.foresee()
        box: list[Any] = []
        steps = decoded_from(
            begin, self._packets, self._further_back, file.decoder, box, damage, demuxer
        )
        if deinterlace:
            steps = whole_pictures(steps, box)
        self._frames = frames_of(
            steps, box, file.shapes, close, start, stop, 1, lasting, damage.careful, clock.origin
        )

    def _further_back(self) -> Packets | None:
        """Read again from an earlier key packet on, the other streams too."""
        packets = packets_further_back(self.demuxer, self._divert, self._damage)
        if packets is not None:
            self._waiting.clear()
            self._packets = packets
        return packets

    def _divert(self, index: int, ptr: AVPacket) -> None:
        time_base = self.copied.get(index)
        if time_base is None:
            return
        pts, dts = packet.times(ptr)
        when = dts if pts is None else pts
        # A cover belongs to the whole, wherever that begins.
        if when is not None and index not in self._covers:
            microseconds = when * time_base[0] * _MICROSECOND // time_base[1]
            if self._start is not None and microseconds < self._start:
                return
            if self._stop is not None and microseconds >= self._stop:
                return
        kept = packet.clone(ptr)
        zero = self.clock.zero
        if zero and index not in self._covers:
            packet.shift(kept, -tick(zero, time_base))
        self._waiting.append(CopiedPacket(index, kept))

    def events(self) -> Iterator[VideoFrame | CopiedPacket]:
        """Yield frames and packets; closes everything at the end."""
        try:
            for frame in self._frames:
                yield from self._take()
                yield frame
            if self._stop is not None and self.copied:
                self._read_behind(self._stop + _BEHIND)
            yield from self._take()
            self.late = late_streams(self.demuxer, self._losses, self.subtitles)
        finally:
            self.close()

    def _take(self) -> list[CopiedPacket]:
        waiting, self._waiting = self._waiting, []
        return waiting

    def _read_behind(self, until: int) -> None:
        """Divert what belongs to the time that is wanted and lies behind its last frame."""
        for ptr, timestamp in self._packets:
            _, dts = packet.times(ptr)
            if timestamp >= until or (dts is not None and dts >= until):
                return

    def close(self) -> None:
        """Close decoder and file; twice is fine."""
        self._waiting = []
        # Generators that were left in the middle: they hold us, as we hold them.
        try:
            self._frames.close()
            self._packets.close()
        except ValueError:
            # A second Ctrl-C did not wait for the thread that is in them: it closes all at its end.
            return
        self._file.close()
