"""Frames, planes and bitmaps are arrays to other libraries: numpy's protocol, DLPack, buffers."""

from __future__ import annotations

import gc
import sys
import weakref
from typing import Any

import numpy as np
import pytest
from frame_helpers import FORMATS, address, content, make, padded_layout, pattern, scatter

from ffwebcodecs import (
    AudioData,
    InvalidArgumentError,
    InvalidStateError,
    NotSupportedError,
    VideoFrame,
    open_handles,
)
from ffwebcodecs import create_image_bitmap as bitmap_of
from ffwebcodecs._av.frames import dlpack

KNOWS_READ_ONLY = np.lib.NumpyVersion(np.__version__) >= "2.1.0"  # and `copy`, `device`
KNOWS_COPY = np.lib.NumpyVersion(np.__version__) >= "2.0.0"
since_2_1 = pytest.mark.skipif(not KNOWS_READ_ONLY, reason="numpy 2.1 knows DLPack 1.0")


class Older:
    """What knows DLPack before 1.0 only: asks for a capsule as numpy 1.23 and torch 2.0 do."""

    def __init__(self, thing: Any) -> None:
        self._thing = thing

    def __dlpack_device__(self) -> Any:
        return self._thing.__dlpack_device__()

    def __dlpack__(self, **options: Any) -> Any:
        return self._thing.__dlpack__()


class OnDevice(Older):
    """Says that it lies somewhere else."""

    def __init__(self, thing: Any, kind: int) -> None:
        super().__init__(thing)
        self._kind = kind

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._kind, 0


# ---- numpy's protocol ----------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_a_planes_array_is_its_memory(format: str) -> None:
    layout = padded_layout(format, 8, 6)
    data = scatter(pattern(format, 8, 6), format, 8, 6, layout, 0xEE)
    with make(format, 8, 6, data, layout=layout, transfer=True) as frame:
        for plane in frame.planes:
            expected = plane.to_ndarray()
            for array in (np.asarray(plane), np.asanyarray(plane)):
                assert np.shares_memory(array, expected)
                assert array.dtype == expected.dtype
                assert not array.flags.writeable
                assert np.array_equal(array, expected)
            copy = np.array(plane)
            assert copy.flags.writeable
            assert not np.shares_memory(copy, expected)
            floats = np.asarray(plane, dtype=np.float32)
            assert floats.dtype == np.float32
            assert np.array_equal(floats, expected)
            assert np.asarray(plane, dtype=expected.dtype).shape == expected.shape
            assert float(np.mean(plane)) == float(expected.mean())


def test_a_bitmaps_array_is_its_memory() -> None:
    with make("I420", 8, 6) as frame, bitmap_of(frame, format="RGB") as bitmap:
        expected = bitmap.to_ndarray()
        array = np.asarray(bitmap)
        assert np.shares_memory(array, expected)
        assert (array.shape, array.flags.writeable) == ((6, 8, 3), False)
        assert not np.shares_memory(np.array(bitmap), expected)
        assert np.asarray(bitmap, np.float64).dtype == np.float64


@pytest.mark.parametrize("format", [each for each in FORMATS if each != "I420AP12"])
def test_a_frames_array_is_what_to_ndarray_gives(format: str) -> None:
    with make(format, 8, 6) as frame:
        expected = frame.to_ndarray()
        for array in (np.asarray(frame), np.array(frame)):
            assert array.dtype == expected.dtype
            assert np.array_equal(array, expected)
            assert array.flags.writeable
        assert np.asarray(frame, np.float32).dtype == np.float32
        assert np.stack([frame, frame]).shape == (2, *expected.shape)


@pytest.mark.skipif(not KNOWS_COPY, reason="numpy 2 passes copy on")
def test_no_copy_is_made_where_none_is_allowed() -> None:
    with make("RGBA") as frame, bitmap_of(frame) as bitmap:
        plane = frame.planes[0]
        for thing in (plane, bitmap):
            assert np.shares_memory(np.array(thing, copy=False), np.asarray(thing))
            assert not np.shares_memory(np.array(thing, copy=True), np.asarray(thing))
            assert np.array(thing, copy=None).flags.writeable is False
            with pytest.raises(ValueError, match="cop"):
                np.array(thing, dtype=np.float32, copy=False)
        with pytest.raises(ValueError, match="copy=False"):
            np.array(frame, copy=False)


@pytest.mark.once
def test_the_protocol_by_hand() -> None:
    with make("RGBA") as frame:
        plane = frame.planes[0]
        assert np.shares_memory(plane.__array__(copy=False), plane.to_ndarray())
        assert not np.shares_memory(plane.__array__(copy=True), plane.to_ndarray())
        assert plane.__array__(np.int16).dtype == np.int16
        for refused in (plane.__array__, frame.__array__):
            with pytest.raises(ValueError, match="copy=False"):
                refused(np.float32, copy=False)


def test_what_is_closed_is_no_array() -> None:
    with make("RGBA") as frame:
        bitmap = bitmap_of(frame)
    bitmap.close()
    for call in (
        lambda: np.asarray(frame),
        lambda: np.asarray(bitmap),
        lambda: np.from_dlpack(bitmap),
        bitmap.__dlpack_device__,
        bitmap.__dlpack__,
        lambda: frame.device_planes,
    ):
        with pytest.raises(InvalidStateError):
            call()


@pytest.mark.skipif(sys.version_info < (3, 12), reason="Python classes are buffers since 3.12")
def test_planes_and_bitmaps_are_buffers() -> None:
    with make("I420P10", 8, 6, transfer=True) as frame, bitmap_of(frame, format="RGB") as bitmap:
        for thing in (*frame.planes, bitmap):
            expected: Any = thing.to_ndarray()
            with memoryview(thing) as view:  # type: ignore[arg-type]
                assert (view.shape, view.strides) == (expected.shape, expected.strides)
                assert view.readonly
                assert address(view) == address(expected)
            assert bytes(thing) == expected.tobytes()  # type: ignore[arg-type]
    with pytest.raises(InvalidStateError):
        memoryview(bitmap)  # type: ignore[arg-type]


# ---- DLPack, from here ---------------------------------------------------------------------------


@pytest.mark.parametrize("format", FORMATS)
def test_dlpack_shows_the_memory_itself_read_only(format: str) -> None:
    with make(format, 8, 6) as frame:
        for plane in frame.planes:
            array = np.from_dlpack(plane)
            assert np.array_equal(array, plane.to_ndarray())
            if KNOWS_READ_ONLY:
                assert np.shares_memory(array, plane.to_ndarray())
                assert not array.flags.writeable
    with make("I420", 8, 6) as frame, bitmap_of(frame) as bitmap:
        array = np.from_dlpack(bitmap)
        assert np.array_equal(array, bitmap.to_ndarray())
        assert np.shares_memory(array, bitmap.to_ndarray()) == KNOWS_READ_ONLY


def test_who_cannot_be_told_read_only_gets_a_copy() -> None:
    with make("I420", 8, 6) as frame, bitmap_of(frame) as bitmap:
        for thing in (frame.planes[0], bitmap):
            array = np.from_dlpack(Older(thing))
            assert not np.shares_memory(array, thing.to_ndarray())
            assert np.array_equal(array, thing.to_ndarray())
            with pytest.raises(BufferError, match="read-only"):
                thing.__dlpack__(copy=False)
            with pytest.raises(BufferError, match="read-only"):
                thing.__dlpack__(copy=False, max_version=(0, 8))
            assert "dltensor" in repr(thing.__dlpack__(copy=True))


@since_2_1
def test_dlpacks_parameters() -> None:
    with make("I420", 8, 6) as frame:
        plane = frame.planes[1]
        assert tuple(plane.__dlpack_device__()) == (1, 0)
        newer = (1, 0), (1, 1), (2, 0)
        for version in newer:
            capsule = plane.__dlpack__(max_version=version, dl_device=(1, 0), copy=False)
            assert '"dltensor_versioned"' in repr(capsule)
        shared = np.from_dlpack(plane, copy=False)
        copied = np.from_dlpack(plane, copy=True)
        assert np.shares_memory(shared, plane.to_ndarray())
        assert not np.shares_memory(copied, plane.to_ndarray())
        for options in ({"stream": 1}, {"dl_device": (2, 0)}):
            with pytest.raises(BufferError, match="memory"):
                plane.__dlpack__(**options)  # type: ignore[arg-type]
        for bad in (1, "x", (1,)):
            with pytest.raises(InvalidArgumentError, match="max_version"):
                plane.__dlpack__(max_version=bad)  # type: ignore[arg-type]


def test_a_consumer_keeps_the_memory() -> None:
    frame = make("RGBA", 64, 48)
    array = np.from_dlpack(frame.planes[0])
    unused = frame.planes[0].__dlpack__(max_version=(1, 0))
    frame.close()
    assert array.tobytes() == pattern("RGBA", 64, 48)
    assert open_handles()["frame"] == KNOWS_READ_ONLY
    del array
    gc.collect()
    assert open_handles()["frame"] == KNOWS_READ_ONLY
    del unused
    assert open_handles()["frame"] == 0


# ---- DLPack, to here -----------------------------------------------------------------------------


def fits(format: str) -> bool:
    """Tell whether planes of the format fit into one array."""
    return not format.startswith(("I422", "I420A"))


@pytest.mark.parametrize("format", [format for format in FORMATS if fits(format)])
def test_a_tensor_is_shown_as_a_frame(format: str) -> None:
    with make(format, 8, 6) as source:
        tensor = source.to_ndarray(format)
    with VideoFrame.from_dlpack(tensor, timestamp=5, format=format) as frame:
        assert content(frame) == pattern(format, 8, 6)
        assert (frame.timestamp, frame.format, frame.coded_width) == (5, format, 8)
        assert all(np.shares_memory(plane.to_ndarray(), tensor) for plane in frame.planes)
        assert not frame.planes[0].to_ndarray().flags.writeable
        before = content(frame)
        tensor ^= 1
        assert content(frame) != before
        with VideoFrame.from_dlpack(tensor, timestamp=5, format=format, copy=True) as other:
            assert content(other) == content(frame)
            assert not np.shares_memory(other.planes[0].to_ndarray(), tensor)


def test_options_go_to_the_frame() -> None:
    tensor = np.zeros((6, 8, 3), np.uint8)
    options: dict[str, Any] = {
        "duration": 7,
        "visible_rect": (2, 2, 4, 3),
        "rotation": 90,
        "flip": True,
        "display_width": 9,
        "display_height": 4,
        "metadata": {"a": [1]},
        "color_space": {"primaries": "smpte432"},
    }
    said = {**options, "format": "BGR", "timestamp": -1}
    plain = {**said, "coded_width": 8, "coded_height": 6, "transfer": True}
    with VideoFrame.from_dlpack(tensor, **said) as frame, VideoFrame(tensor, **plain) as other:
        for name in ("duration", "visible_rect", "rotation", "flip", "display_width",
                     "display_height", "color_space", "format", "timestamp"):  # fmt: skip
            assert getattr(frame, name) == getattr(other, name), name
        assert frame.metadata() == options["metadata"]
        assert frame.metadata()["a"] is not options["metadata"]["a"]
    with pytest.raises(TypeError):
        VideoFrame.from_dlpack(tensor, timestamp=0, transfer=True)


@pytest.mark.parametrize("format", ["GRAY8", "RGB", "RGBA", "I444", "I444P10"])
def test_a_part_of_a_tensor_is_shown_without_a_copy(format: str) -> None:
    with make(format, 16, 12) as source:
        whole = source.to_ndarray(format)
    place = (slice(3, 12), slice(5, 16))  # to the last byte there is
    part = whole[(slice(None), *place)] if format.startswith("I444") else whole[place]
    with VideoFrame.from_dlpack(part, timestamp=0, format=format, copy=False) as frame:
        assert (frame.coded_width, frame.coded_height) == (11, 9)
        assert content(frame) == np.ascontiguousarray(part).tobytes()
        assert all(np.shares_memory(plane.to_ndarray(), whole) for plane in frame.planes)
        assert frame.to_ndarray("RGB").shape == (9, 11, 3)


@pytest.mark.parametrize(
    "turn",
    [
        lambda array: array[::-1],
        lambda array: array[:, ::-1],
        lambda array: array[:, ::2],
        lambda array: array[:, :, ::-1],
        lambda array: array.transpose(1, 0, 2),
        lambda array: np.broadcast_to(array[:1], array.shape),
        lambda array: np.lib.stride_tricks.as_strided(array, array.shape, (3, 3, 1)),
        np.asfortranarray,
    ],
)
def test_what_does_not_lie_in_rows_is_copied(turn: Any) -> None:
    tensor = turn(np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3))
    expected = np.array(tensor, order="C")
    with VideoFrame.from_dlpack(tensor, timestamp=0) as frame:
        assert content(frame) == expected.tobytes()
        assert not np.shares_memory(frame.planes[0].to_ndarray(), tensor)
    with pytest.raises(InvalidArgumentError, match="copy=False"):
        VideoFrame.from_dlpack(tensor, timestamp=0, copy=False)


def test_the_tensor_lives_as_long_as_its_last_picture() -> None:
    class Tensor(np.ndarray):
        pass

    tensor = np.zeros((6, 8, 4), np.uint8).view(Tensor)
    gone = weakref.ref(tensor)
    frame = VideoFrame.from_dlpack(tensor, timestamp=0)
    del tensor
    clone, view = frame.clone(), frame.planes[0].to_ndarray()
    frame.close()
    clone.close()
    gc.collect()
    assert gone() is not None
    del view
    gc.collect()
    assert gone() is None
    assert open_handles()["buffer"] == 0


@pytest.mark.once
@pytest.mark.parametrize(
    ("tensor", "options", "error", "match"),
    [
        (b"abc", {}, InvalidArgumentError, "no __dlpack__"),
        (np.zeros((6, 8, 3), np.float32), {}, InvalidArgumentError, "uint8, got float32"),
        (np.zeros((6, 8), np.uint8), {"format": "I444P10"}, InvalidArgumentError, "uint16"),
        (np.zeros((6, 8, 5), np.uint8), {}, InvalidArgumentError, "shape"),
        (np.zeros(6, np.uint8), {}, InvalidArgumentError, "shape"),
        (np.zeros((0, 8, 3), np.uint8), {}, InvalidArgumentError, "empty"),
        (np.zeros((6, 8, 3), np.uint8), {"format": "I420"}, InvalidArgumentError, "I420"),
        (np.zeros((9, 7), np.uint8), {"format": "I420"}, InvalidArgumentError, "even"),
        (np.zeros((6, 8, 3), np.uint8), {"format": "rgb"}, InvalidArgumentError, "RGB"),
        (np.zeros((6, 8, 3), np.uint8), {"timestamp": "x"}, InvalidArgumentError, "timestamp"),
        (OnDevice(np.zeros(4, np.uint8), 2), {}, NotSupportedError, "cpu"),
    ],
)
def test_what_is_no_picture_is_refused(
    tensor: Any, options: dict[str, Any], error: type[Exception], match: str
) -> None:
    with pytest.raises(error, match=match):
        VideoFrame.from_dlpack(tensor, **{"timestamp": 0, **options})


@pytest.mark.once
def test_arrays_of_what_has_only_dlpack() -> None:
    pixels = np.arange(6 * 8 * 3, dtype=np.uint8).reshape(6, 8, 3)
    with VideoFrame.from_ndarray(Older(pixels), timestamp=0) as frame:
        assert content(frame) == pixels.tobytes()
        assert not np.shares_memory(frame.planes[0].to_ndarray(), pixels)
    pinned = OnDevice(pixels, 3)  # memory that is pinned for a GPU
    with VideoFrame.from_dlpack(pinned, timestamp=0) as frame:
        assert np.shares_memory(frame.planes[0].to_ndarray(), pixels)
    sound = np.arange(20, dtype=np.int16).reshape(10, 2)
    with AudioData.from_ndarray(Older(sound), sample_rate=48000, timestamp=0) as data:
        assert np.array_equal(data.to_ndarray("s16"), sound)
    with pytest.raises(NotSupportedError, match="device"):
        VideoFrame.from_ndarray(OnDevice(pixels, 2), timestamp=0)


# ---- devices -------------------------------------------------------------------------------------


class Owner:
    """What a capsule keeps."""


@pytest.mark.once
@pytest.mark.parametrize("versioned", [False, pytest.param(True, marks=since_2_1)])
def test_capsules_of_our_own_are_what_others_read(versioned: bool) -> None:
    memory = np.arange(6 * 16, dtype=np.uint16).reshape(6, 16)
    part = memory[1:].reshape(5, 8, 2)[:, 1:5]

    class Thing:
        owner: Any = Owner()

        def __dlpack_device__(self) -> tuple[int, int]:
            return 1, 0

        def __dlpack__(self, **options: Any) -> Any:
            at, steps = part.ctypes.data, tuple(stride // 2 for stride in part.strides)
            owner = self.owner
            return dlpack.capsule(at, part.shape, steps, 2, (1, 0), owner, versioned=versioned)

    thing = Thing()
    gone = weakref.ref(thing.owner)
    capsule = thing.__dlpack__()
    array = np.from_dlpack(thing)
    Thing.owner = None
    assert np.shares_memory(array, memory)
    assert np.array_equal(array, part)
    assert array.dtype == np.uint16
    assert not (versioned and array.flags.writeable)
    del array
    assert gone() is not None
    del capsule  # nobody has taken what is in it
    assert gone() is None
    assert not dlpack._kept


def test_torch_shares_memory_with_frames() -> None:
    torch: Any = pytest.importorskip("torch")
    with make("I420", 64, 48) as frame, bitmap_of(frame, format="RGB") as bitmap:
        for thing in (*frame.planes, bitmap):
            tensor = torch.from_dlpack(thing)
            assert np.array_equal(tensor.numpy(), thing.to_ndarray())
            assert torch.equal(torch.as_tensor(np.array(thing)), tensor)
            if KNOWS_READ_ONLY and tensor.stride(-1) == 1:
                assert tensor.data_ptr() == thing.to_ndarray().ctypes.data
    pixels = torch.arange(6 * 8 * 3, dtype=torch.uint8).reshape(6, 8, 3)
    with VideoFrame.from_dlpack(pixels, timestamp=0) as shown:
        assert content(shown) == pixels.numpy().tobytes()
        assert address(shown.planes[0].data) == pixels.data_ptr()
        pixels += 1
        assert content(shown) == pixels.numpy().tobytes()
    channels_first = torch.arange(3 * 6 * 8, dtype=torch.uint8).reshape(3, 6, 8)
    with VideoFrame.from_dlpack(channels_first.permute(1, 2, 0), timestamp=0) as copied:
        assert content(copied) == channels_first.permute(1, 2, 0).numpy().tobytes()
    with VideoFrame.from_dlpack(channels_first, timestamp=0, format="I444") as planar:
        assert address(planar.planes[2].data) == channels_first[2].data_ptr()
    with pytest.raises(InvalidArgumentError):
        VideoFrame.from_dlpack(torch.zeros(6, 8, 3, requires_grad=True), timestamp=0)
