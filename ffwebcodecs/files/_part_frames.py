"""The frames of a part, decoded where it is worked on."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .._av import averror
from .._av.codecs import packet
from .._av.files.demux import DemuxerCore
from .._av.frames import frame as native
from .._runtime.helper import HelperThread
from .._spec.files.packet_table import microseconds
from ..errors import DataError, EncodingError
from ..frames.video_frame import VideoFrame
from ._by_number import ByNumber
from ._damage import Damage
from ._fields import earlier, whole_pictures
from ._frame_loop import decoded
from ._held_picture import ending_at
from ._open import open_for_decoding
from ._packet_source import Counters, FilePackets, NotThereError
from ._part import Part
from ._part_edges import scan_file
from ._reading import frames_of
from ._source_digest import digest_of_open

if TYPE_CHECKING:
    from .._av.files.frame_run import FrameRun
    from .._av.files.opening import Opening
    from .._ffi._types import AVFrame, AVPacket
    from .._spec.files.packet_table import PacketTable
    from ..codecs._decoding import Core

    Packets = Generator[tuple[AVPacket, int], None, None]

_BACK = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)  # seconds


class PartFrames:
    """Reads the frames of a part.

    Parameters
    ----------
    part : Part
    damage : Damage
        What is done about it, and has become of it.
    threads : int
    hardware_acceleration : str
    deinterlace : bool

    Raises
    ------
    DataError
        The file is another one than that which was divided.
    """

    def __init__(
        self,
        part: Part,
        damage: Damage,
        *,
        threads: int,
        hardware_acceleration: str,
        deinterlace: bool,
    ) -> None:
        job = part.job
        self._part = part
        self._damage = damage
        self._file = file = open_for_decoding(
            job.source,
            opening=job.opening,
            threads=threads,
            hardware_acceleration=hardware_acceleration,
            explode=damage.explode,
        )
        self._frames: Generator[VideoFrame, None, None] | None = None
        self._packets = _NumberedPackets(part, file.demuxer)
        try:
            damage.shown = self.shown = file.demuxer.shown
            difference = job.digest.difference(digest_of_open(file.demuxer))
            if difference is not None:
                raise DataError(f"{self.shown} is not the file that was divided: {difference}")
            self._is_plain = not deinterlace
            box: list[Any] = []
            steps = self._steps(box, earlier(int(part.times[0])) if deinterlace else None)
            if deinterlace:
                steps = whole_pictures(steps, box)
            times, durations = part.times.tolist(), part.durations.tolist()
            self._known = {} if deinterlace else dict(zip(times, durations, strict=True))
            close = self._packets.close
            lasting = ending_at(job.stop, self._lasting)
            self._frames = frames_of(
                *(steps, box, file.shapes, close, part.start, part.stop, 1, lasting),
                damage.careful,
                job.origin,
                ending=lasting,
            )
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[VideoFrame]:
        assert self._frames is not None
        return self._frames

    def held(self, timestamp: int, stated: int) -> int:
        """Return how long the last frame of the film is shown, at a time of the file."""
        left: int = self._part.end - timestamp
        return left if stated * 3 // 2 < left else stated

    def _lasting(self, timestamp: int, stated: int) -> int:
        known: int = self._known.get(timestamp, stated)
        return known

    def _steps(self, box: list[Any], begin: int | None) -> Iterator[None]:
        """Decode so that the first frame is not later than the part begins."""
        part, core, damage, packets = self._part, self._file.decoder, self._damage, self._packets
        begin = int(part.times[0]) if begin is None else begin
        is_first = not packets.comes_before(begin)
        end: Any = _FileEnd(part)
        number = part.first_packet
        ways_back = packets.ways_back(number)
        while True:
            damage.forget()
            found = packets.begin_at(number)
            run = packets.run(core) if self._is_plain else None
            steps = decoded(found, core, box, damage, end, run)
            failure: EncodingError | None = None
            try:
                next(steps, None)
            except EncodingError as error:
                failure = error.with_traceback(None)
            if box and (is_first or _is_right(box[0], begin, packets.time_of(number))):
                break
            number = next(ways_back, -1)
            if number < 0:
                break
            box.clear()
            core.restart()
        if failure is not None:
            try:
                raise failure
            finally:
                failure = None  # its traceback holds this frame, which must not hold it in turn
        if box:
            yield
            yield from steps

    def close(self) -> None:
        """Close decoder and file; twice is fine."""
        if self._frames is not None:
            self._frames.close()
        self._packets.close()
        self._file.decoder.close()
        self._file.close()


def _is_right(ptr: AVFrame, begin: int, first: int) -> bool:
    """Return whether decoding was right from the picture on that is shown at `begin`, given the
    first picture that came, and when that of the first packet is shown.
    """
    time = native.timestamp(ptr)
    if time not in (begin, first):
        return time < begin
    # What is concealed is made of the pictures before; and a container may call packets key packets
    # that are none, one after the other.
    return time <= begin and not native.is_predicted(ptr) and not native.is_damaged(ptr)


class _FileEnd:
    """What is missing at the end of a file, known to who has read all of it."""

    def __init__(self, part: Part) -> None:
        self._said = part.job.shortfalls if part.is_last else (None, None)

    def shortfall(self, less: int = 0) -> str | None:
        return self._said[bool(less)]


class _NumberedPackets:
    """The packets of a part by number, with the times that the index says."""

    def __init__(self, part: Part, demuxer: DemuxerCore) -> None:
        self._part = part
        self._demuxer = demuxer
        self._source: FilePackets | None = None
        self._packets: Packets | None = None
        self._use(part.table, part.offset)

    def _use(self, table: PacketTable, offset: int) -> None:
        opening, part = self._part.job.opening, self._part
        reopen = partial(_reopened, part.job.source, opening, offset)
        is_new = self._source is None
        self._table, self._offset = table, offset
        self._stop = part.stop_packet + part.offset - offset
        self._columns = microseconds(table.presentation, table.time_base)
        self._times = self._columns.tolist()
        core = self._demuxer if is_new else reopen()
        if self._source is not None:
            self._source.close()
        self._source = FilePackets(core, table, Counters(), reopen)
        self._source.next = 0 if not offset else None

    def comes_before(self, begin: int) -> bool:
        """Return whether any picture is shown before a time."""
        return bool(self._offset) or min(self._times) < begin

    def time_of(self, number: int) -> int:
        """Return when the picture of a packet is shown."""
        time: int = self._times[number]
        return time

    def begin_at(self, number: int) -> Packets:
        """Return the packets from one on; those that were returned before end."""
        if self._packets is not None:
            self._packets.close()
        self._packets = self._from(number)
        return self._packets

    def run(self, core: Core) -> FrameRun | None:
        """Return what decodes several of the packets that `begin_at` has just returned at once."""
        source, part = self._source, self._part
        assert source is not None
        found = ByNumber(source, self._table, core, self._columns, part.start, part.stop)
        found.end = min(self._stop, len(self._table))
        return found.run

    def _from(self, number: int) -> Packets:
        source = self._source
        assert source is not None
        source.go_to(number)
        ptr = packet.allocate()
        try:
            while source.next is not None and source.next < self._stop:
                found = source.read(ptr)
                if found is None:
                    break
                time = self._times[found]
                packet.show_at(ptr, time)
                yield ptr, time
                packet.unref(ptr)
        except BaseException as error:
            del ptr  # nor does the error keep it
            averror.let_go(error)
            raise

    def ways_back(self, number: int) -> Iterator[int]:
        """Yield key packets ever further back, at last the first packet of the file."""
        tried = number + self._offset
        for each in self._earlier(number):
            tried = each + self._offset
            yield each
        if self._offset:
            # What was sent along is not enough.
            table = scan_file(self._part.job.source, self._part.job.opening).table
            self._use(table, 0)
            yield from self._earlier(tried)

    def _earlier(self, number: int) -> Iterator[int]:
        table = self._table
        keys, times = table.keys, self._times
        before = keys[: keys.searchsorted(number)].tolist()
        found = number
        if before:
            found = before[-1]
            yield found
        for seconds in _BACK:
            limit = times[number] - seconds * 1_000_000
            earlier = [key for key in before if times[key] <= limit]
            if earlier and earlier[-1] < found:
                found = earlier[-1]
                yield found
        least = before[0] if before else 0
        if least < found:
            yield least

    def close(self) -> None:
        """Let go of the file; twice is fine."""
        if self._packets is not None:
            self._packets.close()
        if self._source is not None:
            self._source.close()


def _reopened(source: str, opening: Opening, offset: int) -> DemuxerCore:
    """Open a file again, behind so many packets."""
    demuxer = DemuxerCore(source, opening, helper=HelperThread)
    try:
        ptr = packet.allocate()
        for number in range(offset):
            if not demuxer.read(ptr):
                raise NotThereError(f"packet {number} is not there any more")
            packet.unref(ptr)
    except BaseException:
        demuxer.close()
        raise
    return demuxer
