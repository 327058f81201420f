"""The rule by which samples change their type, against the same rule in exact arithmetic."""

from __future__ import annotations

import math
import struct
from fractions import Fraction

import numpy as np
import pytest

from ffwebcodecs._spec.frames.sample_conversion import BLOCK, convert

BIAS = {"uint8": 128, "int16": 0, "int32": 0}
MAXIMUM = {"uint8": 127, "int16": 32767, "int32": 2147483647}


def float32(value: Fraction | float) -> float:
    """Return the nearest float32; what has 53 bits or fewer is rounded once only."""
    found: float = struct.unpack("f", struct.pack("f", float(value)))[0]
    return found


def as_float(value: int, name: str) -> float:
    number = float32(value - BIAS[name])
    if number < 0:
        return float32(number / (MAXIMUM[name] + 1))
    return float32(number * float32(1 / Fraction(float32(MAXIMUM[name]))))


def as_integer(value: float, name: str) -> int:
    if math.isnan(value):
        return -(2**31) if name == "int32" else 0
    low, high = BIAS[name] - MAXIMUM[name] - 1, BIAS[name] + MAXIMUM[name]
    scale = MAXIMUM[name] + 1 if value < 0 else float32(MAXIMUM[name])
    if abs(value * scale) > 2**40:
        return low if value < 0 else high
    return min(max(int(float32(float32(value * scale) + BIAS[name])), low), high)


def converted(values: list[float] | list[int], source: str, destination: str) -> list[float]:
    result = np.empty(len(values), destination)
    convert(np.array(values, source), result)
    found: list[float] = result.tolist()
    return found


FLOATS = [
    *(0.5, -0.5, 1.0, -1.0, 1.5, -1.5, 0.999, 0.1, -0.1, 0.0, -0.0, 1e-10, -1e-10, -1 / 255),
    *(math.inf, -math.inf, 0.9999999, -0.9999999, 1e30, -1e30, 1e-45, 127 / 128, 1 / 127),
]


@pytest.mark.parametrize("name", list(BIAS))
def test_floats_become_integers_by_the_rule(name: str) -> None:
    values = [float32(each) for each in FLOATS] + [float32(k / 997 - 1.1) for k in range(2200)]
    assert converted(values, "float32", name) == [as_integer(each, name) for each in values]


@pytest.mark.parametrize("name", list(BIAS))
def test_integers_become_floats_by_the_rule(name: str) -> None:
    low, high = BIAS[name] - MAXIMUM[name] - 1, BIAS[name] + MAXIMUM[name]
    values = [*range(low, high + 1, max(1, (high - low) // 3001)), high, BIAS[name]]
    assert converted(values, name, "float32") == [as_float(each, name) for each in values]


# Of the specification's companion: 2.5.
@pytest.mark.parametrize(
    ("source", "value", "destination", "result"),
    [
        ("int16", 1, "int32", 65538),
        ("int16", -32768, "int32", -2147483648),
        ("int16", 32767, "int32", 2147483647),
        ("uint8", 0, "int16", -32768),
        ("uint8", 127, "int16", -256),
        ("uint8", 128, "int16", 0),
        ("uint8", 129, "int16", 258),
        ("uint8", 255, "int16", 32767),
        ("int16", -1, "uint8", 127),
        ("int32", -65535, "int16", 0),
        ("float32", 0.5, "int16", 16383),
        ("float32", 0.999, "int16", 32734),
        ("float32", math.inf, "int16", 32767),
        ("float32", -1 / 255, "uint8", 127),
        ("float32", -1e-10, "uint8", 128),
        ("float32", 0.1, "int32", 214748368),
        ("float32", math.nan, "uint8", 0),
        ("float32", math.nan, "int16", 0),
        ("float32", math.nan, "int32", -2147483648),
    ],
)
def test_known_values(source: str, value: float, destination: str, result: int) -> None:
    assert converted([value], source, destination) == [result]


@pytest.mark.parametrize("name", list(BIAS))
def test_silence_stays_silence_and_the_ends_are_reached(name: str) -> None:
    low, high = BIAS[name] - MAXIMUM[name] - 1, BIAS[name] + MAXIMUM[name]
    assert converted([low, BIAS[name], high], name, "float32") == [-1.0, 0.0, 1.0]
    assert converted([-1.0, 0.0, 1.0], "float32", name) == [low, BIAS[name], high]


def test_there_and_back_is_the_same_for_8_bits_and_wider_ones_lose_one_at_most() -> None:
    values = np.arange(256, dtype=np.uint8)
    between, back = np.empty(256, np.float32), np.empty(256, np.uint8)
    convert(values, between)
    convert(between, back)
    assert np.abs(back.astype(int) - values).max() <= 1


def test_samples_of_the_same_type_keep_all_their_bits() -> None:
    bits = np.array([0x7FC00001, 0xFFC12345, 0x80000000, 0x7F800000], np.uint32)
    result = np.empty(4, np.float32)
    convert(bits.view(np.float32), result)
    assert (result.view(np.uint32) == bits).all()


def test_a_block_that_needs_care_changes_no_other_one() -> None:
    values = np.full(3 * BLOCK + 5, 0.25, np.float32)
    values[BLOCK + 7] = math.nan
    values[2 * BLOCK] = 2.0
    result = np.empty(len(values), np.int32)
    convert(values, result)
    assert result[BLOCK + 7] == -(2**31)
    assert result[2 * BLOCK] == 2**31 - 1
    assert (np.delete(result, [BLOCK + 7, 2 * BLOCK]) == 2**29).all()


def test_any_stride_is_taken() -> None:
    values = np.arange(0, 400, dtype=np.int16)
    result = np.zeros(300, np.float32)
    convert(values[::4], result[::3])
    assert result[3] == as_float(4, "int16")
    assert not result[1::3].any()
