"""from_ndarray and to_ndarray without conversion."""

from __future__ import annotations

import numpy as np
import pytest
from frame_helpers import (
    DEEP,
    FORMATS,
    PACKED,
    address,
    bit_depth,
    content,
    make,
    pattern,
    planes_of,
    size_of,
)

from ffwebcodecs import InvalidArgumentError, NotSupportedError, VideoFrame


def picture(*shape: int) -> np.ndarray:
    return (np.arange(np.prod(shape)) * 7 % 251).astype(np.uint8).reshape(shape)


@pytest.mark.parametrize(
    ("shape", "format", "expected"),
    [
        ((3, 5), None, "GRAY8"),
        ((3, 5, 1), None, "GRAY8"),
        ((3, 5, 3), None, "RGB"),
        ((3, 5, 3), "BGR", "BGR"),
        ((3, 5, 4), None, "RGBA"),
        ((3, 5, 4), "RGBX", "RGBX"),
        ((3, 5, 4), "BGRA", "BGRA"),
        ((3, 5, 4), "BGRX", "BGRX"),
        ((3, 5), None, "GRAY16"),
        ((3, 5, 1), "GRAY16", "GRAY16"),
        ((3, 5, 3), None, "RGB48"),
        ((3, 5, 4), None, "RGBA64"),
    ],
)
@pytest.mark.parametrize("transfer", [False, True])
def test_an_array_becomes_a_frame_and_comes_back(shape, format, expected, transfer):
    array = picture(*shape)
    if expected in DEEP:
        array = array * np.uint16(259)
    frame = VideoFrame.from_ndarray(array, timestamp=7, format=format, transfer=transfer)
    with frame:
        assert (frame.format, frame.timestamp) == (expected, 7)
        assert (frame.coded_width, frame.coded_height) == (5, 3)
        assert content(frame) == array.tobytes()
        assert (address(frame.planes[0].data) == address(array)) is transfer
        back = frame.to_ndarray(expected)
        assert back.dtype == array.dtype
        assert back.shape == (shape[:2] if expected.startswith("GRAY") else shape)
        assert (back == array.reshape(back.shape)).all()
        assert not np.shares_memory(back, array)
        assert back.flags.writeable


@pytest.mark.parametrize(
    "view",
    [
        lambda a: a[:, ::-1],
        lambda a: a[::2],
        lambda a: a[..., ::-1],
        np.asfortranarray,
        lambda a: a.transpose(1, 0, 2),
        lambda a: np.broadcast_to(a[0], (4, 6, 3)),
    ],
    ids=["mirrored", "rows", "bgr", "fortran", "transposed", "broadcast"],
)
def test_an_array_of_another_order_is_copied_and_refused_for_transfer(view):
    array = view(picture(4, 6, 3))
    with VideoFrame.from_ndarray(array, timestamp=0) as frame:
        assert content(frame) == np.ascontiguousarray(array).tobytes()
    with pytest.raises(InvalidArgumentError, match="contiguous"):
        VideoFrame.from_ndarray(array, timestamp=0, transfer=True)


@pytest.mark.parametrize(
    ("array", "options"),
    [
        (np.zeros((2, 2, 3), np.float32), {}),
        (np.zeros((2, 2, 3), np.uint32), {}),
        (np.zeros((2, 2, 3), np.int16), {}),
        (np.zeros((2, 2, 3), np.uint16), {"format": "RGB"}),
        (np.zeros((2, 2, 3), np.uint8), {"format": "RGB48"}),
        (np.zeros((2, 2, 2), np.uint16), {}),
        (np.zeros((2, 2, 3), ">u2"), {"transfer": True}),
        (np.zeros((2, 2, 3), bool), {}),
        (np.zeros((2, 2), object), {}),
        (np.zeros((2, 2, 2), np.uint8), {}),
        (np.zeros((2, 2, 5), np.uint8), {}),
        (np.zeros(4, np.uint8), {}),
        (np.uint8(3), {}),
        (np.zeros((1, 2, 2, 3), np.uint8), {}),
        (np.zeros((0, 2, 3), np.uint8), {}),
        (np.zeros((2, 0), np.uint8), {}),
        (np.zeros((2, 2, 0), np.uint8), {}),
        (np.zeros((2, 2, 3), np.uint8), {"format": "RGBA"}),
        (np.zeros((2, 2, 4), np.uint8), {"format": "BGR"}),
        (np.zeros((6, 4), np.uint8), {"format": "I420"}),
        (np.zeros((2, 2, 3), np.uint8), {"format": "nonsense"}),
        (np.zeros((2, 2, 3), np.uint8), {"timestamp": "now"}),
        (np.zeros((2, 2, 3), np.uint8), {"transfer": 2}),
        (None, {}),
        ("text", {}),
        ([[1, 2], [3]], {}),
        ([[1, 2], [3, 4]], {"transfer": True}),
    ],
    ids=repr,
)
def test_what_is_no_picture_is_refused(array, options):
    with pytest.raises(InvalidArgumentError):
        VideoFrame.from_ndarray(array, **{"timestamp": 0, **options})


class Imagelike:
    """Has what PIL's images have: `mode`, and the array interface."""

    def __init__(self, array: np.ndarray, mode: str) -> None:
        self.mode = mode
        self.__array_interface__ = {**array.__array_interface__, "data": array.tobytes()}


@pytest.mark.parametrize(
    ("mode", "shape", "format"),
    [("RGB", (3, 5, 3), "RGB"), ("RGBA", (3, 5, 4), "RGBA"), ("L", (3, 5), "GRAY8")],
)
def test_an_object_with_the_array_interface_is_taken(mode, shape, format):
    array = picture(*shape)
    with VideoFrame.from_ndarray(Imagelike(array, mode), timestamp=0) as frame:
        assert frame.format == format
        assert content(frame) == array.tobytes()


def test_options_reach_the_frame():
    array = picture(6, 8, 3)
    options = {"visible_rect": (2, 1, 4, 3), "rotation": 90, "metadata": {"a": 1}, "duration": 3}
    with VideoFrame.from_ndarray(array, timestamp=0, **options) as frame:
        assert (frame.to_ndarray() == array[1:4, 2:6]).all()
        assert (frame.rotation, frame.duration, frame.metadata()) == (90, 3, {"a": 1})


@pytest.mark.parametrize("size", [(8, 6), (6, 2)])
@pytest.mark.parametrize("format", FORMATS)
def test_to_ndarray_in_the_frames_own_format(format, size):
    width, height = size
    dtype = np.dtype("<u2") if bit_depth(format) > 8 else np.dtype(np.uint8)
    expected = np.frombuffer(pattern(format, *size), dtype)
    with make(format, *size) as frame:
        if format.startswith(("I420A", "I422")):
            # Planes of two sizes that do not add up to whole rows of one array.
            with pytest.raises(NotSupportedError, match="planes"):
                frame.to_ndarray(format)
            return
        array = frame.to_ndarray(format)
    if format in PACKED:
        shape = (height, width) if PACKED[format] == 1 else (height, width, PACKED[format])
    elif format.startswith("I444"):
        shape = (len(planes_of(format)), height, width)
    else:
        shape = (height * 3 // 2, width)
    assert array.dtype == dtype
    assert array.shape == shape
    assert array.nbytes == size_of(format, *size)
    assert (array.reshape(-1) == expected).all()


def test_odd_sizes_of_half_sized_chroma_do_not_fit_one_array():
    with make("I420", 5, 3) as frame, pytest.raises(NotSupportedError, match="planes"):
        frame.to_ndarray("I420")


def test_to_ndarray_gives_the_visible_part():
    pixels = np.frombuffer(pattern("RGBA", 8, 6), np.uint8).reshape(6, 8, 4)
    with make("RGBA", 8, 6, visible_rect=(3, 1, 4, 5), transfer=True) as frame:
        assert (frame.to_ndarray() == pixels[1:6, 3:7]).all()


def test_to_ndarray_refuses_unknown_formats():
    with make() as frame, pytest.raises(InvalidArgumentError):
        frame.to_ndarray("rgb24")
