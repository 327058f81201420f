"""Which frames are to be key frames, so that each fragment of an output can be decoded alone."""

from __future__ import annotations


class KeyFrames:
    """Asks for a key frame where a fragment of the wanted duration ends.

    Parameters
    ----------
    every : float or None
        Seconds; None: the encoder decides alone.
    """

    __slots__ = ("_every", "_next")

    def __init__(self, every: float | None) -> None:
        self._every = None if every is None else round(every * 1_000_000)
        self._next: int | None = None

    def is_due(self, timestamp: int) -> bool:
        """Return whether the frame at `timestamp`, microseconds, is to be one; called with each."""
        if self._every is None:
            return False
        if self._next is None:  # the first one is one by itself
            self._next = timestamp + self._every
            return False
        if timestamp < self._next:
            return False
        # Counted from the key frame as a muxer counts, not on a grid: no fragment is shorter.
        self._next = timestamp + self._every
        return True
