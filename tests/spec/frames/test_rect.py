"""Rectangles: the specification's summary, 1.2.3, and what browsers answered there."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from awkward import NEVER_A_STRUCTURE, RaisingIndex

from ffwebcodecs._spec.frames.formats import FORMATS
from ffwebcodecs._spec.frames.rect import Rect, check_rect, parse_rect
from ffwebcodecs.errors import InvalidArgumentError


@pytest.mark.parametrize(
    "value",
    [
        Rect(1, 2, 3, 4),
        (1, 2, 3, 4),
        [1, 2, 3, 4],
        {"x": 1, "y": 2, "width": 3, "height": 4, "other": 5},
        np.array([1, 2, 3, 4]),
        (1.9, 2.0, 3.5, 4.1),
    ],
    ids=lambda v: type(v).__name__,
)
def test_rects_come_in_many_shapes(value):
    rect = parse_rect(value, "rect")
    assert rect == Rect(1, 2, 3, 4)
    assert (rect.x, rect.y, rect.width, rect.height) == (1, 2, 3, 4)
    assert all(type(member) is int for member in rect)


def test_absent_members_are_zero():
    assert parse_rect({"width": 3, "y": None}, "rect") == Rect(0, 0, 3, 0)
    assert parse_rect({}, "rect") == Rect(0, 0, 0, 0)


def test_a_fraction_of_a_pixel_left_of_zero_is_zero():
    assert parse_rect((-0.5, -0.9, 1, 1), "rect") == Rect(0, 0, 1, 1)


def test_a_rect_is_a_value():
    rect = Rect(1, 2, width=3, height=4)
    assert hash(rect) == hash(Rect(1, 2, 3, 4))
    assert pickle.loads(pickle.dumps(rect)) == rect
    assert repr(rect) == "Rect(x=1, y=2, width=3, height=4)"
    assert rect.to_json() == {"x": 1, "y": 2, "width": 3, "height": 4}
    with pytest.raises(AttributeError):
        rect.x = 5


@pytest.mark.parametrize(
    "value",
    [
        *NEVER_A_STRUCTURE,
        None,
        (1, 2, 3),
        (1, 2, 3, 4, 5),
        iter((1, 2, 3, 4)),
        (1, 2, 3, "4"),
        (1, 2, 3, True),
        (1, 2, float("nan"), 4),
        (1, 2, 3, float("inf")),
        (-1, 0, 1, 1),
        {"x": 0, "y": -1, "width": 1, "height": 1},
        (0, 0, RaisingIndex(), 1),
    ],
    ids=lambda v: type(v).__name__,
)
def test_what_is_no_rect_is_refused_by_name(value):
    with pytest.raises(InvalidArgumentError, match="visible_rect"):
        parse_rect(value, "visible_rect")


@pytest.mark.parametrize(
    ("name", "rect", "problem"),
    [
        ("I420", (1, 0, 2, 2), "x is 1, it must be a multiple of 2 for I420"),
        ("I420", (0, 1, 2, 2), "y is 1"),
        ("I422", (1, 0, 2, 2), "x is 1"),
        ("NV12", (0, 3, 2, 2), "y is 3"),
        ("I420", (0, 0, 0, 2), "width is 0"),
        ("I420", (0, 0, 2, 0), "height is 0"),
        ("RGBA", (7, 0, 2, 2), r"x \+ width = 9, beyond the coded width 8"),
        ("RGBA", (0, 0, 8, 7), "beyond the coded height 6"),
        ("RGBA", (2**70, 0, 1, 1), "beyond"),
        ("RGBA", (0, 0, 10**9999, 1), "beyond"),
        (None, (8, 0, 1, 1), "beyond"),
    ],
)
def test_rects_that_do_not_fit_an_8_by_6_frame(name, rect, problem):
    with pytest.raises(InvalidArgumentError, match=problem):
        check_rect(Rect(*rect), name and FORMATS[name], 8, 6, "rect")


@pytest.mark.parametrize(
    ("name", "rect"),
    [
        ("I420", (2, 4, 3, 1)),
        ("I420", (0, 0, 8, 6)),
        ("I422", (2, 1, 1, 1)),
        ("I444", (7, 5, 1, 1)),
        ("RGBA", (3, 3, 1, 1)),
        (None, (1, 1, 1, 1)),
    ],
)
def test_rects_that_fit_an_8_by_6_frame(name, rect):
    check_rect(Rect(*rect), name and FORMATS[name], 8, 6, "rect")
