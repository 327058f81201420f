"""From packets to frames: what comes out before damage, and how decoding goes on behind it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from .._av.codecs import packet
from .._av.frames import frame as native
from ..codecs._decoding import Core
from ..errors import EncodingError
from ._damage import DAMAGE, Damage

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._av.files.frame_run import FrameRun
    from .._ffi._types import AVFrame, AVPacket
    from ._reading import Packets

# More packets than any decoder keeps back to give pictures in presentation order, or for ever
# because they give none.
_REORDERED = 32
# Decoders that say which pictures are key frames; of others it is seen when one says it of one.
_SAYING_KEYS = frozenset(
    {"flv", "h263", "h264", "hevc", "libdav1d", "mpeg1video", "mpeg2video", "mpeg4", "theora"}
    | {"vp7", "vp8", "vp9", "vvc"}
)


class Sent:
    """The packets that a decoder has got and not given a frame of yet, in decoding order."""

    __slots__ = ("_core", "_waiting")

    def __init__(self, core: Core) -> None:
        self._core = core
        # Timestamp and packet; None for one that has given its frame.
        self._waiting: deque[list[Any]] = deque()

    def add(self, ptr: AVPacket, timestamp: int) -> None:
        """Keep a packet that is about to be sent."""
        waiting = self._waiting
        waiting.append([timestamp, packet.clone(ptr)])
        if len(waiting) > _REORDERED + self._core.most_behind:
            waiting.popleft()

    def came(self, timestamp: int) -> None:
        """Let go of the packet that a frame is of."""
        waiting = self._waiting
        for entry in waiting:
            if entry[0] == timestamp and entry[1] is not None:
                entry[1] = None
                break
        while waiting and waiting[0][1] is None:
            waiting.popleft()

    def take(self) -> list[tuple[AVPacket, int]]:
        """Return all from the first one without a frame on that have not given one, and forget
        them.
        """
        found = [(ptr, timestamp) for timestamp, ptr in self._waiting if ptr is not None]
        self._waiting.clear()
        return found

    def failed(self) -> tuple[list[int], list[tuple[AVPacket, int]]]:
        """Return the times of the packets up to the one that failed of which no frame came, and
        the packets after it; forget all.
        """
        entries = list(self._waiting)
        self._waiting.clear()
        place = max(len(entries) - self._core.behind - 1, 0)
        # What has given its frame is in order, and so is all before it.
        given = [index for index, entry in enumerate(entries) if entry[1] is None]
        place = max([place, *given])
        lost = [entry[0] for entry in entries[: place + 1] if entry[1] is not None]
        return lost, [(ptr, timestamp) for timestamp, ptr in entries[place + 1 :]]


def decoded(
    packets: Packets,
    core: Core,
    box: list[Any],
    damage: Damage,
    demuxer: DemuxerCore | None = None,
    run: FrameRun | None = None,
) -> Iterator[None]:
    """Put one native frame after the other into `box`, or with `run` several at once, as rows,
    yielding each time; an error comes after everything that was decoded before it.

    A generator that waits keeps its local variables. Frames go through the box, out of which the
    consumer takes them, so that nobody but the program holds a frame that it is looking at.

    Parameters
    ----------
    packets : generator of (AVPacket, int)
    core : Core
    box : list
    damage : Damage
    demuxer : DemuxerCore, optional
        Where the packets are from, which knows whether some are missing at the end.
    run : FrameRun, optional
        Decodes several of its packets at once. The first frame never comes of it.
    """
    if damage.skips:
        return Decoding(packets, core, box, damage, demuxer).steps()
    return _up_to_damage(packets, core, box, damage, demuxer, None if damage.strict else run)


def _up_to_damage(
    packets: Packets,
    core: Core,
    box: list[Any],
    damage: Damage,
    demuxer: DemuxerCore | None,
    run: FrameRun | None,
) -> Iterator[None]:
    """The short way, for who wants the first error."""
    failure: BaseException | None = None
    tally = Tally(core)
    if run is not None:
        run.begin()
    try:
        for ptr, timestamp in packets:
            if tally.counts:
                tally.count(ptr)
            core.send(ptr, timestamp)
            while received(core, box):
                tally.counts = False
                yield
            while run is not None and not tally.counts and run.step(box):
                yield
    except DAMAGE as error:
        failure = error.with_traceback(None)
    while True:  # an error that comes now leaves frames of the chunks before it
        try:
            core.drain()
            while received(core, box):
                tally.counts = False
                yield
            break
        except EncodingError as error:
            failure = failure or error.with_traceback(None)
    if failure is not None:
        try:
            if (
                demuxer is None
                or not isinstance(failure, EncodingError)
                or not _is_last(core, packets)
                or not damage.end(demuxer, less=1)
            ):
                raise failure
        finally:
            failure = None  # its traceback holds this frame, which must not hold it in turn
        return
    tally.check()
    damage.end(demuxer)


def _is_last(core: Core, packets: Packets) -> bool:
    """Whether the packet that the decoder has refused is the last one: in a file that ends early,
    it is not whole.
    """
    if core.behind:
        return False
    try:
        return next(packets, None) is None
    except DAMAGE:
        return False


def received(core: Core, box: list[Any]) -> bool:
    """Put the next frame into the box, and return whether there was one."""
    box.append(core.receive())
    if box[0] is None:
        box.clear()
    return bool(box)


class Tally:
    """Counts chunks until a frame comes: if none ever does, that is an error.

    Attributes
    ----------
    counts : bool
        Whether no frame has come.
    """

    __slots__ = ("_chunks", "_core", "_keys", "counts")

    def __init__(self, core: Core) -> None:
        self._core = core
        self._chunks = self._keys = 0
        self.counts = True

    def count(self, ptr: AVPacket) -> None:
        """Count a chunk, unless its picture is not to be shown."""
        if not packet.is_discarded(ptr):
            self._chunks += 1
            self._keys += packet.is_key(ptr)

    def check(self, reason: str = "", skipped: int = 0) -> None:
        """Raise EncodingError if there were chunks, and no frame. `reason` is that of the chunks
        that were skipped.
        """
        count = max(self._chunks, skipped)
        if not self.counts or not count:
            return
        if self._chunks and not self._keys:
            reason = "none of them is a key frame, where decoding could begin"
        raise EncodingError(
            f"{self._core.name} gave no frame of {count} chunk{'s' if count > 1 else ''}: "
            f"{reason or 'it does not say why'}"
        )


class Decoding:
    """The long way from packets to frames: it keeps what the decoder has got, and so can go on
    behind damage, or give back what was read ahead.

    Behind damage, decoding begins again at the next key frame, with a decoder that has forgotten
    all: what it could give before that would be built on what is missing.

    Parameters
    ----------
    as `decoded`

    Attributes
    ----------
    sent : Sent
    again : deque of (AVPacket, int)
        What comes before the next packet.
    """

    __slots__ = (
        "_box",
        "_core",
        "_damage",
        "_demuxer",
        "_doubts",
        "_failure",
        "_floor",
        "_low",
        "_packets",
        "_says_keys",
        "_tally",
        "_waits",
        "again",
        "sent",
    )

    def __init__(
        self,
        packets: Packets,
        core: Core,
        box: list[Any],
        damage: Damage,
        demuxer: DemuxerCore | None,
        waits: bool = False,
    ) -> None:
        self._packets = packets
        self._core = core
        self._box = box
        self._damage = damage
        self._demuxer = demuxer
        self._failure: BaseException | None = None  # what the input said at its end
        self._waits = waits  # for a key frame
        # Leading pictures are before these times: among packets, among frames.
        self._floor: int | None = None
        self._low: int | None = None
        self._says_keys = core.name in _SAYING_KEYS
        self._doubts = False  # whether the key packet was one: files may say so of all
        self._tally = Tally(core)
        self.sent = Sent(core)
        self.again: deque[tuple[AVPacket, int]] = deque()

    def steps(self) -> Iterator[None]:
        """Yield each time there is a frame in the box."""
        failure: BaseException | None = None
        while True:
            try:
                yield from self._to_the_end()
                break
            except EncodingError as error:
                failure = error.with_traceback(None)
            yield from self._received()  # of chunks before the one that failed
            lost, after = self.sent.failed()
            self.again.extendleft(reversed(after))
            if not self._damage.skips:
                break
            self._damage.because(failure)
            for timestamp in lost:
                self._damage.skip(timestamp)
            self._restart()
            failure = None
        if failure is not None and self._is_last() and self._damage.end(self._demuxer, less=1):
            return
        failure, self._failure = failure or self._failure, None
        if failure is not None:
            try:
                raise failure
            finally:
                failure = None  # its traceback holds this frame, which must not hold it in turn
        self._tally.check(self._damage.reason, self._damage.chunks)
        self._damage.end(self._demuxer)

    def rest(self) -> list[tuple[AVPacket, int]]:
        """Return all of the input that has given no frame, in decoding order, and forget it."""
        found = self.sent.take()
        found.extend(self.again)
        self.again.clear()
        return found

    def _is_last(self) -> bool:
        """Whether the packet that the decoder has refused is the last one."""
        if self.again or self._core.behind or self._demuxer is None:
            return False
        found = self._next()
        if found is not None:
            self.again.append((packet.clone(found[0]), found[1]))
        return found is None and self._failure is None

    def _restart(self) -> None:
        self._core.restart()
        self._waits = True

    def _next(self) -> tuple[AVPacket, int] | None:
        if self.again:
            return self.again.popleft()
        if self._failure is not None:
            return None
        try:
            return next(self._packets, None)
        except DAMAGE as error:
            self._failure = error.with_traceback(None)
            return None

    def _to_the_end(self) -> Iterator[None]:
        core, damage = self._core, self._damage
        while (found := self._next()) is not None:
            ptr, timestamp = found
            del found
            if self._tally.counts:
                self._tally.count(ptr)
            if damage.gap:
                # What is before it is whole. An error of that must not lose this one.
                damage.gap = False
                self.again.appendleft((packet.clone(ptr), timestamp))
                yield from self._drained()
                self.sent.take()
                self._restart()
                continue
            if damage.skips and packet.is_corrupt(ptr):
                damage.skip(timestamp)
                damage.gap = True
                continue
            if self._waits or self._floor is not None:
                self._begin_at(ptr, timestamp)
                if self._waits:
                    continue
            self.sent.add(ptr, timestamp)
            core.send(ptr, timestamp)
            del ptr
            yield from self._received()
        yield from self._drained()

    def _begin_at(self, ptr: AVPacket, timestamp: int) -> None:
        """Look at a packet that comes where decoding is to begin, or just has begun."""
        if self._waits and packet.is_key(ptr):
            self._waits, self._doubts = False, True
            self._floor = self._low = timestamp
        elif self._waits or (self._floor is not None and timestamp < self._floor):
            # Leading pictures are decoded, since others may count them.
            self._damage.skip(timestamp)
        else:
            self._floor = None

    def _drained(self) -> Iterator[None]:
        self._core.drain()
        yield from self._received()

    def _received(self) -> Iterator[None]:
        core, box, sent = self._core, self._box, self.sent
        while received(core, box):
            timestamp = native.timestamp(box[0])
            if self._is_good(box[0], timestamp):
                self._tally.counts = False
                yield
            else:
                box.clear()
            sent.came(timestamp)

    def _is_good(self, ptr: AVFrame, timestamp: int) -> bool:
        """Whether nothing that a frame is built on is missing."""
        if self._low is not None:
            if timestamp < self._low:
                return False  # a leading picture, which is noted already
            if timestamp > self._low:
                self._low = None
        if not self._doubts and self._says_keys:
            return True
        key = native.is_key(ptr)
        self._says_keys = self._says_keys or key
        if not self._doubts:
            return True
        if self._says_keys and not key:
            self._damage.skip(timestamp)
            return False
        self._doubts = False
        self._damage.resume(timestamp)
        return True
