"""FrameReader: the frames of a file, one after another."""

from __future__ import annotations

from .._public import public
from ..frames.video_frame import VideoFrame
from ._file_iterator import FileIterator


@public
class FrameReader(FileIterator[VideoFrame]):
    """The frames that `read_frames` gives: an iterator, once through.

    ``with`` and `close` let go of decoder and file early; after the last frame, and after an error,
    they are closed already. One that is dropped, as after a loop that was left, frees all of it
    without a warning. Frames that were given are yours, and outlive it.

    Examples
    --------
    >>> with read_frames("clip.mp4") as frames:
    ...     first = next(frames)
    >>> frames.last_timestamp, frames.closed
    (0, True)
    """

    __slots__ = ()

    _instead = "read the file there, or send a FrameRef"

    def __init__(self) -> None:
        raise TypeError("use read_frames(source)")
