"""Frames made from frames (spec 1.3), and what all frames say about themselves (spec 1.4)."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from frame_helpers import address, content, cut, make, pattern

from ffwebcodecs import (
    DataCloneError,
    InvalidArgumentError,
    InvalidStateError,
    Rect,
    VideoColorSpace,
    VideoFrame,
)

# ---- a frame made from a frame -----------------------------------------------------------------


def test_a_derived_frame_shares_the_pixels_and_inherits_what_is_not_given():
    source = make("I420", 8, 6, timestamp=5, duration=7, rotation=90, metadata={"rtpTimestamp": 3})
    derived = VideoFrame(source, visible_rect=(2, 2, 4, 2))
    assert (
        address(derived.planes[0].data)
        == address(source.planes[0].data) + 2 * source.planes[0].stride + 2
    )
    source.close()
    with derived:
        assert (derived.timestamp, derived.duration, derived.rotation) == (5, 7, 90)
        assert derived.metadata() == {"rtpTimestamp": 3}
        assert derived.coded_rect == Rect(0, 0, 8, 6)
        assert (derived.display_width, derived.display_height) == (2, 4)
        rect = (2, 2, 4, 2)
        assert content(derived) == cut(pattern("I420", 8, 6), "I420", 8, 6, rect)


@pytest.mark.parametrize("flip", [False, True])
@pytest.mark.parametrize("base_flip", [False, True])
@pytest.mark.parametrize("turn", [0, 90, 180, 270])
@pytest.mark.parametrize("base", [0, 90, 180, 270])
def test_orientation_adds_up_and_a_flipped_base_turns_the_other_way(base, turn, base_flip, flip):
    source = make("RGBA", 4, 2, rotation=base, flip=base_flip)
    with source, VideoFrame(source, rotation=turn, flip=flip) as derived:
        assert derived.rotation == (base - turn if base_flip else base + turn) % 360
        assert derived.flip == (base_flip != flip)
        size = (2, 4) if derived.rotation % 180 else (4, 2)
        assert (derived.display_width, derived.display_height) == size


@pytest.mark.parametrize(
    "options",
    [
        {"alpha": "none"},
        {"alpha": None},
        {"alpha": np.zeros(2)},
        {"visible_rect": (1, 0, 2, 2)},
        {"visible_rect": (0, 0, 9, 6)},
        {"display_width": 3},
        {"timestamp": "now"},
        {"duration": -1},
        {"metadata": 4},
        {"format": "I420"},
        {"coded_width": 8},
        {"layout": [(0, 8)]},
        {"color_space": {}},
    ],
    ids=repr,
)
def test_a_derived_frame_refuses_bad_options(options):
    with make("I420", 8, 6) as source, pytest.raises(InvalidArgumentError):
        VideoFrame(source, **options)


def test_a_closed_source_beats_bad_options():
    source = make()
    source.close()
    with pytest.raises(InvalidStateError):
        VideoFrame(source, alpha="none", visible_rect="nonsense")


# ---- attributes and metadata -------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "format",
        "coded_width",
        "coded_height",
        "coded_rect",
        "visible_rect",
        "display_width",
        "display_height",
        "rotation",
        "flip",
        "timestamp",
        "duration",
        "color_space",
        "closed",
        "planes",
    ],
)
def test_attributes_cannot_be_set(name):
    with make() as frame, pytest.raises(AttributeError):
        setattr(frame, name, None)


def test_a_frame_takes_no_new_attributes():
    with make() as frame, pytest.raises(AttributeError):
        frame.colour = "red"


def test_metadata_is_copied_deeply_on_the_way_in_and_out():
    given = {"segments": [{"x": 1}], "captureTime": 2.5}
    with make(metadata=given) as frame:
        given["segments"][0]["x"] = 99
        frame.metadata()["segments"].append("junk")
        with frame.clone() as clone, VideoFrame(frame) as derived:
            expected = {"segments": [{"x": 1}], "captureTime": 2.5}
            assert frame.metadata() == clone.metadata() == derived.metadata() == expected
        with VideoFrame(frame, metadata={}) as derived:
            assert derived.metadata() == {}


def test_metadata_that_cannot_be_copied_is_a_data_clone_error():
    with pytest.raises(DataCloneError):
        make(metadata={"rtpTimestamp": (number for number in ())})


def test_color_space_members_are_stored_as_given():
    with make(color_space={}) as frame:
        assert frame.color_space == VideoColorSpace()
    given = VideoColorSpace(primaries="bt2020", matrix="bt2020-ncl")
    with make(color_space=given) as frame:
        assert frame.color_space == given


def test_repr_says_format_size_and_time_and_closed():
    frame = make("I420", 8, 6, timestamp=-5, visible_rect=(0, 0, 3, 2))
    assert repr(frame) == "<VideoFrame I420 3x2, timestamp=-5>"
    frame.close()
    assert repr(frame) == "<VideoFrame closed, timestamp=-5>"


def test_an_object_that_only_looks_like_a_frame_is_not_one():
    with pytest.raises(InvalidArgumentError):
        VideoFrame(SimpleNamespace(_shape=None), timestamp=0)
