"""Hardware devices, and pictures that lie on one.

A device is opened once for each kind and process: whoever wants it shares it, and it is closed when
the last decoder that uses it and the last frame that still lies on it are gone. So `_shared` holds
weak references only.

A picture on a device is downloaded when somebody asks for its pixels, once. What was downloaded
replaces it: the surface goes back to the decoder, and clones find the pixels in memory. Downloads
from one device take turns: FFmpeg's Vulkan frames contexts have one command buffer for all threads.

Known weak point: which device of a kind is opened is FFmpeg's choice, the first.
"""

from __future__ import annotations

import os
import sys
import threading
import weakref
from typing import TYPE_CHECKING, Any

from ..._ffi import avutil, ffi
from ...errors import NotSupportedError, OperationError
from .. import atomic, averror, forked, ledger
from . import frame as frames
from .picture import Picture
from .pixel_format import pix_fmt_id, pix_fmt_name

if TYPE_CHECKING:
    from ..._ffi._types import AVBufferRef, AVFrame, AVHWFramesConstraints, AVHWFramesContext

_devices = forked.leave_alone(ledger.owned("hw_device"))
_surfaces = forked.leave_alone(ledger.owned("hw_frames"))

# Devices that decode, the most capable first.
if sys.platform == "darwin":
    DECODING = ("videotoolbox", "vulkan")
elif sys.platform == "win32":
    DECODING = ("cuda", "d3d11va", "qsv", "vulkan", "dxva2")
else:
    DECODING = ("cuda", "vaapi", "qsv", "vulkan", "vdpau")

# FFmpeg itself gives no reason, or one that says nothing.
_NEEDS = {
    "amf": "an AMD GPU and its driver",
    "cuda": "an NVIDIA GPU and its driver's libcuda",
    "d3d11va": "a Direct3D 11 GPU",
    "drm": "the path of a device, which is not asked for here",
    "dxva2": "a Direct3D 9 GPU",
    "opencl": "an OpenCL driver, such as pocl-opencl-icd",
    "qsv": "an Intel GPU and its media driver",
    "vaapi": "a GPU with a VA-API driver, and access to /dev/dri",
    "vdpau": "an X display and a VDPAU driver",
    "vulkan": "a Vulkan driver, such as mesa-vulkan-drivers",
}
_PRIMARY_CONTEXT = 1  # AV_CUDA_USE_PRIMARY_CONTEXT
# Pixel formats that mean "on the device", where they are not named after it.
_PIX_FMTS = {
    "d3d11va": "d3d11",
    "drm": "drm_prime",
    "dxva2": "dxva2_vld",
    "videotoolbox": "videotoolbox_vld",
}


class Device:
    """An open device; `lock` is held while a frame is read back from it.

    `is_primary`: whether other libraries of the process reach its memory (CUDA's primary context).
    """

    __slots__ = ("__weakref__", "is_primary", "kind", "lock", "ptr")

    def __init__(self, kind: str, ptr: AVBufferRef, is_primary: bool = False) -> None:
        self.kind = kind
        self.ptr = ptr
        self.is_primary = is_primary
        # Reentrant, because the garbage collector may run a destructor that reads a frame.
        self.lock = threading.RLock()


_shared: dict[str, weakref.ref[Device]] = {}
_opening = threading.RLock()
_strangers = threading.RLock()  # for frames of devices that are not ours


def open_device(kind: str) -> Device:
    """Return the shared device of a kind, opening it if nobody uses it now.

    Raises
    ------
    NotSupportedError
        It does not open: FFmpeg's reason, and what this kind needs.
    """
    with _opening:
        found = _shared.get(kind)
        device = None if found is None else found()
        if device is None:
            device = Device(kind, *_create(kind))
            _shared[kind] = weakref.ref(device)
        return device


def _create(kind: str) -> tuple[AVBufferRef, bool]:
    ref = ffi.gc(ffi.new("AVBufferRef **"), avutil.av_buffer_unref)
    number = avutil.av_hwdevice_find_type_by_name(kind.encode())
    code = -1
    if kind == "cuda":
        # In the context that other libraries compute in: memory of another one they cannot read.
        code = avutil.av_hwdevice_ctx_create(ref, number, ffi.NULL, ffi.NULL, _PRIMARY_CONTEXT)
    is_primary = code >= 0
    if not is_primary:
        code = avutil.av_hwdevice_ctx_create(ref, number, ffi.NULL, ffi.NULL, 0)
    if code < 0:
        needs = f" (it needs {_NEEDS[kind]})" if kind in _NEEDS else ""
        raise NotSupportedError(f"{averror.reason(code)}{needs}", code=code)
    ptr: AVBufferRef = ref[0]
    return _devices.own(ptr, ref), is_primary


def kinds() -> list[str]:
    """Return the kinds of device that this FFmpeg was built for."""
    names: list[str] = []
    number = avutil.av_hwdevice_iterate_types(0)
    while number:
        names.append(ffi.string(avutil.av_hwdevice_get_type_name(number)).decode())
        number = avutil.av_hwdevice_iterate_types(number)
    return names


def probe() -> tuple[list[str], dict[str, str]]:
    """Open and close a device of each kind; return the kinds that open, and why the others do
    not.
    """
    good: list[str] = []
    problems: dict[str, str] = {}
    for kind in kinds():
        problem = _problem_of(kind)
        if problem is None:
            good.append(kind)
        else:
            problems[kind] = problem
    return good, problems


def _problem_of(kind: str) -> str | None:
    try:
        open_device(kind)
    except (NotSupportedError, MemoryError) as error:
        return str(error)
    return None


def _forget() -> None:
    global _opening, _strangers
    _shared.clear()  # a device does not work in a forked process
    _opening, _strangers = threading.RLock(), threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


# ---- pictures on a device ------------------------------------------------------------------------


def _context_of(ptr: AVFrame) -> AVHWFramesContext:
    context: AVHWFramesContext = ffi.cast("AVHWFramesContext *", ptr.hw_frames_ctx.data)
    return context


def _device_of(ptr: AVFrame) -> Device | None:
    context = _context_of(ptr).device_ctx
    for ref in list(_shared.values()):
        device = ref()
        if device is not None and ffi.cast("AVHWDeviceContext *", device.ptr.data) == context:
            return device
    return None


def download(ptr: AVFrame) -> AVFrame:
    """Return a frame in memory with the pixels, time, crop and colours of one on a device.

    Raises
    ------
    OperationError
        The device does not give it back: it is lost, or cannot convert its own layout.
    """
    context = _context_of(ptr)
    memory = frames.allocate(2 * context.width * context.height + 512)
    memory.format = context.sw_format
    what = f"cannot read a frame back from the {pix_fmt_name(context.format)} device"
    averror.check(avutil.av_hwframe_transfer_data(memory, ptr, 0), what, OperationError)
    averror.check(avutil.av_frame_copy_props(memory, ptr), what, OperationError)
    return memory


class DevicePicture(Picture):
    """A picture on a device until its pixels are asked for, then one in memory."""

    __slots__ = ("_device", "_memory", "_surface")

    def __init__(self, ptr: AVFrame, lease: Any = None) -> None:
        self.lease = lease
        self._surface: AVFrame | Any = ptr  # None once it is downloaded
        self._memory: AVFrame | None = None
        self._device = _device_of(ptr)  # keeps it open

    @property
    def ptr(self) -> AVFrame:  # type: ignore[override]  # nobody writes to it
        """The picture in memory; the first time it is downloaded, which takes the time of a copy,
        or raises OperationError.
        """
        memory = self._memory
        if memory is not None:
            return memory
        device = self._device
        with _strangers if device is None else device.lock:
            if self._memory is None:
                self._memory = download(self._surface)
                self._surface = self._device = None
            return self._memory

    @property
    def surface(self) -> tuple[AVFrame, Device | None] | None:
        """The picture on the device, and what keeps that open; None once it was downloaded."""
        device, ptr = self._device, self._surface
        return None if ptr is None else (ptr, device)


def picture_of(ptr: AVFrame, lease: Any = None) -> Picture:
    """Return the picture of a decoded frame, wherever that lies."""
    return DevicePicture(ptr, lease) if ptr.hw_frames_ctx else Picture(ptr, lease)


# ---- the other way: pictures to a device ---------------------------------------------------------


def make_surfaces(
    device: Device, pix_fmt: str, width: int, height: int, count: int = 0
) -> AVBufferRef:
    """Return the owner of a frames context: a pool of `count` pictures on the device, 0 for as
    many as are asked for.

    Raises
    ------
    NotSupportedError
        The device has no pictures of this format or size.
    """
    what = f"{device.kind} has no {pix_fmt} pictures of {width}x{height}"
    if not _offers_format(device, pix_fmt):  # FFmpeg 5.1's Vulkan crashes over some
        raise NotSupportedError(what)
    box = atomic.boxed(
        "cannot allocate a frames context",
        "AVBufferRef **",
        avutil.av_buffer_unref,
        avutil.av_hwframe_ctx_alloc,
        device.ptr,
    )
    ref: AVBufferRef = box[0]
    surfaces = _surfaces.own(ref, box)
    context: AVHWFramesContext = ffi.cast("AVHWFramesContext *", ref.data)
    context.format = pix_fmt_id(_PIX_FMTS.get(device.kind, device.kind))
    context.sw_format = pix_fmt_id(pix_fmt)
    context.width, context.height = width, height
    context.initial_pool_size = count
    averror.check(avutil.av_hwframe_ctx_init(surfaces), what, NotSupportedError)
    return surfaces


def _offers_format(device: Device, pix_fmt: str) -> bool:
    box = ffi.gc(ffi.new("AVHWFramesConstraints **"), avutil.av_hwframe_constraints_free)
    atomic.fill(box, avutil.av_hwdevice_get_hwframe_constraints, device.ptr, ffi.NULL)
    limits: AVHWFramesConstraints = box[0]
    if not limits:
        return True  # it does not say
    formats, index = limits.valid_sw_formats, 0
    if not formats:
        return True
    wanted = pix_fmt_id(pix_fmt)
    while formats[index] not in (wanted, -1):
        index += 1
    return bool(formats[index] == wanted)


def upload(surfaces: AVBufferRef, ptr: AVFrame) -> AVFrame:
    """Return a frame on the device with the pixels, time, crop and colours of one in memory.

    Raises
    ------
    OperationError
        The device does not take it.
    """
    surface = frames.allocate()
    what = "cannot copy a frame to the device"
    averror.check(avutil.av_hwframe_get_buffer(surfaces, surface, 0), what, OperationError)
    averror.check(avutil.av_hwframe_transfer_data(surface, ptr, 0), what, OperationError)
    averror.check(avutil.av_frame_copy_props(surface, ptr), what, OperationError)
    return surface
