"""Muxer: encoded chunks in, a video file out. Needs libavformat."""

from __future__ import annotations

import atexit
import threading
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._av import forked
from .._av.files import containers
from .._av.files.chapters import Chapter
from .._av.files.mux import MuxerCore
from .._av.files.streams import CopiedStream
from .._av.files.target import OutputFile
from .._public import public
from .._runtime import ending
from .._runtime.closing import Closable, only_once
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.numbers import show, to_flag
from .._spec.texts import to_text
from ..codecs.encoded_audio_chunk import EncodedAudioChunk
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import InvalidArgumentError, InvalidStateError, NotSupportedError
from ._file_start import FileStart, file_offset, set_texts, set_up, start_file
from ._labelling import label_streams
from ._losses import Losses
from ._mux_metadata import check_chunk, check_same, read_metadata, read_sound_metadata, texts
from ._original import Original
from ._refused_packets import RefusedPackets
from ._tracks import Name, Tracks
from ._video_track import Surroundings, VideoTrack

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
        This FFmpeg cannot write the container, or it writes several files.

    Examples
    --------
    >>> with Demuxer("clip.mp4") as demuxer, Muxer("copy.mkv") as muxer:
    ...     for chunk in demuxer.chunks():
    ...         muxer.add_chunk(chunk, demuxer.video_config)
    """

    __slots__ = (
        "__weakref__",
        *("_chapters", "_container", "_copied", "_copied_waiting", "_core", "_failed"),
        *("_has_video", "_is_inherited", "_known_metadata", "_lock", "_losses", "_offset"),
        *("_original", "_others", "_output_file", "_places", "_refused", "_shown", "_tracks"),
        *("_video", "_wanted", "_zero"),
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
        tracks: Any = None,
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
        self._tracks = Tracks(tracks, self._container, target.shown)
        self._video = VideoTrack()
        self._known_metadata: Any = None  # what was checked last: many give it with each chunk
        self._has_video = True
        self._offset: int | None = None  # microseconds that all times are moved by, once begun
        self._others: list[CopiedStream | Name] = []  # beside the video, as they stand in the file
        self._places: list[int] = []  # of those that are copied, once begun
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

    def add_chunk(
        self,
        chunk: EncodedVideoChunk | EncodedAudioChunk,
        metadata: Any = None,
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
            ready = video.check(chunk, alpha)
            if alpha is None:
                self._known_metadata = metadata or self._known_metadata
            self._guarded(video.take, ready)
            self._guarded(self._advance, core)

    def _begin_video(
        self,
        core: MuxerCore,
        chunk: EncodedVideoChunk,
        config: VideoDecoderConfig | None,
        alpha: bytes | None,
        track: Name | None,
    ) -> None:
        tracks = self._tracks
        name = tracks.checked_video(track, core.started)
        self._video.begin(
            chunk,
            config,
            alpha,
            Surroundings(
                self._container,
                self._losses,
                self._original,
                self._copied,
                [*self._wanted, *tracks.wanted()],
                self._zero,
                tracks.tags_of(name, "video", self._losses),
                self._shown,
            ),
        )
        tracks.video = name

    def _add_sound(self, chunk: EncodedAudioChunk, metadata: Any, name: Name | None) -> None:
        with self._lock:
            core, tracks = self._open_core(), self._tracks
            track = tracks.sound(name)
            known = track is not None and metadata is track.known_metadata
            config = None if known else read_sound_metadata(metadata)
            if track is None:
                track = tracks.new_sound(name, core.started, self._losses)
                track.begin(chunk, config, self._container, self._wanted)
            track.push(chunk, config)
            track.known_metadata = metadata
            tracks.add(track)
            self._guarded(self._advance, core)

    def _advance(self, core: MuxerCore, is_end: bool = False) -> None:
        """Write what can be written by now."""
        video, tracks = self._video, self._tracks
        if not core.started:
            if not (is_end or tracks.are_here(video.is_ready, self._has_video)):
                tracks.check_waiting(video.ready_bytes)
                return
            self._start(core)
        offset = self._offset
        assert offset is not None
        while video.ready:
            tracks.write_until(core, video.next_dts + offset, self._or_refused)
            self._or_refused(video.write_next, core, offset)
        tracks.write_until(core, None, self._or_refused)

    def _or_refused(self, write: Any, *arguments: Any, **more: Any) -> None:
        if self._refused is None:
            write(*arguments, **more)
        else:
            self._refused.catch(write, *arguments, **more)

    def _start(self, core: MuxerCore) -> None:
        """Write the header: the first chunks are known."""
        video, tracks, timeline = self._video, self._tracks, self._video.timeline
        if timeline is None:
            label_streams(None, self._copied, self._original, self._container, self._losses)
        self._offset = offset = file_offset(self._container, timeline, self._zero, tracks)
        tracks.tell_late(self._losses, offset)
        self._losses.check()
        for stream in self._copied:
            stream.note_moved(offset)
        others = tracks.place(self._others)
        start = FileStart(None if timeline is None else video, others, self._chapters, offset)
        video.index, self._places = start_file(core, self._container, start)
        if self._refused is not None:
            self._refused.place(self._places, self._has_video)
        waiting, self._copied_waiting = self._copied_waiting, []
        for number, ptr in waiting:
            self._write_copied(core, number, ptr)

    def _write_copied(self, core: MuxerCore, number: int, ptr: AVPacket) -> None:
        place = self._places[number - self._has_video]
        self._or_refused(core.write, place, ptr, self._offset)

    def _announce(self, name: Name, tags: Mapping[str, str], disposition: int = 0) -> None:
        """Say, before the first chunk, that a track of sound comes and stands in the file behind
        those that were said before.
        """
        self._tracks.announce(name, tags, disposition)
        self._others.append(name)

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
            self._others.append(stream)
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
            if not core.started and not self._has_video and self._tracks.are_here(False, False):
                self._guarded(self._start, core)
            if not core.started:
                self._copied_waiting.append((index, ptr))
                return
            self._guarded(self._write_copied, core, index, ptr)

    def _complete(self) -> None:
        """Write all that waits: then all refused packets are known. Only `close` is left."""
        with self._lock:
            core = self._open_core()
            if self._has_content(core):
                self._guarded(self._flush, core)

    def _has_content(self, core: MuxerCore) -> bool:
        return core.started or self._video.timeline is not None or bool(self._tracks.sounds)

    def _flush(self, core: MuxerCore) -> None:
        video, tracks = self._video, self._tracks
        video.finish()
        tracks.finish()
        self._advance(core, is_end=True)
        tracks.end(core)
        tracks.tell_ends(self._losses)
        if self._original is not None:
            video.tell_end()
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
            core, target = self._core, self._output_file
            if core is None or target is None:
                return
            try:
                if self._failed or not self._has_content(core):
                    return
                self._flush(core)
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
            self._video.close()
            self._tracks.close()
            self._copied, self._others, self._copied_waiting = [], [], []
            if core is not None:
                core.close()
            if target is not None:
                target.discard()

    def _after_fork(self) -> None:
        # The file is the parent's: neither completed nor removed here.
        self._lock = threading.RLock()
        self._is_inherited = self._core is not None
        self._core = self._output_file = None

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
