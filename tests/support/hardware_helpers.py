"""Frames on real devices that need no GPU: Vulkan on Mesa's lavapipe, OpenCL on PoCL."""

from __future__ import annotations

import functools
from typing import Any

import pytest
from frame_helpers import make

from ffwebcodecs import NotSupportedError, VideoFrame
from ffwebcodecs._av.codecs import hardware_decoder as hwdecode
from ffwebcodecs._av.codecs.decoder import DecoderCore
from ffwebcodecs._av.frames import hardware
from ffwebcodecs._av.frames.pixel_format import pix_fmt_id, pix_fmt_name
from ffwebcodecs._ffi import avutil, ffi
from ffwebcodecs.frames._shape import ShapeCache

KINDS = ("vulkan", "opencl")
# What decoders give; PoCL has no images of two channels.
FORMAT = {"vulkan": "NV12", "opencl": "I420"}
PACKAGES = {"vulkan": "mesa-vulkan-drivers", "opencl": "pocl-opencl-icd, ocl-icd-libopencl1"}


@functools.cache
def why_not(kind: str) -> str | None:
    """Return why no device of this kind opens, None if one does."""
    if kind not in hardware.kinds():
        return f"this FFmpeg was built without {kind}"
    problem = hardware.probe()[1].get(kind)
    return problem and f"no {kind} device: {problem}; Debian packages: {PACKAGES[kind]}"


def device_of(kind: str) -> hardware.Device:
    """Return an open device, or skip the test and say why."""
    reason = why_not(kind)
    if reason is not None:
        pytest.skip(reason)
    return hardware.open_device(kind)


def exact_device_of(kind: str) -> hardware.Device:
    """Return an open device whose references can be counted, or skip the test and say why."""
    device = device_of(kind)
    if keeps_pools(kind):
        pytest.skip(f"this FFmpeg itself keeps every pool of pictures that it copied to on {kind}")
    return device


@functools.cache
def keeps_pools(kind: str) -> bool:
    """Tell whether libavutil gives a reference back after one copy, without a line of ours.

    Vulkan of FFmpeg 7.1 does not: the pool's last command holds a picture of the pool.
    """
    device = ffi.new("AVBufferRef **")
    number = avutil.av_hwdevice_find_type_by_name(kind.encode())
    assert avutil.av_hwdevice_ctx_create(device, number, ffi.NULL, ffi.NULL, 0) == 0
    pool = ffi.new("AVBufferRef **", avutil.av_hwframe_ctx_alloc(device[0]))
    context = ffi.cast("AVHWFramesContext *", pool[0].data)
    context.format = pix_fmt_id(kind)
    context.sw_format = pix_fmt_id({"NV12": "nv12", "I420": "yuv420p"}[FORMAT[kind]])
    context.width, context.height = 64, 48
    assert avutil.av_hwframe_ctx_init(pool[0]) == 0
    surface, memory = (ffi.new("AVFrame **", avutil.av_frame_alloc()) for _ in range(2))
    memory[0].format, memory[0].width, memory[0].height = context.sw_format, 64, 48
    assert avutil.av_frame_get_buffer(memory[0], 0) == 0
    assert avutil.av_hwframe_get_buffer(pool[0], surface[0], 0) == 0
    assert avutil.av_hwframe_transfer_data(surface[0], memory[0], 0) == 0
    avutil.av_frame_free(surface)
    avutil.av_frame_free(memory)
    avutil.av_buffer_unref(pool)
    kept = avutil.av_buffer_get_ref_count(device[0]) > 1
    avutil.av_buffer_unref(device)
    return bool(kept)


def surfaces_for(device: hardware.Device, pix_fmt: str, width: int, height: int) -> Any:
    """Return a pool of pictures on the device, or skip the test and say why."""
    try:
        return hardware.make_surfaces(device, pix_fmt, width, height)
    except NotSupportedError as error:
        pytest.skip(str(error))


def on_device(kind: str, frame: VideoFrame, lease: Any = None) -> VideoFrame:
    """Return a frame on a device with the pixels of one in memory, as a decoder would give it."""
    ptr = frame._open_picture().ptr
    pix_fmt = pix_fmt_name(ptr.format)
    device = device_of(kind)
    surface = hardware.upload(surfaces_for(device, pix_fmt, ptr.width, ptr.height), ptr)
    picture = hardware.picture_of(surface, lease)
    assert isinstance(picture, hardware.DevicePicture)
    shape = ShapeCache().shape_of(surface)
    return VideoFrame._from_native(picture, shape, frame.timestamp, frame.duration, True)


def pair(kind: str, *arguments: Any, **options: Any) -> tuple[VideoFrame, VideoFrame]:
    """Return a frame in memory and the same frame on a device."""
    frame = make(*arguments, **options)
    try:
        return frame, on_device(kind, frame)
    except BaseException:
        frame.close()
        raise


def is_on_device(frame: VideoFrame) -> bool:
    picture = frame._open_picture()
    return isinstance(picture, hardware.DevicePicture) and picture._memory is None


class Downloads:
    """Counts what is read back."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.count = 0
        self._real = hardware.download
        monkeypatch.setattr(hardware, "download", self)

    def __call__(self, ptr: Any) -> Any:
        self.count += 1
        return self._real(ptr)


def pretend_to_offer(monkeypatch: pytest.MonkeyPatch, *kinds: str) -> None:
    """Let the native decoders claim devices that they do not know: the device opens, and what
    libavcodec does then is its own.
    """

    def offers(name: str) -> list[tuple[str, Any]]:
        codec = hwdecode.avcodec.avcodec_find_decoder_by_name(name.encode())
        return [(kind, codec) for kind in kinds]

    monkeypatch.setattr(hwdecode, "offers", offers)


def decode_to_device(monkeypatch: pytest.MonkeyPatch, kind: str, until: int | None = None) -> None:
    """Let decoders that get a device give pictures on it: decoded in software, then uploaded.

    `until`: how many; what follows is in memory, as when a stream changes.
    """
    device_of(kind)
    pretend_to_offer(monkeypatch, kind)
    real_init, real_receive = DecoderCore.__init__, DecoderCore.receive
    pools: dict[int, Any] = {}
    # Vulkan of FFmpeg 7.1 may copy from memory after `upload`: the decoder must not write there.
    copied: dict[int, list[Any]] = {}
    given = 0

    def init(self: DecoderCore, *arguments: Any, **options: Any) -> None:
        real_init(self, *arguments, **options)
        pools.pop(id(self), None)

    def receive(self: DecoderCore) -> Any:
        nonlocal given
        ptr = real_receive(self)
        if ptr is None or self._device is None or (until is not None and given >= until):
            return ptr
        given += 1
        pix_fmt = pix_fmt_name(ptr.format)
        surfaces = pools.get(id(self))
        if surfaces is None:
            surfaces = hardware.make_surfaces(self._device, pix_fmt, ptr.width, ptr.height)
            pools[id(self)] = surfaces
        copied.setdefault(id(self), []).append(ptr)
        return hardware.upload(surfaces, ptr)

    def close(self: DecoderCore) -> None:
        pools.pop(id(self), None)
        copied.pop(id(self), None)
        real_close(self)

    real_close = DecoderCore.close
    monkeypatch.setattr(DecoderCore, "__init__", init)
    monkeypatch.setattr(DecoderCore, "receive", receive)
    monkeypatch.setattr(DecoderCore, "close", close)
