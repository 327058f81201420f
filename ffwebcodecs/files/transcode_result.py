"""What whole-file conversions tell their caller: how far they are, and what they did."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from .._public import public
from .._spec.texts import is_path, to_path


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
    encoded_streams : list of str
        Other streams than the video that were encoded anew: ``"audio aac as opus"``.
    dropped_streams : list of str
        Streams that were left out, also those that were not asked for.
    seconds : float
        Time it took.
    skipped_chunks : int
        Chunks of the input that gave no frame because of damage, with ``errors="skip"``.
    skipped_ranges : list of (int, int)
        Where those were, in microseconds of the input's own clock, which `start` may not be on:
        from the first that is missing to the first that is there again, or the last that is not.
    concealed_frames : int
        Frames that the decoder says are not what was encoded, with ``errors="skip"``.
    shortfall : str or None
        How much the input says is in it, and how much came, if that is less.
    lost : list of str
        What the output lacks of what the input holds and was asked for, and why:
        ``"audio aac: webm cannot hold it"``. A UserWarning told each of it.
    dropped_packets : int
        Packets of copied streams that were left out because they are damaged; `lost` says of which
        streams, and why.
    begins_earlier, ends_later : int
        Microseconds by which a part that `remux` has cut out begins before `start`, at a key frame,
        and ends after `stop`, with a picture that others before it need.
    encoded_frames : int
        Frames at the borders of a part that ``remux(..., exact=True)`` has encoded anew.
    output : str or None
        The path that was written, as it was given; None of a file object. A notebook shows the file
        in a player.
    """

    frames_read: int
    frames_written: int
    codec: str | None
    encoder: str | None
    copied_streams: list[str]
    dropped_streams: list[str]
    seconds: float
    skipped_chunks: int = 0
    skipped_ranges: list[tuple[int, int]] = field(default_factory=list)
    concealed_frames: int = 0
    shortfall: str | None = None
    lost: list[str] = field(default_factory=list)
    dropped_packets: int = 0
    begins_earlier: int = 0
    ends_later: int = 0
    encoded_frames: int = 0
    encoded_streams: list[str] = field(default_factory=list)
    output: str | None = None

    def _repr_html_(self) -> str:
        """Return a player of the file and what was lost, for notebooks."""
        from ._player import player

        return player(self)


def with_output(result: TranscodeResult, output: object) -> TranscodeResult:
    """Return a result that says where the file is."""
    return replace(result, output=to_path(output)) if is_path(output) else result
