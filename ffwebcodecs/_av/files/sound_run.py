"""Many packets of sound read, decoded and written as floats in one go: by one call of the pump,
without the GIL; where that is not there, by `sound_loop`.

It goes on while each packet is a plain one: it begins where the one before ends, nothing of it is
to be left out, it gives one frame, of the same kind as before, and there is room. What is not plain
is left as it is, at the point reached, to be gone on with from there.
"""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._ffi import ffi
from .. import pump
from ..frames import frame as frames
from ..frames import samples
from ..frames.picture import Picture
from .sound_loop import DECODED, FAILED, PAUSED, READ, SoundLoop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._ffi._types import AVFrame, AVPacket
    from ..codecs.audio_decoder import AudioDecoderCore
    from ..frames.samples import SoundShape
    from .demux import DemuxerCore
    from .sound_loop import Write

_TYPES = ("u8", "s16", "s32", "flt", "s64", "dbl")  # as the pump numbers them
_BYTES = 1 << 22  # to read before Python has its turn
_TIME = 10_000  # microseconds
_NONE = 2**63 - 1
_POSITION, _LEAST, _MOST, _IS_MIXED, _TICKS, _SAMPLES, _SENT, _RECEIVED, _RESULT, _KEPT = range(10)
_FRAMES = 32  # that are kept at most


class PlainPackets(NamedTuple):
    """What makes a packet a plain one."""

    zero: int
    """The tick that counts as 0."""
    terms: tuple[int, int, int, int, int]
    """`SoundClock.terms`."""
    is_continuous: bool
    """Times say nothing."""
    ends: bool
    """How long a packet lasts says what of it is heard."""
    marks: int
    """It is noted whether these differ from `mark`: 1: first bytes, 2: sizes, 0: nothing is."""
    mark: int


class Ran(NamedTuple):
    """How far it came."""

    position: int
    """Of the next sample."""
    errors: tuple[int, int] | None
    """What times were off at least and at most, see `SoundClock.noted`."""
    is_mixed: bool
    """Not all marks were the same."""
    has_packet: bool
    """The next packet was read, and is to be decoded."""
    is_paused: bool
    """It may go on at once."""
    kept: list[tuple[Any, int, int]]
    """Pictures, each with its first sample and how many it has, where they are not written."""


class ArrayRun:
    """What decodes the packets of one stream."""

    __slots__ = ("_demuxer", "_frames", "_number", "_pump", "_room", "_stock")

    def __init__(self, demuxer: DemuxerCore, number: int) -> None:
        self._demuxer, self._number = demuxer, number
        self._frames = frames.allocate(), frames.allocate()
        self._pump = pump.for_files()
        self._stock: list[AVFrame] = []  # empty ones
        self._room = 1  # the next time; whoever wants one frame is not to wait for many

    def go(
        self,
        decoder: AudioDecoderCore,
        ptr: AVPacket,
        shape: SoundShape,
        plan: PlainPackets,
        position: int,
        limit: int,
        place: Any = None,
        write: Write | None = None,
    ) -> Ran | None:
        """Read and decode; None if nothing may be read.

        Parameters
        ----------
        decoder : AudioDecoderCore
        ptr : AVPacket
            An empty one.
        shape : SoundShape
            Of the frames that came last.
        plan : PlainPackets
        position, limit : int
            Of the next sample, and up to where they may be written.
        place : buffer, optional
            From the sample at `position` on, float32; default: frames are kept.
        write : callable, optional
            What writes there without the pump, see `SoundLoop.run`.
        """
        context = self._demuxer.plain_context()
        codec = decoder.context
        kind = _kind(shape.sample_fmt)
        if context is None or codec is None or kind is None:
            return None
        number = shape.channels.number
        planes = number if kind[1] else 1
        about = (shape.sample_fmt, shape.sample_rate, number, kind[0], planes, decoder.unit)
        num, den, tolerance, strict, bias = plan.terms
        if plan.is_continuous:
            tolerance = -1
        clock = (plan.zero, num, den, tolerance, strict, bias)
        rest = (plan.ends, plan.marks, plan.mark, limit, _BYTES, _TIME)
        numbers = (self._number, *about, *clock, *rest)
        if max(numbers) > _NONE or min(numbers) < -_NONE:  # of a file's own time base
            return None
        room = self._make_room() if place is None else 0
        if self._pump is not None:
            return self._pumped(decoder, (context, ptr, codec), numbers, position, place, room)
        state = [position, _NONE, -_NONE, 0, 0, 0, 0, 0, 0, 0]
        stock = self._stock
        if len(stock) < room:
            stock += frames.allocate_many(_FRAMES - len(stock))
        loop = SoundLoop(codec, ptr, self._frames, numbers, state)
        kept = stock[:room]
        reached, counts = loop.run(context, _BYTES, write, kept)
        first, second = self._frames = loop.first, loop.second
        del stock[: len(counts)]
        if reached == DECODED:
            self._frames = frames.allocate(), frames.allocate()
        firsts = accumulate(counts, initial=position)
        found = list(zip(map(Picture, kept), firsts, counts, strict=False))
        return self._ran(decoder, reached, position, state, found, (first, second))

    def _pumped(
        self,
        decoder: AudioDecoderCore,
        where: tuple[Any, Any, Any],
        numbers: tuple[int, ...],
        position: int,
        place: Any,
        room: int,
    ) -> Ran:
        to = 0 if place is None else ffi.from_buffer("uint8_t[]", place)
        reached, state, kept, first, second = self._pump.sound(
            *map(pump.number, where), numbers, position, to and pump.number(to), room
        )
        given = [None if each is None else each.ptr for each in (first, second)]
        return self._ran(decoder, reached, position, state, kept, given)

    def _make_room(self) -> int:
        room = self._room
        self._room = min(2 * room, _FRAMES)
        return room

    def _ran(
        self,
        decoder: AudioDecoderCore,
        reached: int,
        position: int,
        state: Sequence[int],
        kept: list[tuple[Any, int, int]],
        frames: Sequence[AVFrame | None],
    ) -> Ran:
        if state[_POSITION] != position:
            decoder.passed(state[_TICKS], state[_SAMPLES])
        if reached == DECODED:
            given: list[tuple[int, Any]] = [(state[_SENT], None)]
            received, result = state[_RECEIVED], state[_RESULT]
            if received == 2:
                given.append((0, frames[0]))
            if received:
                given.append((result, None if result else frames[received - 1]))
            decoder.foretell(given)
        self._demuxer.read_plain(state[_RESULT] if reached == FAILED else 0)
        least, most = state[_LEAST], state[_MOST]
        errors = (least, most) if least <= most else None
        has_packet = reached in (READ, DECODED)
        mixed = bool(state[_IS_MIXED])
        return Ran(state[_POSITION], errors, mixed, has_packet, reached == PAUSED, kept)


@cache
def _kind(sample_fmt: int) -> tuple[int, bool] | None:
    """Return the pump's number of a format's samples, and whether they lie in planes."""
    name = samples.name_of(sample_fmt)
    interleaved = name.removesuffix("p")
    if interleaved not in _TYPES:
        return None
    return _TYPES.index(interleaved), name != interleaved
