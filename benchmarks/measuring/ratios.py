"""The arithmetic: ratios of pairs, medians of them, and whether a limit is kept."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from typing import NamedTuple

from .turns import Measured


def per_frame(rounds: Sequence[Measured]) -> float:
    """Return the median of the seconds a frame."""
    return statistics.median(each.seconds / each.frames for each in rounds)


def time_ratio(own: Sequence[Measured], base: Sequence[Measured]) -> float:
    """Return how long it takes against another program: the median of the rounds' ratios, so that
    other load on the machine falls on both sides alike. Smaller is better.
    """
    pairs = zip(own, base, strict=True)
    return statistics.median((a.seconds / a.frames) / (b.seconds / b.frames) for a, b in pairs)


def cpu_ratio(own: Sequence[Measured], base: Sequence[Measured]) -> float:
    """The same of CPU time, which other load moves less than the clock."""
    pairs = zip(own, base, strict=True)
    return statistics.median((a.cpu / a.frames) / (b.cpu / b.frames) for a, b in pairs)


def peak(rounds: Sequence[Measured]) -> float:
    """Return the most memory, in MiB."""
    return max(each.peak for each in rounds) / 1024


class Limit(NamedTuple):
    """What is wanted of ours, run in a certain way, against another program's time or memory."""

    way: str
    base: str
    bound: float

    def is_met(self, ratio: float) -> bool:
        """As it is shown: with two digits."""
        return round(ratio, 2) <= self.bound


def chosen(names: Sequence[str], wanted: str) -> list[str]:
    """Return the names that are asked for: those given, separated by commas, or those that have
    the text in them; all of them for "".

    Raises
    ------
    SystemExit
        There is none, and the message lists those that there are.
    """
    found = []
    for text in (part.strip().lower() for part in wanted.split(",")):
        exact = [name for name in names if name.lower() == text]
        some = exact or [name for name in names if text in name.lower()]
        if not some:
            listed = "\n  ".join(names)
            raise SystemExit(f"no row has {text!r} in its name; there are:\n  {listed}")
        found += some
    return [name for name in names if name in found]
