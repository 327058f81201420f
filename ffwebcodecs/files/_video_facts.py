"""What a `Video` says of itself, and how it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._runtime.closing import Closable
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.numbers import to_integer
from ..errors import InvalidArgumentError
from ._video_core import VideoCore
from ._video_times import Clock
from .video_index import VideoIndex
from .video_stats import VideoStats

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np
    import numpy.typing as npt

    from .check_result import CheckResult

_PATIENCE = 0.5  # seconds that another thread has for leaving


class VideoFacts(Closable):
    """An open Video: core, configuration, columns."""

    __slots__ = (
        "__weakref__",
        "_clock",
        "_config",
        "_core",
        "_durations",
        "_index",
        "_key_frames",
        "_timestamps",
        "_upright",
    )

    def _set_up(
        self, core: VideoCore, index: VideoIndex, config: VideoDecoderConfig, upright: bool
    ) -> None:
        self._core = core
        self._index = index
        self._config = config
        self._upright = core.turns = upright
        self._clock = Clock(core.timestamps, core.durations)
        self._timestamps: npt.NDArray[np.int64] = _read_only(core.timestamps)
        self._durations: npt.NDArray[np.int64] = _read_only(core.durations)
        self._key_frames: npt.NDArray[np.bool_] = _read_only(core.engine.table.key_frames)

    def __len__(self) -> int:
        return len(self._timestamps)

    @property
    def timestamps(self) -> npt.NDArray[np.int64]:
        """When each frame is shown, in microseconds: int64, shape (frames,), read-only."""
        return self._timestamps

    @property
    def durations(self) -> npt.NDArray[np.int64]:
        """Until the next frame, in microseconds: int64, shape (frames,), read-only."""
        return self._durations

    @property
    def key_frames(self) -> npt.NDArray[np.bool_]:
        """Whether each frame is a key frame: bool, shape (frames,), read-only."""
        return self._key_frames

    @property
    def index(self) -> VideoIndex:
        """What was read of the packets: it can be saved, and divided at key frames."""
        return self._index

    @property
    def duration(self) -> int:
        """From the beginning of the first frame to the end of the last one, in microseconds."""
        return int(self.durations.sum())

    @property
    def origin(self) -> int:
        """When the film begins on the clock of `timestamps`, in microseconds: see
        `Demuxer.origin`; 0 of chunks.
        """
        return self._core.origin

    @property
    def frame_rate(self) -> float | None:
        """Frames per second on average: counted, not what the file states; None without frames."""
        duration = self.duration
        return len(self) * 1_000_000 / duration if duration else None

    @property
    def video_config(self) -> VideoDecoderConfig:
        """How it is decoded: what `VideoDecoder.configure` needs."""
        return self._config

    @property
    def stats(self) -> VideoStats:
        """What was done until now; also of a closed Video."""
        done, (frames, size) = self._core.engine.counters, self._core.store.held
        return VideoStats(
            done.seeks,
            done.seek_misses,
            done.packets_read,
            done.pictures_decoded,
            done.frames_given,
            done.cache_hits,
            frames,
            size,
        )

    def check(self, *, on_progress: Callable[[int], object] | None = None) -> CheckResult:
        """Decode everything from the first packet to the last, and say what is wrong with the file
        and what is worth knowing about it.

        Damage does not end it: decoding goes on at the next key frame. Errors are frames that are
        missing or damaged and times that cannot be trusted; notes are no fault of the file. It
        decodes with one thread, takes as long as that takes, and keeps no picture. The file is
        opened anew for it, so other threads may use the Video meanwhile; of what can be read only
        once (a stream), they wait.

        Parameters
        ----------
        on_progress : callable, optional
            Is called with the number of pictures decoded so far, after each. What it raises ends
            the check.

        Returns
        -------
        CheckResult
            A tuple of `Finding`, errors first; `CheckResult.sound` says whether there are none.
            docs/time.md lists the kinds.

        Raises
        ------
        OSError
            The file is not there any more.
        InvalidStateError
            The Video is closed, or was closed meanwhile.
        NotSupportedError, TimeoutError
            As for `Video`.

        Examples
        --------
        >>> found = video.check()
        >>> found.sound, [(each.kind, each.start, each.stop) for each in found.errors]
        (False, [('undecodable', 30, 45)])
        """
        from ._check import check_video

        return check_video(self._open_core(), self._config, on_progress)

    # ---- lifetime --------------------------------------------------------------------------------

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._core.engine.closed

    def close(self) -> None:
        """Close file and decoder, and let go of what is kept; twice is fine.

        What another thread is decoding ends with InvalidStateError. Frames stay valid.
        """
        core = self._core
        lock, free = core.engine.lock, False
        try:
            core.engine.interrupt()
            core.call_off()
            free = lock.acquire(timeout=_PATIENCE)
        finally:  # also if the handler of a signal raises meanwhile
            try:
                core.close(wait=free)
            finally:
                if free:
                    lock.release()

    def _open_core(self) -> VideoCore:
        self._require_open()
        return self._core

    def _left_open(self) -> str | None:
        # Not all that `repr` says: that takes numpy, which is gone when the interpreter ends.
        return f"unclosed video of {self._core.name}"

    def _abandon(self) -> None:
        self._core.close()  # nobody else has it, so there is nothing to lock

    def _repr_png_(self) -> bytes | None:
        """Return a strip of key frames for notebooks, None if it is closed or has none that can be
        decoded.
        """
        if self.closed:
            return None
        from ._film_strip import film_strip

        return film_strip(self._core, self._shape())  # None: a notebook shows the `repr`

    def _shape(self) -> tuple[int, int]:
        """Return the shape that pictures are shown in, as far as the configuration says."""
        config = self._config
        width = config.display_aspect_width or config.coded_width or 16
        height = config.display_aspect_height or config.coded_height or 9
        return (height, width) if config.rotation % 180 else (width, height)

    def __repr__(self) -> str:
        state = "closed " if self.closed else ""
        config = self._config
        size = "" if config.coded_width is None else f" {config.coded_width}x{config.coded_height}"
        seconds = self.duration / 1_000_000
        return (
            f"<Video {state}{self._core.name} {config.codec}{size}, {len(self)} frames, "
            f"{seconds:.3f} s>"
        )


def read_cache_bytes(value: int) -> int:
    count = to_integer(value, "cache_bytes")
    if count < 0:
        raise InvalidArgumentError(f"cache_bytes is {count}, it must be 0 or more")
    return count


def _read_only(array: Any) -> Any:
    view = array.view()
    view.setflags(write=False)  # not through `flags`: that makes a string each time
    return view
