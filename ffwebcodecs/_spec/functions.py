"""Functions of the program's: what they do when they are called."""

from __future__ import annotations

# What code says of itself: a coroutine, a generator to be awaited, an asynchronous generator.
_ASYNC = 0x80 | 0x100 | 0x200


def is_async(function: object) -> bool:
    """Return whether calling it does nothing before it is awaited (`inspect` costs an import)."""
    while hasattr(function, "func") and hasattr(function, "keywords"):  # functools.partial
        function = function.func
    if getattr(function, "_is_coroutine_mark", None) is not None:  # inspect's, and its alone
        return True
    code = getattr(function, "__code__", None)  # bound methods have it too
    if code is None and not isinstance(function, type):
        code = getattr(type(function).__call__, "__code__", None)
    return bool(getattr(code, "co_flags", 0) & _ASYNC)
