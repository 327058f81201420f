"""Times of a track of sound on its way into a file: exact numbers of samples out of microseconds.

A chunk has its time in microseconds, rounded, or in milliseconds where it comes from such a file. A
file wants to know at which sample each packet begins. So packets that follow one another, as far as
their times tell, are laid end to end by the number of samples that is in them; what differs by more
than a time can be wrong by its rounding is a gap, and kept.

The last packet may hold more than is to be heard: its duration says how much that is.

One chunk waits here, for the next one tells how long it lasts.
"""

from __future__ import annotations

from ...errors import InvalidArgumentError

_SECOND = 1_000_000
_MILLISECOND = 1000


class SoundEntry:
    """One chunk: `item` is the caller's; times in microseconds, the rest in samples."""

    __slots__ = ("discard", "duration", "item", "lasting", "position", "samples", "timestamp")

    def __init__(
        self,
        item: object,
        timestamp: int,
        duration: int | None,
        samples: int | None,
        discard: int = 0,
    ) -> None:
        self.item = item
        self.timestamp = timestamp
        self.duration = duration
        self.samples = samples
        """How many there are in it, None: only its time and that of the next one tell."""
        self.discard = discard
        """How many at its end are not to be heard."""
        self.position = 0
        self.lasting = 0


class SoundTimeline:
    """Takes entries in order, gives them back with their positions.

    Parameters
    ----------
    rate : int
        Samples per second.
    padding : int
        So many samples of the first chunk lie before its timestamp.
    tick : int, optional
        The clock that times come from, in microseconds; None: the times tell whether it is one of
        milliseconds.
    begin : int, optional
        The first sample, if the first time says the same as far as it is exact.
    """

    def __init__(
        self, rate: int, padding: int = 0, tick: int | None = None, begin: int | None = None
    ) -> None:
        self._rate = rate
        self._padding = padding
        self._begin = begin
        self._tick = tick
        self._is_coarse = True
        self._waiting: SoundEntry | None = None
        self._is_early = False  # the waiting one was given already
        self._usual = 0
        self.first: int | None = None
        """The first sample of the first packet."""
        self.gap: tuple[int, int] | None = None
        """The first place where nothing is heard: when in microseconds, how many samples."""

    def push(self, entry: SoundEntry) -> SoundEntry | None:
        """Take an entry; return the one before, which is complete then.

        Raises
        ------
        InvalidArgumentError
            The entry cannot come here; it was not taken.
        """
        before = self._waiting
        position = samples_at(entry.timestamp, self._rate) - self._padding
        coarse = self._is_coarse and not (entry.timestamp % _MILLISECOND)
        if before is not None:
            position = self._follow(before, entry, position, coarse)
        elif self._begin is not None and abs(position - self._begin) <= self._slack(coarse) + 1:
            position = self._begin
        self._is_coarse = coarse
        entry.position = position
        if self.first is None:
            self.first = position
        self._waiting = entry
        is_early, self._is_early = self._is_early, False
        if before is None or is_early:
            return None
        self._complete(before, position - before.position)
        return before

    def _follow(self, before: SoundEntry, entry: SoundEntry, position: int, is_coarse: bool) -> int:
        step = position - before.position
        samples = before.samples
        is_whole = is_coarse and self._tick is None  # else both ends may be rounded to a sample
        if samples is not None and abs(step - samples) < self._slack(is_coarse) + (not is_whole):
            return before.position + samples
        # A packet that lasts for nothing, as Vorbis' first one, has the time of the next one.
        if step < 0 or (step == 0 and before.samples):
            raise InvalidArgumentError(
                f"the chunk at {entry.timestamp} us comes after one at {before.timestamp} us: "
                "timestamps of a track of sound must increase"
            )
        return position

    def _slack(self, is_coarse: bool) -> float:
        tick = self._tick or (_MILLISECOND if is_coarse else 1)
        return tick * self._rate / _SECOND

    def _complete(self, entry: SoundEntry, step: int) -> None:
        samples = step if entry.samples is None else entry.samples
        heard = samples - min(entry.discard, samples)
        entry.lasting = min(heard, step)
        if step > samples and self.gap is None:
            self.gap = entry.timestamp, step - samples
        entry.discard = samples - entry.lasting
        self._usual = samples

    def finish(self) -> SoundEntry | None:
        """Return the last entry; its duration tells how much of it is heard."""
        entry, self._waiting = self._waiting, None
        if entry is None or self._is_early:
            return None
        return self._end(entry)

    def hurry(self) -> SoundEntry | None:
        """Return the last entry before its time, if it tells by itself how long it lasts; what
        follows is laid behind it all the same.
        """
        entry = self._waiting
        if entry is None or self._is_early or entry.samples is None:
            return None
        self._is_early = True
        return self._end(entry)

    @property
    def reach(self) -> int | None:
        """The sample up to which what has come goes, None: nothing has."""
        entry = self._waiting
        return None if entry is None else entry.position + (entry.samples or 0)

    def _end(self, entry: SoundEntry) -> SoundEntry:
        said = None if entry.duration is None else samples_at(entry.duration, self._rate)
        samples = entry.samples
        if samples is None:
            samples = self._usual if not said else said + entry.discard
        heard = samples - min(entry.discard, samples)
        if said and samples - said >= max(1, self._slack(self._ends_coarse(entry))):
            heard = min(heard, said)
        entry.lasting, entry.discard = heard, samples - heard
        return entry

    def _ends_coarse(self, entry: SoundEntry) -> bool:
        return self._is_coarse and not (entry.duration or 0) % _MILLISECOND


def samples_at(time: int, rate: int) -> int:
    """Return the number of samples in so many microseconds, the nearest."""
    return (2 * time * rate + _SECOND) // (2 * _SECOND)


def time_of(samples: int, rate: int) -> int:
    """Return how many microseconds so many samples last, the nearest."""
    return (2 * samples * _SECOND + rate) // (2 * rate)
