"""FrameCache: frames kept as copies, so that no decoder waits for them."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Hashable
from functools import partial
from operator import methodcaller
from typing import TYPE_CHECKING, Any, NamedTuple

from .._av import forked
from .._public import public
from .._runtime import memory
from .._runtime.closing import Closable, only_once
from .._spec.frames.formats import get_format
from .._spec.numbers import show, to_integer
from .._spec.types import VideoPixelFormat
from ..errors import InvalidArgumentError, InvalidStateError, QuotaExceededError
from .image_bitmap import ImageBitmap, create_image_bitmap
from .video_frame import VideoFrame

if TYPE_CHECKING:
    from .._ffi._types import AVFrame

_PATIENCE = 0.05  # seconds that another thread has for leaving


@public
class FrameCacheStats(NamedTuple):
    """The numbers of a cache at one moment.

    Attributes
    ----------
    frames, bytes : int
        What it holds now.
    max_frames, max_bytes : int or None
        Its bounds; None: no bound.
    hits, misses : int
        How often `get` found something, and did not.
    evictions : int
        How many were thrown out to make room.
    """

    frames: int
    bytes: int
    max_frames: int | None
    max_bytes: int | None
    hits: int
    misses: int
    evictions: int


@public
class FrameCache(Closable):
    """Keeps copies of frames by key, least recently used out first; may be used from any thread.

    `put` takes a frame: it copies the pixels into plain memory and closes the frame, so a decoder
    gets its slot back at once. The cache owns the copies. What `get` returns is borrowed: it needs
    no closing, and stays valid for as long as you keep it, also when the cache throws its own hold
    away or is closed. Only what `pop` returns is yours to close.

    Parameters
    ----------
    max_frames : int, optional
        Most copies to hold; None: no bound.
    max_bytes : int, optional
        Most bytes of pixels to hold; None: no bound.
    format : str, optional
        VideoPixelFormat to keep them in, ``"RGBA"`` for instance; None: each frame's own, which is
        smallest: I420 takes 1.5 bytes for a pixel, RGBA 4.

    Raises
    ------
    InvalidArgumentError
        A bound is less than 1, or the format is unknown.

    Examples
    --------
    >>> cache = FrameCache(max_frames=30)
    >>> for frame in read_frames("clip.mp4"):
    ...     cache.put(frame.timestamp, frame)       # takes the frame
    >>> cache.stats.frames
    30
    >>> cache.close()
    """

    __slots__ = (
        "__weakref__",
        "_bitmaps",
        "_bytes",
        "_change",
        "_evictions",
        "_format",
        "_hits",
        "_lock",
        "_max_bytes",
        "_max_frames",
        "_memory_kind",
        "_misses",
    )

    def __init__(
        self,
        max_frames: int | None = None,
        max_bytes: int | None = None,
        format: VideoPixelFormat | None = None,
    ) -> None:
        only_once(self, "_max_frames")
        self._max_frames = _bound(max_frames, "max_frames")
        self._max_bytes = _bound(max_bytes, "max_bytes")
        if format is not None:
            get_format(format)
        self._format = format
        # Reentrant: the garbage collector may run a destructor that uses the cache in the middle.
        self._lock = threading.RLock()
        forked.watch(self)
        self._bitmaps: OrderedDict[Hashable, ImageBitmap] | None = OrderedDict()
        self._bytes = 0
        self._change: object | None = None  # what is being changed now: see `_begin_change`
        self._hits = self._misses = self._evictions = 0
        self._memory_kind = "frame caches"
        memory.watch(self)

    def _after_fork(self) -> None:
        self._lock = threading.RLock()

    def put(self, key: Hashable, frame: VideoFrame) -> None:
        """Take `frame`: keep a copy under `key`, and close it, whether the copy succeeds or not.

        What was there under the key goes, and then the least recently used until the new copy fits.

        Raises
        ------
        InvalidStateError
            The frame, or the cache, is closed.
        QuotaExceededError
            The frame alone is larger than `max_bytes`; nothing was thrown out.
        InvalidArgumentError
            `frame` is no VideoFrame, or `key` is not hashable.
        NotSupportedError
            The frame cannot be converted to the cache's format.
        MemoryError
            FFmpeg cannot allocate the copy.
        """
        if not isinstance(frame, VideoFrame):
            raise InvalidArgumentError(f"put takes a VideoFrame, got {show(frame)}")
        with frame:
            try:
                hash(key)
            except TypeError:
                raise InvalidArgumentError(f"the key must be hashable, got {show(key)}") from None
            self._open()
            size = frame.allocation_size(format=self._format)
            if self._max_bytes is not None and size > self._max_bytes:
                raise QuotaExceededError(
                    f"the frame at {frame.timestamp} us takes {size} bytes, "
                    f"the cache holds at most {self._max_bytes}"
                )
            bitmap = create_image_bitmap(frame, format=self._format)
        bitmap._warn = False  # nobody has to close it, and if it does not get in, it just goes
        self._insert(key, bitmap)

    def _insert(self, key: Hashable, bitmap: ImageBitmap) -> None:
        size = bitmap._byte_length
        bitmap._used = memory.next_use()
        with self._lock:
            bitmaps = self._open()
            change = self._begin_change()
            old = bitmaps.pop(key, None)
            if old is not None:
                self._let_go(old)
            while bitmaps and (
                (self._max_frames is not None and len(bitmaps) >= self._max_frames)
                or (self._max_bytes is not None and self._count() + size > self._max_bytes)
            ):
                _, least = bitmaps.popitem(last=False)
                self._let_go(least)
                self._evictions += 1
            bitmaps[key] = bitmap
            self._bytes += size
            self._end_change(change)
            if self._bitmaps is not bitmaps:  # by the key's own comparison
                bitmap.close()
                self._open()
        del bitmaps
        memory.watch(self)  # a forked child's own is what it adds
        memory.keep_within()

    def _begin_change(self) -> object:
        """Say that copies come or go: until `_end_change`, the sum is not to be relied on.

        An interrupt may break a change off, and the garbage collector may make another one in the
        middle of it. Then they are counted again.
        """
        if self._change is not None:
            self._bytes = self._count()
        self._change = change = object()
        return change

    def _end_change(self, change: object) -> None:
        self._change = None if self._change is change else change

    def _count(self) -> int:
        """Return the bytes of all copies."""
        bitmaps = self._bitmaps
        if not bitmaps:
            return 0
        if self._change is None:
            return self._bytes
        return sum(bitmap._byte_length for bitmap in list(bitmaps.values()))

    def _let_go(self, bitmap: ImageBitmap) -> None:
        self._bytes -= bitmap._byte_length
        bitmap.close()

    def get(self, key: Hashable) -> ImageBitmap | None:
        """Return the copy under `key`, None if there is none, and mark it as used.

        The bitmap is borrowed: keep it for as long as you like, there is nothing to close.

        Raises
        ------
        InvalidStateError
            The cache is closed.
        """
        with self._lock:
            bitmaps = self._open()
            bitmap = bitmaps.get(key)
            if bitmap is None:
                self._misses += 1
                return None
            self._hits += 1
            bitmaps.move_to_end(key)
            bitmap._used = memory.next_use()
            return bitmap._borrow()

    def pop(self, key: Hashable) -> ImageBitmap | None:
        """Take the copy under `key` out and return it, None if there is none; it is yours to close.

        Raises
        ------
        InvalidStateError
            The cache is closed.
        """
        with self._lock:
            bitmaps = self._open()
            change = self._begin_change()
            bitmap = bitmaps.pop(key, None)
            if bitmap is not None:
                self._bytes -= bitmap._byte_length
                bitmap._warn = True
            self._end_change(change)
            return bitmap

    def __contains__(self, key: object) -> bool:
        with self._lock:
            return key in self._open()

    def __len__(self) -> int:
        with self._lock:
            return len(self._bitmaps or ())

    def keys(self) -> list[Hashable]:
        """Return the keys, least recently used first."""
        with self._lock:
            return list(self._open())

    def clear(self) -> None:
        """Let go of all copies; the cache can be used again."""
        with self._lock:
            self._empty(self._open())

    def close(self) -> None:
        """Let go of all copies for good; twice is fine."""
        with self._lock:
            bitmaps, self._bitmaps = self._bitmaps, None
            if bitmaps is not None:
                self._empty(bitmaps)

    def _empty(self, bitmaps: OrderedDict[Hashable, ImageBitmap]) -> None:
        change = self._begin_change()
        while bitmaps:
            self._let_go(bitmaps.popitem()[1])
        self._end_change(change)

    # ---- what all caches of the process hold together: a `MemoryHolder` --------------------------

    def _memory_held(self) -> int:
        """Return the bytes of all copies; for `memory_report`."""
        try:
            return self._count()
        except RuntimeError:  # another thread changes them
            return self._bytes

    def _memory_oldest(self) -> int | None:
        """Return when the least recently used copy was used; for `set_memory_limit`."""
        try:
            for bitmap in (self._bitmaps or {}).values():
                return bitmap._used
        except RuntimeError:
            pass
        return None

    def _memory_drop(self) -> bool:
        """Drop the least recently used copy; for `set_memory_limit`."""
        # Taken and released in one step of C each, between which nothing can be interrupted.
        taken: list[Any] = []
        acquired = filter(methodcaller("acquire", True, _PATIENCE), (self._lock,))
        release: partial[Any] = partial(deque, map(methodcaller("release"), taken), 0)
        try:
            taken.extend(acquired)
            bitmaps = self._bitmaps
            if not taken or not bitmaps:
                return False
            change = self._begin_change()
            self._let_go(bitmaps.popitem(last=False)[1])
            self._evictions += 1
            self._end_change(change)
            return True
        finally:
            release()

    def _memory_frames(self) -> list[AVFrame]:
        try:
            pictures = [each._picture for each in (self._bitmaps or {}).values()]
        except RuntimeError:
            return []
        return [picture.ptr for picture in pictures if picture is not None]

    @property
    def stats(self) -> FrameCacheStats:
        """The numbers of this moment; also of a closed cache."""
        with self._lock:
            return FrameCacheStats(
                len(self),
                self._count(),
                self._max_frames,
                self._max_bytes,
                self._hits,
                self._misses,
                self._evictions,
            )

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._bitmaps is None

    def _open(self) -> OrderedDict[Hashable, ImageBitmap]:
        if self._bitmaps is None:
            raise InvalidStateError("the cache is closed")
        return self._bitmaps

    def _require_open(self) -> None:
        self._open()

    def _left_open(self) -> None:
        """Warn of nothing: the copies are its own, nobody else waits for them."""

    def __repr__(self) -> str:
        if self.closed:
            return "<FrameCache closed>"
        return f"<FrameCache {len(self)} frames, {self._count()} bytes>"


def _bound(value: int | None, what: str) -> int | None:
    if value is None:
        return None
    number = to_integer(value, what)
    if number < 1:
        raise InvalidArgumentError(f"{what} is {number}, it must be at least 1, or None")
    return number
