"""What a thread brings to its conversions; apart, because a frame that is never converted needs no
more of libswscale than this.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import avutil, ffi
from .. import atomic, keeping

if TYPE_CHECKING:
    from ..._ffi._types import Pointer


class GaveUpError(Exception):
    """sws_scale refused; `cache.convert` says what it was."""


class Arena:
    """The scratch memory of a thread: as large as its largest conversion wants, zeroed at first."""

    __slots__ = ("base", "size")

    LIMIT = 32 << 20  # more than this is given back after each conversion

    def __init__(self) -> None:
        self.base: Pointer[int] | None = None
        self.size = 0

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
