"""Frames on a device in pickles: downloaded once, their memory is not copied again."""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from frame_helpers import content, make
from hardware_helpers import FORMAT, KINDS, Downloads, is_on_device, on_device

from ffwebcodecs._runtime.pool import FramePool


@pytest.mark.parametrize("kind", KINDS)
def test_a_device_frame_is_downloaded_and_travels(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    downloads = Downloads(monkeypatch)
    pool = FramePool(2)
    buffers: list[pickle.PickleBuffer] = []
    with make(FORMAT[kind], 64, 48) as memory:
        with on_device(kind, memory, pool.lend(0)) as frame:
            text = pickle.dumps(frame, 5, buffer_callback=buffers.append)
            assert not is_on_device(frame)
            for plane, buffer in zip(frame.planes, buffers, strict=True):
                shown = np.frombuffer(buffer.raw(), np.uint8)
                assert np.shares_memory(shown, plane.to_ndarray())
            del shown, plane, buffer
        assert downloads.count == 1
        assert pool.stats().in_use == 1
        with pickle.loads(text, buffers=buffers) as other:
            assert content(other) == content(memory)
            buffers.clear()
            assert pool.stats().in_use == 1
    assert pool.stats().in_use == 0
