"""Whether a conversion is shared out to several threads; apart, because most are not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .image import Image

ROWS_OF_SLICES = 16  # a multiple of this each, but the last one
# Below, waking a helper takes what it gains.
_PIXELS = 2_000_000
_PIXELS_OF_ONE = 1_000_000  # and more helpers than this gives them are not called


def workers(source: Image, destination: Image) -> int:
    """Return how many threads make a conversion: as many as are asked for, else by the number of
    pixels and cores; and no more than have something to do.
    """
    wanted = destination.threads
    width, height = destination.width, destination.height
    if wanted is None:
        wanted = _by_itself(width, height)
    if wanted < 2 or (width, height) != (source.width, source.height):
        return 1
    return max(1, min(wanted, height // ROWS_OF_SLICES))


def at_most(threads: int | None, width: int, height: int) -> int | None:
    """Return what to ask for where `threads` is a limit, and no wish."""
    return None if threads is None else min(threads, _by_itself(width, height))


def _by_itself(width: int, height: int) -> int:
    """Return how many threads make that many pixels if nobody says it."""
    if width * height < _PIXELS:
        return 1
    return min(cores(), width * height // _PIXELS_OF_ONE)


def cores() -> int:
    """Return how many cores this process may use."""
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on every system
        return os.cpu_count() or 1
