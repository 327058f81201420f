"""Planes on a GPU say where they lie, and keep what they show."""

from __future__ import annotations

import weakref
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from clips import clip
from frame_helpers import address, make
from hardware_helpers import FORMAT, pair

import ffwebcodecs
from ffwebcodecs import DevicePlane, NotSupportedError, VideoFrame
from ffwebcodecs._av.frames import cuda, dlpack, hardware
from ffwebcodecs._av.frames.pixel_format import pix_fmt_id


@pytest.mark.parametrize(("format", "pix_fmt"), [("NV12", "nv12"), ("I420P10", "yuv420p10le")])
def test_device_planes_say_where_they_lie(
    monkeypatch: pytest.MonkeyPatch, format: str, pix_fmt: str
) -> None:
    # Addresses are made of an AVFrame's fields in the same way, whatever memory they are of.
    monkeypatch.setattr(cuda, "stream_of", lambda surface: 1)
    waits: list[Any] = []
    monkeypatch.setattr(cuda, "wait_for", waits.append)
    with make(format, 16, 12, transfer=True, visible_rect=(2, 4, 9, 5)) as frame:
        ptr = frame._open_picture().ptr
        surface = cuda.DeviceSurface(ptr, None)
        found = cuda.places(ptr, pix_fmt, (2, 4, 9, 5))
        assert len(found) == len(frame.planes)
        for places, plane in zip(found, frame.planes, strict=True):
            ours = DevicePlane(surface, places)
            array = plane.to_ndarray()
            assert (ours.width, ours.height, ours.stride) == (
                plane.width,
                plane.height,
                plane.stride,
            )
            assert ours.__cuda_array_interface__ == {
                "shape": array.shape,
                "typestr": array.dtype.str,
                "data": (address(plane.data), True),
                "strides": array.strides,
                "version": 3,
                "stream": 1,
            }
            assert ours.__dlpack_device__() == (2, 0)
            assert '"dltensor_versioned"' in repr(ours.__dlpack__(max_version=(1, 0)))
            assert len(waits) == 1
            assert '"dltensor"' in repr(ours.__dlpack__(stream=-1))
            assert len(waits) == 1
            waits.clear()
            for refused in ({"copy": True}, {"dl_device": (1, 0)}):
                with pytest.raises(BufferError):
                    ours.__dlpack__(**refused)  # type: ignore[arg-type]
        del surface, ours
    assert not dlpack._kept


def test_device_planes_keep_the_picture_that_others_can_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = SimpleNamespace(format=pix_fmt_id("cuda"), sw_format=pix_fmt_id("nv12"))
    monkeypatch.setattr(cuda, "_context_of", lambda ptr: said)
    with make("NV12", 16, 12, visible_rect=(2, 4, 9, 5), transfer=True) as memory:
        picture = hardware.DevicePicture.__new__(hardware.DevicePicture)
        picture.lease, picture._memory = None, None
        picture._surface, shape = memory._open_picture().ptr, memory._shape
        picture._device = device = hardware.Device("cuda", None, is_primary=True)  # type: ignore[arg-type]
        frame = VideoFrame._from_native(picture, shape, 0, None, True)
        planes = frame.device_planes
        for ours, theirs in zip(planes, memory.planes, strict=True):
            assert ours._places.address == address(theirs.data)
            assert (ours.width, ours.height) == (theirs.width, theirs.height)
        device.is_primary = False
        with pytest.raises(NotSupportedError, match="primary context"):
            frame.device_planes
        gone = weakref.ref(device)
        frame.close()
        del frame, picture, device
        assert gone() is not None  # the planes keep it
        del planes, ours
        assert gone() is None


def test_frames_elsewhere_have_no_device_planes() -> None:
    with make("RGBA") as frame, pytest.raises(NotSupportedError, match="in memory"):
        frame.device_planes
    memory, frame = pair("vulkan", FORMAT["vulkan"], 64, 48)
    with memory, frame:
        with pytest.raises(NotSupportedError, match="vulkan"):
            frame.device_planes
        assert np.array_equal(np.asarray(frame), np.asarray(memory))
        with pytest.raises(NotSupportedError, match="in memory"):  # now it is
            frame.device_planes


def test_planes_on_a_gpu() -> None:
    problem = ffwebcodecs.ffmpeg_info().device_problems.get("cuda", "")
    if "cuda" not in ffwebcodecs.ffmpeg_info().devices:
        pytest.skip(f"no GPU: {problem or 'this FFmpeg was built without cuda'}")
    frames = ffwebcodecs.read_frames(
        clip("h264-bframes.mp4"), hardware_acceleration="prefer-hardware"
    )
    for frame in frames:
        with frame:
            planes = frame.device_planes
            torch = pytest.importorskip("torch")
            tensors = [torch.from_dlpack(plane).cpu().numpy() for plane in planes]
            for tensor, plane in zip(tensors, frame.planes, strict=True):
                assert np.array_equal(tensor, plane.to_ndarray())
