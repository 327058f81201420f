"""Many packets of sound read, decoded and written as floats by one call, in C, without the GIL.

It goes on while each packet is a plain one, see `ffi_sound.py`; ABI mode has no such thing.
"""

from __future__ import annotations

from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from ... import _ffi
from ..._ffi import avformat, ffi
from ..frames import frame as frames
from ..frames import samples

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame, AVPacket
    from ..codecs.audio_decoder import AudioDecoderCore
    from ..frames.samples import SoundShape
    from .demux import DemuxerCore

_TYPES = ("u8", "s16", "s32", "flt", "s64", "dbl")  # as the extension numbers them
_BYTES = 1 << 22  # to read before Python has its turn
_TIME = 10_000  # microseconds
_NONE = 2**63 - 1
_PAUSED, _FAILED, _READ, _DECODED = range(4)
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


def is_possible() -> bool:
    """Return whether the extension is there."""
    return _ffi.load().mode == "api"


class ArrayRun:
    """What decodes the packets of one stream."""

    __slots__ = (
        *("_counts", "_demuxer", "_frames", "_kept", "_number", "_plan", "_room", "_state"),
        "_stock",
    )

    def __init__(self, demuxer: DemuxerCore, number: int) -> None:
        self._demuxer, self._number = demuxer, number
        self._frames = frames.allocate(), frames.allocate()
        self._plan = ffi.new("int64_t[]", 19)
        self._state = ffi.new("int64_t[]", 10)
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
        try:
            self._plan[0:19] = [self._number, *about, *clock, *rest]
        except OverflowError:  # of a file's own time base
            return None
        state = self._state
        state[0:10] = [position, _NONE, -_NONE, 0, 0, 0, 0, 0, 0, 0]
        room, to = 0, ffi.NULL
        if place is None:
            room = self._make_room()
        else:
            to = ffi.from_buffer("uint8_t[]", place)
        first, second = self._frames
        reached = avformat.ffwc_sound(
            *(context, ptr, codec, first, second, self._plan, state, to),
            *(self._kept, room, self._counts),
        )
        return self._ran(decoder, reached, position)

    def _make_room(self) -> int:
        room, stock = self._room, self._stock
        self._room = min(2 * room, _FRAMES)
        if len(stock) < room:
            stock += frames.allocate_many(_FRAMES - len(stock))
        self._kept[0:room] = stock[:room]
        return room

    def _take_kept(self, position: int) -> list[tuple[AVFrame, int]]:
        number, stock = self._state[_KEPT], self._stock
        if not number:
            return []
        counts = ffi.unpack(self._counts, number)
        kept = list(zip(stock, accumulate(counts[:-1], initial=position), strict=False))
        del stock[:number]
        return kept

    def _ran(self, decoder: AudioDecoderCore, reached: int, position: int) -> Ran:
        state = self._state
        if state[_POSITION] != position:
            decoder.passed(state[_TICKS], state[_SAMPLES])
        if reached == _DECODED:
            given: list[tuple[int, Any]] = [(state[_SENT], None)]
            received, result = state[_RECEIVED], state[_RESULT]
            if received == 2:
                given.append((0, self._frames[0]))
            if received:
                given.append((result, None if result else self._frames[received - 1]))
            self._frames = frames.allocate(), frames.allocate()
            decoder.foretell(given)
        self._demuxer.read_plain(state[_RESULT] if reached == _FAILED else 0)
        least, most = state[_LEAST], state[_MOST]
        errors = (least, most) if least <= most else None
        has_packet = reached in (_READ, _DECODED)
        mixed, kept = bool(state[_IS_MIXED]), self._take_kept(position)
        return Ran(state[_POSITION], errors, mixed, has_packet, reached == _PAUSED, kept)


@cache
def _kind(sample_fmt: int) -> tuple[int, bool] | None:
    """Return the extension's number of a format's samples, and whether they lie in planes."""
    name = samples.name_of(sample_fmt)
    interleaved = name.removesuffix("p")
    if interleaved not in _TYPES:
        return None
    return _TYPES.index(interleaved), name != interleaved
