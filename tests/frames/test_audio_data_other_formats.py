"""Samples of 64 bits, which WebCodecs has no name for: decoders give them, copy_to converts."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator

import numpy as np
import pytest
from sound_helpers import content

from ffwebcodecs import (
    AudioData,
    AudioDecoder,
    DataCloneError,
    EncodedAudioChunk,
    NotSupportedError,
)

VALUES = np.array([[0.5, -0.5], [1e-9, 1.5], [-1.0, 0.1]], "<f8")


@pytest.fixture
def data() -> Iterator[AudioData]:
    found: list[AudioData] = []
    failed: list[BaseException] = []
    with AudioDecoder(found.append, failed.append) as decoder:
        decoder.configure(
            {"codec": "ffmpeg:pcm_f64le", "sample_rate": 48000, "number_of_channels": 2}
        )
        decoder.decode(EncodedAudioChunk(type="key", timestamp=0, data=VALUES))
        decoder.flush().result(20)
    assert failed == []
    (only,) = found
    with only:
        yield only


def test_they_have_no_format_and_everything_else(data: AudioData) -> None:
    assert data.format is None
    assert (data.number_of_frames, data.number_of_channels, data.sample_rate) == (3, 2, 48000)
    assert "no WebCodecs format" in repr(data)


def test_what_needs_a_name_is_refused(data: AudioData) -> None:
    with pytest.raises(NotSupportedError, match="pass format"):
        data.allocation_size(plane_index=0)
    with pytest.raises(NotSupportedError, match="pass format"):
        data.copy_to(bytearray(99), plane_index=0)
    with pytest.raises(NotSupportedError):
        _ = data.planes
    for duplicate in (pickle.dumps, copy.deepcopy):
        with pytest.raises(DataCloneError, match="pickle what data"):
            duplicate(data)


def test_they_become_any_format_through_float32(data: AudioData) -> None:
    floats = VALUES.astype(np.float32)
    assert content(data, "f32") == floats.tobytes()
    assert content(data, "f32-planar") == floats.T.tobytes()
    assert np.frombuffer(content(data, "s16"), np.int16).tolist() == [
        *(16383, -16384),
        *(0, 32767),
        *(-32768, 3276),
    ]
    assert (data.to_ndarray() == floats).all()
    assert data.to_ndarray("u8").tolist() == [[191, 64], [128, 255], [0, 140]]
