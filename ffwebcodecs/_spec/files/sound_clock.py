"""From times of a container to positions of samples: which sample a packet begins with.

A clock of milliseconds says it within half a millisecond only. What tells then are the samples
before, or where nothing was read before, that frames of a codec have one length: packets begin at
whole multiples of it, counted from the first one. Where neither tells, the position is not certain,
and is to be counted from the beginning of the file.
"""

from __future__ import annotations

_DRIFT = 1000  # a thousandth of a second, which parsers may be off that count ticks on


class SoundClock:
    """Positions in samples for times in ticks.

    Parameters
    ----------
    rate : int
        Samples a second.
    time_base : (int, int)
        A tick in seconds.
    drifts : bool
        Times between those that the container states are counted on in whole ticks.

    Attributes
    ----------
    grid : int or None
        Packets begin at `origin` and multiples of this many samples from there.
    has_landed : bool
        What was read last before is not known: a seek has led here.
    is_certain : bool
        All positions given so far are exact.
    """

    __slots__ = (
        *("_bias", "_den", "_drift", "_errors", "_is_coarse", "_num", "_strict", "_tolerance"),
        *("grid", "has_landed", "is_certain", "origin", "rate"),
    )

    def __init__(self, rate: int, time_base: tuple[int, int], drifts: bool = False) -> None:
        numerator, denominator = time_base
        self.rate = rate
        self._num, self._den = numerator * rate, denominator
        self._is_coarse = drifts or self._num > denominator
        # A tick and a half, in samples times `_den`: times are rounded, or cut off.
        self._tolerance = max(denominator, 3 * self._num // 2)
        self._drift = denominator * rate // _DRIFT if drifts else 0
        self._tolerance += self._drift
        # Two times that are rounded: that of a packet, and that of the beginning.
        self._strict = 2 * denominator + self._num + self._drift
        self._bias = 0
        self._errors: tuple[int, int] | None = None  # the least and the greatest
        self.grid: int | None = None
        self.origin = 0
        self.has_landed = False
        self.is_certain = True

    def begin(self, origin: int, grid: int | None) -> None:
        """Say where the first packet begins, and at multiples of what from there the others do."""
        self.origin, self.grid = origin, grid
        if grid is not None and self._num % (grid * self._den) == 0:
            self._strict = 2 * self._den  # nothing is rounded: ticks are packets, as in AVI

    def is_near(self, ticks: int, position: int) -> bool:
        """Return whether a sample may be the one of a time, as far as the clock goes."""
        return abs(ticks * self._num - position * self._den) <= self._tolerance

    def _is_close(self, ticks: int, position: int) -> bool:
        """Return whether a sample may be the one of a time that was rounded, and not cut off."""
        return abs(ticks * self._num - self._bias - position * self._den) <= self._strict

    def _note(self, ticks: int, position: int) -> None:
        if not self._is_close(ticks, position):
            self._doubt(None)
        error = ticks * self._num - position * self._den
        least, most = self._errors or (error, error)
        self._errors = min(least, error), max(most, error)

    def _doubt(self, expected: int | None) -> None:
        if self.has_landed and expected is None:
            self.is_certain = False

    def calibrate(self) -> None:
        """Take it that the positions so far are exact, and that times are rounded: what they are
        off at most says by how much the first one was.
        """
        if self._errors is not None and not self._drift:
            least, most = self._errors
            self._bias = (least + most) // 2
            self._strict = self._num - (most - least) // 2 + 2 * self._den

    @property
    def terms(self) -> tuple[int, int, int, int, int]:
        """What `position` looks at where a packet may follow the one before: the numbers of samples
        and ticks that are as long; what a time may be off, in samples times the number of ticks;
        the same of one that is noted, -1: none is; what is taken off before that.
        """
        strict = self._strict if self._is_coarse else -1
        return self._num, self._den, self._tolerance, strict, self._bias

    def noted(self, least: int, most: int) -> None:
        """Take over what others have seen times to be off."""
        before = self._errors or (least, most)
        self._errors = min(least, before[0]), max(most, before[1])

    def nearest(self, ticks: int) -> int:
        """Return the sample nearest to a time."""
        return (2 * ticks * self._num + self._den) // (2 * self._den)

    def ticks_of(self, position: int) -> int:
        """Return the last tick at or before a sample."""
        return position * self._den // self._num

    def position(self, ticks: int, expected: int | None) -> int:
        """Return the position of a packet; `expected` is where the one before ends, if that is
        known: times that are near it say nothing else.
        """
        if expected is not None and self.is_near(ticks, expected):
            if self._is_coarse:
                self._note(ticks, expected)
            return expected
        if not self._is_coarse:
            return self.nearest(ticks)
        nearest = (2 * (ticks * self._num - self._bias) + self._den) // (2 * self._den)
        if self.grid is not None:
            steps = (2 * (nearest - self.origin) + self.grid) // (2 * self.grid)
            found = self.origin + steps * self.grid
            if self._is_close(ticks, found):
                # Two multiples must not be as close.
                if self._strict * 2 >= self.grid * self._den:
                    self._doubt(expected)
                return found
        self._doubt(expected)
        return nearest
