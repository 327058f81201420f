"""Frames at an even rate: some are shown again, some not at all."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from ..frames.video_frame import VideoFrame

_SECOND = 1_000_000


class Pace:
    """Turns frames at any times into frames at `rate` per second.

    Each output time gets the frame that is on show half a step after it began, so a clip at the
    same rate with a little jitter comes out frame for frame.
    """

    def __init__(self, rate: float) -> None:
        self._rate = Fraction(rate).limit_denominator(1_000_000)
        self._held: VideoFrame | None = None
        self._start = 0
        self._end = 0
        self._count = 0
        self._is_first = True

    def _time(self, count: int) -> int:
        return self._start + round(count * _SECOND / self._rate)

    def push(self, frame: VideoFrame, timestamp: int) -> Iterator[tuple[VideoFrame, int, int]]:
        """Yield (frame, timestamp, duration) of all that is settled by this frame; the yielded
        frames are the caller's to close.
        """
        if self._is_first:
            self._is_first = False
            self._start = timestamp
        yield from self._until(timestamp)
        if self._held is not None:
            self._held.close()
        self._held = frame.clone()
        self._end = timestamp + (frame.duration or round(_SECOND / self._rate))

    def _until(self, timestamp: int) -> Iterator[tuple[VideoFrame, int, int]]:
        half = round(_SECOND / self._rate / 2)
        while self._held is not None and self._time(self._count) + half <= timestamp:
            when, after = self._time(self._count), self._time(self._count + 1)
            self._count += 1
            yield self._held.clone(), when, after - when

    def finish(self) -> Iterator[tuple[VideoFrame, int, int]]:
        """Yield what is left."""
        yield from self._until(self._end)
        if self._held is not None and not self._count:
            yield self._held.clone(), self._start, self._time(1) - self._start
        self.close()

    def close(self) -> None:
        """Let go of the frame that is held; twice is fine."""
        held, self._held = self._held, None
        if held is not None:
            held.close()
