"""How owners end: by `close`, by ``with``, or by the garbage collector.

Every public object that holds native memory, a codec or a file is `Closable`. Here is, once, what
all of them do: ``with`` closes at its end; what is dropped open is closed, with a ResourceWarning
where dropping it is the program's mistake; none is pickled unless its class says how.
"""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, ClassVar

from ..errors import InvalidStateError

if TYPE_CHECKING:
    from typing_extensions import Self  # a TypeVar bound to a name costs an import 1.5 ms


def only_once(thing: object, slot: str) -> None:
    """Raise InvalidStateError if `thing` has been made already, for then `slot` is there: another
    ``__init__`` would take from under it what it has.
    """
    if hasattr(thing, slot):
        raise InvalidStateError(
            f"this {type(thing).__name__} is made already: __init__ runs once; make another one"
        )


def end_generator(generator: Any) -> bool:
    """Close a generator, unless it is being executed; return whether it is closed.

    Python 3.11 and 3.12 do not refuse to close one that another thread is in: they look for what it
    yields from in the middle of its code, and may crash. No thread comes between the look and the
    close, which are in one line for those who trace lines.
    """
    return not generator.gi_running and (generator.close() or True)


class Closable:
    """What every owner is. A subclass gives `close`, which may be called twice, and `closed`.

    The base has no slots of its own, so that every owner can have just its own.
    """

    __slots__ = ()

    _instead: ClassVar[str] = "make it where it is used"
    """What to do instead of pickling it."""

    def close(self) -> None:
        """Let go of everything now; twice is fine."""
        raise NotImplementedError

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        raise NotImplementedError

    def _require_open(self) -> None:
        """Raise InvalidStateError if it is closed."""
        if self.closed:
            raise InvalidStateError(f"the {type(self).__name__} is closed")

    def _left_open(self) -> str | None:
        """Return what to warn with when it was dropped open; None where that is no mistake."""
        return f"unclosed {self!r}"

    def _abandon(self) -> None:
        """Close it for the garbage collector, in whatever thread and between any two bytecodes:
        without waiting for anybody.
        """
        self.close()

    def __enter__(self) -> Self:
        self._require_open()
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def __del__(self) -> None:
        try:
            if self.closed:
                return
        except AttributeError:  # `__init__` did not get that far, and this runs all the same
            return
        try:
            message = self._left_open()
            # warnings is None: without a GIL this may run after the modules' end.
            if message is not None and warnings is not None:
                warnings.warn(message, ResourceWarning, stacklevel=2, source=self)
        finally:
            # Whoever records warnings keeps the source: what it held must not stay with it.
            self._abandon()

    def __reduce__(self) -> Any:
        name = type(self).__name__
        article = "an" if name[0] in "AEIOU" else "a"
        raise TypeError(
            f"{article} {name} cannot be pickled or sent to another process: {self._instead}"
        )
