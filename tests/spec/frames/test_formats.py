"""The format table of the specification's summary, 1.1."""

from __future__ import annotations

import pickle

import pytest
from awkward import NEVER_A_STRUCTURE

from ffwebcodecs._spec.frames.formats import BY_FFMPEG, FORMATS, get_format
from ffwebcodecs.errors import InvalidArgumentError

SPECIFIED = [
    "I420",
    "I420P10",
    "I420P12",
    "I420A",
    "I420AP10",
    "I420AP12",
    "I422",
    "I422P10",
    "I422P12",
    "I422A",
    "I422AP10",
    "I422AP12",
    "I444",
    "I444P10",
    "I444P12",
    "I444A",
    "I444AP10",
    "I444AP12",
    "NV12",
    "RGBA",
    "RGBX",
    "BGRA",
    "BGRX",
]
EXTENSIONS = ["RGB", "BGR", "GRAY8", "GRAY16", "RGB48", "RGBA64"]


def test_the_names_are_the_specification_s_and_six_more():
    assert sorted(FORMATS) == sorted(SPECIFIED + EXTENSIONS)
    assert [n for n in FORMATS if FORMATS[n].extension] == EXTENSIONS


@pytest.mark.parametrize(
    ("name", "ffmpeg"),
    [
        ("I420", "yuv420p"),
        ("I420P10", "yuv420p10le"),
        ("I420AP10", "yuva420p10le"),
        ("I420AP12", None),
        ("I422P12", "yuv422p12le"),
        ("I422AP12", "yuva422p12le"),
        ("I444A", "yuva444p"),
        ("NV12", "nv12"),
        ("RGBX", "rgb0"),
        ("BGRA", "bgra"),
        ("RGB", "rgb24"),
        ("GRAY8", "gray"),
        ("GRAY16", "gray16le"),
        ("RGB48", "rgb48le"),
        ("RGBA64", "rgba64le"),
    ],
)
def test_ffmpeg_names(name, ffmpeg):
    assert FORMATS[name].ffmpeg == ffmpeg
    if ffmpeg:
        assert BY_FFMPEG[ffmpeg] is FORMATS[name]


def test_deprecated_full_range_names_map_too():
    assert BY_FFMPEG["yuvj422p"] is FORMATS["I422"]


@pytest.mark.parametrize(
    ("name", "opaque"),
    [
        ("I420A", "I420"),
        ("I422AP10", "I422P10"),
        ("I444AP12", "I444P12"),
        ("RGBA", "RGBX"),
        ("BGRA", "BGRX"),
        ("NV12", "NV12"),
        ("RGBX", "RGBX"),
        ("GRAY8", "GRAY8"),
    ],
)
def test_opaque_equivalent(name, opaque):
    assert FORMATS[name].opaque == opaque
    assert FORMATS[name].has_alpha == (name != opaque)


@pytest.mark.parametrize(
    ("name", "width", "height", "rows"),
    [
        ("I420", 3, 3, [(3, 3), (2, 2), (2, 2)]),
        ("I420P10", 3, 3, [(6, 3), (4, 2), (4, 2)]),
        ("I422A", 5, 3, [(5, 3), (3, 3), (3, 3), (5, 3)]),
        ("I444P12", 5, 3, [(10, 3), (10, 3), (10, 3)]),
        ("NV12", 5, 3, [(5, 3), (6, 2)]),
        ("BGRX", 5, 3, [(20, 3)]),
        ("RGB", 5, 3, [(15, 3)]),
        ("GRAY8", 5, 3, [(5, 3)]),
        ("GRAY16", 5, 3, [(10, 3)]),
        ("RGB48", 5, 3, [(30, 3)]),
        ("RGBA64", 5, 3, [(40, 3)]),
    ],
)
def test_planes_round_up(name, width, height, rows):
    planes = FORMATS[name].planes
    assert [(p.row_bytes(width), p.rows(height)) for p in planes] == rows


@pytest.mark.parametrize(
    ("name", "hint"), [("i420", "I420"), ("NV21", "NV12"), ("yuv420p", "I420"), ("RGB24", "RGB")]
)
def test_near_miss_is_named(name, hint):
    with pytest.raises(InvalidArgumentError, match=f"'{name}'.*mean '{hint}'"):
        get_format(name)


@pytest.mark.parametrize("value", [*NEVER_A_STRUCTURE, None, [], {}, "", "\0", "x" * 10**5])
def test_bad_names_are_invalid_arguments(value):
    with pytest.raises(InvalidArgumentError):
        get_format(value)


def test_a_format_stays_one_object_through_pickle():
    assert pickle.loads(pickle.dumps(FORMATS["NV12"])) is FORMATS["NV12"]
