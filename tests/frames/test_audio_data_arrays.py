"""Sound as arrays, and arrays as sound."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from frame_helpers import address
from sound_helpers import DTYPES, FORMATS, content, dtype_of, laid_out, make, noise

from ffwebcodecs import AudioData, InvalidArgumentError
from ffwebcodecs._spec.frames.sample_conversion import convert

AT = {"sample_rate": 48000, "timestamp": 0}


@pytest.mark.parametrize("format", FORMATS)
def test_an_array_is_new_and_float32_unless_asked_otherwise(format: str) -> None:
    array = noise(format, 50, 3)
    wanted = np.empty(array.shape, np.float32)
    convert(array.reshape(-1), wanted.reshape(-1))
    with make(format, 50, 3) as data:
        found = data.to_ndarray()
        assert (found.dtype, found.shape) == (np.float32, (50, 3))
        assert found.tobytes() == wanted.tobytes()
        found[:] = 0  # it is the caller's own
        assert content(data) == laid_out(array, format)


@pytest.mark.parametrize("format", FORMATS)
def test_the_own_type_is_a_view(format: str) -> None:
    name = format.removesuffix("-planar")
    array = noise(format, 50, 3)
    with make(format, 50, 3) as data:
        for wanted in (name, format, dtype_of(format), dtype_of(format).name):
            found = data.to_ndarray(wanted)
            assert (found.dtype, found.shape) == (array.dtype, array.shape)
            assert (found == array).all()
            assert not found.flags.writeable
            assert address(found[:, 0:1].T[0, :1].data) == address(data.planes[0])


@pytest.mark.parametrize("wanted", list(DTYPES))
def test_another_type_is_converted(wanted: str) -> None:
    array = noise("f32", 50, 2)
    result = np.empty(array.shape, dtype_of(wanted))
    convert(array.reshape(-1), result.reshape(-1))
    with make("f32-planar", 50, 2) as data:
        assert (data.to_ndarray(wanted) == result).all()


def test_planes_that_lie_anywhere_become_an_array_too() -> None:
    array = noise("s16", 50, 3)
    planes = [array[:, 2].copy(), array[:, 0].copy(), array[:, 1].copy()]
    with make("s16-planar", 50, 3, planes, transfer=True) as data:
        assert (data.to_ndarray("s16") == array[:, [2, 0, 1]]).all()
    with make("s16-planar", 50, 12) as data:
        found = data.to_ndarray("s16")
        assert (found == noise("s16", 50, 12)).all()
        assert not found.flags.writeable


@pytest.mark.parametrize("wanted", ["s24", "float64", np.uint16, object, 7, b"s16", "S16", ""])
def test_other_types_of_arrays_are_refused(wanted: Any) -> None:
    with make() as data, pytest.raises(InvalidArgumentError, match="format must be one of"):
        data.to_ndarray(wanted)


def test_planes_are_views_of_samples() -> None:
    with make("s32", 5, 3) as data:
        (plane,) = data.planes
        assert (plane.shape, plane.format, plane.itemsize) == ((5, 3), "i", 4)
        assert (np.asarray(plane) == noise("s32", 5, 3)).all()
    with make("f32", 5, 1) as data:
        assert data.planes[0].shape == (5,)
    with make("u8-planar", 5, 2) as data:
        assert [each.tolist() for each in data.planes] == noise("u8", 5, 2).T.tolist()


# ---- from arrays -------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(DTYPES))
def test_an_array_keeps_its_type(name: str) -> None:
    array = noise(name, 20, 2)
    with AudioData.from_ndarray(array, **AT) as data:
        assert (data.format, data.number_of_frames, data.number_of_channels) == (name, 20, 2)
        assert content(data) == array.tobytes()
    with AudioData.from_ndarray(array[:, 0], **AT) as data:
        assert (data.format, data.number_of_frames, data.number_of_channels) == (name, 20, 1)
        assert content(data) == array[:, 0].tobytes()


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("name", list(DTYPES))
def test_an_array_becomes_what_is_asked_for(name: str, format: str) -> None:
    array = noise(name, 20, 2)
    wanted = np.empty(array.shape, dtype_of(format))
    convert(array.reshape(-1), wanted.reshape(-1))
    with AudioData.from_ndarray(array, format=format, **AT) as data:
        assert data.format == format
        assert content(data) == laid_out(wanted, format)


@pytest.mark.parametrize(
    "bent",
    [
        lambda array: array[::2],
        lambda array: array[:, ::-1],
        lambda array: array[::-1],
        lambda array: np.broadcast_to(array[:1], array.shape),
        lambda array: array.astype(">i2"),
        np.asfortranarray,
        lambda array: array.tolist() and array[3:],
    ],
    ids=["steps", "channels", "backwards", "broadcast", "big-endian", "columns", "part"],
)
def test_an_array_may_lie_anyhow(bent: Any) -> None:
    array = bent(noise("s16", 20, 3))
    with AudioData.from_ndarray(array, **AT) as data:
        assert (data.to_ndarray("s16") == array).all()


def test_columns_become_planes_without_a_copy() -> None:
    tensor = noise("f32", 20, 2).T.copy()  # (channels, frames), as torch has it
    with AudioData.from_ndarray(tensor.T, transfer=True, **AT) as data:
        assert data.format == "f32-planar"
        assert address(data.planes[1]) == address(tensor[1].data)


def test_channels_that_come_first_are_told_from_frames() -> None:
    with pytest.raises(InvalidArgumentError, match=r"give array\.T"):
        AudioData.from_ndarray(np.zeros((2, 48000), np.float32), **AT)
    with AudioData.from_ndarray(np.zeros((1, 64), np.float32), **AT) as data:
        assert data.number_of_channels == 64


def test_floats_beyond_float32_become_infinite_in_silence() -> None:
    with AudioData.from_ndarray(np.array([1e300, -1e300]), **AT) as data:
        assert data.to_ndarray("s16").tolist() == [[32767], [-32768]]


@pytest.mark.parametrize("dtype", [np.float64, np.float16])
def test_other_floats_become_float32(dtype: Any) -> None:
    array = noise("f32", 20, 2).astype(dtype)
    with AudioData.from_ndarray(array, **AT) as data:
        assert data.format == "f32"
        assert (data.to_ndarray("f32") == array.astype(np.float32)).all()


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 2), bool),
        np.zeros((4, 2), np.int64),
        np.zeros((4, 2), np.int8),
        np.zeros((4, 2), np.uint16),
        np.zeros((4, 2), np.complex64),
        np.zeros((4, 2), object),
        np.zeros((4, 2), "M8[s]"),
        np.zeros(4, [("l", "f4"), ("r", "f4")]),
        np.zeros((), np.float32),
        np.zeros((2, 2, 2), np.float32),
        np.zeros((0, 2), np.float32),
        np.zeros((2, 0), np.float32),
        [1, 2, 3],
        "sound",
        None,
    ],
    ids=lambda array: f"{getattr(array, 'dtype', array)}{getattr(array, 'shape', '')}",
)
def test_what_is_no_sound_is_refused(array: Any) -> None:
    with pytest.raises(InvalidArgumentError):
        AudioData.from_ndarray(array, **AT)


@pytest.mark.parametrize(
    ("array", "options"),
    [
        (np.zeros((4, 2), np.float64), {}),
        (np.zeros((4, 2), ">f4"), {}),
        (np.zeros((8, 2), np.float32)[::2], {}),
        (np.zeros((4, 2), np.float32), {"format": "s16"}),
        (np.zeros((4, 2), np.float32), {"format": "f32-planar"}),
        (np.zeros((4, 2), np.float32, "F"), {"format": "f32"}),
    ],
)
def test_transfer_never_copies_in_silence(array: Any, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgumentError, match="without transfer"):
        AudioData.from_ndarray(array, transfer=True, **AT, **options)


def test_an_array_given_away_is_shown() -> None:
    array = noise("s16", 20, 2)
    with AudioData.from_ndarray(array, transfer=True, **AT) as data:
        array[3, 1] ^= 5
        assert (data.to_ndarray("s16") == array).all()
