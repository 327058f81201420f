"""Coercions: decision 3 of the specification's summary. Bounds are those of int64 and uint64."""

from __future__ import annotations

import enum
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from awkward import NEVER_AN_INTEGER, RaisingIndex, RaisingRepr

from ffwebcodecs._spec import numbers
from ffwebcodecs.errors import InvalidArgumentError

ALL = [numbers.to_int64, numbers.to_uint64, numbers.to_uint32, numbers.to_dimension]


@pytest.mark.parametrize("convert", ALL, ids=lambda f: f.__name__)
@pytest.mark.parametrize("value", [*NEVER_AN_INTEGER, None], ids=lambda v: type(v).__name__)
def test_what_is_no_integer_is_refused_by_name(convert, value):
    with pytest.raises(InvalidArgumentError, match="duration"):
        convert(value, "duration")


@pytest.mark.parametrize("convert", ALL, ids=lambda f: f.__name__)
@pytest.mark.parametrize(
    "value",
    [
        7,
        7.0,
        np.int8(7),
        np.uint64(7),
        np.float32(7),
        np.float64(7),
        np.array(7),
        enum.IntEnum("E", {"x": 7}).x,
    ],
    ids=lambda v: type(v).__name__,
)
def test_every_integral_number_becomes_a_plain_int(convert, value):
    result = convert(value, "width")
    assert result == 7
    assert type(result) is int


@pytest.mark.parametrize(
    ("convert", "low", "high"),
    [
        (numbers.to_int64, -9223372036854775808, 9223372036854775807),
        (numbers.to_uint64, 0, 18446744073709551615),
        (numbers.to_uint32, 0, 4294967295),
        (numbers.to_dimension, 1, 2147483647),
    ],
    ids=["int64", "uint64", "uint32", "dimension"],
)
def test_bounds_are_included_and_nothing_beyond(convert, low, high):
    assert convert(low, "n") == low
    assert convert(high, "n") == high
    for beyond in (low - 1, high + 1, 2**70, -(2**70), 10**9999, 1e300):
        with pytest.raises(InvalidArgumentError):
            convert(beyond, "n")


def test_numpy_booleans_are_no_integers():
    with pytest.raises(InvalidArgumentError):
        numbers.to_int64(np.bool_(True), "timestamp")


def test_zero_dimension_says_zero():
    with pytest.raises(InvalidArgumentError, match="coded_width is 0, it must be at least 1"):
        numbers.to_dimension(0, "coded_width")


def test_one_of_two_dimensions_is_refused():
    with pytest.raises(InvalidArgumentError, match="display_width needs display_height"):
        numbers.to_optional_dimensions(1, None, "display_width", "display_height")
    with pytest.raises(InvalidArgumentError, match="display_height needs display_width"):
        numbers.to_optional_dimensions(None, 1, "display_width", "display_height")


@pytest.mark.parametrize(
    ("value", "expected"),
    [(-0.5, 0), (0.9, 0), (-1.9, -1), (2.999, 2), (Decimal("3.7"), 3), (Fraction(7, 2), 3)],
)
def test_truncation_is_toward_zero(value, expected):
    assert numbers.to_truncated(value, "x") == expected


@pytest.mark.parametrize("value", [True, False, np.bool_(True), 0, 1, np.int32(1)])
def test_flag_takes_booleans(value):
    assert numbers.to_flag(value, "flip") is bool(value)


@pytest.mark.parametrize("value", [2, -1, 1.0, "true", b"", None, RaisingIndex(), RaisingRepr()])
def test_flag_takes_nothing_else(value):
    with pytest.raises(InvalidArgumentError, match="flip"):
        numbers.to_flag(value, "flip")


@pytest.mark.parametrize(
    "value", [10**9999, RaisingRepr(), "x" * 10**6, b"x" * 10**6], ids=lambda v: type(v).__name__
)
def test_show_is_short_and_never_raises(value):
    assert len(numbers.show(value)) <= 80
