"""Sound cut into blocks of one length, whatever lengths it comes in."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ..._ffi import ffi
from . import sample_moves, samples
from .samples import SoundShape

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame

_LONGEST = 1 << 18  # of blocks whose length does not matter


class SampleBlocks:
    """Gives frames of our own, into which the samples are written; `pts` counts samples.

    After `give`, call `take` until it returns None.

    Parameters
    ----------
    sound : SoundShape
        What goes out; what comes in has as many channels, and samples of any format.
    size : int
        Samples of a block; 0: as they come.
    """

    __slots__ = ("_block", "_filled", "_offset", "_sources", "given", "size", "sound", "taken")

    def __init__(self, sound: SoundShape, size: int) -> None:
        self.sound = sound
        self.size = size
        self.given = 0  # samples that came in
        self.taken = 0  # samples that went out
        self._block: AVFrame | None = None
        self._filled = 0
        self._sources: deque[AVFrame] = deque()
        self._offset = 0  # within the first of them

    def give(self, ptr: AVFrame) -> None:
        """Put in a frame, which is only read."""
        self._sources.append(ptr)
        self.given += ptr.nb_samples

    def take(self) -> AVFrame | None:
        """Return the next full block, None if there are too few samples."""
        while self._sources:
            block = self._take(self._sources[0])
            if block is not None:
                return block
            self._sources.popleft()
            self._offset = 0
        return None

    def _take(self, source: AVFrame) -> AVFrame | None:
        """Return the next full block, None if the source is used up before."""
        left = source.nb_samples - self._offset
        if left <= 0:
            return None
        size = self.size or min(left, _LONGEST)
        if self._block is None:
            self._block = self._new(size)
        count = min(left, size - self._filled)
        block = self._block
        self._copy(block, source, count)
        self._offset += count
        self._filled += count
        return self._finished() if self._filled == size else None

    def fill(self, count: int) -> None:
        """Put in so many samples of silence, which `given` does not count."""
        block = self._new(count)
        fmt, channels = self.sound.format, self.sound.channels.number
        assert fmt is not None
        size = count * fmt.frame_bytes(channels)
        value = b"\x80" if fmt.sample_bytes == 1 else b"\0"
        for index in range(fmt.planes(channels)):
            ffi.memmove(samples.plane(block, index), value * size, size)
        self._sources.append(block)

    def is_silent(self, block: AVFrame) -> bool:
        """Return whether all samples of a block are zero, -0.0 as well."""
        return not any(plane.any() for plane in self._arrays(block))

    def peak(self, block: AVFrame) -> float:
        """Return the greatest absolute value of a block of floats, NaN if one of them is NaN."""
        import numpy as np

        # `maximum` hands NaN on, which `max` of Python does not.
        ends = [end for plane in self._arrays(block) for end in (plane.max(), -plane.min())]
        return float(np.maximum.reduce(ends))

    def start(self, block: AVFrame) -> int:
        """Return which sample a block that was taken begins with."""
        first: int = block.pts
        return first

    def _arrays(self, block: AVFrame) -> list[Any]:
        """Return the planes of a block as arrays over its memory."""
        import numpy as np

        fmt, channels = self.sound.format, self.sound.channels.number
        assert fmt is not None
        size = block.nb_samples * fmt.frame_bytes(channels)
        planes = (samples.plane(block, index) for index in range(fmt.planes(channels)))
        return [np.frombuffer(ffi.buffer(each, size), fmt.dtype) for each in planes]

    def reorder(self, block: AVFrame, order: tuple[int, ...]) -> None:
        """Put the channels of an interleaved block into another order."""
        array = self._arrays(block)[0].reshape(-1, self.sound.channels.number)
        array[:] = array[:, order]

    @property
    def missing(self) -> int:
        """How many samples a block that was begun lacks."""
        return self.size - self._filled if self._filled else 0

    def rest(self) -> AVFrame | None:
        """Return the block that was begun, as short as it is, None if there is none."""
        return self._finished() if self._filled else None

    def _finished(self) -> AVFrame | None:
        block, count = self._block, self._filled
        self._block, self._filled = None, 0
        assert block is not None
        block.nb_samples = count
        block.pts = self.taken
        self.taken += count
        return block

    def _new(self, count: int) -> AVFrame:
        fmt, rate, channels, _ = self.sound
        assert fmt is not None
        return samples.new(fmt, rate, channels, count)

    def _copy(self, block: AVFrame, source: AVFrame, count: int) -> None:
        fmt, _, channels, _ = self.sound
        assert fmt is not None
        at = self._filled * fmt.frame_bytes(channels.number)
        for plane in range(fmt.planes(channels.number)):
            destination = samples.plane(block, plane) + at
            sample_moves.write(
                source, channels.number, destination, fmt, plane, self._offset, count
            )
