"""VideoIndex: which frames a video has, when each is shown, and where decoding begins for it."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping
from itertools import pairwise
from operator import index
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from .._av.files.demux import DemuxerCore
from .._av.files.scan import scan
from .._public import public
from .._runtime.closing import only_once
from .._runtime.helper import HelperThread
from .._spec.codecs.config import VideoDecoderConfig, VideoDecoderConfigInit
from .._spec.codecs.picture_limit import MAX_PIXELS
from .._spec.files.packet_table import PacketTable
from .._spec.numbers import show
from .._spec.texts import to_path
from .._spec.types import MediaSource, Playlists
from ..errors import InvalidArgumentError
from ..frames._state import reduced, unpacked
from ._chunk_table import table_of
from ._held_picture import hold_last
from ._index_file import pack_index, read_index, unpack_index, unpack_pieces, write_index
from ._input_options import parse_opening
from ._source_digest import SourceDigest, digest_of, digest_of_open
from .index_range import IndexRange

if TYPE_CHECKING:
    import numpy.typing as npt

    from ..codecs.encoded_video_chunk import EncodedVideoChunk

    _Column = TypeVar("_Column", bound=npt.NDArray[Any])


@public
class VideoIndex:
    """The index of a video, from one pass over its packets; nothing is decoded but a few pictures
    at the beginning, where it takes a decoder to know whether they are shown.

    Frames are counted in the order in which they are shown, and are those that decoding the whole
    file gives: what an edit list hides, what is never shown, and what cannot be decoded because the
    file begins in the middle is not counted. An index can be pickled, saved, and used by several
    threads.

    Parameters
    ----------
    source : path, bytes-like or binary file object
        As for `Demuxer`.
    format, options, playlists, max_pixels, timeout, stream
        As for `Demuxer`.

    Raises
    ------
    FFmpegLoadError, OSError, EncodingError, NotSupportedError, TimeoutError, InvalidArgumentError
        As `Demuxer` does. A file that is damaged further on gives an index of what comes before,
        and `problem`.

    Examples
    --------
    >>> index = VideoIndex("clip.ts")
    >>> len(index), int(index.timestamps[-1])
    (45, 2933333)
    >>> index.save("clip.index")
    >>> video = Video("clip.ts", index=VideoIndex.load("clip.index"))
    """

    def __init__(
        self,
        source: MediaSource,
        *,
        format: str | None = None,
        options: Mapping[str, object] | None = None,
        playlists: bool | Playlists | None = None,
        max_pixels: int | None = MAX_PIXELS,
        timeout: float | None = None,
        stream: int | None = None,
    ) -> None:
        opening = parse_opening(format, options, playlists, max_pixels, timeout, stream=stream)
        demuxer = DemuxerCore(source, opening, helper=HelperThread)
        try:
            self._set_up(hold_last(scan(demuxer), demuxer), digest_of_open(demuxer))
        finally:
            demuxer.close()

    @classmethod
    def _of(cls, table: PacketTable, source: SourceDigest) -> VideoIndex:
        """Make an index of what is known already."""
        index = cls.__new__(cls)
        index._set_up(table, source)
        return index

    def _set_up(self, table: PacketTable, source: SourceDigest) -> None:
        self._table = table
        self._source = source
        self._digest: str | None = None
        self._saved: str | None = None  # the file that it is in

    @classmethod
    def from_chunks(
        cls,
        chunks: Iterable[EncodedVideoChunk] | Mapping[str, object],
        config: VideoDecoderConfig | VideoDecoderConfigInit | None = None,
    ) -> VideoIndex:
        """Make an index of a stream that has no container.

        Parameters
        ----------
        chunks : iterable of EncodedVideoChunk, or mapping of str to sequence
            In decoding order, all that there are. A mapping (an Arrow table, a DataFrame) has the
            columns ``"timestamp"`` (microseconds) and ``"key"`` (bool), and may have ``"duration"``
            (microseconds) and ``"size"`` (bytes), one value for each chunk.
        config : VideoDecoderConfig or mapping, optional
            How the chunks are to be decoded. With it, chunks of which no picture comes are found,
            which columns cannot tell.

        Raises
        ------
        InvalidArgumentError
            There is something else among the chunks, or a column is missing or does not fit.
        """
        parsed = None if config is None else VideoDecoderConfig.parse(config)
        return cls._of(table_of(chunks, parsed), SourceDigest())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> VideoIndex:
        """Read an index that `save` has written.

        Raises
        ------
        OSError
            The file is not there, or may not be read.
        DataError
            It is no index, one of another version, or damaged.
        """
        index = cls._of(*read_index(path))
        index._saved = os.path.abspath(to_path(path))
        return index

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the index to a file, which appears when it is complete; 37 bytes for a packet.

        It does not hold the path of the video, nor a picture. A `FrameRef` of a Video with this
        index names the file from then on, so that who opens it need not read all packets.

        Raises
        ------
        OSError
            The file cannot be written.
        """
        write_index(path, self._table, self._source)
        self._saved = os.path.abspath(to_path(path))

    def verify(self, source: MediaSource) -> None:
        """Refuse a source of which this is not the index.

        Compared are the size and the first and last 64 KiB; on the machine that made the index also
        when the file was changed. What was changed in between, with another machine's or without a
        new time, is not seen here: it is an error, or not, when the packets come. URLs and pipes
        are not looked at.

        Parameters
        ----------
        source : path, bytes-like or binary file object

        Raises
        ------
        InvalidArgumentError
            It is another one, and why; or none of these.
        OSError
            The file is not there, or may not be read.
        """
        self._require(digest_of(source), show(source))

    def _require(self, now: SourceDigest, shown: str) -> None:
        difference = self._source.difference(now)
        if difference is not None:
            raise InvalidArgumentError(
                f"this is not the index of {shown}: {difference}; make it again"
            )

    def __len__(self) -> int:
        """How many frames there are."""
        return len(self._table.shown)

    @property
    def timestamps(self) -> npt.NDArray[np.int64]:
        """When each frame is shown, in microseconds: int64, ``(len(index),)``, read-only.

        Two frames may have the same time. They only fall where the clock of the file is set back.
        """
        return _read_only(self._table.timestamps)

    @property
    def durations(self) -> npt.NDArray[np.int64]:
        """How long each frame is shown, in microseconds, until the next one: int64,
        ``(len(index),)``, read-only.
        """
        return _read_only(self._table.durations)

    @property
    def key_frames(self) -> npt.NDArray[np.bool_]:
        """Which frames are key frames: bool, ``(len(index),)``, read-only."""
        return _read_only(self._table.key_frames)

    @property
    def duration(self) -> int:
        """Microseconds from the first frame to the end of the last one."""
        return int(self._table.durations.sum())

    @property
    def frame_rate(self) -> float | None:
        """Frames per second on average, None if there are none."""
        duration = self.duration
        return len(self) * 1e6 / duration if duration > 0 else None

    @property
    def time_base(self) -> tuple[int, int]:
        """Seconds in a tick of the file's clock, as a fraction."""
        return self._table.time_base

    @property
    def packet_count(self) -> int:
        """How many packets there are, those without a frame too."""
        return len(self._table)

    @property
    def problem(self) -> str | None:
        """Why the index ends before the file does, None if it does not."""
        return self._table.problem

    @property
    def digest(self) -> str:
        """What the index is known by: a SHA-256 of the file's size, its first and last 64 KiB and
        the number of packets; where the source is no file, of the packets.
        """
        if self._digest is None:
            self._digest = self._source.seal_of(self._table).hex()
        return self._digest

    def split(self, count: int) -> list[IndexRange]:
        """Divide the frames at key frames.

        Each range can be decoded by itself, and together they hold every frame once. Only frames
        begin one after which nothing refers to what comes before. Key frames are what the container
        calls so: where it calls others so too, as Matroska does for H.263, decode a range by
        `Video` or a reference, which look at what comes out and begin earlier.

        Parameters
        ----------
        count : int
            At most so many ranges, about equally long; there are fewer where the file has fewer
            such key frames, and none if it has no frame.

        Raises
        ------
        InvalidArgumentError
            It is less than 1.
        """
        try:
            wanted = index(count)
        except TypeError:
            wanted = 0
        if wanted < 1:
            raise InvalidArgumentError(f"count must be an int of 1 or more, got {show(count)}")
        edges = self._table.edges(wanted)
        return [self._range(*pair) for pair in pairwise(edges)]

    def _range(self, start: int, stop: int) -> IndexRange:
        table = self._table
        first = int(table.starts[start:stop].min())
        return IndexRange(
            start=start,
            stop=stop,
            timestamp=int(table.timestamps[start]),
            end=int(table.timestamps[stop - 1] + table.durations[stop - 1]),
            key_timestamp=table.time_of(first),
            first_packet=first,
            stop_packet=int(table.shown[start:stop].max()) + 1,
            is_closed=int(table.shown[start]) == first,
        )

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        # As a file holds it: nothing private is named, and nothing damaged is taken.
        return reduced(self, {}, pack_index(self._table, self._source), protocol)

    def __setstate__(self, state: Any) -> None:
        only_once(self, "_table")
        if isinstance(state, bytes):  # of a version before pickles had one
            self._set_up(*unpack_index(io.BytesIO(state), len(state), "a pickled index"))
            return
        _, pieces = unpacked(state, "a VideoIndex")
        self._set_up(*unpack_pieces(pieces, "a pickled index"))

    def __sizeof__(self) -> int:
        # With its columns, those too that were made of others meanwhile.
        columns = list(vars(self._table).values())
        return object.__sizeof__(self) + sum(getattr(column, "nbytes", 0) for column in columns)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, VideoIndex):
            return NotImplemented
        return self.digest == other.digest and self._table == other._table

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        keys = int(self._table.key_frames.sum())
        return f"<VideoIndex {len(self)} frames, {keys} of them keys, {self.duration / 1e6:.3f} s>"


def _read_only(column: _Column) -> _Column:
    view: _Column = column.view()
    view.setflags(write=False)
    return view
