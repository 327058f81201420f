"""Many packets of sound read, decoded and written as floats in one go: in API mode by one call, in
C, without the GIL; in ABI mode by `sound_loop`.

It goes on while each packet is a plain one, see `ffi_sound.py`.
"""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from ... import _ffi
from ..._ffi import avformat, ffi
from ..frames import frame as frames
from ..frames import samples
from .sound_loop import DECODED, FAILED, PAUSED, READ, SoundLoop

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame, AVPacket
    from ..codecs.audio_decoder import AudioDecoderCore
    from ..frames.samples import SoundShape
    from .demux import DemuxerCore
    from .sound_loop import Write

_TYPES = ("u8", "s16", "s32", "flt", "s64", "dbl")  # as the extension numbers them
_BYTES = 1 << 22  # to read before Python has its turn
_TIME = 10_000  # microseconds
_NONE = 2**63 - 1
_POSITION, _LEAST, _MOST, _IS_MIXED, _TICKS, _SAMPLES, _SENT, _RECEIVED, _RESULT, _KEPT = range(10)
_FRAMES = 16  # that are kept at most


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
    kept: list[tuple[AVFrame, int]]
    """Frames, each with its first sample, where they are not written."""


class ArrayRun:
    """What decodes the packets of one stream."""

    __slots__ = (
        *("_counts", "_demuxer", "_frames", "_is_api", "_kept", "_number", "_plan", "_room"),
        *("_state", "_stock"),
    )

    def __init__(self, demuxer: DemuxerCore, number: int) -> None:
        self._demuxer, self._number = demuxer, number
        self._frames = frames.allocate(), frames.allocate()
        self._is_api = _ffi.load().mode == "api"
        self._plan = ffi.new("int64_t[]", 19)
        self._state: Any = ffi.new("int64_t[]", 10) if self._is_api else []
        self._kept = ffi.new("AVFrame *[]", _FRAMES)
        self._counts = ffi.new("int64_t[]", _FRAMES)
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
            What ABI mode writes there with, see `SoundLoop.run`.
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
        try:
            self._plan[0:19] = numbers
        except OverflowError:  # of a file's own time base
            return None
        state = self._state
        state[0:10] = [position, _NONE, -_NONE, 0, 0, 0, 0, 0, 0, 0]
        room = self._make_room() if place is None else 0
        first, second = self._frames
        if not self._is_api:
            loop = SoundLoop(codec, ptr, self._frames, numbers, state)
            kept = self._stock[:room]
            reached, counts = loop.run(context, _BYTES, write, kept)
            self._frames = loop.first, loop.second
            return self._ran(decoder, reached, position, kept, counts)
        to = ffi.NULL if place is None else ffi.from_buffer("uint8_t[]", place)
        self._kept[0:room] = self._stock[:room]
        reached = avformat.ffwc_sound(
            *(context, ptr, codec, first, second, self._plan, state, to),
            *(self._kept, room, self._counts),
        )
        counts = ffi.unpack(self._counts, state[_KEPT]) if state[_KEPT] else []
        return self._ran(decoder, reached, position, self._stock[: len(counts)], counts)

    def _make_room(self) -> int:
        room, stock = self._room, self._stock
        self._room = min(2 * room, _FRAMES)
        if len(stock) < room:
            stock += frames.allocate_many(_FRAMES - len(stock))
        return room

    def _ran(
        self,
        decoder: AudioDecoderCore,
        reached: int,
        position: int,
        ptrs: list[AVFrame],
        counts: list[int],
    ) -> Ran:
        state = self._state
        del self._stock[: len(counts)]
        if state[_POSITION] != position:
            decoder.passed(state[_TICKS], state[_SAMPLES])
        if reached == DECODED:
            given: list[tuple[int, Any]] = [(state[_SENT], None)]
            received, result = state[_RECEIVED], state[_RESULT]
            if received == 2:
                given.append((0, self._frames[0]))
            if received:
                given.append((result, None if result else self._frames[received - 1]))
            self._frames = frames.allocate(), frames.allocate()
            decoder.foretell(given)
        self._demuxer.read_plain(state[_RESULT] if reached == FAILED else 0)
        least, most = state[_LEAST], state[_MOST]
        errors = (least, most) if least <= most else None
        has_packet = reached in (READ, DECODED)
        mixed = bool(state[_IS_MIXED])
        kept = list(zip(ptrs, accumulate(counts[:-1], initial=position), strict=False))[
            : len(counts)
        ]
        return Ran(state[_POSITION], errors, mixed, has_packet, reached == PAUSED, kept)


@cache
def _kind(sample_fmt: int) -> tuple[int, bool] | None:
    """Return the extension's number of a format's samples, and whether they lie in planes."""
    name = samples.name_of(sample_fmt)
    interleaved = name.removesuffix("p")
    if interleaved not in _TYPES:
        return None
    return _TYPES.index(interleaved), name != interleaved
