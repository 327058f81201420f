"""A file whose sound is read: opened, gone to a place of, decoded from there.

A window begins with a seek to before it, by as much as the decoder needs to give what it gives of
the whole. The packets that come then are looked at: where they are too late, the seek goes further
back; where nothing tells which samples they hold, the file is read from its beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from .._av import averror
from .._av.codecs import packet
from .._av.files.demux import DemuxerCore
from .._av.files.sound_run import ArrayRun
from .._av.frames import samples
from .._runtime.helper import HelperThread
from .._spec.files.microseconds import to_microseconds, to_ticks
from ..errors import EncodingError
from ._renewal import begin_of, renewal_of
from ._sound_decoding import SoundDecoding

if TYPE_CHECKING:
    from collections import deque

    from .._av.files.opening import Opening
    from .._av.frames.samples import SoundShape
    from .._ffi._types import AVFrame, AVPacket
    from ._damage import Damage
    from ._sample_array import SampleArray

    Span = Callable[[int], tuple[int | None, int | None]]
    Piece = tuple[Any, int, int]

_BACK = (0, 1, 2, 4, 8, 16, 32)  # seconds
_LEAST = 6  # packets whose times are to agree
_CALIBRATED = 32  # packets
_LITTLE = 500_000  # microseconds by which what headers state is off
_NO_LIMIT = 2**62
_MOST = 256  # packets that are read for it


class SoundFile:
    """An open file and the decoder of one stream of its sound; `close` frees both.

    Attributes
    ----------
    before, more : bool
        There is sound before the window, and behind it.
    shortfall : str or None
        What is missing at the end of the file.
    shape : SoundShape or None
        What the frame is that came last, if that is known without looking at it.
    demuxer : DemuxerCore
    decoding : SoundDecoding
    """

    __slots__ = (
        "_damage",
        "_fill",
        "_like",
        "_pieces",
        "_ready",
        "before",
        "decoding",
        "demuxer",
        "more",
        "shape",
        "shortfall",
        "stream",
    )

    def __init__(self, source: Any, opening: Opening, wanted: int | None, damage: Damage) -> None:
        opening.only_sound = opening.takes_sound = True
        self.demuxer = core = DemuxerCore(source, opening, helper=HelperThread)
        self._damage = damage
        damage.shown = core.shown
        self._ready: list[tuple[AVFrame, int]] = []
        self._pieces: deque[Piece] | None = None
        self.before = self.more = False
        self.shortfall: str | None = None
        self._fill: Callable[[AVPacket], bool] | None = None
        self.shape: SoundShape | None = None
        self._like: SoundShape | None = None  # what came last
        try:
            self.stream = core.sound(wanted)
            core.select({self.stream.number})
            stream = self.stream
            self.decoding = SoundDecoding(stream, core.first_of(stream.number), renewal_of(stream))
        except BaseException as error:
            core.close()
            averror.let_go(error)
            raise

    def frames(
        self,
        start: int | None,
        span: Span,
        box: list[Any],
        array: SampleArray | None = None,
        pieces: deque[Piece] | None = None,
    ) -> Iterator[int]:
        """Yield positions of frames, each put into `box` before, or that of the first in `pieces`.

        Parameters
        ----------
        start : int, optional
            Microseconds: the file is gone to before this time.
        span : callable
            Takes the rate of the samples; returns the first one wanted, and the one after the last,
            None for all. There are no others in the frames.
        box : list
        array : SampleArray, optional
            Where all frames go: those that are not yielded are in it.
        pieces : deque, optional
            Where pictures go, each with its first sample and how many it has, that follow each
            other and are of one kind, `shape`: to be taken out before the next step.
        """
        if start is not None:
            self._lands(start)
        decoding, ready = self.decoding, self._ready
        first: int | None = None
        last: int | None = None
        packets = self._packets()
        begun = False
        while True:
            if not ready:
                fed = next(packets, None)
                if fed is None:
                    return
                if pieces:
                    yield pieces[0][1]
                continue
            if not begun:
                begun = True
                first, last = span(decoding.rate)
                run = ArrayRun(self.demuxer, self.stream.number)
                if array is not None:
                    self._fill = partial(self._run, run, array, last)
                else:
                    self._fill = partial(self._run_on, run, pieces, first, last)
                self._pieces = pieces
                self._like = samples.describe(ready[0][0])
            ptr, position = ready.pop(0)
            count = samples.count(ptr)
            if first is not None and position < first:
                self.before = True
                if position + count <= first:
                    del ptr
                    continue
                samples.trim(ptr, first - position, count - (first - position))
                count -= first - position
                position = first
            if last is not None and position + count > last:
                self.more = True
                if position >= last:
                    del ptr
                    return
                samples.trim(ptr, 0, last - position)
                count = last - position
            box.append(ptr)
            del ptr
            yield position
            if last is not None and position + count >= last:
                self.more = True
                return

    def _packets(self) -> Iterator[bool]:
        """Read and decode packet by packet; what comes of it goes to `_ready`."""
        decoding, core, ready, damage = self.decoding, self.demuxer, self._ready, self._damage
        number = self.stream.number
        read = core.read_any
        if damage.skips:
            read = partial(damage.read_on, core)
        ptr = packet.allocate()
        try:
            while True:
                fill, self.shape = self._fill, None
                has_packet = fill is not None and fill(ptr)
                if ready or self._pieces:
                    yield True  # before anything else is read
                    self.shape = None
                    if not has_packet:
                        continue
                found = number if has_packet else read(ptr)
                if found is None:
                    break
                if found == number:
                    try:
                        ready += decoding.feed(ptr)
                    except EncodingError as error:
                        self._note(error)
                    if fill is not None and ready:
                        self._like = samples.describe(ready[-1][0])
                packet.unref(ptr)
                yield True
            ready += decoding.finish()
            self.shortfall = self._missing()
            yield True
        except BaseException as error:
            del ptr  # nor does the error keep it
            ready.clear()
            averror.let_go(error)
            raise

    def _missing(self) -> str | None:
        """Return what is missing at the end of what the file states, None if nothing is."""
        stream, end, rate = self.stream, self.decoding.end, self.decoding.rate
        info = self.demuxer.info
        if info.estimates_duration or stream.duration is None or end is None or not rate:
            return None
        base = stream.parameters.time_base
        stated = to_microseconds(stream.duration + stream.earliest, base)
        came = end * 1_000_000 // rate
        if stated - came <= max(_LITTLE, stated // 50):
            return None
        return (
            f"{self.demuxer.shown} ends early: it states {stated / 1e6:.3f} s of sound, "
            f"{came / 1e6:.3f} s came"
        )

    def _run(self, run: ArrayRun, array: SampleArray, last: int | None, ptr: AVPacket) -> bool:
        """Let what follows go into an array as far as no packet is to be looked at; return whether
        one was read that is.
        """
        decoding = self.decoding
        while (room := array.room()) is not None:
            shape, place, position = room
            plan = decoding.plan(position)
            if plan is None:
                return False
            limit = position + len(place)
            if last is not None:
                limit = min(limit, last - 1)
            limit = decoding.bound(limit)
            if limit <= position:
                return False
            ran = run.go(decoding.core, ptr, shape, plan, position, limit, place, array.write)
            if ran is None:
                return False
            array.filled(ran.position - position)
            decoding.went_on(ran)
            if not ran.is_paused:
                return ran.has_packet
        return False

    def _run_on(
        self,
        run: ArrayRun,
        pieces: deque[Piece] | None,
        first: int | None,
        last: int | None,
        ptr: AVPacket,
    ) -> bool:
        """Read and decode what follows as far as no packet is to be looked at, to `pieces` or
        `_ready`; return whether one was read that is.
        """
        decoding = self.decoding
        position, like = decoding.end, self._like
        plan = None if position is None else decoding.plan(position)
        if position is None or plan is None or like is None:
            return False
        limit = decoding.bound(_NO_LIMIT)
        if last is not None:
            limit = min(limit, last - 1)
        if limit <= position or (first is not None and position < first):
            return False
        ran = run.go(decoding.core, ptr, like, plan, position, limit)
        if ran is None:
            return False
        kept = ran.kept
        if kept:
            self.shape = self._like = samples.describe(kept[0][0].ptr)
        if pieces is None:
            self._ready += [(picture.ptr, begin) for picture, begin, _ in kept]
        else:
            pieces.extend(kept)
        decoding.went_on(ran)
        return ran.has_packet

    def _note(self, error: EncodingError) -> None:
        """Raise what is wrong with a packet, or note it."""
        if not self._damage.skips:
            raise error
        self._damage.because(error)
        self._damage.skip(error.timestamp or 0)

    def _lands(self, start: int) -> bool:
        """Go to a place before a time, and decode up to where it is sure what comes; return whether
        there is one.
        """
        core, stream, decoding = self.demuxer, self.stream, self.decoding
        kind, rate = core.seekability, stream.sample_rate
        if not (kind.goes_back and rate > 0 and stream.can_seek):
            return False
        parameters = stream.parameters
        wanted = begin_of(stream, start)
        if wanted is None:
            return False
        if parameters.codec == "vorbis" and stream.is_coarse:
            self._calibrate()
        for back in _BACK:
            target = wanted - back * 1_000_000
            ticks = to_ticks(target, parameters.time_base) + stream.zero
            if ticks <= stream.earliest:
                break
            if not core.jump(ticks, False, stream.number):
                continue
            decoding.restart()
            if self._begins(to_ticks(wanted, parameters.time_base) + stream.zero, start):
                return True
        self._ready.clear()
        decoding.restart(at_beginning=True)
        core.restart()
        return False

    def _calibrate(self) -> None:
        """Find out, where packets are of many lengths, how times were rounded."""
        decoding = self.decoding
        for _, _ in zip(self._packets(), range(_CALIBRATED), strict=False):
            pass
        self._ready.clear()
        if decoding.clock is not None:
            decoding.clock.calibrate()

    def _begins(self, wanted: int, start: int) -> bool:
        """Read the first packets; return whether they begin at or before a tick, and before a time
        in microseconds, and their samples have sure positions.
        """
        core, number, decoding = self.demuxer, self.stream.number, self.decoding
        self._ready.clear()
        ptr = packet.allocate()
        fed = 0
        try:
            for _ in range(_MOST):
                found = core.read_any(ptr)
                if found is None:
                    break
                time = packet.order_shown(ptr)
                if found == number and (fed or time is not None):
                    if not fed and time is not None and time > wanted:
                        return False
                    self._ready += decoding.feed(ptr)
                    fed += decoding.is_placed
                packet.unref(ptr)
                if fed == _LEAST:
                    break
            clock = decoding.clock
            if not fed or clock is None or not clock.is_certain:
                return False
            return decoding.landed <= ceil_position(start, decoding.rate)
        except EncodingError:
            return False
        except BaseException as error:
            del ptr
            averror.let_go(error)
            raise

    def close(self) -> None:
        """Close decoder and file; twice is fine."""
        self._ready.clear()
        self._fill = None  # it knows this
        self.decoding.close()
        self.demuxer.close()


def span_of(start: int | None, stop: int | None, rate: int) -> tuple[int | None, int | None]:
    """Return the first sample at or after `start`, and that at or after `stop`, microseconds."""
    return (
        None if start is None else ceil_position(start, rate),
        None if stop is None else ceil_position(stop, rate),
    )


def ceil_position(timestamp: int, rate: int) -> int:
    """Return the first sample at or after a time in microseconds."""
    return -(-timestamp * rate // 1_000_000)
