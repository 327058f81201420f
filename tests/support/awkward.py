"""Values that no argument may take, each of which must become one of the package's own errors."""

from __future__ import annotations


class RaisingIndex:
    """An integer, until one looks."""

    def __index__(self) -> int:
        raise RuntimeError("no")


class RaisingRepr:
    """Cannot even be named in an error message."""

    def __repr__(self) -> str:
        raise RuntimeError("no")


class RaisingFloat:
    """A number, until one looks."""

    def __float__(self) -> float:
        raise RuntimeError("no")


NEVER_AN_INTEGER = [
    float("nan"),
    float("inf"),
    float("-inf"),
    1.5,
    1j,
    True,
    False,
    "5",
    b"5",
    [],
    {},
    object(),
    RaisingIndex(),
    RaisingRepr(),
    RaisingFloat(),
    int,
]
NEVER_A_STRUCTURE = [0, 1.5, True, "abcd", b"abcd", object(), RaisingRepr(), RaisingIndex(), int]
