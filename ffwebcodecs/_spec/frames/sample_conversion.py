"""How samples become samples of another type: everything goes through float32 (spec 2.5).

The specification leaves it open; this is the rule that browsers have, bit for bit. A sample is
scaled by one number below silence and by another above, so that both ends are reached; nothing is
dithered, and what a type cannot hold becomes its nearest end.

* to float: ``d = value - bias``, then ``d / -minimum`` below zero, ``d * (1 / maximum)`` above.
* from float: ``x * -minimum`` below zero, ``x * maximum`` above, plus the bias; the fraction is cut
  off. NaN becomes 0, of s32 the minimum.

The arithmetic is float32's at each step. Of both scales the right one is the larger result on the
way to float and the smaller one on the way back, so there is nothing to ask of each sample.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    Array = Any
    Step = Callable[[Array, Array, Array], None]

BLOCK = 16384
"""Samples to convert at once: what is made of them on the way stays in the processor's cache."""

# By numpy's name of a sample: -minimum, maximum, bias.
_SCALES = {
    "uint8": (128, 127, 128),
    "int16": (32768, 32767, 0),
    "int32": (2147483648, 2147483647, 0),
    "int64": (1 << 63, 1 << 63, 0),
}


def convert(source: Array, destination: Array) -> None:
    """Write the samples of `source` into `destination`, as its type has them.

    Parameters
    ----------
    source : numpy.ndarray
        Of uint8, int16, int32 or float32, of int64 or float64 too; shape (samples,), any stride.
    destination : numpy.ndarray
        Of uint8, int16, int32 or float32; as many samples, any stride.
    """
    if source.dtype == destination.dtype:
        destination[...] = source
        return
    import numpy as np

    to_float = _to_float(source.dtype.name)
    from_float = _from_float(destination.dtype.name)
    room = np.empty((2, min(len(source), BLOCK)), np.float32)
    with np.errstate(all="ignore"):
        for start in range(0, len(source), BLOCK):
            part = source[start : start + BLOCK]
            values, other = room[:, : len(part)]
            to_float(part, values, other)
            from_float(values, other, destination[start : start + BLOCK])


@cache
def _to_float(name: str) -> Step:
    """Return what writes samples of a type as float32; its last argument is room to work in."""
    import numpy as np

    if name.startswith("float"):

        def copy(samples: Array, values: Array, _: Array) -> None:
            values[...] = samples

        return copy
    minus_minimum, maximum, bias = _SCALES[name]
    below = np.float32(1 / minus_minimum)  # a power of two: exact
    above = np.float32(1) / np.float32(maximum)

    def to_float(samples: Array, values: Array, other: Array) -> None:
        values[...] = samples
        if bias:
            values -= np.float32(bias)
        if below != above:
            np.multiply(values, above, out=other)
        values *= below
        if below != above:
            np.maximum(values, other, out=values)

    return to_float


@cache
def _from_float(name: str) -> Step:
    """Return what writes float32 as samples of a type. It may overwrite them; its second argument
    is room to work in.
    """
    import numpy as np

    if name == "float32":

        def copy(values: Array, _: Array, result: Array) -> None:
            result[...] = values

        return copy
    minus_minimum, maximum, bias = _SCALES[name]
    below, above, shift = np.float32(minus_minimum), np.float32(maximum), np.float32(bias)
    low, high = np.float32(bias - minus_minimum), np.float32(bias + maximum)
    # s32's maximum is no float32: what reaches 2^31 is put there afterwards.
    is_wide = int(above) > maximum

    def from_float(values: Array, other: Array, result: Array) -> None:
        if below != above:
            np.multiply(values, above, out=other)
        values *= below
        if below != above:
            np.minimum(values, other, out=values)
        if bias:
            values += shift
        full = None
        # NaN compares false.
        if not (values.min() >= low and (values.max() < high or not is_wide)):
            values[np.isnan(values)] = low if is_wide else 0
            np.maximum(values, low, out=values)
            full = values >= high
            values[full] = 0 if is_wide else high
        elif not is_wide:
            np.minimum(values, high, out=values)
        np.copyto(result, values, casting="unsafe")
        if full is not None:
            result[full] = bias + maximum

    return from_float
