"""What lives until something else is gone, whatever the garbage collector does with either.

The collector ends all of a cycle's destructors before it frees anything, in an order that nobody
knows; a generator, or the program's own ``__del__``, may be the last and still use what an
``ffi.gc`` pointer of the same cycle has freed by then. So what FFmpeg is given to free is never
part of a cycle: it is kept in a dictionary, by a weak reference to its owner, an object that the
collector does not know (a plain pointer). Only when that is freed, which nobody can use any more,
the reference takes out what was kept. All of that is C (`atomic`).
"""

from __future__ import annotations

import weakref
from itertools import repeat
from typing import Any

from .._ffi import ffi, keep_for_ever


class _Reference(weakref.ref):  # type: ignore[type-arg]
    """Two are the same only if they are one: pointers are equal where their addresses are."""

    __slots__ = ()
    __hash__ = object.__hash__
    __eq__ = object.__eq__
    __ne__ = object.__ne__


class Keeper:
    """A dictionary of what is kept.

    Attributes
    ----------
    kept : dict
        By reference to the owner. It outlives the modules: so do owners that builtins hold.
    """

    __slots__ = ("_forget", "_is_lasting", "kept")

    def __init__(self) -> None:
        self.kept: dict[Any, Any] = {}
        self._forget = self.kept.pop
        self._is_lasting = False

    def keep(self, holder: Any, owner: Any) -> None:
        """Keep `holder` for as long as `owner` lives, a pointer without a destructor."""
        if not self._is_lasting:
            keep_for_ever(self.kept)
            self._is_lasting = True
        self.kept[_Reference(owner, self._forget)] = holder

    def keep_each(self, holders: list[Any], owners: list[Any]) -> None:
        """Do the same for several, each holder for the owner at its place."""
        if not self._is_lasting:
            keep_for_ever(self.kept)
            self._is_lasting = True
        references = map(_Reference, owners, repeat(self._forget))
        self.kept.update(zip(references, holders, strict=True))


_keeper = Keeper()
keep = _keeper.keep


def with_end(end: Any) -> Any:
    """Return something; when it goes, `end` is called with it, as by ``ffi.gc``."""
    owner = ffi.new("char *")
    keep(ffi.gc(ffi.new("char *"), end), owner)
    return owner
