"""Pictures in the memory of an NVIDIA GPU, where they lie.

``AVFrame.data`` holds device pointers there. FFmpeg's decoder writes to them on the stream of its
device context, so whoever reads them on another one waits for that first.

Known weak point: of several GPUs FFmpeg opens the first, so that is the number it has here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..._ffi import ffi
from ...errors import NotSupportedError, OperationError
from .hardware import DevicePicture, _context_of
from .picture import Picture
from .pixel_format import get_format, pix_fmt_name, samples

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame

DEVICE = (2, 0)  # kDLCUDA, the first
_LEGACY_STREAM = 1  # how CUDA's array interface calls the default stream, which FFmpeg calls NULL


class DevicePlaces(NamedTuple):
    """Where one plane lies on the device: address and stride in bytes, samples in a row, rows,
    bytes of a sample, and samples at each place.
    """

    address: int
    stride: int
    width: int
    height: int
    sample_bytes: int
    channels: int


class DeviceSurface(NamedTuple):
    """A picture on the device; who has it keeps it there."""

    ptr: AVFrame
    owner: object


def surface_of(picture: Picture) -> DeviceSurface:
    """Return the picture on the device.

    Raises
    ------
    NotSupportedError
        It is in memory, on another kind of device, or where no other library can read it.
    """
    found = picture.surface if isinstance(picture, DevicePicture) else None
    if found is None:
        raise NotSupportedError(
            "this frame lies in memory, where planes shows it: it was decoded there, or its pixels "
            "were asked for, which brings them there (device_planes before planes)"
        )
    kind = pix_fmt_name(_context_of(found[0]).format)
    if kind != "cuda":
        raise NotSupportedError(
            f"this frame lies on a {kind} device, which has no addresses to show: planes gets it "
            "into memory"
        )
    if found[1] is not None and not found[1].is_primary:
        raise NotSupportedError(
            "other libraries cannot read this frame on the GPU: one of them had set up its primary "
            "context otherwise than FFmpeg wants it, so FFmpeg made one of its own. Decode the "
            "first frame before torch or CuPy use the GPU, or get the frame into memory (planes)"
        )
    return DeviceSurface(*found)


def planes(surface: DeviceSurface, visible: tuple[int, int, int, int]) -> list[DevicePlaces]:
    """Return where the visible part of each plane lies."""
    ptr = surface.ptr
    name = pix_fmt_name(_context_of(ptr).sw_format)
    return places(ptr, name, visible)


def places(ptr: AVFrame, pix_fmt: str, visible: tuple[int, int, int, int]) -> list[DevicePlaces]:
    """Return where the visible part of each plane of a frame lies, whatever memory that is."""
    geometry = samples(pix_fmt)
    if geometry is None:
        raise NotSupportedError(f"the samples of {pix_fmt} have no addresses of their own")
    size = 2 if get_format(pix_fmt).depth > 8 else 1
    x, y, width, height = visible
    found = []
    for index, (sub_x, sub_y, step) in enumerate(geometry):
        stride = ptr.linesize[index]
        base = int(ffi.cast("uintptr_t", ptr.data[index]))
        found.append(
            DevicePlaces(
                base + y // sub_y * stride + x // sub_x * step,
                stride,
                -(-width // sub_x),
                -(-height // sub_y),
                size,
                step // size,
            )
        )
    return found


def stream_of(surface: DeviceSurface) -> int:
    """Return the stream that FFmpeg works on, as CUDA's array interface counts them."""
    # AVCUDADeviceContext begins with the context and the stream.
    context = ffi.cast("void **", _context_of(surface.ptr).device_ctx.hwctx)
    return int(ffi.cast("uintptr_t", context[1])) or _LEGACY_STREAM


def wait_for(surface: DeviceSurface) -> None:
    """Wait until FFmpeg has written the picture.

    Raises
    ------
    OperationError
        The driver says that the device failed.
    """
    import ctypes

    context = ffi.cast("void **", _context_of(surface.ptr).device_ctx.hwctx)
    current, stream = (
        ctypes.c_void_p(int(ffi.cast("uintptr_t", context[index]))) for index in range(2)
    )
    driver = ctypes.CDLL("nvcuda" if hasattr(ctypes, "WinDLL") else "libcuda.so.1")
    code = driver.cuCtxPushCurrent_v2(current)
    if not code:
        code = driver.cuStreamSynchronize(stream)
        driver.cuCtxPopCurrent_v2(ctypes.byref(ctypes.c_void_p()))
    if code:
        raise OperationError(f"the CUDA driver could not wait for the picture: error {code}")
