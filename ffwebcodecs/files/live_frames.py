"""LiveFrames: the newest frames of an input that does not wait for the program."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._public import public
from .._runtime.latest import Latest
from ..frames.video_frame import VideoFrame
from .frame_reader import FrameReader

if TYPE_CHECKING:
    from ..frames._pixel_conversion import PixelConversion

_ROOM = 4


@public
class LiveFrames(FrameReader):
    """The frames that ``read_frames(source, live=True)`` gives: an iterator, once through.

    Reading and decoding go on, on a thread of their own, while the program is busy. At most four
    frames wait for it. When there is one more, the oldest of them is closed and counted. The times
    of the others say when each is shown, as always.

    ``with`` closes it at its end; dropping it ends the thread, too.

    Examples
    --------
    >>> camera = "rtsp://camera.example/stream"
    >>> with read_frames(camera, live=True, timeout=10) as frames:  # doctest: +SKIP
    ...     for frame in frames:
    ...         look_at(frame)
    ...     print(frames.dropped, "frames came too fast")
    """

    __slots__ = ("_how",)
    _frames: Latest[VideoFrame]
    _how: Any  # a PixelConversion or None: what is done with those that are taken

    _instead = "read the source there"

    def __init__(self) -> None:
        raise TypeError("use read_frames(source, live=True)")

    @classmethod
    def _live(
        cls,
        frames: FrameReader,
        interrupt: Callable[[], object],
        how: PixelConversion | None = None,
    ) -> LiveFrames:
        """Return the newest ones of `frames`; `interrupt` ends what these wait for."""
        latest = Latest(frames, _ROOM, VideoFrame.close, interrupt)
        self = cls._of(latest, frames._shown)
        self._how = how
        return self

    @property
    def dropped(self) -> int:
        """How many frames were dropped because the program was late. Those that `close` finds
        waiting do not count.
        """
        return self._frames.dropped

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._frames.closed

    def __next__(self) -> VideoFrame:
        frame, how = super().__next__(), self._how
        return frame if how is None else how.apply(frame)

    def close(self) -> None:
        """Close decoder and input, and the frames that wait; twice is fine, from any thread.

        Where another thread waits for a frame, that ends with InvalidStateError.
        """
        self._frames.close()

    def _abandon(self) -> None:
        pass  # what it holds ends by itself

    def __repr__(self) -> str:
        last = "" if self._last is None else f", last at {self._last} us"
        over = "closed" if self.closed else "open"
        return f"<LiveFrames of {self._shown}, {over}, {self.dropped} dropped{last}>"
