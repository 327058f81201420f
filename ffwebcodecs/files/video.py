"""Video: the frames of a file as a sequence, each exactly, by index or by time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sized
from typing import TYPE_CHECKING, Any, NamedTuple, overload

from .._public import public
from .._runtime.closing import Closable, only_once
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.codecs.picture_limit import MAX_PIXELS
from .._spec.numbers import show, to_flag, to_integer
from ..errors import InvalidArgumentError
from ..frames.video_frame import VideoFrame
from ._frame_requests import FrameRequests
from ._input_options import parse_opening
from ._video_core import VideoCore
from ._video_opening import core_of_chunks, core_of_file
from ._video_times import Clock, check_mode, frame_index, frame_indices
from .video_slice import VideoSlice

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from ..codecs.encoded_video_chunk import EncodedVideoChunk

_CACHE_BYTES = 256 << 20
_PATIENCE = 0.5  # seconds that another thread has for leaving


@public
class VideoStats(NamedTuple):
    """What a `Video` has done until now.

    Attributes
    ----------
    seeks : int
        How often it went to another place in the file.
    seek_misses : int
        How many of them turned out not to be where they should, and were made again further back.
    packets_read : int
        Since the index was there.
    pictures_decoded : int
        Packets that were given to the decoder.
    frames_given : int
    cache_hits : int
        Frames given that needed no decoding.
    cached_frames, cached_bytes : int
        What is kept now.
    """

    seeks: int
    seek_misses: int
    packets_read: int
    pictures_decoded: int
    frames_given: int
    cache_hits: int
    cached_frames: int
    cached_bytes: int


@public
class Video(Closable):
    """The frames of a file as a sequence: ``video[i]`` is the frame that decoding everything from
    the beginning shows as number `i`, and never another one.

    Opening it reads all packets once, without decoding them, unless an `index` is given. Each seek
    after that is verified by the packets that come, and each frame by the packet it was made of: a
    frame that cannot be had is an EncodingError that names it.

    It may be used from several threads; close it when you are done (`close`, or ``with``). Frames
    are yours to close, and stay valid when the Video is closed.

    Parameters
    ----------
    source : path, URL, bytes-like or binary file object
        As for `Demuxer`.
    config : VideoDecoderConfig or mapping, optional
        How to decode it; default: what the file says.
    index : VideoIndex or path, optional
        The index of this file, made before, which saves reading it.
    format, options, playlists, max_pixels, timeout
        Of the file, as for `Demuxer`.
    threads : int, optional
        FFmpeg's decoding threads; default: one for each core that this process may use.
    cache_bytes : int, optional
        How many bytes of pictures to keep around the position, for ``[i]``, `at` and `prefetch`;
        default: 256 MiB. 0 keeps none. It is also what `frames` and `reversed` may hold at a time.
    upright : bool, optional
        Turn pixels as the file says they are to be shown, in `read` and `sample`. Frames are given
        as they are stored, with their `rotation`, so with True those of a turned file are refused.

    Raises
    ------
    OSError
        The file cannot be opened.
    EncodingError
        FFmpeg cannot make sense of the content.
    NotSupportedError
        There is no video in it, or this FFmpeg cannot decode it; or what `Demuxer` says.
    InvalidArgumentError
        A parameter is out of range, or the index is another file's.
    TimeoutError
        A pipe or the network gave nothing for longer than `timeout`.

    Examples
    --------
    >>> with Video("clip.mp4") as video:
    ...     len(video), video.frame_rate
    ...     with video.at(2_500_000) as frame:
    ...         frame.save("shown.png")
    ...     batch = video.read([0, 10, 20], width=224, height=224)
    """

    __slots__ = (
        "__weakref__",
        "_clock",
        "_config",
        "_core",
        "_durations",
        "_key_frames",
        "_timestamps",
        "_upright",
    )

    _instead = "send its source and the indices instead"

    def __init__(
        self,
        source: Any,
        config: VideoDecoderConfig | Mapping[str, Any] | None = None,
        *,
        index: Any = None,
        format: str | None = None,
        options: Mapping[str, Any] | None = None,
        playlists: bool | str | None = None,
        max_pixels: int | None = MAX_PIXELS,
        timeout: float | None = None,
        threads: int | None = None,
        cache_bytes: int = _CACHE_BYTES,
        upright: bool = False,
    ) -> None:
        only_once(self, "_core")
        opening = parse_opening(format, options, playlists, max_pixels, timeout)
        parsed = None if config is None else VideoDecoderConfig.parse(config)
        turns = to_flag(upright, "upright")
        core, used = core_of_file(
            source, parsed, None, opening, _threads(threads), _bytes(cache_bytes)
        )
        self._set_up(core, used, turns)

    @classmethod
    def from_chunks(
        cls,
        chunks: Iterable[EncodedVideoChunk],
        config: VideoDecoderConfig | Mapping[str, Any],
        *,
        threads: int | None = None,
        cache_bytes: int = _CACHE_BYTES,
        upright: bool = False,
    ) -> Video:
        """Make a Video of chunks that lie in memory: of MCAP files, Arrow columns, an encoder.

        Parameters
        ----------
        chunks : iterable of EncodedVideoChunk
            In decoding order, all that there are; kept.
        config : VideoDecoderConfig or mapping
        threads, cache_bytes, upright
            As for `Video`.

        Raises
        ------
        InvalidArgumentError
            There is something else among the chunks, or a parameter is out of range.
        EncodingError
            There is no picture in a chunk.
        NotSupportedError
            This FFmpeg cannot decode it.
        """
        parsed = VideoDecoderConfig.parse(config)
        turns = to_flag(upright, "upright")
        video = cls.__new__(cls)
        core = core_of_chunks(
            chunks, parsed, _table_of_chunks, _threads(threads), _bytes(cache_bytes)
        )
        video._set_up(core, parsed, turns)
        return video

    def _set_up(self, core: VideoCore, config: VideoDecoderConfig, upright: bool) -> None:
        self._core = core
        self._config = config
        self._upright = upright
        self._clock = Clock(core.timestamps, core.durations)
        self._timestamps: npt.NDArray[np.int64] = _read_only(core.timestamps)
        self._durations: npt.NDArray[np.int64] = _read_only(core.durations)
        self._key_frames: npt.NDArray[np.bool_] = _read_only(core.engine.table.key_frames)

    # ---- what there is ---------------------------------------------------------------------------

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
    def duration(self) -> int:
        """From the beginning of the first frame to the end of the last one, in microseconds."""
        return int(self.durations.sum())

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

    # ---- frames ----------------------------------------------------------------------------------

    @overload
    def __getitem__(self, index: slice) -> VideoSlice: ...
    @overload
    def __getitem__(self, index: int) -> VideoFrame: ...
    def __getitem__(self, index: int | slice) -> VideoFrame | VideoSlice:
        if isinstance(index, slice):
            return VideoSlice(self, range(len(self))[index])
        number = frame_index(index, len(self))
        return self._open_core().frame(number)

    def at(self, time: int, mode: str = "shown") -> VideoFrame:
        """Return the frame of a time; yours to close.

        Parameters
        ----------
        time : int
            Microseconds, as in `timestamps`, which need not begin at 0.
        mode : {"shown", "nearest", "exact"}, optional
            ``"shown"``: the last frame with ``timestamp <= time``; the last frame of all stays, as
            on a screen. ``"nearest"``: the one whose timestamp is nearest, the earlier of two.
            ``"exact"``: the one that has this very timestamp.

        Raises
        ------
        InvalidArgumentError
            Nothing is shown yet at that time, or no frame has that timestamp.
        EncodingError
            The frame cannot be decoded.
        InvalidStateError
            The Video is closed.
        """
        return self._open_core().frame(self._clock.index_at(time, check_mode(mode)))

    def frames(self, indices: Iterable[int]) -> Iterator[VideoFrame]:
        """Yield frames by their indices, in this order; each is yours to close.

        A group of pictures is decoded once for all of its frames, as far as those whose turn is
        later fit into `cache_bytes`. Nothing else is kept.

        Parameters
        ----------
        indices : iterable of int
            Negative ones count from the end. Of an iterable without a length, up to 64 are taken
            in advance, so it may be endless.

        Raises
        ------
        IndexError
            There is no such frame.
        EncodingError
            A frame cannot be decoded: it is named. Those before it have been given.
        InvalidStateError
            The Video is closed.
        """
        numbers, is_sized = frame_indices(indices, len(self))
        return FrameRequests(self._open_core(), numbers, self, is_sized)

    def frames_at(self, times: Iterable[int], mode: str = "shown") -> Iterator[VideoFrame]:
        """Yield the frames of times, as `at` finds them and `frames` gives them."""
        check_mode(mode)
        if isinstance(times, (str, bytes)) or not isinstance(times, Iterable):
            raise InvalidArgumentError(f"times must be an iterable of integers, got {show(times)}")
        find, is_sized = self._clock.index_at, isinstance(times, Sized)
        numbers: Iterable[int] = (find(time, mode) for time in times)
        if is_sized:
            numbers = list(numbers)
        return FrameRequests(self._open_core(), numbers, self, is_sized)

    def __iter__(self) -> Iterator[VideoFrame]:
        return iter(self[:])

    def __reversed__(self) -> Iterator[VideoFrame]:
        return reversed(self[:])

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

    def _left_open(self) -> str:
        return f"unclosed {self!r}"

    def _abandon(self) -> None:
        self._core.close()  # nobody else has it, so there is nothing to lock

    def __repr__(self) -> str:
        state = "closed " if self.closed else ""
        config = self._config
        size = "" if config.coded_width is None else f" {config.coded_width}x{config.coded_height}"
        seconds = self.duration / 1_000_000
        return (
            f"<Video {state}{self._core.name} {config.codec}{size}, {len(self)} frames, "
            f"{seconds:.3f} s>"
        )


def _threads(value: int | None) -> int | None:
    count = None if value is None else to_integer(value, "threads")
    if count is not None and not 1 <= count <= 1024:
        raise InvalidArgumentError(f"threads is {count}, it must be from 1 to 1024")
    return count


def _bytes(value: int) -> int:
    count = to_integer(value, "cache_bytes")
    if count < 0:
        raise InvalidArgumentError(f"cache_bytes is {count}, it must be 0 or more")
    return count


def _read_only(array: Any) -> Any:
    view = array.view()
    view.flags.writeable = False
    return view


def _table_of_chunks(chunks: list[EncodedVideoChunk]) -> Any:
    raise NotImplementedError
