"""How the pixels of a frame are had: copied, seen, as an array, upright (spec 1.5)."""

from __future__ import annotations

from operator import is_not
from typing import TYPE_CHECKING, Any, overload

from .._spec.frames.layout import PlaneLayout
from .._spec.numbers import to_flag, to_threads
from .._spec.types import (
    ArrayLayout,
    BytePixelFormat,
    PredefinedColorSpace,
    ScaleFilter,
    SupportsArray,
    SupportsDLPack,
    VideoPixelFormat,
    WordPixelFormat,
    WritableBuffer,
)
from ..errors import NotSupportedError
from ._array_format import NOTHING
from ._copy import copy_into, destination_layout, no_name
from ._described import Described
from ._upright import upright as turned
from .plane import Plane, make_planes

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Unpack

    from ._keywords import ArrayKeywords, Layout, OutArray, Rectangle
    from .device_plane import DevicePlane


class Pixels(Described):
    """A surface with a time whose pixels can be had."""

    __slots__ = ()

    def allocation_size(
        self,
        *,
        rect: Rectangle | None = None,
        layout: Layout | None = None,
        format: VideoPixelFormat | None = None,
        color_space: PredefinedColorSpace | None = None,
        upright: bool = False,
        exact: bool = False,
        threads: int | None = None,
    ) -> int:
        """Return how many bytes `copy_to` needs with the same options.

        Parameters
        ----------
        rect, layout, format, color_space, upright, exact, threads
            As for `copy_to`.

        Returns
        -------
        int
            Bytes.

        Raises
        ------
        InvalidStateError, NotSupportedError, InvalidArgumentError
            As `copy_to`.
        """
        shape = self._shape
        self._open_picture()
        to_flag(exact, "exact")
        to_threads(threads)
        if to_flag(upright, "upright") and (shape.rotation or shape.flip):
            from ._turning import Turn

            shape = Turn(shape).shape
        return destination_layout(shape, rect, layout, format, color_space)[2].size

    def copy_to(
        self,
        destination: WritableBuffer,
        *,
        rect: Rectangle | None = None,
        layout: Layout | None = None,
        format: VideoPixelFormat | None = None,
        color_space: PredefinedColorSpace | None = None,
        upright: bool = False,
        exact: bool = False,
        threads: int | None = None,
    ) -> list[PlaneLayout]:
        """Copy this frame's pixels into a buffer you own.

        Rows are written without padding unless `layout` says otherwise; bytes between rows, between
        planes and after the last one are left alone. Blocks until the bytes are there; the GIL is
        released while they are copied.

        Parameters
        ----------
        destination : writable buffer, C-contiguous
            `bytearray`, `memoryview`, `numpy.ndarray`, `mmap` ... of at least
            `allocation_size(...)` bytes, same options. Its items are bytes (uint8), or uint16 for
            formats of more than 8 bits. Borrowed for this call only.
        rect : Rect or (x, y, width, height), optional
            Region in luma pixels of the coded frame, default `visible_rect`; x and y must suit the
            chroma subsampling.
        layout : sequence of PlaneLayout, optional
            One per plane, offset and stride in bytes; planes may not overlap.
        format : str, optional
            Convert to this VideoPixelFormat, or to ``"RGB"``, ``"BGR"``, ``"GRAY8"``, or, with 16
            bits a sample, ``"RGB48"``, ``"RGBA64"``, ``"GRAY16"``, through libswscale; default: no
            conversion.
        color_space : {"srgb", "display-p3"}, optional
            Of an RGB `format`; default ``"srgb"``.
        upright : bool, optional
            Copy what `upright` gives, which `rect` is a part of then; default: pixels as they are
            stored, whatever `rotation` and `flip` say.
        exact : bool, optional
            Convert YUV to RGB within 1 of exact arithmetic in each channel, which takes up to ten
            times as long; default: within 3, see docs/colour.md.
        threads : int, optional
            How many threads convert it, this one among them, if there is enough to do; the pixels
            are the same. Default: as many as there are idle cores, from 2 million pixels on.

        Returns
        -------
        list of PlaneLayout
            Where each plane was written: offset and stride in bytes.

        Raises
        ------
        InvalidStateError
            The frame is closed.
        NotSupportedError
            The format of this frame has no WebCodecs name and no `format` is given, or libswscale
            cannot do this conversion.
        InvalidArgumentError
            `destination` is read-only or too small, or has items of another type, float32 for
            instance; a stride is shorter than a row, planes overlap, or `rect` leaves the coded
            area. Nothing has been written.
        """
        shape = self._shape
        picture = self._open_picture()
        exact, count = to_flag(exact, "exact"), to_threads(threads)
        if to_flag(upright, "upright"):
            picture, shape = turned(picture, shape)
        colors = format, color_space
        return copy_into(destination, picture, shape, rect, layout, *colors, exact, count)

    @property
    def planes(self) -> tuple[Plane, ...]:
        """The visible part of each plane, without a copy; the views stay valid after `close`.

        Raises
        ------
        InvalidStateError
            The frame is closed.
        NotSupportedError
            The format of this frame has no WebCodecs name.
        """
        shape = self._shape
        picture = self._open_picture()
        if shape.format is None or shape.visible_rect is None:
            raise NotSupportedError(no_name(shape))
        return make_planes(picture.ptr, shape.format, shape.visible_rect)

    @property
    def device_planes(self) -> tuple[DevicePlane, ...]:
        """The visible part of each plane of a frame in an NVIDIA GPU's memory, without a copy (an
        extension); `planes` downloads the frame.

        Each keeps the picture on the device, also when the frame is closed.

        Raises
        ------
        InvalidStateError
            The frame is closed.
        NotSupportedError
            It is in memory, where it may have been downloaded to, on another kind of device, or
            where no other library can read it.
        """
        from .._av.frames import cuda
        from .device_plane import DevicePlane

        visible = self._shape.visible_rect
        surface = cuda.surface_of(self._open_picture())
        assert visible is not None
        return tuple(DevicePlane(surface, each) for each in cuda.planes(surface, visible))

    @overload
    def to_ndarray(
        self, format: BytePixelFormat, *, out: None = None, **options: Unpack[ArrayKeywords]
    ) -> npt.NDArray[np.uint8]: ...
    @overload
    def to_ndarray(
        self, format: WordPixelFormat, *, out: None = None, **options: Unpack[ArrayKeywords]
    ) -> npt.NDArray[np.uint16]: ...
    @overload
    def to_ndarray(
        self,
        format: VideoPixelFormat | None = None,
        *,
        out: OutArray,
        **options: Unpack[ArrayKeywords],
    ) -> OutArray: ...
    @overload
    def to_ndarray(
        self,
        format: VideoPixelFormat | None = None,
        *,
        out: SupportsArray | SupportsDLPack | None = None,
        **options: Unpack[ArrayKeywords],
    ) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]: ...
    def to_ndarray(
        self,
        format: VideoPixelFormat | None = None,
        *,
        rect: Rectangle | None = None,
        width: int | None = None,
        height: int | None = None,
        filter: ScaleFilter = "bilinear",
        upright: bool = False,
        layout: ArrayLayout = "HWC",
        out: Any = None,
        exact: bool = False,
        threads: int | None = None,
    ) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]:
        """Return the visible pixels as a new numpy array, or in one of yours.

        Parameters
        ----------
        format : str, optional
            As for `copy_to`. Default: RGB, RGBA or gray, as the frame is. Gray and RGB pictures
            keep their samples: uint8, or uint16 over the whole range (``"GRAY16"``, ``"RGB48"``,
            ``"RGBA64"``) if they have more than 8 bits. YUV becomes ``"RGB"``, or ``"RGBA"`` if it
            has alpha. A palette has alpha if a pixel is not opaque.
        rect : Rect or (x, y, width, height), optional
            As for `copy_to`; default: `visible_rect`.
        width, height : int, optional
            Scale to this size while it is converted. If only one is given, the other follows from
            the shape that the picture is shown in.
        filter : {"bilinear", "bicubic", "area", "lanczos"}, optional
            How it is scaled.
        upright : bool, optional
            Turn and mirror the pixels as `rotation` and `flip` say; `rect` and sizes are of that
            then. Default: pixels as they are stored.
        layout : {"HWC", "CHW"}, optional
            ``"CHW"``: channels first, as torch has them, (1, height, width) of gray. Planar formats
            lie as they are.
        out : array, optional
            Write into this one and return it: of exactly the shape and dtype that is to be
            returned, writable, with any strides, not over the frame's own memory.
        exact, threads
            As for `copy_to`.

        Returns
        -------
        numpy.ndarray
            Yours, C-contiguous unless it is `out`; uint8, shape (height, width, channels), or
            (height, width) for gray. Of planar formats: I444 and its kin (planes, height, width);
            I420 and NV12 with even sizes (height * 3 / 2, width), as OpenCV has them. uint16 for
            formats of more than 8 bits.

        Raises
        ------
        InvalidStateError
            The frame is closed.
        NotSupportedError
            libswscale cannot do the conversion, or the planes do not fit into one array: use
            `planes`.
        InvalidArgumentError
            A value is unknown or out of range, or `out` is not as it has to be. Nothing has been
            written.
        """
        from ._arrays import ArrayOptions, plain_array, to_array

        shape = self._shape
        picture = self._open_picture()
        size, look = (rect, width, height), (filter, upright, layout)
        given = *size, *look, out, exact, threads
        if any(map(is_not, given, NOTHING)):
            return to_array(picture, shape, ArrayOptions(format, *given))
        return plain_array(picture, shape, format)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return what `to_ndarray` returns without parameters, for ``numpy.asarray(frame)``.

        It is always a new array, RGB, RGBA or gray; see `planes` for arrays over the frame's own
        memory.

        Raises
        ------
        InvalidArgumentError
            ``copy=False``, which is a ValueError.
        InvalidStateError, NotSupportedError
            As `to_ndarray`.
        """
        from ._exchange import as_new_array, refuse_no_copy

        self._open_picture()
        refuse_no_copy(copy, "a frame")
        return as_new_array(self.to_ndarray(), dtype)
