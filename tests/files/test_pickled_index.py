"""An index in a pickle: its columns travel beside it, and damage is found."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import numpy as np
import pytest
from clips import clip

from ffwebcodecs import AudioSamples, DataError, InvalidStateError, VideoIndex
from ffwebcodecs.files._index_file import pack_index

COLUMNS = ("pts", "dts", "duration", "position", "size", "flags")


@pytest.fixture(scope="module")
def index() -> VideoIndex:
    return VideoIndex(clip("h264-bframes.mp4"))


@pytest.fixture
def empty() -> VideoIndex:
    return VideoIndex.from_chunks({"timestamp": [], "key": []})


def test_the_columns_travel_beside_the_pickle_uncopied(index: VideoIndex) -> None:
    buffers: list[pickle.PickleBuffer] = []
    text = pickle.dumps(index, 5, buffer_callback=buffers.append)
    assert len(buffers) == 1 + len(COLUMNS)
    other = pickle.loads(text, buffers=buffers)
    assert other == index
    for name, buffer in zip(COLUMNS, buffers[1:], strict=True):
        raw = np.frombuffer(buffer.raw(), np.uint8)
        assert buffer.raw().readonly
        assert np.shares_memory(raw, getattr(index._table, name))
        assert np.shares_memory(raw, getattr(other._table, name))
    assert np.array_equal(other.timestamps, index.timestamps)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_all_of_it_comes_back_by_every_protocol(
    index: VideoIndex, empty: VideoIndex, protocol: int
) -> None:
    for one in (index, empty):
        other = pickle.loads(pickle.dumps(one, protocol))
        assert other == one
        assert other.digest == one.digest
        assert len(other.split(3)) == len(one.split(3))


def test_copies_are_equal(index: VideoIndex) -> None:
    assert copy.copy(index) == copy.deepcopy(index) == index


def test_the_state_of_older_versions_is_read(index: VideoIndex) -> None:
    made = VideoIndex.__new__(VideoIndex)
    made.__setstate__(b"".join(pack_index(index._table, index._source)))
    assert made == index
    with pytest.raises(InvalidStateError, match="once"):
        made.__setstate__(b"")


def _flipped(piece: bytes) -> bytes:
    return piece[:-1] + bytes((piece[-1] ^ 1,))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda pieces: pieces[:-1], "6 pieces"),
        (lambda pieces: (), "0 pieces"),
        (lambda pieces: (*pieces[:-1], _flipped(pieces[-1])), "checksum"),
        (lambda pieces: (*pieces[:-1], pieces[-1][:-1]), "bytes"),
        (lambda pieces: (*pieces[:-1], pieces[-1] + b"0"), "bytes"),
        (lambda pieces: (pieces[0] + b"0", *pieces[1:]), "bytes"),
        (lambda pieces: (b"no index" + pieces[0], *pieces[1:]), "no index"),
        (lambda pieces: (5, *pieces[1:]), "damaged"),
        (lambda pieces: (*pieces[:-1], np.zeros((9, 2), np.uint8)[:, 0]), "damaged"),
    ],
)
def test_damage_is_found(index: VideoIndex, change: Any, said: str) -> None:
    version, maker, values, pieces = index.__reduce_ex__(4)[2]
    for state in ((version, maker, values, change(pieces)), (version + 1, maker)):
        made = VideoIndex.__new__(VideoIndex)
        with pytest.raises(DataError, match=said if state[0] == version else "format 2, made by"):
            made.__setstate__(state)


def test_samples_as_an_array_travel_as_numpy_does() -> None:
    samples = AudioSamples(np.ones((5, 2), np.float32), 48000, 0, 0)
    buffers: list[pickle.PickleBuffer] = []
    text = pickle.dumps(samples, 5, buffer_callback=buffers.append)
    other = pickle.loads(text, buffers=buffers)
    assert np.shares_memory(other.data, samples.data)
    assert (other.sample_rate, other.duration) == (48000, samples.duration)
