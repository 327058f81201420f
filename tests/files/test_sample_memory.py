"""Arrays of samples grow and shrink in place, keep what was written, and are ordinary ones."""

from __future__ import annotations

import gc
import io
import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ffwebcodecs import read_audio
from ffwebcodecs.files._sample_memory import SampleMemory

SMALL, LARGE = 1000, 1 << 20  # samples of two channels: 8 kB, 8 MiB


def mapped() -> int:
    """Return how many bytes of address space this process has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * 4096


@pytest.mark.parametrize("first", [SMALL, LARGE])
@pytest.mark.parametrize("is_shared", [False, True])
def test_what_was_written_stays_where_an_array_grows_and_shrinks(
    first: int, is_shared: bool
) -> None:
    memory = SampleMemory(first, 2)
    memory.data[:] = np.arange(2 * first, dtype=np.float32).reshape(first, 2)
    kept = memory.data[:10] if is_shared else None
    for samples in (3 * LARGE, 2 * first, 10, 1):
        memory.resize(samples, min(samples, first))
        assert memory.data.shape == (samples, 2)
        known = min(samples, first)
        expected = np.arange(2 * known, dtype=np.float32).reshape(known, 2)
        np.testing.assert_array_equal(memory.data[:known], expected)
    memory.resize(0, 0)
    assert memory.data.shape == (0, 2)
    if kept is not None:  # who has an older part of it goes on to have it
        np.testing.assert_array_equal(kept, np.arange(20, dtype=np.float32).reshape(10, 2))


def test_an_array_is_an_ordinary_one_and_frees_its_memory() -> None:
    memory = SampleMemory(16 * LARGE, 2)
    array, size = memory.data, memory.data.nbytes
    del memory
    assert array.dtype == np.float32
    assert array.flags.c_contiguous
    assert array.flags.writeable
    assert array.flags.aligned
    array[-1] = 7
    few = array[-3:]
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(few, 5)), few)
    if not Path("/proc/self/statm").exists():
        return
    del few
    before = mapped()
    del array
    gc.collect()
    assert before - mapped() >= size * 9 // 10


def test_more_memory_than_there_is_is_a_memory_error() -> None:
    with pytest.raises(MemoryError):
        SampleMemory(1 << 58, 2)
    memory = SampleMemory(LARGE, 2)
    memory.data[-1] = 5
    with pytest.raises(MemoryError):
        memory.resize(1 << 58, LARGE)
    assert memory.data.shape == (LARGE, 2)
    assert memory.data[-1].tolist() == [5, 5]


class Pipe(io.RawIOBase):
    """Bytes that can be read once, forwards."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = io.BytesIO(data)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._data.readinto(buffer)


def test_sound_of_unknown_length_is_complete() -> None:
    """A stream of AU says nothing of its length, so the array grows, and is cut at the end."""
    written = np.arange(2_200_000, dtype=np.uint32).astype(">i2").reshape(-1, 2)
    header = struct.pack(">4s5I", b".snd", 24, 0xFFFFFFFF, 3, 48000, 2)
    found = read_audio(Pipe(header + written.tobytes())).data
    assert found.flags.c_contiguous
    assert found.flags.writeable
    np.testing.assert_array_equal(found, written.astype(np.float32) / 32768)
