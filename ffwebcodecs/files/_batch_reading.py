"""What of a `Video` gives several frames as one array."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, overload

from .._spec.types import (
    BatchLayout,
    BytePixelFormat,
    ImageFit,
    Integer,
    ScaleFilter,
    SupportsArray,
    SupportsDLPack,
    VideoPixelFormat,
    WordPixelFormat,
)
from ._video_facts import VideoFacts
from ._video_times import frame_indices

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Unpack

    from ..frames._keywords import OutArray
    from ._keywords import BatchKeywords


class BatchReading(VideoFacts):
    """An open Video that can be read."""

    __slots__ = ()

    @overload
    def read(
        self,
        indices: Iterable[Integer],
        format: BytePixelFormat = "RGB",
        *,
        out: None = None,
        **options: Unpack[BatchKeywords],
    ) -> npt.NDArray[np.uint8]: ...
    @overload
    def read(
        self,
        indices: Iterable[Integer],
        format: WordPixelFormat,
        *,
        out: None = None,
        **options: Unpack[BatchKeywords],
    ) -> npt.NDArray[np.uint16]: ...
    @overload
    def read(
        self,
        indices: Iterable[Integer],
        format: VideoPixelFormat = "RGB",
        *,
        out: OutArray,
        **options: Unpack[BatchKeywords],
    ) -> OutArray: ...
    @overload
    def read(
        self,
        indices: Iterable[Integer],
        format: VideoPixelFormat = "RGB",
        *,
        out: SupportsArray | SupportsDLPack | None = None,
        **options: Unpack[BatchKeywords],
    ) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]: ...
    def read(
        self,
        indices: Iterable[Integer],
        format: VideoPixelFormat = "RGB",
        *,
        width: int | None = None,
        height: int | None = None,
        fit: ImageFit = "fill",
        filter: ScaleFilter = "bilinear",
        layout: BatchLayout = "NHWC",
        out: Any = None,
        exact: bool = False,
        threads: int | None = None,
    ) -> npt.NDArray[Any]:
        """Return frames as one array; each group of pictures is decoded once, whatever the order.

        Parameters
        ----------
        indices : iterable of int
            Negative ones count from the end; one may come several times.
        format : str, optional
            VideoPixelFormat, or ``"RGB"``, ``"BGR"``, ``"GRAY8"``, ``"RGB48"``, ``"RGBA64"``,
            ``"GRAY16"``; RGB is sRGB.
        width, height : int, optional
            Size of each picture in the array. Default: the pixels that there are; of one alone,
            the other follows from the shape that the picture is shown in.
        fit : {"fill", "contain", "cover"}, optional
            If the size has another shape: stretch, leave margins of zeros, or cut off what is
            beyond.
        filter : {"bilinear", "bicubic", "area", "lanczos"}, optional
            How pictures are scaled; all of them weigh every pixel when they make smaller.
        layout : {"NHWC", "NCHW"}, optional
            Channels last or first. Formats of equal planes, such as ``"I444"``, have them first.
        out : array, optional
            Write there instead of into a new array; C-contiguous rows are written in place.
        exact : bool, optional
            As for `VideoFrame.copy_to`.
        threads : int, optional
            For the conversion of each frame, as for `VideoFrame.copy_to`.

        Returns
        -------
        numpy.ndarray
            uint8, uint16 for 10 and 12 bits, shape (frames, height, width, channels) or (frames,
            channels, height, width). ``"GRAY8"`` is (frames, height, width) with channels last,
            planar formats are as of `VideoFrame.to_ndarray`.

        Raises
        ------
        IndexError
            There is no such frame.
        InvalidArgumentError
            A parameter is unknown, `out` does not fit, or frames differ in size and none is given.
        EncodingError
            A frame cannot be decoded: it is named. Parts of `out` may be written.
        NotSupportedError
            libswscale cannot do the conversion.
        InvalidStateError
            The Video is closed.
        """
        from ._batch_read import BatchOptions, read_batch

        how = format, width, height, fit, filter, layout, exact, threads
        options = BatchOptions(*how, self._upright)
        numbers, _ = frame_indices(indices, len(self))
        config = self._config
        size = config.coded_width or 0, config.coded_height or 0
        return read_batch(self._open_core(), numbers, options, out, size)
