"""Muxer: encoded chunks in, a video file out. Needs libavformat."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Mapping
from itertools import chain
from typing import TYPE_CHECKING, Any

from .._av import forked
from .._av.codecs import packet
from .._av.files import containers
from .._av.files.chapters import Chapter
from .._av.files.mux import MuxerCore
from .._av.files.streams import CopiedStream
from .._av.files.target import OutputFile
from .._av.files.video_stream import VideoStream
from .._public import public
from .._runtime import ending
from .._runtime.closing import Closable, only_once
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.files.timeline import Entry, Timeline
from .._spec.numbers import show, to_flag
from .._spec.texts import to_text
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import DataError, InvalidArgumentError, InvalidStateError, NotSupportedError
from ._file_start import FileStart, set_texts, set_up, start_file
from ._film_end import FilmEnd
from ._labelling import label_streams
from ._losses import Losses
from ._mux_metadata import check_chunk, check_same, read_metadata, texts
from ._mux_setup import describe_video
from ._orientation import settle_rotation
from ._original import Original
from ._pixel_shape import tell_pixel_shape
from ._refused_packets import RefusedPackets
from ._told_times import tell_shape, tell_times
from ._written_colors import tell_colors

if TYPE_CHECKING:
    from .._ffi._types import AVPacket

_open: weakref.WeakSet[Muxer] = weakref.WeakSet()


@public
class Muxer(Closable):
    """A video file being written from encoded chunks.

    MP4, MOV, Matroska, WebM, AVI, MPEG-TS, IVF, raw H.264 and HEVC, GIF, WebP, AVIF, and what else
    the installed libavformat writes. The file appears under its name, complete, when `close`
    returns; until then it has a temporary name in the same folder. A `with` block that fails leaves
    what was there before.

    Parameters
    ----------
    destination : path or writable binary file object
        A file object gets the finished bytes when the muxer is closed, need not be able to seek,
        and stays yours.
    format : str, optional
        ``"mp4"``, ``"mov"``, ``"mkv"``, ``"webm"``, ``"avi"``, ``"ts"``, ``"ivf"``, ``"h264"``,
        ``"hevc"``, ``"gif"``, ``"webp"``, ``"avif"`` or a name of FFmpeg's; default: by suffix.
    faststart : bool
        MP4 and MOV: put the index in front, so that players can start before they have it all.
        Costs a second pass over the file.
    fragmented : bool
        MP4 and MOV: an index for each group of pictures instead of one for the file.
    metadata : mapping of str to str, optional
        Tags of the file, such as ``{"title": "Big Buck Bunny"}``; containers keep those they know.
    options : mapping of str to str, optional
        FFmpeg's options of the container, such as ``{"loop": "1"}`` for GIF.
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
        This FFmpeg cannot write the container, or it writes several files.

    Examples
    --------
    >>> with Demuxer("clip.mp4") as demuxer, Muxer("copy.mkv") as muxer:
    ...     for chunk in demuxer.chunks():
    ...         muxer.add_chunk(chunk, demuxer.video_config)
    """

    __slots__ = (
        "__weakref__",
        "_chapters",
        "_config",
        "_container",
        "_copied",
        "_copied_waiting",
        "_core",
        "_failed",
        "_film_end",
        "_has_video",
        "_index",
        "_is_inherited",
        "_known_metadata",
        "_lock",
        "_losses",
        "_native_times",
        "_original",
        "_output_file",
        "_refused",
        "_shown",
        "_timeline",
        "_video",
        "_wanted",
        "_zero",
    )

    def __init__(
        self,
        destination: Any,
        *,
        format: str | None = None,
        faststart: bool = True,
        fragmented: bool = False,
        metadata: Mapping[str, str] | None = None,
        options: Mapping[str, str] | None = None,
        several_files: bool = False,
    ) -> None:
        only_once(self, "_core")
        self._core: MuxerCore | None = None
        self._output_file: OutputFile | None = None
        self._lock = threading.RLock()
        self._is_inherited = False
        forked.watch(self)
        _open.add(self)
        if format is not None and not isinstance(format, str):
            raise InvalidArgumentError(f"format must be a string, got {show(format)}")
        format = None if format is None else to_text(format, "format")
        faststart, fragmented = to_flag(faststart, "faststart"), to_flag(fragmented, "fragmented")
        tags, settings = texts(metadata, "metadata"), texts(options, "options")
        asked = to_flag(several_files, "several_files")
        target = OutputFile(destination)
        self._container = containers.find(target.path, format, several=asked)
        if self._container.writes_several:
            target = OutputFile(destination, several=True)
        if fragmented and not self._container.is_iso:
            raise InvalidArgumentError(f"fragmented is for MP4 and MOV, not {self._container.name}")
        self._config: VideoDecoderConfig | None = None
        self._video: VideoStream | None = None
        self._known_metadata: Any = None  # what was checked last: many give it with each chunk
        self._index = -1
        self._has_video = True
        self._timeline: Timeline | None = None
        self._film_end: FilmEnd | None = None
        self._native_times = False
        self._copied: list[CopiedStream] = []
        self._chapters: list[Chapter] = []
        self._copied_waiting: list[tuple[int, AVPacket]] = []
        self._failed = False
        self._losses = Losses()
        self._refused: RefusedPackets | None = None  # None: one that is refused is an error
        self._original: Original | None = None  # of chunks that do not say what they come from
        self._wanted: list[containers.Wanted] = []  # beside the video, as far as that is known
        self._zero = 0  # of the file, on the clock of what comes
        self._shown = target.shown
        self._output_file = target
        with self._lock:  # `_discard_all` waits for it
            ending.end_daemon()
            try:
                name = target.open()
                self._core = MuxerCore(name, self._container, target.shown, target.path)
                set_up(self._core, target.path, faststart=faststart, fragmented=fragmented)
                set_texts(self._core, tags, settings)
            except BaseException:
                self.discard()
                raise

    @property
    def format_name(self) -> str:
        """FFmpeg's name of the container, such as ``"mp4"`` or ``"matroska"``."""
        return self._container.name

    def add_chunk(self, chunk: EncodedVideoChunk, metadata: Any = None) -> None:
        """Append a chunk; chunks come in decoding order, as encoders and demuxers give them.

        Nothing is copied. The last chunks (32 at most) wait until the muxer knows their decoding
        times.

        Parameters
        ----------
        chunk : EncodedVideoChunk
        metadata : EncodedVideoChunkMetadata, VideoDecoderConfig or mapping, optional
            The first one must have a `decoder_config`. Later ones may repeat it; another codec
            or description is refused, for a file has one of them.

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
        known = metadata is not None and metadata is self._known_metadata
        config, alpha = (None, None) if known else read_metadata(metadata)
        with self._lock:
            core = self._open_core()
            if alpha is not None and not self._container.holds_alpha_side_data:
                raise NotSupportedError(
                    f"{self._container.name} cannot hold alpha_side_data; use .webm or .mkv"
                )
            if self._timeline is None:
                self._begin(chunk, config, alpha)
            elif config is not None and self._config is not None:
                check_same(chunk.timestamp, config, self._config)
            timeline = self._timeline
            assert timeline is not None
            if alpha is None:
                self._known_metadata = metadata or self._known_metadata
            ready = timeline.push(self._entry(chunk, alpha))
            self._guarded(self._write, core, timeline, ready)

    def _begin(
        self,
        chunk: EncodedVideoChunk,
        config: VideoDecoderConfig | None,
        alpha: bytes | None,
    ) -> None:
        if config is None:
            raise InvalidArgumentError(
                "the first chunk needs metadata with a decoder_config: "
                "add_chunk(chunk, metadata) as VideoEncoder gives it, or "
                "add_chunk(chunk, demuxer.video_config)"
            )
        if chunk.type != "key" and not chunk._from_container:
            raise DataError(f"the first chunk, at {chunk.timestamp} us, must be a key chunk")
        video = describe_video(config, chunk, self._container, self._wanted)
        video.alpha = alpha is not None or packet.has_alpha(chunk._ptr)
        if video.alpha and not self._container.holds_alpha_side_data:
            raise NotSupportedError(
                f"{self._container.name} cannot hold the chunks' alpha channel; use .webm or .mkv"
            )
        settle_rotation(video, self._original, self._container, self._losses)
        tell_pixel_shape(video, self._container, self._losses)
        label_streams((video, chunk), self._copied, self._original, self._container, self._losses)
        tell_colors(video, self._container, self._losses)
        tell_shape(video, self._container, self._losses)
        self._losses.check()
        self._config, self._video = config, video
        self._native_times = video.native is not None and chunk._from_container
        reorders = containers.reorders(containers.codec_id(video.codec))
        self._film_end = FilmEnd(self._container, reorders)
        self._timeline = Timeline(
            reorders,
            from_zero=self._container.has_constant_rate,
            zero=self._zero,
        )

    @staticmethod
    def _entry(chunk: EncodedVideoChunk, alpha: bytes | None) -> Entry:
        pts, dts = packet.times(chunk._ptr)
        if chunk._from_container and pts is None and dts is None:
            # AVI and raw streams do not tell when a picture is shown, only the order.
            dts = chunk.timestamp
        hidden = packet.is_discarded(chunk._ptr)
        return Entry((chunk, alpha), chunk.timestamp, dts, chunk.duration, hidden)

    def _write(self, core: MuxerCore, timeline: Timeline, ready: Any, is_end: bool = False) -> None:
        if timeline.started and not core.started:
            if self._original is not None:  # a conversion; a caller's own times are the caller's
                tell_times(self._container, timeline, self._losses, self._shown)
            self._start(core, timeline)
        assert self._film_end is not None
        ready = self._film_end.pass_on(ready)
        if is_end:
            ready = chain(ready, self._film_end.end(timeline.step))
        for entry in ready:
            chunk, alpha = entry.item
            self._or_refused(
                core.write_video,
                self._index,
                chunk._decodable(),
                entry.pts + timeline.offset,
                entry.dts + timeline.offset,
                entry.duration,
                key=chunk.type == "key",
                alpha=alpha,
            )

    def _or_refused(self, write: Any, *arguments: Any, **more: Any) -> None:
        if self._refused is None:
            write(*arguments, **more)
        else:
            self._refused.catch(write, *arguments, **more)

    def _start(self, core: MuxerCore, timeline: Timeline) -> None:
        """Write the header: the first chunks are known."""
        for stream in self._copied:
            stream.note_moved(timeline.offset)
        start = FileStart(self._video, self._native_times, self._copied, self._chapters)
        self._index = start_file(core, self._container, start, timeline)
        waiting, self._copied_waiting = self._copied_waiting, []
        for index, ptr in waiting:
            self._or_refused(core.write, index, ptr, timeline.offset)

    def _start_without_video(self, core: MuxerCore) -> None:
        self._timeline = Timeline(False, zero=self._zero)
        self._timeline.begin_empty()
        label_streams(None, self._copied, self._original, self._container, self._losses)
        self._start(core, self._timeline)

    def _add_copied_stream(self, stream: CopiedStream) -> int:
        """Add an audio or subtitle stream before the first chunk; return its number here.

        Raises NotSupportedError if the container cannot hold it.
        """
        with self._lock:
            if self._open_core().started:
                raise InvalidStateError(f"{self._shown} has begun: its streams are fixed")
            if not stream.is_cover or not self._can_hold(stream):
                self._container.require_copy(stream.kind, stream.codec_id, stream.codec)
            self._copied.append(stream)
            return len(self._copied) - (not self._has_video)  # the video is number 0

    def _set_chapters(self, chapters: list[Chapter]) -> bool:
        """Set the chapters before the first chunk; return whether the container holds them."""
        with self._lock:
            if self._open_core().started:
                raise InvalidStateError(f"{self._shown} has begun: its chapters are fixed")
            if not self._container.holds_chapters:
                return False
            self._chapters = chapters
            return True

    def _leave_out_video(self) -> None:
        """Say, before any stream is added, that there will be none but those that are copied."""
        self._has_video = False

    @property
    def _headers_in_stream(self) -> bool:
        return not self._container.needs_description

    def _can_hold_video(self, config: VideoDecoderConfig | None) -> bool:
        return config is not None and self._container.holds_film(config.codec)

    def _can_hold(self, stream: CopiedStream) -> bool:
        if stream.is_cover:
            return self._container.can_show(stream.codec_id, stream.codec)
        return self._container.can_copy(stream.kind, stream.codec_id, stream.codec)

    def _add_copied_packet(self, index: int, ptr: AVPacket) -> None:
        """Append a packet, which is taken, to a copied stream; it waits until the video begins."""
        with self._lock:
            core = self._open_core()
            if not core.started and not self._has_video:
                self._guarded(self._start_without_video, core)
            if not core.started:
                self._copied_waiting.append((index, ptr))
                return
            assert self._timeline is not None
            self._guarded(self._or_refused, core.write, index, ptr, self._timeline.offset)

    def _complete(self) -> None:
        """Write all that waits: then all refused packets are known. Only `close` is left."""
        with self._lock:
            core, timeline = self._open_core(), self._timeline
            if timeline is not None:
                self._guarded(self._flush, core, timeline)

    def _flush(self, core: MuxerCore, timeline: Timeline) -> None:
        if self._film_end is not None:
            self._write(core, timeline, timeline.finish(), is_end=True)
            if self._original is not None:
                self._film_end.tell(timeline.step, self._losses, self._shown)
        if self._refused is not None:
            self._refused.finish(core)

    def _guarded(self, call: Any, *arguments: Any) -> None:
        try:
            call(*arguments)
        except BaseException:
            self._failed = True
            raise

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
            core, timeline, target = self._core, self._timeline, self._output_file
            if core is None or target is None:
                return
            try:
                if timeline is None or self._failed or not (self._has_video or core.started):
                    return
                self._flush(core, timeline)
                core.finish()
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
            core, self._core = self._core, None
            target, self._output_file = self._output_file, None
            self._timeline = None
            self._copied, self._copied_waiting = [], []
            if core is not None:
                core.close()
            if target is not None:
                target.discard()

    def _after_fork(self) -> None:
        # The file is the parent's: neither completed nor removed here.
        self._lock = threading.RLock()
        self._is_inherited = self._core is not None
        self._core = self._output_file = self._timeline = None

    @property
    def closed(self) -> bool:
        """Whether `close` or `discard` was called."""
        return self._core is None

    def _open_core(self) -> MuxerCore:
        if self._is_inherited:
            raise forked.inherited(f"the muxer of {self._shown}")
        if self._core is None:
            ending.end_daemon()  # it was `_discard_all` that closed it
            raise InvalidStateError(f"the muxer of {self._shown} is closed")
        if self._failed:
            raise InvalidStateError(f"writing {self._shown} has failed before; only close is left")
        return self._core

    def _require_open(self) -> None:
        self._open_core()

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
