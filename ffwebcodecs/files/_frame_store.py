"""The frames that a `Video` keeps around its position: copies, in a `FrameCache`."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from .._av.frames import frame as native
from .._av.frames.picture import Picture
from ..errors import InvalidStateError
from ..frames._shape import FrameShape
from ..frames.frame_cache import FrameCache
from ..frames.image_bitmap import ImageBitmap

if TYPE_CHECKING:
    from .._ffi._types import AVFrame


class KeptPicture(ImageBitmap):
    """A copy of a whole coded picture, with the shape of the frame that it is a copy of."""

    __slots__ = ("_size",)

    _size: int

    @classmethod
    def copy_of(cls, ptr: AVFrame, shape: FrameShape) -> KeptPicture:
        """Copy a decoded picture, in any format that there is."""
        copy = native.duplicate(ptr)
        kept = cls.__new__(cls)
        kept._warn = False
        kept._size = native.byte_size(copy)
        kept._shape = shape
        kept._picture = Picture(copy)
        return kept

    @property
    def _byte_length(self) -> int:
        return self._size


class FrameStore:
    """Copies of pictures by index, of `most` bytes together; 0 keeps none."""

    __slots__ = ("_cache", "_most", "picture_bytes")

    def __init__(self, most: int, picture_bytes: int) -> None:
        self._most = most
        self._cache = FrameCache(max_bytes=most) if most > 0 else None
        if self._cache is not None:
            self._cache._memory_kind = "videos"
        self.picture_bytes = max(1, picture_bytes)  # of one picture, about

    @property
    def most(self) -> int:
        """How many bytes it holds at most."""
        return self._most

    @property
    def room(self) -> int:
        """How many pictures it holds, about; as many as may wait elsewhere, too."""
        return self._most // self.picture_bytes

    def __contains__(self, index: int) -> bool:
        try:
            return self._cache is not None and index in self._cache
        except InvalidStateError:
            return False

    def get(self, index: int) -> tuple[Picture, FrameShape] | None:
        """Return a picture and its shape, None if it is not here."""
        if self._cache is None:
            return None
        bitmap = self._cache.get(index)
        return None if bitmap is None else (bitmap._open_picture(), bitmap._shape)

    def put(self, index: int, ptr: AVFrame, shape: FrameShape) -> None:
        """Keep a copy, unless it is larger than all that may be kept."""
        cache = self._cache
        if cache is None or native.byte_size(ptr) > self._most:
            return
        kept = KeptPicture.copy_of(ptr, shape)
        if kept._byte_length <= self._most:
            cache._insert(index, kept)

    @property
    def held(self) -> tuple[int, int]:
        """Pictures and bytes that it holds now."""
        if self._cache is None:
            return 0, 0
        stats = self._cache.stats
        return stats.frames, stats.bytes

    def clear(self) -> None:
        """Let go of all; more may come."""
        if self._cache is not None:
            with suppress(InvalidStateError):  # another thread closes it
                self._cache.clear()

    def close(self) -> None:
        """Let go of all; twice is fine."""
        if self._cache is not None:
            self._cache.close()
