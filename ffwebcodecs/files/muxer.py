"""Muxer: encoded chunks in, a video file out. Needs libavformat."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Callable, Iterable, Mapping

from .._av import forked
from .._av.files import containers, live
from .._av.files.mux import MuxerCore
from .._av.files.target import OutputFile
from .._public import public
from .._runtime import ending
from .._runtime.closing import only_once
from .._spec.codecs.audio_config import AudioDecoderConfig
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.files.fragments import FragmentCuts
from .._spec.numbers import show, to_flag
from .._spec.texts import to_text
from .._spec.types import MediaTarget
from ..codecs.encoded_audio_chunk import EncodedAudioChunk
from ..codecs.encoded_audio_chunk_metadata import EncodedAudioChunkMetadata
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..codecs.encoded_video_chunk_metadata import EncodedVideoChunkMetadata
from ..errors import InvalidArgumentError, NotSupportedError
from ._file_start import set_texts, set_up
from ._live_order import LiveOrder
from ._mux_metadata import check_chunk, check_same, read_metadata, texts
from ._muxing import Muxing
from ._segments import Segments, check_arguments, parse_duration
from ._tracks import Tracks
from .segment_info import SegmentInfo

_open: weakref.WeakSet[Muxer] = weakref.WeakSet()


@public
class Muxer(Muxing):
    """A video file being written from encoded chunks.

    MP4, MOV, Matroska, WebM, AVI, MPEG-TS, IVF, raw H.264 and HEVC, GIF, WebP, AVIF, and what else
    the installed libavformat writes. The file appears under its name, complete, when `close`
    returns; until then it has a temporary name in the same folder. A `with` block that fails leaves
    what was there before. Both change with `atomic` and `fragmented`.

    Parameters
    ----------
    destination : path, writable binary file object or None
        A file object gets the finished bytes when the muxer is closed, or each fragment at once if
        `fragmented`; it need not be able to seek, and stays yours. None: all goes to `on_segment`.
    format : str, optional
        ``"mp4"``, ``"mov"``, ``"mkv"``, ``"webm"``, ``"avi"``, ``"ts"``, ``"ivf"``, ``"h264"``,
        ``"hevc"``, ``"gif"``, ``"webp"``, ``"avif"`` or a name of FFmpeg's; default: by suffix.
    faststart : bool
        MP4 and MOV: put the index in front, so that players can start before they have it all.
        Costs a second pass over the file.
    fragmented : bool
        Write the file as it is made, in fragments: MP4, MOV, Matroska, WebM, MPEG-TS, Ogg, FLV, raw
        streams. A file object, a pipe and `on_segment` get each fragment when the key frame that
        begins the next one is added. Nothing in the file is completed later, so it says nothing of
        its length.
    fragment_duration : float, optional
        Seconds: groups of pictures are gathered until they last as long, and those that last longer
        are cut. Default: each group of pictures is a fragment, and each second of sound if there is
        no picture.
    on_segment : callable, optional
        Called as ``on_segment(data: bytes, info: SegmentInfo)`` with the init segment, then with
        each fragment. It must not use the muxer.
    atomic : bool
        False: write a path where it is, over what was there, from the beginning on. What fails
        leaves what was written until then.
    metadata : mapping of str to str, optional
        Tags of the file, such as ``{"title": "Big Buck Bunny"}``; containers keep those they know.
    options : mapping of str to str, optional
        FFmpeg's options of the container, such as ``{"loop": "1"}`` for GIF.
    tracks : iterable of str or int, or mapping of those to tags, optional
        Which tracks will come, such as ``("video", "audio")`` or ``{"video": {}, "audio":
        {"language": "deu", "title": "Commentary"}}``: the file begins when the first chunk of each
        is there. By itself it begins with the tracks that have come with the first 32 chunks of
        video, or 10 s of sound if there is none.
    several_files : bool
        Allow containers that write other files too: ``"hls"`` (.m3u8), ``"dash"`` (.mpd) and
        ``"segment"``. They are written where they belong at once, and stay if it fails.

    Raises
    ------
    FFmpegLoadError
        There is no libavformat.
    OSError
        The file cannot be written.
    InvalidArgumentError
        No container is known by that suffix or name, or an argument is wrong.
    NotSupportedError
        This FFmpeg cannot write the container, or it writes several files, or it cannot be written
        as it is made.

    Examples
    --------
    >>> with Demuxer("clip.mp4") as demuxer, Muxer("copy.mkv") as muxer:
    ...     for chunk in demuxer.chunks():
    ...         muxer.add_chunk(chunk, demuxer.video_config)
    """

    __slots__ = ()

    def __init__(
        self,
        destination: MediaTarget | None,
        *,
        format: str | None = None,
        faststart: bool = True,
        fragmented: bool = False,
        fragment_duration: float | None = None,
        on_segment: Callable[[bytes, SegmentInfo], object] | None = None,
        atomic: bool = True,
        metadata: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        several_files: bool = False,
        tracks: Iterable[str | int] | Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        only_once(self, "_core")
        self._core: MuxerCore | None = None
        self._segments: Segments | None = None
        self._lock = threading.RLock()
        self._is_inherited = False
        forked.watch(self)
        _open.add(self)
        if format is not None and not isinstance(format, str):
            raise InvalidArgumentError(f"format must be a string, got {show(format)}")
        format = None if format is None else to_text(format, "format")
        faststart, as_made = to_flag(faststart, "faststart"), to_flag(fragmented, "fragmented")
        in_place = not to_flag(atomic, "atomic")
        check_arguments(destination, as_made, fragment_duration, on_segment)
        plan = FragmentCuts(parse_duration(fragment_duration))
        tags, settings = texts(metadata, "metadata"), texts(options, "options")
        asked = to_flag(several_files, "several_files")
        target = OutputFile(destination, as_made=as_made, in_place=in_place)
        container = containers.find(target.path, format, several=asked)
        if as_made:
            live.require(container)
            container.is_live = True
            self._segments = Segments(target, on_segment, target.shown)
        if container.writes_several:
            target = OutputFile(destination, several=True)
        order = None if self._segments is None else LiveOrder(self._segments, plan)
        super().__init__(target, container, Tracks(tracks, container, target.shown), order)
        with self._lock:  # `_discard_all` waits for it
            ending.end_daemon()
            try:
                name = target.open()
                self._core = MuxerCore(name, self._container, target.shown, target.path)
                set_up(self._core, target.path, faststart=faststart)
                set_texts(self._core, tags, settings)
            except BaseException:
                self.discard()
                raise

    @property
    def format_name(self) -> str:
        """FFmpeg's name of the container, such as ``"mp4"`` or ``"matroska"``."""
        return self._container.name

    def add_chunk(
        self,
        chunk: EncodedVideoChunk | EncodedAudioChunk,
        metadata: EncodedVideoChunkMetadata
        | EncodedAudioChunkMetadata
        | VideoDecoderConfig
        | AudioDecoderConfig
        | Mapping[str, object]
        | None = None,
        *,
        track: str | int | None = None,
    ) -> None:
        """Append a chunk; those of a track come in decoding order, as encoders and demuxers give
        them. Tracks come as they like, best by their times.

        Nothing is copied. The last chunks (32 at most) wait until the muxer knows their decoding
        times, and all do until it knows all tracks.

        Parameters
        ----------
        chunk : EncodedVideoChunk or EncodedAudioChunk
        metadata : EncodedVideoChunkMetadata, VideoDecoderConfig, EncodedAudioChunkMetadata, \
AudioDecoderConfig or mapping, optional
            The first one of a track must have a `decoder_config`. Later ones may repeat it; another
            codec or description is refused, for a track has one of them.
        track : str or int, optional
            Which one it is for; any name or number of yours. Default: ``"video"`` or ``"audio"``,
            as the chunk is. A file has one video, and any number of tracks of sound.

        Raises
        ------
        InvalidStateError
            The muxer is closed, or writing has failed before.
        InvalidArgumentError
            The first chunk comes without a `decoder_config`, something is missing in it, or the
            timestamp is not possible here: those of a file must go up, though encoders take any.
            The chunk was not taken.
        DataError
            The first chunk is not a key chunk.
        NotSupportedError
            The container cannot hold this.
        OSError, EncodingError
            The file cannot be written.
        """
        check_chunk(chunk)
        if isinstance(chunk, EncodedAudioChunk):
            self._add_sound(chunk, metadata, track)
            return
        known = metadata is not None and metadata is self._known_metadata
        config, alpha = (None, None) if known else read_metadata(metadata)
        with self._lock:
            core, video = self._open_core(), self._video
            if alpha is not None and not self._container.holds_alpha_side_data:
                raise NotSupportedError(
                    f"{self._container.name} cannot hold alpha_side_data; use .webm or .mkv"
                )
            if video.timeline is None:
                self._begin_video(core, chunk, config, alpha, track)
            else:
                self._tracks.check_video(track)
                if config is not None and video.config is not None:
                    check_same(chunk.timestamp, config, video.config)
            if self._order is not None and chunk.type == "key" and self._tracks.are_announced:
                video.settle_start()  # else it would wait for more of a group that is complete
            ready = video.check(chunk, alpha)
            if alpha is None:
                self._known_metadata = metadata or self._known_metadata
            self._guarded(video.take, ready)
            self._guarded(self._advance, core)

    def flush(self) -> None:
        """Give what was added so far as a fragment, at once.

        What comes next begins another one, without a key frame unless it is one. Nothing waits to
        tell how long the last chunks last: give them a duration, or it is taken to be the usual
        one. The file begins with the tracks that have come. Without ``fragmented=True`` there is
        nothing to give before the end, and this does nothing.

        Raises
        ------
        InvalidStateError
            The muxer is closed, writing has failed before, or a fragment is being given.
        OSError, EncodingError
            The file cannot be written.
        """
        with self._lock:
            core = self._open_core()
            if self._segments is not None:
                self._guarded(self._flush_live, core)

    def close(self) -> None:
        """Complete the file and put it in its place; twice is fine.

        Without any chunk, or after writing has failed, there is no file: whatever was there before
        stays.

        Raises
        ------
        OSError, EncodingError
            The file cannot be completed; there is none then.
        """
        with self._lock:
            if self._segments is not None:
                self._segments.require_outside()
            core, target = self._core, self._output_file
            if core is None or target is None:
                return
            try:
                if self._failed or not self._has_content(core):
                    return
                self._finish(core)
                target.commit()
                self._output_file = None
            finally:
                self.discard()

    def discard(self) -> None:
        """Close without leaving a file; does nothing after `close`.

        A thread that is writing, or waits for the reader of a FIFO, gets InvalidStateError.
        """
        if self._lock.acquire(blocking=False):
            self._lock.release()
        else:
            for writing in (self._core, self._output_file):
                if writing is not None:
                    writing.interrupt()
        with self._lock:
            if self._segments is not None:
                self._segments.require_outside()
            core, self._core = self._core, None
            target, self._output_file = self._output_file, None
            self._video.close()
            self._tracks.close()
            self._copied, self._others, self._copied_waiting = [], [], []
            if self._order is not None:
                self._order.close()
            if core is not None:
                core.close()
            if target is not None:
                target.discard()

    @property
    def closed(self) -> bool:
        """Whether `close` or `discard` was called."""
        return self._core is None

    def __exit__(self, *exc_info: object) -> None:
        if exc_info[0] is None:
            self.close()
        else:
            self.discard()

    def _left_open(self) -> str:
        return f"the muxer of {self._shown} was never closed: its file is discarded"

    def _abandon(self) -> None:
        self.discard()

    def __repr__(self) -> str:
        return f"<Muxer {'closed ' * self.closed}{self._container.name} {self._shown}>"


@atexit.register
def _discard_all() -> None:
    """Remove what will never be complete: a daemon thread's muxers are not collected at the end."""
    ending.announce()
    for muxer in list(_open):
        if muxer._lock.acquire(timeout=2):  # a thread may be writing
            try:
                muxer.__del__()
            finally:
                muxer._lock.release()
