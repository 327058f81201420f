"""VideoFrame: what its constructor takes and refuses, and what its attributes say."""

from __future__ import annotations

import array
import mmap

import interpreters
import numpy as np
import pytest
from frame_helpers import (
    FORMATS,
    WEBCODECS_FORMATS,
    address,
    content,
    cut,
    make,
    opaque_of,
    padded_layout,
    pattern,
    scatter,
    size_of,
)

from ffwebcodecs import (
    DataCloneError,
    InvalidArgumentError,
    NotSupportedError,
    Rect,
    VideoFrame,
)

BT709 = {"primaries": "bt709", "transfer": "bt709", "matrix": "bt709", "fullRange": False}
SRGB = {"primaries": "bt709", "transfer": "iec61966-2-1", "matrix": "rgb", "fullRange": True}
RGB_FORMATS = ("RGBA", "RGBX", "BGRA", "BGRX", "RGB", "BGR", "RGB48", "RGBA64")


# ---- every format ------------------------------------------------------------------------------


def test_the_table_has_the_specifications_23_formats():
    assert len(WEBCODECS_FORMATS) == len(set(WEBCODECS_FORMATS)) == 23


@pytest.mark.parametrize("size", [(8, 6), (5, 3), (1, 1), (2, 7)])
@pytest.mark.parametrize("format", FORMATS)
def test_bytes_come_back_as_they_were_given(format, size):
    pixels = pattern(format, *size)
    with make(format, *size) as frame:
        assert (frame.format, frame.coded_width, frame.coded_height) == (format, *size)
        assert frame.coded_rect == frame.visible_rect == Rect(0, 0, *size)
        assert (frame.display_width, frame.display_height) == size
        assert frame.allocation_size() == size_of(format, *size) == len(pixels)
        assert content(frame) == pixels


@pytest.mark.parametrize("transfer", [False, True])
@pytest.mark.parametrize("format", FORMATS)
def test_a_source_layout_may_have_odd_strides_gaps_and_any_order_of_planes(format, transfer):
    layout = padded_layout(format, 6, 4)
    data = scatter(pattern(format, 6, 4), format, 6, 4, layout, 0xEE)
    with make(format, 6, 4, data, layout=layout, transfer=transfer) as frame:
        assert content(frame) == pattern(format, 6, 4)


@pytest.mark.parametrize("format", FORMATS)
def test_copying_keeps_the_visible_part_and_transfer_keeps_all(format):
    rect = (2, 2, 3, 1)
    expected = cut(pattern(format, 8, 6), format, 8, 6, rect)
    with make(format, 8, 6, visible_rect=rect) as copied:
        assert (copied.coded_width, copied.coded_height) == (3, 1)
        assert copied.visible_rect == Rect(0, 0, 3, 1)
        assert content(copied) == expected
    with make(format, 8, 6, visible_rect=rect, transfer=True) as shared:
        assert (shared.coded_width, shared.coded_height) == (8, 6)
        assert shared.visible_rect == Rect(*rect)
        assert content(shared) == expected
        assert content(shared, rect=(0, 0, 8, 6)) == pattern(format, 8, 6)


@pytest.mark.parametrize("format", FORMATS)
def test_the_default_color_space_follows_the_format(format):
    expected = SRGB if format in RGB_FORMATS else {**BT709, "fullRange": format.startswith("GRAY")}
    with make(format) as frame:
        assert frame.color_space.to_json() == expected


@pytest.mark.parametrize("format", [each for each in FORMATS if each != "RGBA64"])
def test_alpha_discard_gives_the_opaque_format_of_the_same_planes(format):
    with make(format, 4, 2) as source, VideoFrame(source, alpha="discard") as opaque:
        assert opaque.format == opaque_of(format)
        expected = pattern(format, 4, 2)[: size_of(opaque_of(format), 4, 2)]
        assert content(opaque) == expected
        assert source.format == format
        assert content(source) == pattern(format, 4, 2)


def test_alpha_that_has_no_format_without_it_is_not_discarded_in_silence():
    with make("RGBA64") as source, pytest.raises(NotSupportedError, match="RGB48"):
        VideoFrame(source, alpha="discard")


# ---- buffers that are given away ---------------------------------------------------------------


def memory_map() -> mmap.mmap:
    memory = mmap.mmap(-1, 64)
    memory[:] = pattern("RGBA", 4, 4)
    return memory


@pytest.mark.parametrize("transfer", [False, True])
@pytest.mark.parametrize(
    "wrap",
    [
        bytes,
        bytearray,
        memoryview,
        lambda pixels: memoryview(bytearray(b"pad" + pixels + b"pad"))[3:-3],
        lambda pixels: np.frombuffer(pixels, np.uint8),
        lambda pixels: np.frombuffer(pixels, np.uint16).reshape(4, 8),
        lambda pixels: array.array("H", pixels),
        lambda _: memory_map(),
    ],
    ids=["bytes", "bytearray", "memoryview", "slice", "numpy", "numpy16", "array", "mmap"],
)
def test_any_contiguous_buffer_is_a_source(wrap, transfer):
    pixels = pattern("RGBA", 4, 4)
    with make("RGBA", 4, 4, wrap(pixels), transfer=transfer) as frame:
        assert content(frame) == pixels


@pytest.mark.parametrize("transfer", [False, True])
def test_floats_and_bytes_in_another_order_are_no_source(transfer: bool) -> None:
    """Any other integers are bytes, as the specification has them."""
    for format, items in (("RGBA", "f4"), ("RGBA", "f2"), ("RGB48", ">u2"), ("I420P10", "f8")):
        with pytest.raises(InvalidArgumentError, match=f"{np.dtype(items)}.*uint"):
            make(format, 4, 4, np.zeros(64, items), transfer=transfer)
    with make("RGB48", 2, 1, np.arange(6, dtype="<u2"), transfer=transfer) as frame:
        assert np.array_equal(frame.to_ndarray(), np.arange(6).reshape(1, 2, 3))


def test_copying_does_not_see_later_writes_and_leaves_the_source_unlocked():
    source = bytearray(pattern("I420", 4, 4))
    with make(data=source) as frame:
        source[:] = bytes(len(source))
        source.append(1)
        assert content(frame) == pattern("I420", 4, 4)


@interpreters.locks_buffers
def test_transfer_shows_the_callers_memory_and_locks_it_until_the_last_frame_is_closed():
    source = bytearray(pattern("I420", 4, 4))
    frame = make(data=source, transfer=True)
    assert address(frame.planes[0].data) == address(source)
    clone = frame.clone()
    frame.close()
    with pytest.raises(BufferError):
        source.append(1)
    assert content(clone) == bytes(source)
    clone.close()
    source.append(1)


def test_transfer_keeps_a_buffer_whose_name_is_gone():
    source = np.frombuffer(pattern("RGBA", 64, 64), np.uint8).copy()
    frame = make("RGBA", 64, 64, source, transfer=True)
    del source
    with frame:
        assert content(frame) == pattern("RGBA", 64, 64)


@pytest.mark.parametrize(
    "options",
    [
        {"coded_height": 5},
        {"layout": [(0, 4), (16, 2), (21, 2)]},
        {"metadata": 5},
        {"metadata": {"a": (_ for _ in ())}},
        {"rotation": float("nan")},
        {"visible_rect": (1, 0, 2, 2)},
        {"timestamp": None},
        {"alpha": "maybe"},
        {"color_space": {"matrix": "nonsense"}},
    ],
    ids="-".join,
)
@pytest.mark.parametrize("transfer", [False, True])
def test_a_refused_bytearray_is_not_left_locked_while_the_error_is_held(options, transfer):
    source = bytearray(24)
    arguments = {"format": "I420", "coded_width": 4, "coded_height": 4, "timestamp": 0}
    with pytest.raises((InvalidArgumentError, DataCloneError)) as caught:
        VideoFrame(source, **{**arguments, **options}, transfer=transfer)
    source.append(1)
    assert caught.value.__traceback__ is not None


@pytest.mark.parametrize(
    "source",
    [
        None,
        5,
        "text",
        [0] * 64,
        object(),
        np.zeros((4, 8), np.uint8)[:, ::2],
        np.zeros((4, 4, 4), np.uint8, order="F")[1:],
        np.zeros(64, np.uint8)[::-1],
        memoryview(bytes(128))[::2],
    ],
    ids=["None", "int", "str", "list", "object", "columns", "fortran", "reversed", "step"],
)
def test_what_is_no_contiguous_buffer_is_refused(source):
    with pytest.raises(InvalidArgumentError, match="buffer"):
        make("GRAY8", 4, 4, source)


@pytest.mark.parametrize("format", FORMATS)
def test_one_byte_too_few_is_refused_and_says_how_many_are_needed(format):
    needed = size_of(format, 5, 3)
    with pytest.raises(InvalidArgumentError, match=rf"\b{needed - 1} bytes.*\b{needed}\b"):
        make(format, 5, 3, bytes(needed - 1))


# ---- numbers -----------------------------------------------------------------------------------


@pytest.mark.parametrize("timestamp", [-(2**63), -1, 0, 2**63 - 1, 3.0, np.int64(-7)])
def test_timestamps_are_signed_64_bit(timestamp):
    with make(timestamp=timestamp) as frame:
        assert frame.timestamp == timestamp
        assert type(frame.timestamp) is int


@pytest.mark.parametrize("timestamp", [None, "0", 2**63, -(2**63) - 1, 0.5, float("nan"), True])
def test_other_timestamps_are_refused(timestamp):
    with pytest.raises(InvalidArgumentError, match="timestamp"):
        make(timestamp=timestamp)


@pytest.mark.parametrize("duration", [0, 2**64 - 1, None])
def test_durations_are_unsigned_64_bit_or_none(duration):
    with make(duration=duration) as frame:
        assert frame.duration == duration


@pytest.mark.parametrize("duration", [-1, 2**64, "1", float("inf")])
def test_other_durations_are_refused(duration):
    with pytest.raises(InvalidArgumentError, match="duration"):
        make(duration=duration)


@pytest.mark.parametrize("name", ["coded_width", "coded_height"])
@pytest.mark.parametrize("value", [0, -1, 2**31, 2**64, float("nan"), "4", None, 1.5, 2**31 - 1])
def test_sizes_that_cannot_be_are_refused(name, value):
    arguments = {"format": "RGBA", "coded_width": 4, "coded_height": 4, "timestamp": 0}
    with pytest.raises(InvalidArgumentError):
        VideoFrame(bytes(64), **{**arguments, name: value})


@pytest.mark.parametrize("transfer", [False, True])
@pytest.mark.parametrize("format", FORMATS)
def test_the_largest_size_is_refused_clearly(format, transfer):
    with pytest.raises(InvalidArgumentError, match="bytes"):
        make(format, 2**31 - 1, 2**31 - 1, bytes(16), transfer=transfer)


def test_a_row_longer_than_a_c_int_is_refused_without_touching_memory():
    with mmap.mmap(-1, 2_400_000_000) as memory:
        for transfer in (False, True):
            with pytest.raises(InvalidArgumentError, match="limit"):
                make("RGBA", 600_000_000, 1, memory, transfer=transfer)


@pytest.mark.parametrize(
    ("rotation", "expected"),
    [
        (0, 0),
        (44.9, 0),
        (45, 90),
        (-45, 0),
        (-46, 270),
        (135, 180),
        (450, 90),
        (-315, 90),
        (1e6, 270),
    ],
)
def test_rotation_is_rounded_to_a_quarter_turn(rotation, expected):
    with make("RGBA", 4, 2, rotation=rotation, flip=True) as frame:
        assert (frame.rotation, frame.flip) == (expected, True)
        size = (2, 4) if expected % 180 else (4, 2)
        assert (frame.display_width, frame.display_height) == size


@pytest.mark.parametrize(
    "options",
    [
        {"display_width": 4},
        {"display_height": 4},
        {"display_width": 0, "display_height": 4},
        {"display_width": 4, "display_height": -1},
        {"display_width": 2**31, "display_height": 1},
        {"flip": "yes"},
        {"transfer": np.zeros(2)},
        {"format": "i420"},
        {"format": None},
        {"format": np.zeros(2)},
        {"layout": [(0, 4), (16, 2)]},
        {"layout": [(0, 3), (16, 2), (20, 2)]},
        {"layout": [(0, 4), (15, 2), (20, 2)]},
        {"layout": [(0, 4), (16, 2), (20, 2**32 - 1)]},
        {"layout": 5},
        {"visible_rect": (0, 0, 0, 4)},
        {"visible_rect": (0, 0, 5, 4)},
        {"visible_rect": (0, 2, 4, 4)},
        {"visible_rect": (0, 1, 4, 2)},
        {"visible_rect": {}},
        {"visible_rect": (0, 0, float("inf"), 1)},
        {"color_space": 5},
        {"metadata": [1]},
    ],
    ids=repr,
)
def test_other_options_that_cannot_be_are_refused(options):
    with pytest.raises(InvalidArgumentError):
        make(data=bytes(64), **options)
