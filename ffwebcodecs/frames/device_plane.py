"""DevicePlane: one plane of a frame that lies in an NVIDIA GPU's memory, without a copy."""

from __future__ import annotations

from typing import Any

from .._av.frames import cuda
from .._public import public


@public
class DevicePlane:
    """One plane of a frame on a CUDA device, for libraries that compute there (an extension).

    ``torch.from_dlpack(plane)``, ``cupy.asarray(plane)`` and numba take it as it is; nothing is
    copied. It keeps the picture on the device, and one of the decoder's surfaces with it: let it go
    as soon as you have what you want. It is not to be written to.

    Attributes
    ----------
    width, height : int
        In samples, as of `Plane`.
    stride : int
        Bytes from row to row.
    """

    __slots__ = ("_places", "_surface", "height", "stride", "width")

    def __init__(self, surface: cuda.DeviceSurface, places: cuda.DevicePlaces) -> None:
        self._surface = surface
        self._places = places
        self.width: int = places.width
        self.height: int = places.height
        self.stride: int = places.stride

    def _form(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return shape, and strides in bytes."""
        at = self._places
        shape: tuple[int, ...] = (at.height, at.width)
        strides: tuple[int, ...] = (at.stride, at.sample_bytes * at.channels)
        if at.channels > 1:
            shape += (at.channels,)
            strides += (at.sample_bytes,)
        return shape, strides

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        """What CuPy, numba and others ask for: CUDA array interface, version 3, read-only."""
        shape, strides = self._form()
        return {
            "shape": shape,
            "typestr": "<u2" if self._places.sample_bytes == 2 else "|u1",
            "data": (self._places.address, True),
            "strides": strides,
            "version": 3,
            "stream": cuda.stream_of(self._surface),
        }

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return where it lies, for DLPack: on the first CUDA device, (2, 0)."""
        return cuda.DEVICE

    def __dlpack__(
        self,
        *,
        stream: int | None = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Return a capsule for ``from_dlpack`` of torch, CuPy and others, over the memory itself.

        Who knows DLPack 1.0 is told that it is read-only; older capsules cannot say that. Unless
        `stream` is -1, waits until FFmpeg has written the picture.

        Raises
        ------
        BufferError
            A copy or another device is asked for.
        OperationError
            The device failed.
        """
        from .._av.frames.dlpack import capsule
        from ._exchange import is_versioned

        versioned = is_versioned(max_version)
        if copy:
            raise BufferError("a plane on a device is given as it is: copy it there")
        if dl_device is not None and tuple(dl_device) != cuda.DEVICE:
            raise BufferError(
                f"it lies on device {cuda.DEVICE} and is not moved to {tuple(dl_device)}; "
                "frame.planes has it in memory"
            )
        if stream != -1:
            cuda.wait_for(self._surface)
        shape, strides = self._form()
        size = self._places.sample_bytes
        return capsule(
            self._places.address,
            shape,
            tuple(stride // size for stride in strides),
            size,
            cuda.DEVICE,
            self._surface,
            versioned=versioned,
        )

    def __repr__(self) -> str:
        return f"DevicePlane({self.width}x{self.height}, stride={self.stride})"
