"""What whole-file conversions tell their caller: how far they are, and what they did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .._public import public


@public
@dataclass(frozen=True)
class TranscodeProgress:
    """How far a conversion is.

    Attributes
    ----------
    frames : int
        Frames written.
    timestamp : int
        Microseconds into the output of the newest one.
    duration : int or None
        Microseconds of the whole, if the input says.
    """

    frames: int
    timestamp: int
    duration: int | None


Progress = Callable[[TranscodeProgress], object]


@public
@dataclass(frozen=True)
class TranscodeResult:
    """What a conversion did.

    Attributes
    ----------
    frames_read, frames_written : int
    codec : str or None
        The codec string of the output; None if no frame was written.
    encoder : str or None
        FFmpeg's name of the encoder.
    copied_streams : list of str
        Streams that were copied unchanged: ``"audio aac"``.
    dropped_streams : list of str
        Streams that were left out, and why.
    seconds : float
        Time it took.
    """

    frames_read: int
    frames_written: int
    codec: str | None
    encoder: str | None
    copied_streams: list[str]
    dropped_streams: list[str]
    seconds: float
