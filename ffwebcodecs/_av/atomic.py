"""Steps between which Python hears no signal.

A signal handler may raise between any two bytecodes: Ctrl-C does. What FFmpeg or the system has
just returned is then nobody's, and lost. So whatever is made has an owner before it is made, and C
puts it there: iterators of C that are chained run no bytecode, and only bytecode hears signals. For
the same reason no destructor is a Python function: one that is interrupted at its first line has
done nothing, and is not called again.

An owner that waits for what it will own is a *box*, C memory for one pointer, or a list. FFmpeg's
functions that free what a box holds take an empty one as well.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import repeat, starmap
from typing import Any

from .._ffi import FREE_THREADED, ffi
from .averror import check_pointer
from .keeping import with_end

_call: Any = partial.__call__


def together(*steps: partial[Any]) -> None:
    """Call `steps` one after the other; if one raises, those behind it are not called."""
    deque(map(_call, steps), 0)


def fill(box: Any, make: Callable[..., Any], *arguments: Any) -> None:
    """Put what ``make(*arguments)`` returns into the first place of `box`."""
    box[0:1] = starmap(make, (arguments,))


def _box(ctype: str, free: Callable[[Any], Any], make: Callable[..., Any], *arguments: Any) -> Any:
    box = ffi.gc(ffi.new(ctype), free)
    fill(box, make, *arguments)
    return box


def boxed(
    what: str, ctype: str, free: Callable[[Any], Any], make: Callable[..., Any], *arguments: Any
) -> Any:
    """Return a box of `ctype` with what ``make(*arguments)`` returns; when it goes, `free` is
    called with it.

    Raises
    ------
    MemoryError
        That is NULL: `what` is not possible.
    """
    box = _box(ctype, free, make, *arguments)
    check_pointer(box[0], what)
    return box


def boxed_each(
    what: str, ctype: str, free: Callable[[Any], Any], make: Callable[..., Any], *arguments: Any
) -> Any:
    """Return a box as `boxed` does, for a `free` that takes what is in it; `ctype` is that of an
    array of one.
    """
    box = ffi.new(ctype)
    owner = ffi.gc(box, at_end(map(free, box)))
    fill(box, make, *arguments)
    check_pointer(box[0], what)
    return owner


def boxes(ctype: str, free: Callable[[Any], Any], make: Callable[[], Any]) -> Iterator[Any]:
    """Return an endless iterator over boxes as `boxed` makes them, or with NULL; it costs less
    where there are many. Any thread may ask it.
    """
    if FREE_THREADED:  # `ffi.gc` is a Python function there
        return starmap(_box, repeat((ctype, free, make)))
    return map(ffi.gc, map(ffi.new, repeat(ctype), starmap(make, repeat(()))), repeat(free))


def at_end(steps: Iterable[object]) -> partial[Any]:
    """Return a destructor for ``ffi.gc`` that goes through `steps`, an iterator of C each of whose
    steps does something and gives None. If one raises, those behind it are not done.
    """
    return partial(next, filter(None, steps))


def when_gone(*steps: partial[Any]) -> Any:
    """Return something; when it goes, `steps` are called, of which each returns None."""
    return with_end(at_end(map(_call, steps)))
