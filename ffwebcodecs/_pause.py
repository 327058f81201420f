"""Keep the garbage collector away for a moment."""

from __future__ import annotations

import gc
import weakref
from functools import partial
from itertools import starmap


class Pause:
    """While it lives, the collector does not run anybody's destructor.

    That it runs again is seen to in C, when this goes: whatever interrupts the function that has
    it.
    """

    __slots__ = ("__weakref__", "_end")

    def __init__(self) -> None:
        if gc.isenabled():
            self._end = weakref.ref(self, partial(next, starmap(gc.enable, ((),))))
            gc.disable()
