"""Rotation, flip and display size: the specification's summary 1.2 and 1.3, Chromium's answers."""

from __future__ import annotations

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from awkward import RaisingFloat, RaisingIndex, RaisingRepr

from ffwebcodecs._spec.frames.geometry import (
    combine_orientation,
    display_size_for_buffer,
    display_size_for_frame,
    parse_rotation,
)
from ffwebcodecs.errors import InvalidArgumentError


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, 0),
        (0, 0),
        (45, 90),
        (-45, 0),
        (44.9, 0),
        (135, 180),
        (-315, 90),
        (450, 90),
        (-180, 180),
        (1e6, 270),
        (math.nextafter(45, 0), 0),
        (math.nextafter(-45, -90), 270),
        (np.float32(89.5), 90),
        (np.int16(-90), 270),
        # 2**70 = 360 * n + 304, by Python's integers
        (2**70, 270),
    ],
)
def test_rotation_goes_to_the_nearest_right_angle_ties_up(value, expected):
    assert parse_rotation(value) == expected


def test_every_degree_follows_the_rule():
    for degrees in range(-800, 800):
        expected = math.floor(Fraction(degrees, 90) + Fraction(1, 2)) * 90 % 360
        assert parse_rotation(degrees) == parse_rotation(float(degrees)) == expected


@pytest.mark.parametrize(
    "value",
    [math.nan, math.inf, True, "90", b"", [], 1j, RaisingIndex(), RaisingFloat(), RaisingRepr()],
)
def test_bad_rotations_are_refused(value):
    with pytest.raises(InvalidArgumentError, match="rotation"):
        parse_rotation(value)


def test_orientation_combines_as_matrices_do():
    # Rotation is clockwise, the flip comes after it, both act on column vectors.
    turn = np.array([[0, -1], [1, 0]])
    mirror = np.array([[-1, 0], [0, 1]])

    def matrix(rotation, flip):
        return (mirror if flip else np.eye(2)) @ np.linalg.matrix_power(turn, rotation // 90)

    angles = (0, 90, 180, 270)
    for a, fa, b, fb in product(angles, (False, True), angles, (False, True)):
        combined = combine_orientation(a, fa, b, fb)
        assert (matrix(b, fb) @ matrix(a, fa) == matrix(*combined)).all(), (a, fa, b, fb)


def test_display_size_of_a_buffer_is_visible_size_turned():
    assert display_size_for_buffer(8, 4, 0, None, None) == (8, 4)
    assert display_size_for_buffer(8, 4, 180, None, None) == (8, 4)
    assert display_size_for_buffer(8, 4, 90, None, None) == (4, 8)
    # As given: Chromium swaps these, the specification does not.
    assert display_size_for_buffer(8, 4, 90, 16, 5) == (16, 5)


@pytest.mark.parametrize(
    "pair", [(None, 4), (4, None), (0, 4), (4, 0), (-1, 4), (4, 2**31), (1.5, 4)]
)
def test_bad_display_sizes_are_refused(pair):
    with pytest.raises(InvalidArgumentError, match="display_"):
        display_size_for_buffer(8, 4, 0, *pair)


def of_frame(visible, rotation, source_visible, source_display, source_rotation, **given):
    return display_size_for_frame(
        *visible,
        rotation,
        source_visible_width=source_visible[0],
        source_visible_height=source_visible[1],
        source_display_width=source_display[0],
        source_display_height=source_display[1],
        source_rotation=source_rotation,
        **given,
    )


@pytest.mark.parametrize(
    ("visible", "rotation", "source_visible", "source_display", "source_rotation", "expected"),
    [
        ((8, 6), 0, (8, 6), (8, 6), 0, (8, 6)),
        ((4, 2), 0, (8, 4), (16, 4), 0, (8, 2)),
        ((4, 2), 90, (8, 4), (16, 4), 0, (2, 8)),
        # A source turned by 90 is displayed 4 wide and 16 high: twice as long along its own x.
        ((8, 4), 90, (8, 4), (4, 16), 90, (4, 16)),
        ((8, 4), 0, (8, 4), (4, 16), 90, (16, 4)),
        # 2 * 11 / 8 = 2.75 and 2 * 5 / 6 = 1.67; 1 * 5 / 2 = 2.5 goes up
        ((2, 2), 0, (8, 6), (11, 5), 0, (3, 2)),
        ((1, 2), 0, (2, 2), (5, 2), 0, (3, 2)),
    ],
)
def test_a_frame_keeps_its_source_s_scale(
    visible, rotation, source_visible, source_display, source_rotation, expected
):
    args = (visible, rotation, source_visible, source_display, source_rotation)
    assert of_frame(*args) == expected
    assert of_frame(*args, display_width=7, display_height=9) == (7, 9)


def test_a_display_size_that_rounds_to_nothing_is_refused():
    with pytest.raises(InvalidArgumentError, match="visible width 1"):
        of_frame((1, 1), 0, (100, 100), (10, 100), 0)


def test_one_display_size_of_two_is_refused():
    with pytest.raises(InvalidArgumentError, match="both or neither"):
        of_frame((8, 6), 0, (8, 6), (8, 6), 0, display_width=4)
