"""EncodedVideoChunk (spec 1.7)."""

from __future__ import annotations

import array
import copy
import gc
import mmap
import pickle

import numpy as np
import pytest
from frame_helpers import address

from ffwebcodecs import EncodedVideoChunk, InvalidArgumentError, open_handles

DATA = bytes(range(200))


def chunk(**options):
    return EncodedVideoChunk(**{"type": "key", "timestamp": 5, "data": DATA, **options})


def test_it_has_what_it_was_made_of():
    made = chunk(type="delta", timestamp=-(2**63), duration=2**64 - 1)
    assert (made.type, made.timestamp, made.duration) == ("delta", -(2**63), 2**64 - 1)
    assert made.byte_length == len(made.data) == 200
    assert bytes(made.data) == DATA
    assert chunk().duration is None


@pytest.mark.parametrize("name", ["type", "timestamp", "duration", "byte_length", "data", "other"])
def test_it_is_immutable(name):
    with pytest.raises(AttributeError):
        setattr(chunk(), name, 1)


@pytest.mark.parametrize("transfer", [False, True])
def test_data_is_a_read_only_view_that_outlives_the_chunk(transfer):
    source = bytearray(DATA)
    made = chunk(data=source, transfer=transfer)
    view = made.data
    assert address(view) == address(made.data)
    assert view.readonly
    del made
    gc.collect()
    assert bytes(view) == DATA
    assert open_handles()["packet"] == 1
    del view
    assert open_handles()["packet"] == 0
    source.append(1)


def test_data_is_copied_unless_transferred():
    source = bytearray(DATA)
    copied = chunk(data=source)
    source[:] = bytes(200)
    source.append(0)
    assert bytes(copied.data) == DATA


@pytest.mark.parametrize(
    "source",
    [
        bytearray(DATA),
        memoryview(bytearray(b"x" + DATA))[1:],
        np.frombuffer(DATA, np.uint16).copy(),
        array.array("I", DATA),
    ],
    ids=lambda source: type(source).__name__,
)
def test_transfer_shows_the_callers_memory(source):
    made = chunk(data=source, transfer=True)
    assert address(made.data) == address(source)
    assert bytes(made.data) == DATA


def test_transfer_locks_a_bytearray_for_the_life_of_the_chunk():
    source = bytearray(DATA)
    made = chunk(data=source, transfer=True)
    with pytest.raises(BufferError):
        source.append(1)
    del made
    source.append(1)


@pytest.mark.parametrize("transfer", [False, True])
def test_empty_data_is_allowed(transfer):
    source = bytearray()
    made = chunk(data=source, transfer=transfer)
    source.append(1)
    assert (made.byte_length, bytes(made.data)) == (0, b"")
    made.copy_to(bytearray())


@pytest.mark.parametrize(
    "options",
    [
        {"type": "Key"},
        {"type": None},
        {"type": np.zeros(2)},
        {"timestamp": None},
        {"timestamp": 2**63},
        {"timestamp": "0"},
        {"duration": -1},
        {"duration": 2**64},
        {"data": None},
        {"data": "text"},
        {"data": [1, 2]},
        {"data": memoryview(DATA)[::2]},
        {"transfer": np.zeros(2)},
    ],
    ids=repr,
)
def test_what_cannot_be_is_refused(options):
    with pytest.raises(InvalidArgumentError):
        chunk(**options)


@pytest.mark.parametrize("name", ["type", "timestamp", "data"])
def test_a_missing_member_is_a_type_error(name):
    members = {"type": "key", "timestamp": 0, "data": b""}
    del members[name]
    with pytest.raises(TypeError):
        EncodedVideoChunk(**members)


def test_data_beyond_a_packets_limit_is_refused_without_being_read():
    with mmap.mmap(-1, 2**31) as memory:
        for transfer in (False, True):
            with pytest.raises(InvalidArgumentError, match="2147483648"):
                chunk(data=memory, transfer=transfer)


@pytest.mark.parametrize(
    "destination",
    [bytearray(210), np.full(210, 0, np.uint8), array.array("B", bytes(210)), mmap.mmap(-1, 210)],
    ids=lambda destination: type(destination).__name__,
)
def test_copy_to_writes_only_its_bytes(destination):
    assert chunk().copy_to(destination) is None
    assert bytes(destination) == DATA + bytes(10)


@pytest.mark.parametrize(
    "destination",
    [bytearray(199), bytes(200), np.zeros((200, 2), np.uint8)[:, 0], None, 5, "x" * 200],
    ids=lambda destination: type(destination).__name__,
)
def test_copy_to_refuses_an_unfit_destination_and_writes_nothing(destination):
    with pytest.raises(InvalidArgumentError, match="destination"):
        chunk().copy_to(destination)
    if isinstance(destination, bytearray):
        assert destination == bytes(199)
        destination.append(0)


@pytest.mark.parametrize("duration", [None, 0, 40])
@pytest.mark.parametrize(
    "again", [copy.copy, copy.deepcopy, lambda c: pickle.loads(pickle.dumps(c))]
)
def test_copies_and_pickles_hold_the_same(again, duration):
    made = chunk(duration=duration)
    other = again(made)
    assert (other.type, other.timestamp, other.duration) == ("key", 5, duration)
    assert bytes(other.data) == DATA


def test_repr_says_type_time_and_size():
    assert repr(chunk()) == "<EncodedVideoChunk key, timestamp=5, 200 bytes>"
