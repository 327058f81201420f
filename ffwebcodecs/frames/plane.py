"""Plane: one plane of a frame's memory, without a copy."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from .._av.frames import frame as native
from .._public import public
from .._spec.frames.formats import PixelFormat
from .._spec.frames.rect import Rect

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from .._ffi._types import AVFrame


@public
class Plane:
    """A read-only view of one plane; it keeps the memory alive, also after the frame was closed.

    It does not keep a decoder's pool slot. Other libraries take it as it is, without a copy:
    ``numpy.asarray(plane)``, ``numpy.from_dlpack(plane)``, ``torch.from_dlpack(plane)``, and since
    Python 3.12 whatever takes a buffer, such as ``memoryview(plane)``. All of that is the array of
    `to_ndarray`, read-only.

    Attributes
    ----------
    data : memoryview
        Read-only bytes from the visible part's first sample on, rows `stride` bytes apart.
    stride : int
        Bytes from row to row.
    width, height : int
        In samples: of I420 with an odd width the chroma planes are rounded up; a sample of NV12's
        second plane is a (U, V) pair, of RGBA a pixel.
    """

    __slots__ = ("_channels", "_sample_bytes", "data", "height", "stride", "width")

    def __init__(
        self,
        data: memoryview,
        stride: int,
        width: int,
        height: int,
        sample_bytes: int,
        channels: int,
    ) -> None:
        self.data: memoryview = data
        self.stride: int = stride
        self.width: int = width
        self.height: int = height
        self._sample_bytes = sample_bytes
        self._channels = channels

    @property
    def size(self) -> tuple[int, int]:
        """`width` and `height`, in samples."""
        return self.width, self.height

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of ``numpy.asarray(plane)``: (height, width), or (height, width, channels)."""
        shape = self.height, self.width
        return (*shape, self._channels) if self._channels > 1 else shape

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a sample: uint8, or uint16 for formats of more than 8 bits."""
        import numpy as np

        return np.dtype("<u2" if self._sample_bytes == 2 else "|u1")

    def to_ndarray(self) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
        """Return a read-only array over the same memory.

        Returns
        -------
        numpy.ndarray
            uint8, or uint16 with the value in the low bits for more than 8 bits; shape (height,
            width), or (height, width, channels) where a sample has more than one.
        """
        import numpy as np

        strides: tuple[int, ...] = (self.stride, self._sample_bytes * self._channels)
        if self._channels > 1:
            strides += (self._sample_bytes,)
        array: npt.NDArray[np.uint8] = np.ndarray(self.shape, self.dtype, self.data, 0, strides)
        return array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return the array of `to_ndarray` for numpy; a copy only if `copy` or `dtype` need one."""
        from ._exchange import as_array

        return as_array(self.to_ndarray(), dtype, copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return where it lies, for DLPack: in memory, (1, 0)."""
        from ._exchange import CPU

        return CPU

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Return a capsule for ``from_dlpack`` of numpy, torch, JAX and others.

        Who knows DLPack 1.0 gets the memory itself, marked read-only. For others it is copied: the
        older capsules cannot say that memory must not be written.

        Parameters
        ----------
        stream, max_version, dl_device, copy
            As the array API standard has them.

        Raises
        ------
        BufferError
            ``copy=False``, and a copy is needed; or another device is asked for.
        """
        from ._exchange import dlpack

        return dlpack(self.to_ndarray(), stream, max_version, dl_device, copy)

    if sys.version_info >= (3, 12):

        def __buffer__(self, flags: int) -> memoryview:
            """Return the view that `to_ndarray` gives."""
            return memoryview(self.to_ndarray())

    def __repr__(self) -> str:
        return f"Plane({self.width}x{self.height}, stride={self.stride})"


def make_planes(ptr: AVFrame, fmt: PixelFormat, visible: Rect) -> tuple[Plane, ...]:
    """Return the planes of the visible part of a frame."""
    sample = fmt.sample_bytes
    planes = []
    for index, plane in enumerate(fmt.planes):
        data, stride = native.plane_view(ptr, index, plane, visible)
        planes.append(
            Plane(
                data,
                stride,
                plane.row_bytes(visible.width) // plane.element_bytes,
                plane.rows(visible.height),
                sample,
                plane.element_bytes // sample,
            )
        )
    return tuple(planes)
