"""The conversions that are kept between calls: for tests that count what is alive."""

from __future__ import annotations

from ffwebcodecs._av.scale import cache
from ffwebcodecs._av.scale.arena import Arena
from ffwebcodecs._av.scale.sws import shelved


def cached_contexts() -> int:
    """Return the number of SwsContexts that the caches of all threads hold."""
    return shelved._live()


def clear_cache() -> None:
    """Drop what this thread's cache holds."""
    cache._cache.conversions.clear()
    cache._cache.arena = Arena()
