"""LiveFrames: the newest frames of an input that does not wait for the program."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._public import public
from .._runtime.closing import Closable
from .._runtime.latest import Latest
from ..frames.video_frame import VideoFrame

if TYPE_CHECKING:
    from ..frames._pixel_conversion import PixelConversion
    from ._reading import FileFrames

_ROOM = 4


@public
class LiveFrames(Closable):
    """The frames that ``read_frames(source, live=True)`` gives: an iterator, once through.

    Reading and decoding go on, on a thread of their own, while the program is busy. At most four
    frames wait for it. When there is one more, the oldest of them is closed and counted. The times
    of the others say when each is shown, as always.

    ``with`` closes it at its end; dropping it ends the thread, too.

    Examples
    --------
    >>> with read_frames("rtsp://camera.example/stream", live=True, timeout=10) as frames:
    ...     for frame in frames:
    ...         look_at(frame)
    ...     print(frames.dropped, "frames came too fast")
    """

    __slots__ = ("__weakref__", "_how", "_latest")
    _latest: Latest[VideoFrame]
    _how: Any  # a PixelConversion or None: what is done with those that are taken

    _instead = "read the source there"

    def __init__(self) -> None:
        raise TypeError("use read_frames(source, live=True)")

    @classmethod
    def _of(cls, frames: FileFrames, how: PixelConversion | None = None) -> LiveFrames:
        self = cls.__new__(cls)
        self._how = how
        self._latest = Latest(frames, _ROOM, VideoFrame.close, frames.interrupt)
        return self

    @property
    def dropped(self) -> int:
        """How many frames were dropped because the program was late. Those that `close` finds
        waiting do not count.
        """
        return self._latest.dropped

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._latest.closed

    def __iter__(self) -> LiveFrames:
        return self

    def __next__(self) -> VideoFrame:
        frame, how = next(self._latest), self._how
        return frame if how is None else how.apply(frame)

    def close(self) -> None:
        """Close decoder and input, and the frames that wait; twice is fine, from any thread.

        Where another thread waits for a frame, that ends with InvalidStateError.
        """
        self._latest.close()

    def _left_open(self) -> None:
        return None  # as after a loop that was left

    def _abandon(self) -> None:
        pass  # what it holds ends by itself

    def __repr__(self) -> str:
        return f"<LiveFrames: {self.dropped} dropped>"
