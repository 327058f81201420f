"""Pictures in an ISO file (AVIF): an item, or the track of an animation.

A file may have both, and FFmpeg's releases differ in what they make of that: so they are given a
copy in which the boxes of the other one are not seen.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import EncodingError
from .read_frames import read_frames
from .video import Video

if TYPE_CHECKING:
    from ..frames.video_frame import VideoFrame

    Data = bytes | bytearray | memoryview

_CACHE = 1 << 26  # bytes of pictures around the last one


class IsoImage:
    """The item, or the track, of as much of a file as has arrived; for one thread at a time.

    Parameters
    ----------
    data : bytes-like
        Borrowed.
    is_item : bool
        Whether it is about the still picture.
    max_pixels : int or None

    Attributes
    ----------
    size : int
        Of the data.
    """

    __slots__ = ("_content", "_is_item", "_most", "_video", "size")

    def __init__(self, data: Data, is_item: bool, max_pixels: int | None) -> None:
        self.size = len(data)
        self._content = _without(bytearray(data), b"moov" if is_item else b"meta")
        self._is_item = is_item
        self._most = max_pixels
        self._video: Video | None = None

    def frame(self, index: int) -> VideoFrame:
        """Return a picture, as FFmpeg decodes it.

        Raises
        ------
        EncodingError
            There is none, or it is damaged.
        """
        if self._is_item:
            for frame in read_frames(self._content, threads=1, max_pixels=self._most):
                return frame
            raise EncodingError("there is no picture in the item")
        if self._video is None:
            self._video = Video(self._content, threads=1, max_pixels=self._most, cache_bytes=_CACHE)
        try:
            return self._video[index]
        except IndexError as error:
            raise EncodingError(f"there is no picture {index} in the track: {error}") from error

    def close(self) -> None:
        """Close the file; twice is fine."""
        video, self._video = self._video, None
        if video is not None:
            video.close()


def _without(data: bytearray, hidden: bytes) -> bytearray:
    """Make nothing of the boxes of a name, which keeps all else where it is."""
    for at, name in _boxes(data):
        if name == hidden:
            data[at + 4 : at + 8] = b"free"
    return data


def _boxes(data: bytearray) -> Iterator[tuple[int, bytes]]:
    at = 0
    while at + 16 <= len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        if size == 1:
            size = struct.unpack_from(">Q", data, at + 8)[0]
        yield at, name
        if size < 8:
            return
        at += size
