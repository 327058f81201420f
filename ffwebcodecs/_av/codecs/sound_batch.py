"""Several packets of sound decoded by one call, in C and without the GIL, where all are plain.

See `ffi_sound.py` for what a plain one is; ABI mode has no such thing. One call instead of three a
packet is not what counts: each of them gives the GIL away, and a thread that reads packets
meanwhile has to be waited for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..._ffi import avcodec, ffi
from ..frames import frame as frames
from .packet import allocate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._ffi._types import AVCodecContext, AVFrame, AVPacket

MOST = 16
"""Packets at once; more gain nothing, and `close` would have to wait for them."""
TIME = 2000
"""Microseconds after which no further one is begun."""

_TIME, _RECEIVED, _SENT, _RESULT = range(4, 8)


class DecodedRun(NamedTuple):
    """Frames, one of each packet."""

    ptrs: list[AVFrame]
    samples: list[int]
    are_other: list[int]
    """Whether format, rate or channels of each may be others than those of the one before."""


class SoundBatch:
    """What a decoder needs for that; not thread-safe."""

    __slots__ = ("_about", "_frames", "_packets", "_shown", "_state", "_stock", "_times")

    def __init__(self) -> None:
        self._packets = ffi.new("AVPacket *[]", MOST)
        self._times = ffi.new("int64_t[]", MOST)
        self._frames = ffi.new("AVFrame *[]", MOST + 1)
        self._about = ffi.new("int64_t[]", 2 * MOST)
        self._state = ffi.new("int64_t[]", 8)
        self._state[0] = -1
        self._state[_TIME] = TIME
        self._shown = allocate()
        self._stock: list[AVFrame] = []  # empty frames

    def run(
        self,
        context: AVCodecContext,
        unit: int,
        packets: Sequence[AVPacket],
        times: Sequence[int],
    ) -> tuple[DecodedRun, list[tuple[int, AVFrame | None]]]:
        """Decode packets of these times, `MOST` at most, as long as each is plain.

        Returns
        -------
        DecodedRun
        list of (int, AVFrame or None)
            What `AudioDecoderCore.foretell` takes, if the next one was sent.
        """
        count, state, stock = len(packets), self._state, self._stock
        if len(stock) <= count:
            stock += frames.allocate_many(count + 1 - len(stock))
        self._packets[0:count] = packets
        self._times[0:count] = times
        self._frames[0 : count + 1] = stock[: count + 1]
        done = avcodec.ffwc_decode_run(
            context,
            count,
            self._packets,
            self._times,
            unit,
            self._shown,
            self._frames,
            self._about,
            state,
        )
        about = ffi.unpack(self._about, 2 * done) if done else []
        decoded = DecodedRun(stock[:done], about[::2], about[1::2])
        received = state[_RECEIVED]
        given: list[tuple[int, AVFrame | None]] = []
        if received >= 0:
            given.append((state[_SENT], None))
            result = state[_RESULT]
            if received == 2:
                given.append((0, stock[done]))
            if received:
                given.append((result, None if result else stock[done + received - 1]))
            done += 2
        del stock[:done]
        return decoded, given
