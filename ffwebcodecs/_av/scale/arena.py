"""What a thread brings to its conversions; apart, because a frame that is never converted needs no
more of libswscale than this.
"""

from __future__ import annotations

import itertools
import os
import weakref
from functools import partial
from typing import TYPE_CHECKING

from ..._ffi import avutil, ffi
from .. import atomic, keeping

if TYPE_CHECKING:
    from ..._ffi._types import Pointer


_arenas: dict[int, weakref.ref[Arena]] = {}
_next_number = itertools.count().__next__


class GaveUpError(Exception):
    """sws_scale refused; `cache.convert` says what it was."""


class Arena:
    """The scratch memory of a thread: as large as its largest conversion wants, zeroed at first."""

    __slots__ = ("__weakref__", "base", "size")

    LIMIT = 32 << 20  # more than this is given back after each conversion

    def __init__(self) -> None:
        self.base: Pointer[int] | None = None
        self.size = 0
        number = _next_number()
        _arenas[number] = weakref.ref(self, partial(_arenas.pop, number))

    def get(self, size: int) -> Pointer[int]:
        """Return the base of at least `size` aligned bytes; if it is a new one, the old is void."""
        if self.base is None or self.size < size:
            self.base = None
            memory = atomic.boxed(
                f"allocating {size} bytes of scratch memory",
                "void **",
                avutil.av_freep,
                avutil.av_mallocz,
                size,
            )
            self.size = size
            base: Pointer[int] = ffi.cast("uint8_t *", memory[0])
            keeping.keep(memory, base)
            self.base = base
        return self.base

    def trim(self) -> None:
        """Give large memory back."""
        if self.size > self.LIMIT:
            self.base = None
            self.size = 0


def held() -> tuple[int, int]:
    """Return how many threads have scratch memory, and its bytes."""
    sizes = [found.size for each in list(_arenas.values()) if (found := each()) is not None]
    sizes = list(filter(None, sizes))
    return len(sizes), sum(sizes)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_arenas.clear)  # those are of the parent's threads
