"""Ticks of a stream's clock and microseconds, to the nearest."""

from __future__ import annotations


def to_microseconds(ticks: int, time_base: tuple[int, int]) -> int:
    """Return ticks of so many seconds, numerator and denominator, in microseconds."""
    numerator, denominator = time_base
    return (2 * ticks * numerator * 1_000_000 + denominator) // (2 * denominator)


def to_ticks(timestamp: int, time_base: tuple[int, int]) -> int:
    """Return the tick that is nearest to a time in microseconds, within 62 bits."""
    numerator, denominator = time_base
    whole = 1_000_000 * numerator
    return max(-(2**62), min((2 * timestamp * denominator + whole) // (2 * whole), 2**62))
