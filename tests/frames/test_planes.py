"""VideoFrame.planes: views of the memory itself, which outlive the frame."""

from __future__ import annotations

import gc

import numpy as np
import pytest
from frame_helpers import (
    FORMATS,
    address,
    bit_depth,
    cut,
    make,
    padded_layout,
    pattern,
    planes_of,
    row_bytes,
    rows_of,
    scatter,
)

from ffwebcodecs import InvalidStateError, VideoFrame, open_handles


def visible_bytes(frame: VideoFrame, format: str, width: int, height: int) -> bytes:
    """Return what the planes show, row by row."""
    found = []
    for plane, spec in zip(frame.planes, planes_of(format), strict=True):
        row = row_bytes(spec, width)
        assert plane.height == rows_of(spec, height)
        assert plane.width == row // spec[2]
        assert plane.stride >= row
        assert len(plane.data) >= plane.stride * (plane.height - 1) + row
        starts = range(0, plane.height * plane.stride, plane.stride)
        found += [bytes(plane.data[start : start + row]) for start in starts]
    return b"".join(found)


@pytest.mark.parametrize("size", [(8, 6), (5, 3), (1, 1)])
@pytest.mark.parametrize("format", FORMATS)
def test_planes_show_the_pixels(format, size):
    with make(format, *size) as frame:
        assert visible_bytes(frame, format, *size) == pattern(format, *size)


@pytest.mark.parametrize("format", FORMATS)
def test_planes_show_the_visible_part_of_shared_memory(format):
    layout = padded_layout(format, 8, 6)
    data = scatter(pattern(format, 8, 6), format, 8, 6, layout, 0xEE)
    rect = (2, 2, 5, 3)
    with make(format, 8, 6, data, layout=layout, transfer=True, visible_rect=rect) as frame:
        expected = cut(pattern(format, 8, 6), format, 8, 6, rect)
        assert visible_bytes(frame, format, 5, 3) == expected
        for plane, spec, (offset, stride) in zip(
            frame.planes, planes_of(format), layout, strict=True
        ):
            start = offset + 2 // spec[1] * stride + 2 // spec[0] * spec[2]
            assert address(plane.data) == address(data) + start
            assert plane.stride == stride


@pytest.mark.parametrize("format", FORMATS)
def test_a_planes_array_is_a_read_only_view_with_one_item_for_each_sample(format):
    pixels = pattern(format, 6, 4)
    dtype = np.dtype("<u2") if bit_depth(format) > 8 else np.dtype(np.uint8)
    start = 0
    with make(format, 6, 4) as frame:
        for plane, spec in zip(frame.planes, planes_of(format), strict=True):
            view = plane.to_ndarray()
            channels = spec[2] // dtype.itemsize
            shape = (plane.height, plane.width) + ((channels,) if channels > 1 else ())
            size = row_bytes(spec, 6) * rows_of(spec, 4)
            expected = np.frombuffer(pixels[start : start + size], dtype).reshape(shape)
            start += size
            assert view.dtype == dtype
            assert view.shape == shape
            assert (view == expected).all()
            assert np.shares_memory(view, np.frombuffer(plane.data, np.uint8))
            assert not view.flags.writeable


def test_planes_are_read_only():
    with make("RGBA") as frame:
        data = frame.planes[0].data
        assert data.readonly
        with pytest.raises(TypeError):
            data[0] = 1
        with pytest.raises(ValueError, match="read-only"):
            frame.planes[0].to_ndarray()[0, 0, 0] = 1


@pytest.mark.parametrize("transfer", [False, True])
def test_planes_stay_valid_after_close_and_without_any_other_name(transfer):
    source = np.frombuffer(pattern("RGBA", 512, 512), np.uint8).copy()
    frame = make("RGBA", 512, 512, source, transfer=transfer)
    view = frame.planes[0].to_ndarray()
    frame.close()
    del frame, source
    gc.collect()
    # Whoever got the memory by mistake would write over it.
    others = [np.full(512 * 512 * 4, 7, np.uint8) for _ in range(4)]
    assert view[:, :].tobytes() == pattern("RGBA", 512, 512)
    assert open_handles()["frame"] == 1
    del view, others
    assert open_handles()["frame"] == 0


def test_a_view_of_a_view_keeps_the_memory():
    frame = make("I420", 8, 6)
    part = frame.planes[1].data[1:4]
    frame.close()
    assert bytes(part) == pattern("I420", 8, 6)[49:52]


def test_clones_show_the_same_memory():
    with make("I420", 8, 6) as frame, frame.clone() as clone:
        for ours, theirs in zip(frame.planes, clone.planes, strict=True):
            assert address(ours.data) == address(theirs.data)


def test_planes_of_a_closed_frame_raise():
    frame = make()
    frame.close()
    with pytest.raises(InvalidStateError):
        frame.planes


def test_repr_says_size_and_stride():
    with make("I420", 8, 6, transfer=True) as frame:
        assert repr(frame.planes[1]) == "Plane(4x3, stride=4)"
