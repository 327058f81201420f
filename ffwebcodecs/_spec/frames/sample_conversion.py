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
    Step = Callable[[Array, Array], None]

BLOCK = 4096
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

    steps = _steps(source.dtype.name, destination.dtype.name)
    with np.errstate(all="ignore"):
        for start in range(0, len(source), BLOCK):
            part = slice(start, start + BLOCK)
            steps(source[part], destination[part])


@cache
def _steps(source: str, destination: str) -> Step:
    if source.startswith("float"):
        return _from_float(destination)
    to_float = _to_float(source)
    if destination == "float32":
        return to_float
    from_float = _from_float(destination)

    def both(samples: Array, result: Array) -> None:
        import numpy as np

        between = np.empty(len(samples), np.float32)
        to_float(samples, between)
        from_float(between, result)

    return both


def _to_float(name: str) -> Step:
    import numpy as np

    minus_minimum, maximum, bias = _SCALES[name]
    below = np.float32(1 / minus_minimum)  # a power of two: exact
    above = np.float32(1) / np.float32(maximum)

    def to_float(samples: Array, result: Array) -> None:
        values = samples.astype(np.float32)
        if bias:
            values -= np.float32(bias)
        if below == above:
            np.multiply(values, below, out=result)
        else:
            np.maximum(values * below, values * above, out=result)

    return to_float


def _from_float(name: str) -> Step:
    import numpy as np

    if name == "float32":

        def narrowed(samples: Array, result: Array) -> None:
            result[...] = samples

        return narrowed
    minus_minimum, maximum, bias = _SCALES[name]
    below, above, shift = np.float32(minus_minimum), np.float32(maximum), np.float32(bias)
    # s32's maximum is no float32: what reaches 2^31 is put there afterwards.
    is_wide = int(above) > maximum
    low, high = np.float32(bias - minus_minimum), np.float32(bias + maximum)

    def from_float(samples: Array, result: Array) -> None:
        if samples.dtype != np.float32:
            samples = samples.astype(np.float32)
        values = samples * below
        if below != above:
            np.minimum(values, samples * above, out=values)
        if bias:
            values += shift
        nan = np.isnan(values)
        if nan.any():
            values[nan] = low if is_wide else 0
        np.maximum(values, low, out=values)
        if is_wide:
            full = values >= high
            values[full] = 0
            result[...] = values.astype(np.int32)
            result[full] = maximum
        else:
            np.minimum(values, high, out=values)
            np.copyto(result, values, casting="unsafe")

    return from_float
