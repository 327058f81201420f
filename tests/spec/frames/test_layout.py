"""Plane layouts: sizes by arithmetic, answers by the specification's summary (1.2.5, 1.5.5)."""

from __future__ import annotations

import pickle

import pytest
from awkward import NEVER_A_STRUCTURE, NEVER_AN_INTEGER, RaisingIndex

from ffwebcodecs._spec.frames import layout as module
from ffwebcodecs._spec.frames.formats import FORMATS
from ffwebcodecs._spec.frames.layout import PlaneLayout, compute_layout
from ffwebcodecs.errors import InvalidArgumentError

I420, RGBA = FORMATS["I420"], FORMATS["RGBA"]


@pytest.mark.parametrize(
    ("name", "width", "height", "size"),
    [
        ("I420", 3, 3, 17),
        ("I420P10", 3, 3, 34),
        ("NV12", 5, 2, 16),
        ("I422", 3, 3, 21),
        ("I420A", 4, 4, 40),
        ("RGBA", 1920, 1080, 8294400),
        ("RGB", 3, 3, 27),
        ("GRAY8", 3, 3, 9),
    ],
)
def test_default_size(name, width, height, size):
    assert compute_layout(FORMATS[name], width, height).size == size


def test_default_is_tight_and_in_order():
    computed = compute_layout(I420, 4, 2)
    assert computed.planes == (PlaneLayout(0, 4), PlaneLayout(8, 2), PlaneLayout(10, 2))
    assert computed.row_bytes == (4, 2, 2)
    assert computed.rows == (2, 1, 1)


def test_planes_may_come_in_any_order_with_gaps_and_odd_offsets():
    entries = [(10, 6), {"offset": 0, "stride": 3}, PlaneLayout(41, 5)]
    computed = compute_layout(I420, 3, 3, entries)
    assert computed.planes == ((10, 6), (0, 3), (41, 5))
    assert all(type(plane) is PlaneLayout for plane in computed.planes)
    assert computed.size == 41 + 5 * 2


def test_the_last_row_is_a_full_stride():
    assert compute_layout(RGBA, 2, 2, [(0, 12)]).size == 24


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([(0, 4), (16, 2)], "layout has 2 entries, I420 has 3 planes"),
        ([(0, 4), (16, 2), (20, 2), (24, 2)], "has 4 entries"),
        ([(0, 3), (16, 2), (20, 2)], r"layout\[0\].stride is 3, .* needs 4 bytes"),
        ([(0, 4), (16, 0), (20, 2)], r"layout\[1\].stride is 0"),
        ([(0, 4), (15, 2), (20, 2)], r"layout\[1\] starts at byte 15, inside layout\[0\]"),
        ([(0, 4), (16, 2), (16, 2)], "planes may not overlap"),
        ([(0, 8), (4, 8), (40, 2)], "planes may not overlap"),
        ([(4294967280, 4), (16, 2), (20, 2)], "ends at byte 4294967296 .* the limit is 4294967295"),
        ([(0, 4294967295), (16, 2), (20, 2)], "the limit is 4294967295"),
        ([(2**70, 4), (16, 2), (20, 2)], r"layout\[0\].offset"),
        ([(-1, 4), (16, 2), (20, 2)], r"layout\[0\].offset is -1"),
        ([(0, 4), (16, 2), {"stride": 2}], r"layout\[2\].offset is required"),
        ([(0, 4), (16, 2), (20, 2, 2)], r"layout\[2\] needs \(offset, stride\)"),
        ([(0, 4), (16, 2), None], r"layout\[2\]"),
        ([(0, 4), (16, 2), "ab"], r"layout\[2\]"),
        ([(0, 4), (16, 2), (20, RaisingIndex())], r"layout\[2\].stride"),
        ([], "has 0 entries"),
    ],
)
def test_bad_layouts_of_a_4_by_4_frame(entries, problem):
    with pytest.raises(InvalidArgumentError, match=problem):
        compute_layout(I420, 4, 4, entries)


@pytest.mark.parametrize("value", [*NEVER_A_STRUCTURE, {}, iter([])])
def test_what_is_no_layout_is_refused(value):
    with pytest.raises(InvalidArgumentError, match="layout"):
        compute_layout(I420, 4, 4, value)


@pytest.mark.parametrize("value", [*NEVER_AN_INTEGER, None, 0, -4, 2**31, 2**70])
def test_bad_sizes_are_refused(value):
    module._default_layouts.clear()
    with pytest.raises(InvalidArgumentError):
        compute_layout(I420, value, 4)
    with pytest.raises(InvalidArgumentError):
        compute_layout(I420, 4, value, [(0, 4), (16, 2), (20, 2)])


def test_a_default_layout_beyond_4_gib_is_refused():
    # 32768 * 32767 * 4 = 2^32 - 131072 still fits, one row more does not.
    assert compute_layout(RGBA, 32768, 32767).size == 4294836224
    with pytest.raises(InvalidArgumentError, match="takes 4294967296 bytes"):
        compute_layout(RGBA, 32768, 32768)
    with pytest.raises(InvalidArgumentError):
        compute_layout(RGBA, 2**31 - 1, 2**31 - 1)


def test_the_cache_is_bounded_and_gives_the_same_object():
    for width in range(1, 3000):
        compute_layout(I420, width, 2)
    assert len(module._default_layouts) <= 512
    assert compute_layout(I420, 2999, 2) is compute_layout(I420, 2999, 2)


def test_a_plane_layout_is_a_value():
    plane = PlaneLayout(offset=0, stride=4)
    assert repr(plane) == "PlaneLayout(offset=0, stride=4)"
    assert (plane.offset, plane.stride) == (0, 4)
    assert plane == PlaneLayout(0, 4.0)
    assert hash(plane) == hash(PlaneLayout(0, 4))
    assert pickle.loads(pickle.dumps(plane)) == plane
    assert plane.to_json() == {"offset": 0, "stride": 4}
    with pytest.raises(AttributeError):
        plane.stride = 5
    with pytest.raises(InvalidArgumentError):
        PlaneLayout(-1, 4)
