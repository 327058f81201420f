"""Decoders that make noise, begun anew at places that are counted from the first sample.

AAC says of some sound how loud its noise is, and no more; AC-3 and WMA fill up what they have left
out. The decoder makes this noise with a generator that goes on from packet to packet, and that no
seek can set. So the generator begins anew every 20 seconds, in the whole as in a part: with a
decoder that is given some packets before. The first 20 seconds are as any program decodes them.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .._av.codecs import packet
from .._spec.files.microseconds import to_microseconds
from .._spec.files.sound_grid import makes_noise, preroll_of

if TYPE_CHECKING:
    from .._av.files.sound_streams import SoundStream
    from .._ffi._types import AVPacket

PERIOD = 20  # seconds
_MARGIN = 500_000  # microseconds: more than a packet lasts, and an encoder puts in front


class Renewal:
    """Says when a decoder is to be replaced, and keeps what the next one is given first.

    Attributes
    ----------
    recent : deque of AVPacket
        The last packets, as many as a decoder needs before it gives what it gives of the whole.
    """

    __slots__ = ("_period", "_size", "recent")

    def __init__(self, count: int, size: int) -> None:
        self.recent: deque[AVPacket] = deque(maxlen=count)
        self._size = size
        self._period: int | None = None

    def is_due(self, position: int, rate: int) -> bool:
        """Return whether a new decoder is to have the packet that begins with this sample, counted
        from the first one.
        """
        period = position // (PERIOD * rate)
        before, self._period = self._period, period
        return before is not None and before != period

    def next_kept(self, rate: int, samples: int) -> int:
        """Return the sample from which on packets are to be kept, so that the next decoder has
        enough of them; those between the last one that was and that may be decoded by others.
        `samples`: what came of a packet.
        """
        period = -1 if self._period is None else self._period
        # What comes out may have twice the rate of what is coded, so twice the samples.
        size = self._size if samples == self._size else 2 * self._size
        count = self.recent.maxlen or 0
        return (period + 1) * PERIOD * rate - (count + 2) * size

    def keep(self, ptr: AVPacket) -> None:
        """Keep a packet, which stays the caller's."""
        self.recent.append(packet.clone(ptr))

    def restart(self) -> None:
        """Forget all: another packet than the next one follows."""
        self.recent.clear()
        self._period = None


def renewal_of(stream: SoundStream) -> Renewal | None:
    """Return what is to be done with the decoder of a stream, None if it makes no noise."""
    if not makes_noise(stream.parameters.codec) or not stream.sample_rate:
        return None
    size = max(stream.parameters.number("frame_size"), 1024)
    return Renewal(-(-preroll(stream) // size), size)


def preroll(stream: SoundStream) -> int:
    """Return how many samples before those that are wanted a decoder is to be given."""
    parameters = stream.parameters
    size = max(parameters.number("frame_size"), 0)
    return preroll_of(parameters.codec, stream.sample_rate, size, parameters.number("profile"))


def begin_of(stream: SoundStream, start: int) -> int | None:
    """Return the time at or before which decoding is to begin so that what comes from `start` on is
    what the whole has there, both in microseconds; None: with the first packet.
    """
    before = preroll(stream) * 1_000_000 // stream.sample_rate
    if not makes_noise(stream.parameters.codec):
        return start - before
    first = to_microseconds(stream.earliest, stream.parameters.time_base)
    periods = (start - first - _MARGIN) // (PERIOD * 1_000_000)
    if periods <= 0:
        return None
    return first + periods * PERIOD * 1_000_000 - before - _MARGIN
