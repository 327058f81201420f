"""VideoFrame.copy_to without conversion: which bytes are written, and when nothing is."""

from __future__ import annotations

import array
import ctypes
import mmap

import numpy as np
import pytest
from frame_helpers import (
    FORMATS,
    content,
    cut,
    make,
    padded_layout,
    pattern,
    planes_of,
    scatter,
    size_of,
    tight_layout,
)

from ffwebcodecs import (
    EncodedVideoChunk,
    InvalidArgumentError,
    NotSupportedError,
    PlaneLayout,
    Rect,
)

FILL = 0xEE
PIXELS = pattern("RGBA", 4, 4)


# ---- destinations ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "destination",
    [
        bytearray(64),
        memoryview(bytearray(64)),
        memoryview(bytearray(70))[6:],
        np.zeros(64, np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((8, 16), np.uint8)[2:6],
        np.zeros(16, [("O", "u1"), ("rest", "u1", 3)]),
        np.zeros(16, "V4"),
        array.array("B", bytes(64)),
        mmap.mmap(-1, 64),
        (ctypes.c_uint8 * 64)(),
    ],
    ids=[
        "bytearray",
        "memoryview",
        "slice",
        "numpy",
        "shaped",
        "rows",
        "record",
        "void",
        "array",
        "mmap",
        "ctypes",
    ],
)
def test_any_writable_contiguous_buffer_is_a_destination(destination):
    with make("RGBA", 4, 4) as frame:
        assert frame.copy_to(destination) == [PlaneLayout(0, 16)]
        assert bytes(memoryview(destination).cast("B")) == PIXELS


SAMPLES = {"RGBA": "uint8", "I420": "uint8", "I420P10": "uint16", "RGB48": "uint16"}


@pytest.mark.parametrize("format", SAMPLES)
@pytest.mark.parametrize(
    "items", ["u1", "<u2", ">u2", "i1", "i2", "u4", "i8", "f2", "f4", "f8", "?", "c8", "U1"]
)
def test_items_that_are_no_samples_of_the_format_are_refused(format, items):
    dtype = np.dtype(items)
    destination = np.zeros(64 * 8 // dtype.itemsize, dtype)
    before = destination.tobytes()
    data = pattern("RGBA", 4, 4)
    with make("RGBA", 4, 4, data) as frame:
        if items == "u1" or dtype == SAMPLES[format]:
            frame.copy_to(destination, format=format)
            assert destination.tobytes() != before
            return
        with pytest.raises(InvalidArgumentError, match=f"{dtype}.*{format}.*{SAMPLES[format]}"):
            frame.copy_to(destination, format=format)
        assert destination.tobytes() == before


@pytest.mark.parametrize(
    "destination",
    [
        array.array("d", bytes(64)),
        (ctypes.c_float * 16)(),
        memoryview(bytearray(64)).cast("I"),
        np.zeros(16, [("a", "u1", 2), ("b", ">u2")]),
    ],
)
def test_items_of_other_buffers_are_refused_too(destination):
    with make("RGBA", 4, 4) as frame, pytest.raises(InvalidArgumentError, match="uint8"):
        frame.copy_to(destination)
    assert not any(bytes(memoryview(destination).cast("B")))
    chunk = EncodedVideoChunk(type="key", timestamp=0, data=bytes(8))
    with pytest.raises(InvalidArgumentError, match="uint8"):
        chunk.copy_to(destination)


def not_contiguous(kind: str) -> np.ndarray:
    return {
        "columns": np.full((64, 2), FILL, np.uint8)[:, 0],
        "reversed": np.full(64, FILL, np.uint8)[::-1],
        "fortran": np.full((8, 8), FILL, np.uint8, order="F"),
        "transposed": np.full((16, 4), FILL, np.uint8).T,
        "read-only": np.frombuffer(bytes([FILL]) * 64, np.uint8),
    }[kind]


@pytest.mark.parametrize("kind", ["columns", "reversed", "fortran", "transposed", "read-only"])
def test_an_unfit_array_is_refused_and_not_written(kind):
    destination = not_contiguous(kind)
    with make("RGBA", 4, 4) as frame, pytest.raises(InvalidArgumentError, match="destination"):
        frame.copy_to(destination)
    assert (destination == FILL).all()


@pytest.mark.parametrize(
    "destination",
    [
        None,
        5,
        "x" * 64,
        bytes(64),
        [0] * 64,
        memoryview(bytes(64)),
        memoryview(bytearray(128))[::2],
        memoryview(bytearray(64))[::-1],
        memoryview(bytearray(64)).toreadonly(),
        np.array([object() for _ in range(8)], object),
        np.array([(1, None)] * 8, [("a", "i8"), ("b", object)]),
        np.zeros(8, "M8[s]"),
    ],
    ids=[
        "None",
        "int",
        "str",
        "bytes",
        "list",
        "readonly",
        "step",
        "backward",
        "toreadonly",
        "objects",
        "records",
        "dates",
    ],
)
def test_what_is_no_writable_contiguous_buffer_is_refused(destination):
    with make("RGBA", 4, 4) as frame, pytest.raises(InvalidArgumentError, match="destination"):
        frame.copy_to(destination)


@pytest.mark.parametrize(
    ("options", "size"),
    [
        ({}, 63),
        ({"layout": [(0, 17)]}, 67),
        ({"layout": [(5, 16)]}, 68),
        ({"rect": (0, 0, 5, 1)}, 64),
        ({"layout": [(0, 15)]}, 64),
        ({"layout": []}, 64),
        ({"format": "nonsense"}, 64),
        ({"format": np.zeros(2)}, 64),
        ({"color_space": "nonsense"}, 64),
        ({"color_space": np.zeros(2)}, 64),
    ],
    ids=repr,
)
def test_a_refused_copy_writes_nothing_and_leaves_the_bytearray_free(options, size):
    destination = bytearray([FILL]) * size
    with make("RGBA", 4, 4) as frame:
        with pytest.raises(InvalidArgumentError) as caught:
            frame.copy_to(destination, **options)
        assert destination == bytearray([FILL]) * size
        destination.append(0)  # BufferError if it were still exported to the traceback's variables
        assert caught.value.__traceback__ is not None


def test_too_small_says_both_sizes():
    message = r"\b100\b.*\b3110400\b"
    with make("I420", 1920, 1080) as frame, pytest.raises(InvalidArgumentError, match=message):
        frame.copy_to(bytearray(100))


def test_a_destination_is_free_after_the_copy():
    destination = bytearray(64)
    with make("RGBA", 4, 4) as frame:
        frame.copy_to(destination)
        destination.append(0)


# ---- layouts and rectangles --------------------------------------------------------------------


@pytest.mark.parametrize("size", [(6, 4), (5, 3), (1, 1)])
@pytest.mark.parametrize("format", FORMATS)
def test_only_pixel_bytes_are_written(format, size):
    layout = padded_layout(format, *size)
    expected = scatter(pattern(format, *size), format, *size, layout, FILL) + bytes([FILL]) * 5
    destination = bytearray([FILL]) * len(expected)
    with make(format, *size) as frame:
        assert frame.allocation_size(layout=layout) == size_of(format, *size, layout)
        assert frame.copy_to(destination, layout=layout) == layout
    assert destination == expected


@pytest.mark.parametrize("transfer", [False, True])
@pytest.mark.parametrize(
    "rect", [(0, 0, 8, 6), (2, 2, 4, 2), (0, 0, 1, 1), (6, 4, 2, 2), (4, 2, 3, 3), (2, 0, 5, 5)]
)
@pytest.mark.parametrize("format", FORMATS)
def test_a_rect_is_cut_out_of_the_coded_frame(format, rect, transfer):
    with make(format, 8, 6, transfer=transfer) as frame:
        assert content(frame, rect=rect) == cut(pattern(format, 8, 6), format, 8, 6, rect)
        layout = frame.copy_to(bytearray(500), rect=Rect(*rect))
        assert layout == tight_layout(format, rect[2], rect[3])


@pytest.mark.parametrize("format", FORMATS)
def test_x_and_y_must_suit_the_chroma(format):
    step_x = max(plane[0] for plane in planes_of(format))
    step_y = max(plane[1] for plane in planes_of(format))
    with make(format, 8, 6) as frame:
        for rect, fits in (((1, 0, 2, 2), step_x == 1), ((0, 1, 2, 2), step_y == 1)):
            if fits:
                expected = cut(pattern(format, 8, 6), format, 8, 6, rect)
                assert content(frame, rect=rect) == expected
            else:
                with pytest.raises(InvalidArgumentError, match="multiple of 2"):
                    frame.allocation_size(rect=rect)


@pytest.mark.parametrize(
    "rect",
    [
        (-2, 0, 4, 4),
        (0, 0, 0, 4),
        (0, 0, 4, -1),
        (0, 0, 9, 4),
        (6, 0, 4, 4),
        (0, 4, 4, 4),
        (0, 0, float("nan"), 4),
        (0, 0, 2**31, 2**31),
        (2**63, 0, 1, 1),
        (0, 0, 0.9, 4),
        (0, 0, 4),
        "abcd",
        {"x": 2},
        7,
    ],
    ids=repr,
)
def test_a_rect_that_leaves_the_frame_is_refused(rect):
    with make("I420", 8, 6) as frame:
        destination = bytearray([FILL]) * 100
        with pytest.raises(InvalidArgumentError, match="rect"):
            frame.copy_to(destination, rect=rect)
        with pytest.raises(InvalidArgumentError, match="rect"):
            frame.allocation_size(rect=rect)
        assert destination == bytearray([FILL]) * 100


def test_rect_members_are_truncated_and_missing_ones_are_zero():
    with make("I420", 8, 6) as frame:
        expected = cut(pattern("I420", 8, 6), "I420", 8, 6, (2, 0, 3, 2))
        assert content(frame, rect=(2.9, -0.5, 3.99, 2.0)) == expected
        assert content(frame, rect={"x": 2, "width": 3, "height": 2}) == expected


def test_layouts_come_as_tuples_mappings_or_plane_layouts():
    tight = [(0, 4), (16, 2), (20, 2)]
    with make() as frame:
        for layout in (
            tight,
            [PlaneLayout(*entry) for entry in tight],
            [{"offset": offset, "stride": stride} for offset, stride in tight],
        ):
            assert frame.copy_to(bytearray(24), layout=layout) == tight


@pytest.mark.parametrize(
    "layout",
    [
        [(0, 4), (16, 2)],
        [(0, 4), (16, 2), (20, 2), (24, 2)],
        [(0, 4), (16, 2), (17, 2)],
        [(0, 4), (16, 2), (20, 1)],
        [(0, 4), (16, 2), (-1, 2)],
        [(0, 4), (16, 2), (2**32 - 4, 2)],
        [(0, 2**32), (16, 2), (20, 2)],
        [(0, 2**31), (16, 2), (20, 2)],
        "abc",
        {1, 2, 3},
    ],
    ids=repr,
)
def test_layouts_that_cannot_be_are_refused(layout):
    with make() as frame, pytest.raises(InvalidArgumentError, match="layout"):
        frame.copy_to(bytearray(64), layout=layout)


def test_rotation_flip_and_display_size_do_not_change_the_bytes():
    options = {"rotation": 90, "flip": True, "display_width": 100, "display_height": 7}
    with make("RGBA", 4, 4, **options) as frame:
        assert content(frame) == PIXELS


def test_a_single_row_may_have_a_stride_beyond_a_c_int():
    with make("GRAY8", 4, 1) as frame:
        stride = 2**31 + 5
        assert frame.allocation_size(layout=[(0, stride)]) == stride
        with mmap.mmap(-1, stride) as memory:
            assert frame.copy_to(memory, layout=[(0, stride)]) == [(0, stride)]
            assert memory[:5] == pattern("GRAY8", 4, 1) + b"\0"


# ---- formats that cannot be converted ----------------------------------------------------------


@pytest.mark.parametrize("format", ["RGBA", "I420", "GRAY8", "I420P12"])
def test_i420ap12_cannot_be_converted_from_and_the_error_names_it(format):
    with make("I420AP12") as frame:
        destination = bytearray([FILL]) * 200
        with pytest.raises(NotSupportedError, match="I420AP12"):
            frame.copy_to(destination, format=format)
        assert destination == bytearray([FILL]) * 200


def test_i420ap12_cannot_be_converted_to_and_the_error_names_it():
    with make("RGBA") as frame:
        destination = bytearray([FILL]) * 200
        with pytest.raises(NotSupportedError, match="I420AP12") as caught:
            frame.copy_to(destination, format="I420AP12")
        destination.append(0)
        assert caught.value.__traceback__ is not None
        del destination[200:]
        assert destination == bytearray([FILL]) * 200


@pytest.mark.parametrize("format", FORMATS)
def test_the_frames_own_format_by_name_is_a_plain_copy(format):
    with make(format, 6, 4) as frame:
        assert content(frame, format=format) == pattern(format, 6, 4)


@pytest.mark.parametrize("color_space", ["srgb-linear", "display-p3-linear", "rec2020"])
def test_color_spaces_of_browsers_that_we_lack_are_not_supported(color_space):
    with make("RGBA") as frame, pytest.raises(NotSupportedError, match=color_space):
        frame.copy_to(bytearray(64), format="RGBA", color_space=color_space)
