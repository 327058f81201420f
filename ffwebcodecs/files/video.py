"""Video: the frames of a file as a sequence, each exactly, by index or by time."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sized
from functools import partial
from typing import TYPE_CHECKING, Any, overload

from .._public import public
from .._runtime.closing import only_once
from .._spec.codecs.config import VideoDecoderConfig, VideoDecoderConfigInit
from .._spec.codecs.picture_limit import MAX_PIXELS
from .._spec.numbers import (
    show,
    to_flag,
    to_int64,
    to_integer,
    to_real,
    to_threads,
    to_uint64,
)
from .._spec.texts import is_path
from .._spec.types import (
    FrameChoice,
    Integer,
    MediaSource,
    Playlists,
    ScaleFilter,
    VideoPixelFormat,
)
from ..errors import InvalidArgumentError
from ..frames.video_frame import VideoFrame
from ._batch_reading import BatchReading
from ._frame_requests import FrameRequests
from ._frame_source import FrameSource, Origin, refusal
from ._input_options import ColorSpace, parse_opening
from ._video_facts import read_cache_bytes
from ._video_opening import core_of_chunks, core_of_file
from ._video_times import check_mode, frame_index, frame_indices
from .frame_ref import FrameRef
from .video_index import VideoIndex
from .video_sample import VideoSample, moments_of
from .video_slice import VideoSlice

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..codecs.encoded_video_chunk import EncodedVideoChunk
    from ._keywords import FramesKeywords, SampleKeywords

_CACHE_BYTES = 256 << 20
_PATIENCE = 0.5  # seconds that another thread has for leaving


@public
class Video(BatchReading):
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
    format, options, playlists, max_pixels, timeout, stream, color_space
        Of the file, as for `Demuxer`.
    threads : int, optional
        FFmpeg's decoding threads; default: one for each core that this process may use.
    cache_bytes : int, optional
        How many bytes of pictures to keep around the position, for ``[i]``, `at` and `prefetch`;
        default: 256 MiB. 0 keeps none. It is also what `frames` and `reversed` may hold at a time,
        besides eight pictures.
    upright : bool, optional
        Turn pixels as the file, or the picture itself, says that they are to be shown: in `read`
        and `sample`, and those of frames, which then have no `rotation` (`VideoFrame.upright`).
        Default: as they are stored.

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
    ...     print(len(video), video.frame_rate)
    ...     with video.at(500_000) as frame:
    ...         frame.save("shown.png")
    ...     batch = video.read([0, 10, 20], width=224, height=224)
    """

    __slots__ = ("_origin",)

    _instead = "send references to its frames instead, video.ref[...]: they open them there"

    def __init__(
        self,
        source: MediaSource,
        config: VideoDecoderConfig | VideoDecoderConfigInit | None = None,
        *,
        index: VideoIndex | str | os.PathLike[str] | None = None,
        format: str | None = None,
        options: Mapping[str, object] | None = None,
        playlists: bool | Playlists | None = None,
        max_pixels: int | None = MAX_PIXELS,
        timeout: float | None = None,
        stream: int | None = None,
        color_space: ColorSpace | None = None,
        threads: int | None = None,
        cache_bytes: int = _CACHE_BYTES,
        upright: bool = False,
    ) -> None:
        only_once(self, "_core")
        opening = parse_opening(
            format, options, playlists, max_pixels, timeout, stream=stream, color_space=color_space
        )
        parsed = None if config is None else VideoDecoderConfig.parse(config)
        turns = to_flag(upright, "upright")
        count, most = to_threads(threads), read_cache_bytes(cache_bytes)
        known = _read_index(index)
        core, found, used = core_of_file(source, parsed, known, opening, count, most)
        self._set_up(core, found, used, turns)
        own = None if most == _CACHE_BYTES else most
        self._origin: Origin | None = Origin(
            source, opening, parsed, threads=count, cache_bytes=own, upright=turns or None
        )

    @classmethod
    def from_chunks(
        cls,
        chunks: Iterable[EncodedVideoChunk],
        config: VideoDecoderConfig | VideoDecoderConfigInit,
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
        count, most = to_threads(threads), read_cache_bytes(cache_bytes)
        core, index = core_of_chunks(chunks, parsed, count, most)
        video._set_up(core, index, parsed, turns)
        video._origin = None
        return video

    # ---- frames ----------------------------------------------------------------------------------

    @overload
    def __getitem__(self, index: slice) -> VideoSlice: ...
    @overload
    def __getitem__(self, index: Integer) -> VideoFrame: ...
    def __getitem__(self, index: Integer | slice) -> VideoFrame | VideoSlice:
        if isinstance(index, slice):
            return VideoSlice(self, range(len(self))[index])
        number = frame_index(index, len(self))
        return self._open_core().frame(number)

    def at(self, time: Integer, mode: FrameChoice = "shown") -> VideoFrame:
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

    def frames(
        self,
        indices: Iterable[Integer],
        *,
        pixel_format: VideoPixelFormat | None = None,
        width: int | None = None,
        height: int | None = None,
        filter: ScaleFilter = "bilinear",
        exact: bool = False,
        threads: int | None = None,
    ) -> Iterator[VideoFrame]:
        """Yield frames by their indices, in this order; each is yours to close.

        A group of pictures is decoded once for all of its frames, as far as those whose turn is
        later fit into `cache_bytes`. Of windows that overlap, one request after the other, what the
        next one will share is kept too; nothing else is.

        Parameters
        ----------
        indices : iterable of int
            Negative ones count from the end. Of an iterable without a length, up to 64 are taken
            in advance, so it may be endless.
        pixel_format, width, height, filter, exact
            Convert them, as `read_frames` does.
        threads : int, optional
            How many threads convert a large one, at most.

        Raises
        ------
        IndexError
            There is no such frame. What `indices` raises itself is raised as well; of an iterable
            without a length, all frames before that are given.
        EncodingError
            A frame cannot be decoded: it is named. Those before it have been given.
        InvalidArgumentError
            A parameter is unknown or out of range.
        NotSupportedError
            libswscale cannot do the conversion.
        InvalidStateError
            The Video is closed.
        """
        numbers, is_sized = frame_indices(indices, len(self))
        how = pixel_format, width, height, filter, exact, threads
        return self._requests(numbers, is_sized, *how)

    def _requests(
        self,
        numbers: Iterable[int],
        is_sized: bool,
        pixel_format: Any = None,
        width: Any = None,
        height: Any = None,
        filter: Any = "bilinear",
        exact: Any = False,
        threads: Any = None,
    ) -> Iterator[VideoFrame]:
        count = to_threads(threads)
        if pixel_format is width is height is None and filter == "bilinear" and exact is False:
            return FrameRequests(self._open_core(), numbers, self, is_sized)
        from ._converted_frames import converted_requests, parse_conversion

        how = parse_conversion(pixel_format, width, height, filter, exact, count, self._upright)
        core, turns = self._open_core(), self._upright and how is None
        requests = FrameRequests(core, numbers, self, is_sized, turns)
        return requests if how is None else converted_requests(core, requests, how, is_sized, count)

    def frames_at(
        self,
        times: Iterable[Integer],
        mode: FrameChoice = "shown",
        **options: Unpack[FramesKeywords],
    ) -> Iterator[VideoFrame]:
        """Yield the frames of times, as `at` finds them and `frames` gives them, whose options
        these are.
        """
        check_mode(mode)
        if isinstance(times, (str, bytes)) or not isinstance(times, Iterable):
            raise InvalidArgumentError(f"times must be an iterable of integers, got {show(times)}")
        find, is_sized = self._clock.index_at, isinstance(times, Sized)
        numbers: Iterable[int] = (find(time, mode) for time in times)
        if is_sized:
            numbers = list(numbers)
        return self._requests(numbers, is_sized, **options)

    def __iter__(self) -> Iterator[VideoFrame]:
        return iter(self[:])

    def __reversed__(self) -> Iterator[VideoFrame]:
        return reversed(self[:])

    def sample(
        self, count: int | None = None, rate: float | None = None, **options: Unpack[SampleKeywords]
    ) -> VideoSample:
        """Choose frames at even distances in time.

        Parameters
        ----------
        count : int, optional
            So many: the one shown in the middle of each of `count` equal parts. Where there are
            fewer frames, some come several times.
        rate : float, optional
            So many a second, from the first frame on. Give one of the two.
        **options
            For `VideoSample.array`: as of `read`.

        Raises
        ------
        InvalidArgumentError
            Neither or both of them are given, or one is not more than 0.
        InvalidStateError
            The Video is closed.

        Examples
        --------
        >>> video.sample(count=32, width=224, height=224).array.shape
        (32, 224, 224, 3)
        """
        import numpy as np

        number = None if count is None else to_integer(count, "count")
        wanted = None if rate is None else to_real(rate, "rate")
        if (number is None) == (wanted is None):
            raise InvalidArgumentError("sample takes count= or rate=, one of them")
        given = number if wanted is None else wanted
        if given is not None and given <= 0:
            raise InvalidArgumentError(f"sample takes more than 0, got {show(given)}")
        self._require_open()
        indices = np.empty(0, np.int64)
        if len(self):
            begin = int(self._timestamps[0])
            moments = moments_of(begin, begin + max(1, self.duration), number, wanted)
            indices = np.array([self._clock.index_at(each, "shown") for each in moments], np.int64)
        return VideoSample(
            indices,
            self._timestamps[indices],
            self.frames,
            partial(self.read, **options),
        )

    # ---- references ------------------------------------------------------------------------------

    @property
    def ref(self) -> FrameRef:
        """A reference to all frames, for another process: ``video.ref[i]`` is one to a frame,
        ``video.ref[100:400:5]`` one to several, and ``for ref in video.ref`` gives one for each.

        It can be taken of a closed Video too.

        Raises
        ------
        NotSupportedError
            The source has no name: it is bytes, a file object, chunks, a pipe.
        """
        return FrameRef(self._source(), range(len(self)))

    def ref_at(self, time: Integer, mode: FrameChoice = "shown") -> FrameRef:
        """Return a reference to the frame of a time: parameters and errors as of `at` and `ref`."""
        return FrameRef(self._source(), self._clock.index_at(time, check_mode(mode)))

    def _source(self) -> FrameSource:
        if self._origin is None:
            raise refusal("its chunks are in the memory of this process")
        return self._origin.source(self._core, self._index)

    def prefetch(self, around: Integer, *, before: Integer = 0, after: Integer = 1_000_000) -> None:
        """Begin to decode what is shown around a time, on a thread of its own, and return.

        The frames are kept as those of ``[i]`` are, those nearest to `around` first, up to
        `cache_bytes`. The next `prefetch`, and whatever needs a frame that is not kept, calls it
        off; what it has decoded stays. Errors are left to whoever asks for the frame.

        Parameters
        ----------
        around : int
            Microseconds, as in `timestamps`.
        before, after : int, optional
            Microseconds before and after that.

        Raises
        ------
        InvalidArgumentError
            A parameter is no integer, or less than 0.
        InvalidStateError
            The Video is closed.
        """
        from ._working_ahead import prefetch

        center = to_int64(around, "around")
        span = to_uint64(before, "before"), to_uint64(after, "after")
        prefetch(self._open_core(), center, *span)


def _read_index(index: Any) -> VideoIndex | None:
    if index is None or isinstance(index, VideoIndex):
        return index
    if is_path(index):
        return VideoIndex.load(index)
    raise InvalidArgumentError(f"index must be a VideoIndex or a path, got {show(index)}")
