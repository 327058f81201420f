"""The videos that references have opened in this process: a few, those that were used last.

Nobody counts users. Who uses a video holds it; what makes room only forgets it, and it is closed
when its last user drops it, whatever ended that one. So none is closed under a user, and nothing
that interrupts can leave one open.

An index stays when its video is closed (`KeptIndices`), for it took a pass over all packets. The
pictures of videos and these indices are held to `max_bytes`; pictures go first, but indices of
closed videos never take more than an eighth.

The dictionaries are plain ones, in the order of use: an OrderedDict that is interrupted while it
compares keys is broken. What is lost between two steps is opened, or read, once more.

A forked child begins with nothing open. What it has of its parent it forgets when it opens its
first: at the fork itself, other parts of it are not ready yet.
"""

from __future__ import annotations

import atexit
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from .._av import averror, forked
from .._spec.codecs.picture_limit import MAX_PIXELS
from ..errors import DataError, EncodingError, InvalidArgumentError
from ..frames.video_frame import VideoFrame
from ._frame_requests import FrameRequests
from ._frame_source import FrameSource, Seen, place_of
from ._input_options import parse_opening
from ._kept_indices import KeptIndices
from ._source_digest import SourceDigest, digest_of
from ._video_facts import VideoFacts
from ._video_opening import core_of_file
from ._video_times import frame_index, frame_indices
from .video_index import VideoIndex

if TYPE_CHECKING:
    import numpy.typing as npt

    BatchArguments = tuple[Any, Any, Any, Any, Any, Any, Any, Any]  # of BatchOptions, but the last

T = TypeVar("T")
Key = tuple[Any, ...]
MAX_OPEN = 8
MAX_BYTES = 256 << 20
_INDICES = 8  # an eighth of the bytes is for the indices of closed videos


class OpenVideo(VideoFacts):
    """A Video for references: closed when it is dropped, which is no mistake."""

    __slots__ = ()

    @classmethod
    def of(cls, source: FrameSource, index: VideoIndex | None, most: int) -> OpenVideo:
        """Open one, as its source says; raises as `Video`, and DataError."""
        given = dict(source.given)
        pixels = given.get("max_pixels", MAX_PIXELS)
        opening = parse_opening(
            given.get("format"),
            dict(given.get("options", ())),
            given.get("playlists"),
            pixels or None,
            given.get("timeout"),
            stream=given.get("stream"),
            color_space=given.get("color_space"),
        )
        config, threads = given.get("config"), given.get("threads", 1)
        room = min(given.get("cache_bytes", most), most - most // _INDICES)  # beside the index
        core, found, used = core_of_file(source.name, config, index, opening, threads, room)
        video = cls.__new__(cls)
        video._set_up(core, found, used, bool(given.get("upright")))
        source.require_open(core)
        return video

    def _left_open(self) -> None:
        """Warn of nothing: the program did not open it."""

    def frame(self, number: int) -> VideoFrame:
        return self._open_core().frame(frame_index(number, len(self)))

    def requests(self, indices: range) -> FrameRequests:
        numbers, _ = frame_indices(indices, len(self))
        return FrameRequests(self._open_core(), numbers, None, is_sized=True)

    def read(self, indices: range, out: Any, options: BatchArguments) -> npt.NDArray[Any]:
        from ._batch_read import BatchOptions, read_batch

        checked = BatchOptions(*options, upright=self._upright)
        numbers, _ = frame_indices(indices, len(self))
        config = self._config
        size = config.coded_width or 0, config.coded_height or 0
        return read_batch(self._open_core(), numbers, checked, out, size)


class _OpenPlace:
    """The place of a video; `lock` is held while it is opened."""

    __slots__ = ("lock", "place", "seen", "video")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.video: OpenVideo | None = None
        self.seen: Seen | None = None
        self.place = b""


class OpenVideos:
    """Opens videos, and keeps at most `max_open` of them open."""

    def __init__(self) -> None:
        self.max_open = MAX_OPEN
        self.max_bytes = MAX_BYTES
        self._inherited: list[object] = []
        self._has_exit = False
        self._begin(KeptIndices())
        forked.watch(self)

    def _begin(self, indices: KeptIndices) -> None:
        # Reentrant: destructors and handlers of signals may use references too.
        self._lock = threading.RLock()
        self._entries: dict[Key, _OpenPlace] = {}
        self._indices = indices

    def _after_fork(self) -> None:
        self._inherited.append(self._entries)
        self._begin(self._indices.copy())  # plain memory

    def use(self, source: FrameSource, job: Callable[..., T], *arguments: Any) -> T:
        """Return ``job(video, *arguments)``, with the video of a source."""
        video = None
        try:
            video = self.video(source)
            counters = video._core.engine.counters
            hits = counters.cache_hits
            result = job(video, *arguments)
            if counters.cache_hits == hits:  # else there is no more than before, and it is quick
                self._keep_within(video)
            return result
        except BaseException as error:
            was_open, video = video is not None, None
            self.failed(source, error, was_open)
            raise

    def failed(self, source: FrameSource, error: BaseException, was_open: bool = True) -> None:
        """See to it that an error neither keeps a video open nor leaves a broken one."""
        averror.let_go(error)
        if was_open and _may_have_broken(error, source):
            self._forget(source)

    def index(self, source: FrameSource) -> VideoIndex:
        """Return the index of a source; opens the file where it is not known here yet."""
        found = self._indices.get(source.key)
        if found is None:
            return self.use(source, _index_of)
        self._keep_index(source, found)
        return found

    def video(self, source: FrameSource) -> OpenVideo:
        """Return the open video of a source.

        Raises
        ------
        DataError
            The file is another one, or was changed.
        Exception
            What `Video` raises.
        """
        if self._inherited:
            self._inherited.clear()
        try:
            seen = Seen(source.path) if source.is_file else None
            entry = self._entry(source)
            video = _current(entry, seen)
            if video is None:
                with entry.lock:
                    # Another thread may just have opened it.
                    video = _current(entry, seen) or self._open(entry, source, seen)
        except BaseException:
            self._forget(source)
            raise
        if seen is not None:
            source.require_untouched(seen, entry.place)
        return video

    def _entry(self, source: FrameSource) -> _OpenPlace:
        """Return the place of a source, a new one if need be; then others make room for it."""
        dropped: list[_OpenPlace | None] = []
        with self._lock:
            entries = self._entries
            entry = entries.pop(source.key, None) or _OpenPlace()
            while len(entries) >= self.max_open:
                dropped.append(entries.pop(next(iter(entries)), None))
            entries[source.key] = entry
        return entry  # what was dropped is closed here, without the lock

    def _open(self, entry: _OpenPlace, source: FrameSource, seen: Seen | None) -> OpenVideo:
        """Open a video that is not open, or look again at one whose file has another face."""
        video, before = entry.video, entry.seen
        now, place = None, b""
        if seen is not None:
            now = digest_of(source.path)
            source.require(now)
            place = place_of(now)
            source.require_untouched(seen, place)
            if video is not None and before is not None and before.is_same_file(seen):
                entry.seen = seen
                return video
        entry.video = video = None
        if not self._has_exit:
            self._has_exit = True
            atexit.register(self.clear)
        index = self._indices.get(source.key)
        if index is None:
            index = _found_index(source, now)
        video = OpenVideo.of(source, index, self.max_bytes)
        entry.seen, entry.place = seen, place
        entry.video = video
        self._keep_index(source, video.index)
        return video

    def _keep_index(self, source: FrameSource, index: VideoIndex) -> None:
        self._indices.put(source.key, index, self.max_open, self.max_bytes // _INDICES)

    def _forget(self, source: FrameSource) -> None:
        with self._lock:
            entry = self._entries.pop(source.key, None)
        del entry

    def _keep_within(self, video: OpenVideo) -> None:
        """Let go of pictures, then of indices, that are too much; this video's pictures last."""
        with self._lock:
            others = [each.video for each in self._entries.values()]
        mine = video._core.store
        stores = [each._core.store for each in others if each is not None and each is not video]
        indices = self._indices
        total = indices._memory_held() + mine.held[1] + sum(store.held[1] for store in stores)
        for store in stores:
            if total <= self.max_bytes:
                return
            total -= store.held[1]
            store.clear()
        while total > self.max_bytes and len(indices) > 1 and indices._memory_drop():
            total = indices._memory_held() + mine.held[1]
        if total > self.max_bytes:
            mine.clear()

    def clear(self) -> None:
        """Forget all; what is in use stays open until it is not."""
        with self._lock:
            entries, indices = self._entries, self._indices
            self._entries, self._indices = {}, KeptIndices()
        del entries, indices


def _found_index(source: FrameSource, now: SourceDigest | None) -> VideoIndex | None:
    """Return an index that somebody here has, or the saved one, if it is this file's."""
    index: VideoIndex | None = source.known()
    if index is None and source.index is not None:
        try:
            index = VideoIndex.load(source.index)
        except (OSError, DataError):  # it is not on this machine, or of another version
            return None
    return index if index is not None and source.fits(index, now) else None


def _current(entry: _OpenPlace, seen: Seen | None) -> OpenVideo | None:
    """Return an open video if nobody has touched its file."""
    video, before = entry.video, entry.seen
    if video is None or video.closed:
        return None
    if seen is None or before is None:
        return video
    return video if before.facts == seen.facts else None


def _may_have_broken(error: BaseException, source: FrameSource) -> bool:
    """Return whether a video may be of no use after an error: not if only a frame is damaged, or an
    argument is wrong.
    """
    if isinstance(error, EncodingError):
        return not source.is_file
    return not isinstance(error, (InvalidArgumentError, IndexError))


def _index_of(video: OpenVideo) -> VideoIndex:
    return video.index


VIDEOS = OpenVideos()
