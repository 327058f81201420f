"""A file as conversions see it: frames of its video, packets of all else, in file order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .._av.codecs import packet
from .._av.files.frame_run import FrameRun
from .._runtime.closing import end_generator
from ..frames.video_frame import VideoFrame
from ._clock import FilmClock
from ._conversion import late_streams
from ._damage import Damage
from ._fields import earlier, whole_pictures
from ._held_picture import ending_at, held_picture, held_to
from ._losses import Losses
from ._open import DecodedFile
from ._other_streams import CopiedPacket, OtherStreams
from ._reading import frames_of, packets_further_back, packets_of
from ._seeking import decoded_from

if TYPE_CHECKING:
    from ._seeking import Packets

# After the last frame that is wanted, how far on the other streams are looked for, and how far
# sound is that has not come to that time.
_BEHIND, _LONG_BEHIND = 1_000_000, 5_000_000


class FileEvents:
    """Reads a part of a file: frames, and the packets of `others`.

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
    others : OtherStreams
        What is copied.
    subtitles : bool
        Whether they are wanted.
    late : list of str
        Afterwards: the streams that turned up too late to be among them.
    last : (int or None, int)
        Afterwards: the duration that the last frame has, and that it should have, 0: unknown.
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
        self.others = OtherStreams(demuxer, clock)
        self.late: list[str] = []
        self.last: tuple[int | None, int] = None, 0
        self.subtitles = True
        self.clock = clock
        start, stop = clock.start, clock.stop
        self._file = file
        self._damage = damage if damage.skips else None
        self._losses = losses
        begin = earlier(start) if deinterlace else start
        self._packets = packets_of(demuxer, begin, self.others.add, self._damage)
        close, lasting = file.decoder.close, demuxer.foresee(held_picture(demuxer))
        self._lasting = lasting = ending_at(stop, lasting)
        box: list[Any] = []
        run = None
        if not deinterlace:
            run = FrameRun(demuxer, file.decoder, self.others.add, start, stop)
        steps = decoded_from(
            begin, self._packets, self._further_back, file.decoder, box, damage, demuxer, run=run
        )
        if deinterlace:
            steps = whole_pictures(steps, box)
        self._frames = frames_of(
            *(steps, box, file.shapes, close, start, stop, 1, lasting, damage.careful),
            clock.origin,
            ending=None if stop is None else held_to(stop),
        )

    def _further_back(self) -> Packets | None:
        """Read again from an earlier key packet on, the other streams too."""
        packets = packets_further_back(self.demuxer, self.others.add, self._damage)
        if packets is not None:
            self.others.begin_again()
            self._packets = packets
        return packets

    def events(self) -> Iterator[VideoFrame | CopiedPacket]:
        """Yield frames and packets; closes everything at the end."""
        timestamp, stated = 0, None
        try:
            self.others.look_back()
            for frame in self._frames:
                yield from self.others.take()
                timestamp, stated = frame.timestamp, frame.duration
                yield frame
            # Not every decoder has the packet after a picture: only now it is known to be the last.
            self.last = stated, self._lasting(timestamp + self.clock.origin, stated or 0)
            if self.clock.stop is not None and self.others.is_wanted:
                read_behind(self._packets, self.clock.stop, self.others)
            yield from self.others.take()
            self.late = late_streams(self.demuxer, self._losses, self.subtitles)
        finally:
            self.close()

    def close(self) -> None:
        """Close decoder and file; twice is fine."""
        self.others.close()
        # Generators that were left in the middle: they hold us, as we hold them.
        if end_generator(self._frames) and end_generator(self._packets):
            self._file.close()
        # Else a second Ctrl-C did not wait for the thread that is in them: it closes all at its
        # end.


def read_behind(packets: Packets, stop: int, others: OtherStreams) -> None:
    """Divert what belongs to the time that is wanted and lies behind its last frame."""
    for ptr, timestamp in packets:
        _, dts = packet.times(ptr)
        behind = max(timestamp, timestamp if dts is None else dts) - stop
        if behind >= _LONG_BEHIND or (behind >= _BEHIND and others.is_heard):
            return
