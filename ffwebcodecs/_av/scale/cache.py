"""Conversion of pixels through libswscale: right in colour, within the caller's bytes.

Every thread has a small cache of `steps.Conversion`s (made by `recipes.build`), keyed by all that
one depends on, so a stream pays for set-up once, and no lock is taken. A Conversion owns its
SwsContexts and prepared pointer arrays. One that runs is taken out of the cache, the scratch memory
as well: a call that starts in the middle of it, in the same thread (a destructor, a signal
handler), makes its own, and what an interrupt breaks off is not used again.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

from ...errors import NotSupportedError
from .. import forked, ledger
from .arena import Arena, GaveUpError
from .image import Image
from .sharing import workers

if TYPE_CHECKING:
    from .steps import Conversion

_MOST_CONVERSIONS = 8
ledger.owned("sws_context")  # shown as zero before the first one is made


class _Cache(threading.local):
    """What one thread keeps; freed when the thread ends."""

    def __init__(self) -> None:
        self.conversions: dict[Any, Conversion] = {}
        self.arena: Arena | None = Arena()  # none while a conversion runs


_cache = _Cache()


def convert(source: Image, destination: Image) -> None:
    """Convert `source` into the planes of `destination`, without the GIL.

    Writes the pixels of `destination` and nothing else: bytes between and behind its rows stay as
    they are. Reads nothing outside the rows of `source`. Equal sizes keep chroma samples where
    they are (nearest neighbour); other sizes are scaled by the destination's filter, else bicubic,
    or by area where the image becomes much smaller.

    Raises
    ------
    NotSupportedError
        libswscale cannot do this conversion; names both formats and sizes. Nothing has been
        written.
    MemoryError
        Nothing has been written.
    """
    cache = _cache
    threads = workers(source, destination)
    key = (
        threads,
        source.pix_fmt,
        source.width,
        source.height,
        source.matrix,
        source.full_range,
        source.primaries,
        source.transfer,
        destination.pix_fmt,
        destination.width,
        destination.height,
        destination.matrix,
        destination.full_range,
        destination.primaries,
        destination.transfer,
        destination.filter,
        destination.exact,
    )
    conversions = cache.conversions
    conversion = conversions.pop(key, None)
    if conversion is None:
        conversion = _build(source, destination, threads)
    arena, cache.arena = cache.arena or Arena(), None
    try:
        conversion.run(source, destination, arena)
    except GaveUpError:
        raise NotSupportedError(
            f"libswscale gave up converting {source.pix_fmt} {source.width}x{source.height}"
            f" to {destination.pix_fmt} {destination.width}x{destination.height}"
        ) from None
    finally:
        cache.arena = arena
    conversion.shelve()
    while len(conversions) >= _MOST_CONVERSIONS:
        conversions.pop(next(iter(conversions)), None)
    conversions[key] = conversion  # now the newest: the first one is the least recently used


def _build(source: Image, destination: Image, threads: int) -> Conversion:
    # Recipes need FFmpeg's tables: not before the first conversion. That may be a worker's, and a
    # child that is forked during the import would wait for it for ever.
    with forked.opening:
        from .recipes import build

        if threads > 1:
            from .slices import share
    if threads > 1:
        return share(source, destination, threads, build)
    return build(source, destination)
