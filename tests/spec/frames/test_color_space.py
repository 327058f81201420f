"""VideoColorSpace: the specification's summary 1.8, codes from ITU-T H.273."""

from __future__ import annotations

import pickle
from itertools import product

import numpy as np
import pytest
from awkward import NEVER_A_STRUCTURE

from ffwebcodecs._spec.frames import color
from ffwebcodecs._spec.frames.color_space import VideoColorSpace, default_color_space
from ffwebcodecs._spec.frames.formats import FORMATS
from ffwebcodecs.errors import InvalidArgumentError, NotSupportedError


def test_h273_codes():
    assert list(color.PRIMARIES.values()) == [1, 5, 6, 9, 12]
    assert sorted(color.TRANSFER.values()) == [1, 6, 8, 13, 16, 18]
    assert list(color.MATRIX.values()) == [0, 1, 5, 6, 9]
    assert color.names_of(12, 13, 0) == ("smpte432", "iec61966-2-1", "rgb")
    assert color.names_of(2, 2, 2) == (None, None, None)


def test_names_and_codes_go_both_ways():
    for primaries, transfer, matrix in product(color.PRIMARIES, color.TRANSFER, color.MATRIX):
        codes = color.codes_of(primaries, transfer, matrix)
        assert color.names_of(*codes) == (primaries, transfer, matrix)
    assert color.codes_of(None, None, None) == (2, 2, 2)
    assert color.codes_of("bt2020", None, None, (1, 16, 9)) == (9, 16, 9)


def test_members_default_to_none():
    assert VideoColorSpace().to_json() == {
        "primaries": None,
        "transfer": None,
        "matrix": None,
        "fullRange": None,
    }


@pytest.mark.parametrize(
    ("member", "names"),
    [
        ("primaries", ["bt709", "bt470bg", "smpte170m", "bt2020", "smpte432"]),
        ("transfer", ["bt709", "smpte170m", "iec61966-2-1", "linear", "pq", "hlg"]),
        ("matrix", ["rgb", "bt709", "bt470bg", "smpte170m", "bt2020-ncl"]),
    ],
)
def test_names_are_the_specification_s(member, names):
    for name in names:
        assert getattr(VideoColorSpace(**{member: name}), member) == name
    for wrong in ("film", "gamma22", "bt2020-cl", "fcc", "ycgco", "BT709", "", 1, b"bt709", []):
        with pytest.raises(InvalidArgumentError, match=member) as caught:
            VideoColorSpace(**{member: wrong})
        assert names[0] in str(caught.value)
        assert repr(wrong) in str(caught.value)


@pytest.mark.parametrize("value", ["yes", 2, 1.0, b"", []])
def test_full_range_is_a_bool(value):
    assert VideoColorSpace(full_range=np.bool_(True)).full_range is True
    with pytest.raises(InvalidArgumentError, match="full_range"):
        VideoColorSpace(full_range=value)


def test_parse_takes_either_spelling_and_ignores_the_rest():
    wanted = VideoColorSpace(matrix="rgb", full_range=False)
    assert VideoColorSpace.parse({"matrix": "rgb", "full_range": False}) == wanted
    assert VideoColorSpace.parse({"matrix": "rgb", "fullRange": False, "film": 1}) == wanted
    assert VideoColorSpace.parse(wanted) is wanted
    assert VideoColorSpace.parse(wanted.to_json()) == wanted
    assert VideoColorSpace.parse({}) == VideoColorSpace.parse(None) == VideoColorSpace()


@pytest.mark.parametrize("value", NEVER_A_STRUCTURE)
def test_parse_refuses_what_is_no_color_space(value):
    with pytest.raises(InvalidArgumentError, match="color_space"):
        VideoColorSpace.parse(value)


def test_a_color_space_is_a_value():
    space = VideoColorSpace(primaries="bt709", full_range=True)
    assert space != VideoColorSpace(primaries="bt709", full_range=False)
    assert hash(space) == hash(VideoColorSpace(primaries="bt709", full_range=True))
    assert pickle.loads(pickle.dumps(space)) == space
    assert eval(repr(space)) == space
    with pytest.raises(AttributeError):
        space.primaries = None
    with pytest.raises(AttributeError):
        del space.primaries


def test_defaults_by_format():
    for name, fmt in FORMATS.items():
        expected = (
            ("bt709", "iec61966-2-1", "rgb", True)
            if name in ("RGBA", "RGBX", "BGRA", "BGRX", "RGB", "BGR", "RGB48", "RGBA64")
            # A gray picture, from numpy or PIL, uses all values.
            else ("bt709", "bt709", "bt709", name in ("GRAY8", "GRAY16"))
        )
        assert tuple(default_color_space(fmt).to_json().values()) == expected, name


def test_predefined_color_spaces():
    assert color.predefined_members(None) == color.predefined_members("srgb")
    assert color.predefined_members("display-p3")[0] == "smpte432"
    for known in ("srgb-linear", "display-p3-linear", "rec2020"):
        with pytest.raises(NotSupportedError, match=known):
            color.predefined_members(known)
    for wrong in ("", "foo", 1, b"srgb", []):
        with pytest.raises(InvalidArgumentError):
            color.predefined_members(wrong)
