"""VideoSlice: some frames of a `Video`, decoded when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, Protocol, overload

from .._public import public
from .._spec.types import (
    BytePixelFormat,
    Integer,
    SupportsArray,
    SupportsDLPack,
    VideoPixelFormat,
    WordPixelFormat,
)
from ..frames.video_frame import VideoFrame
from ._frame_requests import FrameRequests
from ._video_core import VideoCore
from ._video_times import frame_index

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Unpack

    from ..frames._keywords import OutArray
    from ._keywords import BatchKeywords

    class FrameOwner(Protocol):
        """A `Video`, as its views see it."""

        @property
        def timestamps(self) -> npt.NDArray[np.int64]: ...
        @property
        def durations(self) -> npt.NDArray[np.int64]: ...
        @overload
        def __getitem__(self, index: slice) -> VideoSlice: ...
        @overload
        def __getitem__(self, index: Integer) -> VideoFrame: ...
        @property
        def read(self) -> Callable[..., npt.NDArray[Any]]: ...
        def _open_core(self) -> VideoCore: ...


@public
class VideoSlice:
    """What ``video[start:stop:step]`` gives: a view, which holds the Video and decodes nothing.

    It is a sequence of frames: it has a length, indices (negative ones too), slices, and can be
    iterated over, forward and with `reversed`. Each frame is yours to close.

    Examples
    --------
    >>> for frame in reversed(video[10:40:5]):
    ...     frame.close()
    """

    __slots__ = ("_range", "_video")

    def __init__(self, video: FrameOwner, numbers: range) -> None:
        self._video = video
        self._range = numbers

    @property
    def indices(self) -> range:
        """The indices of its frames in the Video."""
        return self._range

    @property
    def timestamps(self) -> npt.NDArray[np.int64]:
        """When each frame is shown, in microseconds: int64, shape (frames,)."""
        return self._video.timestamps[self._array()]

    @property
    def durations(self) -> npt.NDArray[np.int64]:
        """How long the Video shows each frame, in microseconds: int64, shape (frames,)."""
        return self._video.durations[self._array()]

    def _array(self) -> npt.NDArray[np.int64]:
        import numpy as np

        numbers = self._range
        return np.arange(numbers.start, numbers.stop, numbers.step, dtype=np.int64)

    @overload
    def read(
        self,
        format: BytePixelFormat = "RGB",
        *,
        out: None = None,
        **options: Unpack[BatchKeywords],
    ) -> npt.NDArray[np.uint8]: ...
    @overload
    def read(
        self,
        format: WordPixelFormat,
        *,
        out: None = None,
        **options: Unpack[BatchKeywords],
    ) -> npt.NDArray[np.uint16]: ...
    @overload
    def read(
        self,
        format: VideoPixelFormat = "RGB",
        *,
        out: OutArray,
        **options: Unpack[BatchKeywords],
    ) -> OutArray: ...
    @overload
    def read(
        self,
        format: VideoPixelFormat = "RGB",
        *,
        out: SupportsArray | SupportsDLPack | None = None,
        **options: Unpack[BatchKeywords],
    ) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]: ...
    def read(
        self,
        format: VideoPixelFormat = "RGB",
        *,
        out: Any = None,
        **options: Unpack[BatchKeywords],
    ) -> npt.NDArray[Any]:
        """Return its frames as one array; parameters and errors as of `Video.read`."""
        return self._video.read(self._range, format, out=out, **options)

    def __len__(self) -> int:
        return len(self._range)

    @overload
    def __getitem__(self, index: slice) -> VideoSlice: ...
    @overload
    def __getitem__(self, index: Integer) -> VideoFrame: ...
    def __getitem__(self, index: Integer | slice) -> VideoFrame | VideoSlice:
        if isinstance(index, slice):
            return VideoSlice(self._video, self._range[index])
        return self._video[self._range[frame_index(index, len(self._range))]]

    def __iter__(self) -> Iterator[VideoFrame]:
        return self._requests(self._range)

    def __reversed__(self) -> Iterator[VideoFrame]:
        return self._requests(self._range[::-1])

    def _requests(self, numbers: range) -> FrameRequests:
        return FrameRequests(self._video._open_core(), numbers, self._video, is_sized=True)

    def __repr__(self) -> str:
        numbers = self._range
        step = "" if numbers.step == 1 else f":{numbers.step}"
        return f"<VideoSlice [{numbers.start}:{numbers.stop}{step}] of {self._video!r}>"
