"""ImageBitmap: a picture in plain memory, which no decoder waits for."""

from __future__ import annotations

import sys
from operator import is_not
from typing import TYPE_CHECKING, Any, overload

from .._av.frames import frame as native
from .._av.frames.picture import Picture
from .._public import public
from .._runtime.closing import only_once
from .._spec.frames.color import codes_of
from .._spec.frames.color_space import from_members
from .._spec.frames.layout import compute_layout
from .._spec.frames.rect import Rect
from .._spec.numbers import to_dimension, to_flag, to_threads
from .._spec.types import (
    ArrayLayout,
    BytePixelFormat,
    ScaleFilter,
    SupportsArray,
    SupportsDLPack,
    VideoPixelFormat,
    WordPixelFormat,
)
from ..errors import DataCloneError, InvalidArgumentError, NotSupportedError
from ._array_format import NOTHING, array_shape
from ._copy import Source, convert_pixels, copy_pixels, destination_layout
from ._pictured import Pictured
from ._shape import CLOSED, FrameShape
from ._surface import Surface
from ._upright import upright as turned

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Unpack

    from ._keywords import ArrayKeywords, OutArray, Rectangle
    from .video_frame import VideoFrame


@public
class ImageBitmap(Pictured):
    """Pixels of a frame, copied out of the decoder's memory; made by `create_image_bitmap`.

    It holds no decoder slot, has neither time nor orientation, and lives until you close it
    (`close`, or ``with``). ``VideoFrame(bitmap, timestamp=...)`` makes a frame of it again, which
    shares the memory. It can be pickled, in protocol 5 without copying a pixel; a closed one raises
    DataCloneError.

    Other libraries take it as it is, without a copy, as the read-only array that `to_ndarray` gives
    without parameters (``numpy.array(bitmap)`` is a copy to write to):
    ``numpy.asarray(bitmap)``, ``numpy.from_dlpack(bitmap)``, ``torch.from_dlpack(bitmap)``, and
    since Python 3.12 whatever takes a buffer, such as ``memoryview(bitmap)``.
    """

    __slots__ = ("_used",)

    _noun = "bitmap"
    _used: int  # by a cache: see `memory.next_use`

    def __init__(self) -> None:
        raise InvalidArgumentError("an ImageBitmap is made by create_image_bitmap(frame)")

    @classmethod
    def _from_native(cls, picture: Picture, shape: FrameShape, warn: bool = True) -> ImageBitmap:
        """Make a bitmap; `warn`: whether dropping it unclosed is the user's mistake."""
        bitmap = cls.__new__(cls)
        bitmap._warn = warn
        bitmap._shape = shape
        bitmap._picture = picture
        return bitmap

    @property
    def width(self) -> int:
        """Width in pixels, 0 if closed."""
        return self._shape.coded_width

    @property
    def height(self) -> int:
        """Height in pixels, 0 if closed."""
        return self._shape.coded_height

    @property
    def size(self) -> tuple[int, int]:
        """`width` and `height`, (0, 0) if closed."""
        shape = self._shape
        return shape.coded_width, shape.coded_height

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of ``numpy.asarray(bitmap)``, (height, width, 4) for RGBA; (0, 0) if closed.

        Raises
        ------
        NotSupportedError
            The planes of this format and size do not fit into one array.
        """
        shape = self._shape
        if shape.format is None:
            return 0, 0
        return array_shape(shape.format, shape.coded_width, shape.coded_height)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Type of a sample, uint8, or uint16 for formats of more than 8 bits.

        Raises
        ------
        InvalidStateError
            The bitmap is closed.
        """
        import numpy as np

        fmt = self._shape.format
        self._open_picture()
        assert fmt is not None
        return np.dtype(fmt.dtype)

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
        """Return the pixels as an array: without parameters as a read-only view of the bitmap's own
        memory, for which nothing is copied; with any of them as a new one, which is yours.

        A view stays valid after `close`, because it holds the memory itself.

        Parameters
        ----------
        format, rect, width, height, filter, upright, layout, out, exact, threads
            As for `VideoFrame.to_ndarray`. A bitmap is upright as it is.

        Returns
        -------
        numpy.ndarray
            C-contiguous unless it is `out`; shape and dtype as of `VideoFrame.to_ndarray`, a view's
            for the bitmap's format: (height, width, 4) uint8 for RGBA.

        Raises
        ------
        InvalidStateError
            The bitmap is closed.
        NotSupportedError
            The planes of this format and size do not fit into one array.
        InvalidArgumentError
            As for `VideoFrame.to_ndarray`.
        """
        import numpy as np

        shape = self._shape
        picture = self._open_picture()
        size, look = (rect, width, height), (filter, upright, layout)
        given = *size, *look, out, exact, threads
        if format is not None or any(map(is_not, given, NOTHING)):
            from ._arrays import ArrayOptions, to_array

            return to_array(picture, shape, ArrayOptions(format, *given))
        fmt = shape.format
        assert fmt is not None
        where = compute_layout(fmt, shape.coded_width, shape.coded_height)
        memory = native.block_view(picture.ptr, where.size)
        array: npt.NDArray[np.uint8] | npt.NDArray[np.uint16]
        array = np.ndarray(
            array_shape(fmt, shape.coded_width, shape.coded_height), np.dtype(fmt.dtype), memory
        )
        return array

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """Return the array of `to_ndarray` for numpy; a copy only if `copy` or `dtype` need one."""
        from ._exchange import as_array

        return as_array(self.to_ndarray(), dtype, copy)

    def __dlpack_device__(self) -> tuple[int, int]:
        """Return where it lies, for DLPack: in memory, (1, 0).

        Raises
        ------
        InvalidStateError
            The bitmap is closed.
        """
        from ._exchange import CPU

        self._open_picture()
        return CPU

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[int, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """Return a capsule for ``from_dlpack``, as `Plane.__dlpack__` does.

        Raises
        ------
        BufferError
            ``copy=False``, and a copy is needed; or another device is asked for.
        InvalidStateError
            The bitmap is closed.
        NotSupportedError
            The planes of this format and size do not fit into one array.
        """
        from ._exchange import dlpack

        return dlpack(self.to_ndarray(), stream, max_version, dl_device, copy)

    if sys.version_info >= (3, 12):

        def __buffer__(self, flags: int) -> memoryview:
            """Return the view that `to_ndarray` gives."""
            return memoryview(self.to_ndarray())

    @property
    def _byte_length(self) -> int:
        shape = self._shape
        if shape.format is None:
            return 0
        return compute_layout(shape.format, shape.coded_width, shape.coded_height).size

    def _borrow(self) -> ImageBitmap:
        """Return another bitmap over the same memory, which needs no closing."""
        shape = self._shape
        return ImageBitmap._from_native(self._open_picture(), shape, warn=False)

    def __copy__(self) -> ImageBitmap:
        shape, picture = self._shape, self._picture
        if picture is None:
            raise DataCloneError("the bitmap is closed: it cannot be pickled or copied")
        return ImageBitmap._from_native(picture, shape)

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        shape, picture = self._shape, self._picture
        if picture is None:
            raise DataCloneError("the bitmap is closed: it cannot be pickled or copied")
        from ._pickling import reduce_bitmap

        return reduce_bitmap(self, picture, shape, protocol)

    def __setstate__(self, state: Any) -> None:
        only_once(self, "_picture")
        self._picture = None
        self._warn = True
        self._shape = CLOSED
        from ._pickling import restored_bitmap

        picture, self._shape = restored_bitmap(state)
        self._picture = picture

    def __repr__(self) -> str:
        if self.closed:
            return "<ImageBitmap closed>"
        return f"<ImageBitmap {self.format} {self.width}x{self.height}>"


@public
def create_image_bitmap(
    frame: VideoFrame | ImageBitmap,
    *,
    rect: Rectangle | None = None,
    format: VideoPixelFormat | None = "RGBA",
    resize_width: int | None = None,
    resize_height: int | None = None,
    upright: bool = False,
    exact: bool = False,
    threads: int | None = None,
) -> ImageBitmap:
    """Copy a frame's pixels into plain memory, so that the frame can be closed at once.

    Costs one copy or conversion, which runs without the GIL. The pixels are as they are stored,
    unless `upright` is asked for: like `VideoFrame.copy_to`, it does not apply rotation, flip and
    display size.

    Parameters
    ----------
    frame : VideoFrame or ImageBitmap
        Borrowed; it stays open.
    rect : Rect or (x, y, width, height), optional
        Region in pixels of the coded frame; default: the visible one.
    format : str or None, optional
        VideoPixelFormat, or ``"RGB"``, ``"BGR"``, ``"GRAY8"``, ``"RGB48"``, ``"RGBA64"``,
        ``"GRAY16"``; RGB is sRGB. None: the frame's own, with its colours.
    resize_width, resize_height : int, optional
        Scale to this size. If only one is given, the other follows from the shape of the region,
        rounded up.
    upright : bool, optional
        Take what `VideoFrame.upright` gives; `rect` and sizes are of that.
    exact, threads
        As for `VideoFrame.copy_to`.

    Returns
    -------
    ImageBitmap
        Yours to close.

    Raises
    ------
    InvalidStateError
        `frame` is closed.
    InvalidArgumentError
        A parameter is unknown or out of range.
    NotSupportedError
        libswscale cannot do the conversion, or `format` is None and the frame's has no WebCodecs
        name.
    MemoryError
        FFmpeg cannot allocate the bitmap.

    Examples
    --------
    >>> with create_image_bitmap(frame, resize_width=320) as thumbnail:
    ...     pixels = thumbnail.to_ndarray()
    """
    if not isinstance(frame, Surface):
        raise InvalidArgumentError(
            f"create_image_bitmap takes a VideoFrame or an ImageBitmap, got {type(frame).__name__}"
        )
    shape = frame._shape
    picture = frame._open_picture()
    exact, count = to_flag(exact, "exact"), to_threads(threads)
    if to_flag(upright, "upright"):
        picture, shape = turned(picture, shape)
    region, wanted, _ = destination_layout(shape, rect, None, format, None)
    width, height = _size(region, resize_width, resize_height)
    fmt = wanted.format
    where = compute_layout(fmt, width, height)
    # Tight, so that the array over it is contiguous.
    ptr, base = native.tight(fmt.ffmpeg, width, height, where)
    source = Source(picture.ptr, shape, region)
    if (width, height) == (region.width, region.height):
        copy_pixels(source, wanted, where, base, exact, count)
    elif fmt.ffmpeg is None:
        raise NotSupportedError(
            f"libswscale has no {fmt.name}: it cannot scale it; leave the size out, or give format"
        )
    else:
        convert_pixels(source, wanted, where, base, width, height, None, exact, count)
    native.tag(ptr, 0, *codes_of(*wanted.color[:3]), wanted.color[3])
    whole = Rect(0, 0, width, height)
    colors = from_members(wanted.color)
    size = width, height
    return ImageBitmap._from_native(
        Picture(ptr), FrameShape(fmt, fmt.ffmpeg, size, whole, size, 0, False, colors)
    )


def _size(region: Rect, resize_width: object, resize_height: object) -> tuple[int, int]:
    _, _, own_width, own_height = region
    width = None if resize_width is None else to_dimension(resize_width, "resize_width")
    height = None if resize_height is None else to_dimension(resize_height, "resize_height")
    if width is None and height is None:
        return own_width, own_height
    if width is None:
        assert height is not None
        return -(-own_width * height // own_height), height
    if height is None:
        height = -(-own_height * width // own_width)
    return width, height
