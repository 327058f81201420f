"""When the memory of sound goes: close, collection, clones, views, pickles."""

from __future__ import annotations

import copy
import gc
import pickle
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from frame_helpers import address
from sound_helpers import FORMATS, content, make

from ffwebcodecs import AudioData, DataCloneError, InvalidStateError, open_handles
from ffwebcodecs._av.frames.picture import Picture


def said(data: AudioData) -> tuple[Any, ...]:
    return (
        *(data.format, data.sample_rate, data.number_of_frames, data.number_of_channels),
        *(data.channel_layout, data.timestamp, data.duration),
        content(data),
    )


def test_close_frees_the_memory_at_once() -> None:
    gc.disable()
    try:
        data = make()
        assert open_handles()["frame"] == 1
        data.close()
        assert open_handles()["frame"] == 0
    finally:
        gc.enable()


@pytest.mark.parametrize(
    "use",
    [
        lambda data: data.allocation_size(plane_index=0),
        lambda data: data.copy_to(bytearray(9999), plane_index=0),
        lambda data: data.planes,
        lambda data: data.to_ndarray(),
        lambda data: data.to_ndarray("s16"),
        lambda data: data.clone(),
        lambda data: data.__enter__(),
    ],
    ids=["size", "copy", "planes", "array", "own array", "clone", "with"],
)
def test_use_after_close_is_an_invalid_state_error(use: Callable[[AudioData], object]) -> None:
    data = make(timestamp=77)
    data.close()
    with pytest.raises(InvalidStateError, match="audio data at 77 us is closed"):
        use(data)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_duplicating_what_is_closed_is_a_data_clone_error(
    duplicate: Callable[[AudioData], object],
) -> None:
    data = make()
    data.close()
    with pytest.raises(DataCloneError):
        duplicate(data)


@pytest.mark.parametrize("derive", [AudioData.clone, copy.copy])
def test_a_clone_shares_the_memory_and_outlives_the_original(
    derive: Callable[[AudioData], AudioData],
) -> None:
    data = make("s16-planar", sample_rate=44100.5, timestamp=3, channel_layout="stereo")
    clone = derive(data)
    assert address(clone.planes[1]) == address(data.planes[1])
    wanted = said(data)
    data.close()
    assert open_handles()["frame"] == 1
    with clone:
        assert said(clone) == wanted
    assert open_handles()["frame"] == 0


def test_with_closes_also_when_the_block_fails() -> None:
    with pytest.raises(ZeroDivisionError), make() as data:
        1 / 0
    assert data.closed


def test_it_is_made_once_only() -> None:
    with make() as data:
        before = said(data)
        with pytest.raises(InvalidStateError):
            data.__init__(  # type: ignore[misc]
                format="u8",
                sample_rate=1,
                number_of_frames=1,
                number_of_channels=1,
                timestamp=0,
                data=b"1",
            )
        assert said(data) == before


# ---- views -------------------------------------------------------------------------------------


@pytest.mark.parametrize("transfer", [False, True])
def test_views_outlive_close_and_are_read_only(transfer: bool) -> None:
    data = make("s16-planar", transfer=transfer)
    wanted = content(data)
    planes, array = data.planes, data.to_ndarray("s16")
    data.close()
    assert open_handles()["frame"] == 1
    assert b"".join(planes) == wanted
    assert array.T.tobytes() == wanted
    assert all(plane.readonly and plane.format == "h" and len(plane) == 64 for plane in planes)
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 1
    del planes, array
    assert open_handles()["frame"] == 0


def test_a_lent_array_is_let_go_when_all_is_gone() -> None:
    class Array(np.ndarray):  # type: ignore[type-arg]
        pass

    source = np.zeros((64, 2), np.float32).view(Array)
    gone = weakref.ref(source)
    data = make(data=source, transfer=True)
    clone, plane = data.clone(), data.planes[0]
    del source
    data.close()
    clone.close()
    assert gone() is not None
    assert open_handles()["buffer"] == 1
    del plane
    assert gone() is None
    assert open_handles()["buffer"] == 0


def test_lent_memory_cannot_shrink_and_can_afterwards() -> None:
    source = bytearray(512)
    with make(data=source, transfer=True), pytest.raises(BufferError):
        source.append(1)
    source.append(1)
    with pytest.raises(ValueError, match="bytes"):
        make(data=source, frames=500, transfer=True)
    source.append(1)


# ---- leases ------------------------------------------------------------------------------------


class Lease:
    """What a pool gives out: it is back when it is dropped."""

    def __init__(self) -> None:
        self.places: list[Any] = []

    def hold(self, holder: object) -> None:
        pass

    let_go = hold

    def note(self, place: Any) -> None:
        self.places.append(place)


def test_a_decoders_slot_is_out_until_the_last_clone_is_closed() -> None:
    with make(timestamp=5) as plain:
        ptr = plain._open_picture().ptr
    lease = Lease()
    back = weakref.ref(lease)
    data = AudioData._from_native(Picture(ptr, lease), 9, True)
    del lease, ptr
    clone, view = data.clone(), data.planes[0]
    assert (data.timestamp, data.sample_rate) == (9, 48000)
    data.close()
    assert back() is not None
    clone.close()
    assert back() is None  # a view keeps the samples, no slot
    assert len(view) == 64
    del view


# ---- pickles -----------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("format", FORMATS)
def test_pickles_hold_all_of_it(format: str, protocol: int) -> None:
    options = {"sample_rate": 44100.25, "timestamp": -4, "channel_layout": "2.1"}
    with (
        make(format, 33, 3, **options) as data,
        pickle.loads(pickle.dumps(data, protocol)) as other,
        copy.deepcopy(data) as third,
    ):
        assert said(other) == said(third) == said(data)
        assert address(third.planes[0]) != address(data.planes[0])


@pytest.mark.parametrize(("format", "channels"), [("f32", 2), ("f32-planar", 2), ("s16-planar", 9)])
def test_planes_travel_beside_a_pickle_without_a_copy(format: str, channels: int) -> None:
    buffers: list[pickle.PickleBuffer] = []
    with make(format, 4096, channels) as data:
        text = pickle.dumps(data, 5, buffer_callback=buffers.append)
        planes = data.planes
        assert len(text) < 600
        assert len(buffers) == len(planes)
        for buffer, plane in zip(buffers, planes, strict=True):
            assert buffer.raw().readonly
            assert address(buffer.raw()) == address(plane)
        wanted = said(data)
    with pickle.loads(text, buffers=buffers) as other:
        assert said(other) == wanted
        if channels <= 8:  # more planes than AVFrame has places for are copied
            shown = [address(plane) for plane in other.planes]
            assert shown == [address(plane) for plane in planes]
    del planes, plane, buffer
    buffers.clear()
    assert open_handles()["buffer"] == open_handles()["frame"] == 0


# ---- collection --------------------------------------------------------------------------------


def test_what_is_dropped_open_is_freed_and_warns_with_itself_as_source() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        data = make(timestamp=42)
        del data
        assert open_handles()["frame"] == 0
    assert [each.category for each in caught] == [ResourceWarning]
    shown = "unclosed audio data <AudioData f32 64x2 48000 Hz, timestamp=42>"
    assert shown in str(caught[0].message)
    assert isinstance(caught[0].source, AudioData)
    assert caught[0].source.closed


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_cycle_through_it_is_collected() -> None:
    holder: list[Any] = [make()]
    holder.append(holder)
    del holder
    gc.collect()
    assert open_handles()["frame"] == 0


def test_what_is_half_made_or_failed_does_not_warn() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        AudioData.__new__(AudioData).__del__()
        with pytest.raises(TypeError):
            AudioData()
        with pytest.raises(ValueError, match="bytes"):
            make(data=b"")
        gc.collect()
