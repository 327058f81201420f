"""VideoSample: frames of a `Video` at even distances."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from .._public import public
from ..frames.video_frame import VideoFrame

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


@public
class VideoSample:
    """What `Video.sample` chose; nothing is decoded before `frames` or `array` is asked for.

    Attributes
    ----------
    indices, timestamps : int64 array, (frames,)
        Of the chosen frames; timestamps in microseconds.
    """

    __slots__ = ("_array", "_frames", "_read", "indices", "timestamps")

    def __init__(
        self,
        indices: npt.NDArray[np.int64],
        timestamps: npt.NDArray[np.int64],
        frames: Callable[[Any], Iterator[VideoFrame]],
        read: Callable[[Any], Any],
    ) -> None:
        self.indices: npt.NDArray[np.int64] = indices
        self.timestamps: npt.NDArray[np.int64] = timestamps
        self._frames = frames
        self._read = read
        self._array: npt.NDArray[Any] | None = None

    @property
    def frames(self) -> Iterator[VideoFrame]:
        """The frames, from the first one each time; each is yours to close."""
        return self._frames(self.indices)

    @property
    def array(self) -> npt.NDArray[Any]:
        """The pixels, as `Video.read` gives them with the options that `Video.sample` was given;
        decoded once and kept.
        """
        if self._array is None:
            self._array = self._read(self.indices)
        return self._array

    def __len__(self) -> int:
        return len(self.indices)

    def __repr__(self) -> str:
        return f"<VideoSample of {len(self)} frames>"


def moments_of(begin: int, end: int, count: int | None, rate: float | None) -> list[int]:
    """Return the times to look at, in microseconds: the middles of `count` equal parts, or
    `rate` of them a second from the beginning on.
    """
    if count is not None:
        return [begin + (2 * each + 1) * (end - begin) // (2 * count) for each in range(count)]
    assert rate is not None
    step = 1_000_000 / rate
    total = int((end - begin) / step) + 1
    moments = (begin + round(each * step) for each in range(total + 1))
    return [moment for moment in moments if moment < end]
