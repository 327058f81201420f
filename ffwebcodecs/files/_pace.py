"""Frames at an even rate: some are shown again, some not at all."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from fractions import Fraction

from ..frames.video_frame import VideoFrame

_SECOND = 1_000_000
_ENOUGH = 3  # frames at one time are no accident


class Pace:
    """Turns frames at any times into frames at `rate` per second.

    Each output time gets the frame that is on show half a step after it began, so a clip at the
    same rate with a little jitter comes out frame for frame.

    Frames that all have the same time have none: nobody counted. They are numbered, each is shown
    for a step. That is so of the first three and all that follow with their time, and of two if
    there are no more.

    Attributes
    ----------
    counts : bool
        Whether frames are numbered.
    """

    def __init__(self, rate: float) -> None:
        self._rate = Fraction(rate).limit_denominator(1_000_000)
        self._held: VideoFrame | None = None
        self._start = 0
        self._latest = self._end = 0
        self._count = 0
        self._begun: deque[VideoFrame] = deque()  # at the time of the first, if nothing else came
        self._is_first = True
        self.counts = False

    def _time(self, count: int) -> int:
        return self._start + round(count * _SECOND / self._rate)

    def push(self, frame: VideoFrame, timestamp: int) -> Iterator[tuple[VideoFrame, int, int]]:
        """Yield (frame, timestamp, duration) of all that is settled by this frame; the yielded
        frames are the caller's to close.
        """
        if self.counts and timestamp == self._start:
            self._hold(frame, timestamp)
            yield self._number(frame.clone())
            return
        self.counts = False
        if self._is_first:
            self._is_first = False
            self._start = timestamp
            self._begun.append(frame.clone())
        elif self._begun and timestamp == self._start:
            self._begun.append(frame.clone())
            if len(self._begun) == _ENOUGH:
                self.counts = True
                self._hold(frame, timestamp)
                yield from self._numbered()
                return
        else:
            self._forget()
        yield from self._until(timestamp)
        self._hold(frame, timestamp)

    def hold(self, duration: int) -> None:
        """Show the last frame for so long."""
        self._end = self._latest + duration

    def _hold(self, frame: VideoFrame, timestamp: int) -> None:
        held, self._held = self._held, frame.clone()
        if held is not None:
            held.close()
        self._latest = timestamp
        self._end = timestamp + (frame.duration or round(_SECOND / self._rate))

    def _numbered(self) -> Iterator[tuple[VideoFrame, int, int]]:
        while self._begun:
            yield self._number(self._begun.popleft())

    def _number(self, frame: VideoFrame) -> tuple[VideoFrame, int, int]:
        when, after = self._time(self._count), self._time(self._count + 1)
        self._count += 1
        return frame, when, after - when

    def _until(self, timestamp: int) -> Iterator[tuple[VideoFrame, int, int]]:
        half = round(_SECOND / self._rate / 2)
        while self._held is not None and self._time(self._count) + half <= timestamp:
            yield self._number(self._held.clone())

    def finish(self) -> Iterator[tuple[VideoFrame, int, int]]:
        """Yield what is left."""
        if len(self._begun) > 1:
            yield from self._numbered()
        elif not self.counts:
            yield from self._until(self._end)
            if self._held is not None and not self._count:
                yield self._number(self._held.clone())
        self.close()

    def _forget(self) -> None:
        while self._begun:
            self._begun.popleft().close()

    def close(self) -> None:
        """Let go of the frames that are held; twice is fine."""
        self._forget()
        held, self._held = self._held, None
        if held is not None:
            held.close()
