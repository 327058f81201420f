"""What a piece of sound is, apart from its samples and its time."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._av.frames import samples
from .._av.frames.channel_layout import Channels
from .._av.frames.samples import SoundShape

if TYPE_CHECKING:
    from .._ffi._types import AVFrame


class SoundPiece(NamedTuple):
    """Format, rate, channels and length; immutable."""

    shape: SoundShape
    sample_rate: float
    """In Hz; an AVFrame has the nearest integer."""
    frames: int
    """Samples of each channel."""

    @property
    def channels(self) -> int:
        """Number of channels."""
        return self.shape.channels.number

    @property
    def duration(self) -> int:
        """In microseconds, without its fraction."""
        if not self.frames:
            return 0
        numerator, denominator = self.sample_rate.as_integer_ratio()
        return self.frames * 1_000_000 * denominator // numerator


# What closed sound reads as: spec 2.3.
CLOSED = SoundPiece(SoundShape(None, 0, Channels(0), -1), 0.0, 0)


def sound_of(ptr: AVFrame, shape: SoundShape | None = None) -> SoundPiece:
    """Return what FFmpeg says of a frame, whose shape may be known."""
    if shape is None:
        shape = samples.describe(ptr)
    return SoundPiece(shape, float(shape.sample_rate), samples.count(ptr))
