"""What every pickle of pixels, samples and chunks is: a tuple of its version, who made it, plain
values by name, and the memory in pieces.

Pickle makes an empty object of a public class and gives it that as its state: so a pickle names
nothing private, and whatever it holds is checked before it is believed. A pickle is a program all
the same, which whoever made it wrote: only `loads` what comes from your own processes.
"""

from __future__ import annotations

import copyreg
import warnings
from collections.abc import Sequence
from typing import Any

from .. import __version__
from ..errors import DataError

_VERSION = 1


def reduced(
    thing: object, said: dict[str, Any], views: Sequence[memoryview], protocol: Any
) -> tuple[Any, ...]:
    """Return what `__reduce_ex__` has to.

    Parameters
    ----------
    thing : object
        Of a class whose `__setstate__` takes what `unpacked` does.
    said : dict
        Plain values.
    views : sequence of memoryview
        Its memory. Since protocol 5 it is not copied here, and may travel beside the pickle.
    protocol : int
    """
    pieces: tuple[Any, ...]
    if protocol >= 5:
        from pickle import PickleBuffer

        pieces = tuple(map(PickleBuffer, views))
    else:
        pieces = tuple(map(bytes, views))
    state = _VERSION, f"ffwebcodecs {__version__}", said, pieces
    # This very function is a step of its own in a pickle, which names the class alone.
    return copyreg.__newobj__, (type(thing),), state  # type: ignore[attr-defined]


def unpacked(state: Any, name: str) -> tuple[Said, tuple[Any, ...]]:
    """Return what is said of a thing, and its memory in pieces.

    Raises
    ------
    DataError
        That is no such state, or one of another version.
    """
    if not isinstance(state, tuple) or len(state) < 2 or type(state[0]) is not int:
        raise DataError(f"this is no pickle of {name} that ffwebcodecs made")
    version, maker = state[:2]
    if version != _VERSION:
        raise DataError(
            f"this pickle of {name} has format {version}, made by {maker!r:.80}; ffwebcodecs "
            f"{__version__} reads format {_VERSION}: use the same ffwebcodecs on both sides"
        )
    if len(state) != 4 or type(state[2]) is not dict or type(state[3]) is not tuple:
        raise DataError(f"this pickle of {name} is damaged: it has not the parts of format 1")
    return Said(state[2], name), state[3]


class Said:
    """Plain values by name, out of a pickle."""

    __slots__ = ("_name", "_values")

    def __init__(self, values: dict[str, Any], name: str) -> None:
        self._values = values
        self._name = name

    def __getitem__(self, key: str) -> Any:
        try:
            return self._values[key]
        except KeyError:
            raise self.wrong(f"it does not say {key!r}") from None

    def numbers(self, key: str, count: int) -> tuple[int, ...]:
        """Return a tuple of so many integers."""
        value = self[key]
        if (
            type(value) is not tuple
            or len(value) != count
            or not all(type(each) is int for each in value)
        ):
            raise self.wrong(f"its {key} cannot be {value!r:.80}")
        return value

    def wrong(self, what: str) -> DataError:
        """Return the error that says what is wrong with it."""
        return DataError(f"this pickle of {self._name} is damaged: {what}")


def warn_of_another_release(names: str, timestamp: int, level: int) -> None:
    """Tell what a frame says besides its pixels that this process's FFmpeg does not understand."""
    warnings.warn(
        f"the frame at {timestamp} us was sent from another release of FFmpeg, and leaves behind "
        f"what only that one understands: {names}; use one release on both sides",
        UserWarning,
        stacklevel=level + 1,
    )
