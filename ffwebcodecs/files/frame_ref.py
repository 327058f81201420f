"""FrameRef: a frame of a file, or several, by name: small enough to be sent anywhere."""

from __future__ import annotations

import copyreg
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, TypeVar, overload

from .._public import public
from .._spec.numbers import show, to_integer
from .._spec.types import (
    BatchLayout,
    BytePixelFormat,
    ImageFit,
    ScaleFilter,
    SupportsArray,
    SupportsDLPack,
    VideoPixelFormat,
    WordPixelFormat,
)
from ..errors import DataError, InvalidArgumentError
from ..frames.video_frame import VideoFrame
from ._frame_requests import FrameRequests
from ._frame_source import FrameSource, source_of
from ._open_videos import VIDEOS, OpenVideo
from ._video_times import frame_index, frame_indices

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from typing_extensions import Unpack

    from ..frames._keywords import OutArray
    from ._keywords import BatchKeywords

    Kind = TypeVar("Kind", bound="FrameRef")


@public
class FrameRef:
    """A frame of a file, or a range of frames, by name: what another process needs to decode it.

    `Video.ref` and `Video.ref_at` make them. A reference holds the name of the file, how it was
    opened, what it is known by, and which frames are meant: no pixels, and nothing open. It can be
    hashed, compared and pickled; a pickle takes at most 512 bytes for names up to 200 bytes, and in
    a list of references to one file 12 to 18 bytes for each.

    `open` decodes where it is called. Each process keeps a few videos open for that, those that
    were used last, and reads the packets of a file once, as long as there is room for its index
    (`set_cache`); or not at all if the index has been saved (`VideoIndex.save`) where the process
    finds it: the reference names that file.
    References may be opened in several threads; after a fork, the child opens files of its own.

    A file that was changed since is refused: each time its size, its times and its inode are looked
    at, and if these are others, its first and last 64 KiB. Of a URL the packets are compared when
    it is opened first.

    A pickle says all that it takes to open the file: passwords in a URL, and what is in `options`.
    `repr` and errors show neither.

    Examples
    --------
    >>> with Video("clip.mp4", threads=1) as video:
    ...     refs = list(video.ref[::10])
    >>> with multiprocessing.Pool() as pool:  # doctest: +SKIP
    ...     means = pool.map(mean, refs)  # where `mean` calls ref.read() or ref.open()
    """

    __slots__ = ("_source", "_where")

    _source: FrameSource
    _where: int | range

    def __new__(cls: type[Kind], source: Any, where: Any) -> Kind:
        """Not for programs: see `Video.ref`."""
        self = super().__new__(cls)
        self._source = source if isinstance(source, FrameSource) else source_of(source)
        self._where = where if isinstance(where, range) else _frames_of(where)
        return self

    # ---- what it refers to -----------------------------------------------------------------------

    @property
    def source(self) -> str:
        """The file: its absolute path, or the URL as it was given, with all that is in it."""
        return self._source.name

    @property
    def index(self) -> int | None:
        """The frame's index in the Video; None of a range."""
        return self._where if isinstance(self._where, int) else None

    @property
    def indices(self) -> range:
        """The frames' indices in the Video; of a frame, its own."""
        where = self._where
        return range(where, where + 1) if isinstance(where, int) else where

    @property
    def timestamp(self) -> int:
        """When the frame is shown, in microseconds; opens the file if its index is not known in
        this process yet, and then raises what `open` does.
        """
        return int(VIDEOS.index(self._source).timestamps[self._frame()])

    @property
    def timestamps(self) -> npt.NDArray[np.int64]:
        """When each frame is shown, in microseconds: int64, shape (frames,); as `timestamp`."""
        import numpy as np

        found = VIDEOS.index(self._source).timestamps
        numbers, _ = frame_indices(self.indices, len(found))
        return found[np.fromiter(numbers, np.int64)]

    def __len__(self) -> int:
        return len(self._range("len()"))

    def __bool__(self) -> bool:
        return isinstance(self._where, int) or len(self._where) > 0

    @overload
    def __getitem__(self, index: int) -> FrameRef: ...
    @overload
    def __getitem__(self, index: slice) -> FrameRef: ...
    def __getitem__(self, index: int | slice) -> FrameRef:
        """Return a reference to some of the frames of a range."""
        numbers = self._range("[...]")
        if isinstance(index, slice):
            return FrameRef(self._source, numbers[index])
        return FrameRef(self._source, numbers[frame_index(index, len(numbers))])

    def __iter__(self) -> Iterator[FrameRef]:
        source = self._source
        return (FrameRef(source, number) for number in self._range("iter()"))

    # ---- the frames ------------------------------------------------------------------------------

    def open(self) -> VideoFrame:
        """Decode the frame and return it; it is yours to close.

        Raises
        ------
        InvalidArgumentError
            This is a range: see `frames`, or iterate over it.
        DataError
            The file is another one than the reference was made of, or was changed.
        OSError, EncodingError, NotSupportedError, TimeoutError
            As for `Video` and `Video.at`.
        """
        return VIDEOS.use(self._source, OpenVideo.frame, self._frame())

    def frames(self) -> Iterator[VideoFrame]:
        """Yield the frames, in their order; each is yours to close, and decoded when its turn
        comes. Raises as `open`.
        """
        return _RefFrames(self._source, self.indices)

    @overload
    def read(
        self,
        format: BytePixelFormat = "RGB",
        *,
        out: None = None,
        **options: Unpack[BatchKeywords],
    ) -> npt.NDArray[np.uint8]: ...
    @overload
    def read(
        self,
        format: WordPixelFormat,
        *,
        out: None = None,
        **options: Unpack[BatchKeywords],
    ) -> npt.NDArray[np.uint16]: ...
    @overload
    def read(
        self,
        format: VideoPixelFormat = "RGB",
        *,
        out: OutArray,
        **options: Unpack[BatchKeywords],
    ) -> OutArray: ...
    @overload
    def read(
        self,
        format: VideoPixelFormat = "RGB",
        *,
        out: SupportsArray | SupportsDLPack | None = None,
        **options: Unpack[BatchKeywords],
    ) -> npt.NDArray[np.uint8] | npt.NDArray[np.uint16]: ...
    def read(
        self,
        format: VideoPixelFormat = "RGB",
        *,
        width: int | None = None,
        height: int | None = None,
        fit: ImageFit = "fill",
        filter: ScaleFilter = "bilinear",
        layout: BatchLayout = "NHWC",
        out: Any = None,
        exact: bool = False,
        threads: int | None = None,
    ) -> npt.NDArray[Any]:
        """Return the pixels as an array: of a range, with the frames first; of a frame, without
        that axis.

        Parameters
        ----------
        format, width, height, fit, filter, layout, out, exact, threads
            As for `Video.read`.

        Returns
        -------
        numpy.ndarray
            As of `Video.read`; (height, width, channels) of a frame.

        Raises
        ------
        InvalidArgumentError
            A parameter is unknown, `out` does not fit, or frames differ in size and none is given.
        DataError, OSError, EncodingError, NotSupportedError, TimeoutError
            As for `open`.
        """
        import numpy as np

        is_one = isinstance(self._where, int)
        if is_one and out is not None:
            array = np.asarray(out)
            out = array[np.newaxis] if np.may_share_memory(array, out) else out
        options = format, width, height, fit, filter, layout, exact, threads
        found = VIDEOS.use(self._source, OpenVideo.read, self.indices, out, options)
        return found[0] if is_one else found

    # ---- what this process keeps open ------------------------------------------------------------

    @staticmethod
    def set_cache(max_open: int | None = None, max_bytes: int | None = None) -> None:
        """Say how much this process keeps for references; what is open is forgotten.

        Forked children have the same numbers, others the usual ones: say it where they begin
        (``initializer=`` of a pool, ``worker_init_fn=`` of a DataLoader).

        Parameters
        ----------
        max_open : int, optional
            Most videos to keep open, 8 at first; None: as before. One in use is never closed, so
            with several threads more may be open for a moment.
        max_bytes : int, optional
            Most bytes of decoded pictures around the last positions, and of indices, for all files
            together, 256 MiB at first; None: as before. An eighth at most is for the indices of
            files that are not open. What a decoder needs itself is not counted.

        Raises
        ------
        InvalidArgumentError
            A number is less than 1.
        """
        most = _bound(max_open, "max_open", VIDEOS.max_open)
        size = _bound(max_bytes, "max_bytes", VIDEOS.max_bytes)
        VIDEOS.max_open, VIDEOS.max_bytes = most, size
        VIDEOS.clear()

    @staticmethod
    def clear_cache() -> None:
        """Close the videos that this process keeps open for references, and forget the indices.

        What another thread uses is closed when it does not any more.
        """
        VIDEOS.clear()

    # ---- as a value ------------------------------------------------------------------------------

    def _frame(self) -> int:
        where = self._where
        if isinstance(where, int):
            return where
        raise InvalidArgumentError(
            f"this is a reference to a range of {len(where)} frames: iterate over it for one to "
            "each, or use frames() or read()"
        )

    def _range(self, what: str) -> range:
        where = self._where
        if isinstance(where, int):
            raise InvalidArgumentError(
                f"{what} is for a reference to a range, this is one to frame {where}"
            )
        return where

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, FrameRef):
            return NotImplemented
        return self._where == other._where and self._source == other._source

    def __hash__(self) -> int:
        return hash((self._source, self._where))

    def __reduce__(self) -> Any:
        where = self._where
        if isinstance(where, range):
            packed: Any = where.start, where.stop, where.step
        else:
            packed = where
        return copyreg.__newobj__, (type(self), self._source.packed, packed)  # type: ignore[attr-defined]

    def __dask_tokenize__(self) -> object:
        # Equal references have one name; pickles of equal ones may differ in what they share.
        return type(self).__name__, self._source.packed, repr(self._where)

    def __repr__(self) -> str:
        where = self._where
        if isinstance(where, int):
            return f"<FrameRef {where} of {self._source.shown}>"
        step = "" if where.step == 1 else f":{where.step}"
        return f"<FrameRef [{where.start}:{where.stop}{step}] of {self._source.shown}>"


class _RefFrames(Iterator[VideoFrame]):
    """Gives the frames of a reference; holds the video meanwhile."""

    __slots__ = ("_numbers", "_requests", "_source", "_video")

    def __init__(self, source: FrameSource, numbers: range) -> None:
        self._source = source
        self._numbers = numbers
        self._video: OpenVideo | None = None
        self._requests: FrameRequests | None = None

    def __next__(self) -> VideoFrame:
        try:
            requests = self._requests
            if requests is None:
                VIDEOS.use(self._source, self._begin)
                requests = self._requests
            assert requests is not None
            return next(requests)
        except StopIteration:
            self.close()
            raise
        except BaseException as error:
            requests = None
            self.close()
            VIDEOS.failed(self._source, error)
            raise

    def _begin(self, video: OpenVideo) -> None:
        self._video, self._requests = video, video.requests(self._numbers)

    def close(self) -> None:
        """Let go of the video and of what waits; twice is fine."""
        requests, self._requests = getattr(self, "_requests", None), None
        self._video, self._numbers = None, range(0)
        if requests is not None:
            requests.close()

    def __del__(self) -> None:
        self.close()


def _bound(value: int | None, what: str, before: int) -> int:
    number = before if value is None else to_integer(value, what)
    if number < 1:
        raise InvalidArgumentError(f"{what} is {number}, it must be at least 1")
    return number


def _frames_of(where: Any) -> int | range:
    """Return what a pickle says of frames; raises DataError."""
    found: int | range = where
    is_right = type(where) is int and where >= 0
    try:
        if isinstance(where, tuple):
            found = numbers = range(*where)
            is_right = not numbers or min(numbers[0], numbers[-1]) >= 0
    except (TypeError, ValueError):
        pass
    if not is_right:
        raise DataError(f"the reference is damaged: {show(where)} is no frame")
    return found
