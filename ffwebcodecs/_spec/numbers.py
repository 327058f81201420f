"""Turning Python numbers into the specification's integers.

JavaScript's coercions are not copied: strings and booleans are not numbers. Anything with
`__index__` is an integer (numpy's integer scalars too), and so is a float without a fraction.
Whatever goes wrong inside a foreign object becomes `InvalidArgumentError`.
"""

from __future__ import annotations

import math
import operator

from ..errors import InvalidArgumentError

INT64_MIN = -(2**63)
INT64_MAX = 2**63 - 1
UINT64_MAX = 2**64 - 1
UINT32_MAX = 2**32 - 1
INT32_MAX = 2**31 - 1


def show(value: object) -> str:
    """Return a short `repr` for an error message; never raises."""
    if isinstance(value, int) and value.bit_length() > 256:
        # repr() of a very long int is itself an error (sys.set_int_max_str_digits).
        return f"an int of {value.bit_length()} bits"
    try:
        if isinstance(value, (str, bytes, bytearray)):
            value = value[:80]  # the repr of a whole file would take a while
        text = repr(value)
    except Exception:
        return f"a {type(value).__name__} object"
    return text if len(text) <= 80 else f"{text[:77]}..."


def _is_bool(value: object) -> bool:
    kind = type(value)
    # numpy.bool_ (numpy.bool since 2.0) is no subclass of bool, and _spec does not import numpy.
    return kind is bool or (kind.__module__ == "numpy" and kind.__name__ in ("bool", "bool_"))


def to_integer(value: object, what: str) -> int:
    """Return `value` as an int of any size, or raise InvalidArgumentError naming `what`."""
    if type(value) is int:
        return value
    if value is None:
        raise InvalidArgumentError(f"{what} is required")
    if _is_bool(value) or isinstance(value, (str, bytes, bytearray)):
        raise InvalidArgumentError(f"{what} must be an integer, got {show(value)}")
    try:
        if isinstance(value, float):
            if value.is_integer():
                return int(value)
        elif hasattr(type(value), "__index__"):
            # int(): an int subclass such as an enum member becomes a plain int.
            return int(operator.index(value))  # type: ignore[arg-type]
        elif hasattr(type(value), "is_integer") and value.is_integer():  # type: ignore[attr-defined]
            return int(value)  # type: ignore[call-overload, no-any-return]
    except Exception as error:
        raise InvalidArgumentError(
            f"{what} must be an integer, got {show(value)} ({type(error).__name__})"
        ) from error
    raise InvalidArgumentError(f"{what} must be an integer, got {show(value)}")


def _in_range(value: object, what: str, low: int, high: int) -> int:
    number = to_integer(value, what)
    if low <= number <= high:
        return number
    raise InvalidArgumentError(f"{what} is {show(number)}, it must be from {low} to {high}")


def to_int64(value: object, what: str) -> int:
    """Return a timestamp-like integer, -2^63 to 2^63 - 1."""
    if type(value) is int and INT64_MIN <= value <= INT64_MAX:
        return value
    return _in_range(value, what, INT64_MIN, INT64_MAX)


def to_uint64(value: object, what: str) -> int:
    """Return a duration-like integer, 0 to 2^64 - 1."""
    if type(value) is int and 0 <= value <= UINT64_MAX:
        return value
    return _in_range(value, what, 0, UINT64_MAX)


def to_uint32(value: object, what: str) -> int:
    """Return an integer from 0 to 2^32 - 1, such as an offset or a stride."""
    if type(value) is int and 0 <= value <= UINT32_MAX:
        return value
    return _in_range(value, what, 0, UINT32_MAX)


def to_dimension(value: object, what: str) -> int:
    """Return a width or height, 1 to 2^31 - 1."""
    if type(value) is int and 0 < value <= INT32_MAX:
        return value
    number = to_integer(value, what)
    if number == 0:
        raise InvalidArgumentError(f"{what} is 0, it must be at least 1")
    return _in_range(number, what, 1, INT32_MAX)


def to_optional_dimensions(
    width: object, height: object, width_name: str, height_name: str
) -> tuple[int, int] | None:
    """Return both sizes, or None if both are absent; one without the other is an error."""
    if width is None and height is None:
        return None
    if width is None or height is None:
        here, absent = (width_name, height_name) if height is None else (height_name, width_name)
        raise InvalidArgumentError(f"{here} needs {absent}: give both or neither")
    return to_dimension(width, width_name), to_dimension(height, height_name)


def to_real(value: object, what: str) -> int | float:
    """Return a finite number, ints unchanged, or raise InvalidArgumentError naming `what`."""
    if type(value) is int:
        return value
    if isinstance(value, float):
        number = float(value)
        if math.isfinite(number):
            return number
        raise InvalidArgumentError(f"{what} must be finite, got {show(value)}")
    if _is_bool(value) or isinstance(value, (str, bytes, bytearray)):
        raise InvalidArgumentError(f"{what} must be a number, got {show(value)}")
    if value is None or hasattr(type(value), "__index__"):
        return to_integer(value, what)
    try:
        number = float(value)  # type: ignore[arg-type]
    except Exception as error:
        raise InvalidArgumentError(f"{what} must be a number, got {show(value)}") from error
    if math.isfinite(number):
        return number
    raise InvalidArgumentError(f"{what} must be finite, got {show(value)}")


def to_float(value: object, what: str) -> float:
    """Return a finite number as a float, or raise InvalidArgumentError naming `what`."""
    try:
        return float(to_real(value, what))
    except OverflowError as error:
        raise InvalidArgumentError(f"{what} is {show(value)}, it must be finite") from error


def to_truncated(value: object, what: str) -> int:
    """Return a finite number without its fraction, as rectangle members are taken."""
    if type(value) is int:
        return value
    return int(to_real(value, what))


def to_flag(value: object, what: str) -> bool:
    """Return a bool; only real booleans, numpy's, and the integers 0 and 1 are taken."""
    if value is True or value is False:
        return value
    if _is_bool(value):
        return bool(value)
    if hasattr(type(value), "__index__"):
        number = to_integer(value, what)
        if number in (0, 1):
            return number == 1
    raise InvalidArgumentError(f"{what} must be True or False, got {show(value)}")


def to_threads(value: object) -> int | None:
    """Return a number of threads, None if that is left open."""
    count = None if value is None else to_integer(value, "threads")
    if count is not None and not 1 <= count <= 1024:
        raise InvalidArgumentError(f"threads is {count}, it must be from 1 to 1024")
    return count
