"""What a muxer does behind its public face: tracks are gathered, the file begun and written."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from .._av import forked
from .._av.files.chapters import Chapter
from .._av.files.containers import Container, Wanted
from .._av.files.mux import MuxerCore
from .._av.files.streams import CopiedStream
from .._av.files.target import OutputFile
from .._runtime import ending
from .._runtime.closing import Closable
from .._spec.codecs.config import VideoDecoderConfig
from ..codecs.encoded_audio_chunk import EncodedAudioChunk
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import InvalidStateError
from ._file_start import FileStart, file_offset, start_file
from ._labelling import label_streams
from ._live_order import LiveOrder
from ._losses import Losses
from ._mux_metadata import read_sound_metadata
from ._original import Original
from ._refused_packets import RefusedPackets
from ._segments import Segments, type_of
from ._tracks import Name, Tracks
from ._video_track import Surroundings, VideoTrack

if TYPE_CHECKING:
    from .._ffi._types import AVPacket


class Muxing(Closable):
    """The tracks of a file on their way into it. `Muxer` opens and closes it."""

    _core: MuxerCore | None
    _is_inherited: bool
    _segments: Segments | None  # None unless it is written as it is made

    __slots__ = (
        "__weakref__",
        *("_chapters", "_container", "_copied", "_copied_waiting", "_core", "_failed"),
        *("_has_video", "_is_inherited", "_known_metadata", "_lock", "_losses", "_offset"),
        *("_order", "_original", "_others", "_output_file", "_places", "_refused", "_segments"),
        *("_shown", "_tracks", "_video", "_wanted", "_zero"),
    )

    def __init__(
        self,
        target: OutputFile,
        container: Container,
        tracks: Tracks,
        order: LiveOrder | None,
    ) -> None:
        self._container = container
        self._tracks = tracks
        self._video = VideoTrack()
        self._order = order  # None unless it is written as it is made
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
        self._wanted: list[Wanted] = []  # beside the video, as far as that is known
        self._zero = 0  # of the file, on the clock of what comes
        self._shown = target.shown
        self._output_file: OutputFile | None = target

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
        if self._order is not None:
            self._advance_live(core, is_end)
            return
        offset = self._offset
        assert offset is not None
        while video.ready:
            tracks.write_until(core, video.next_dts + offset, self._or_refused)
            self._or_refused(video.write_next, core, offset)
        tracks.write_until(core, None, self._or_refused)

    def _advance_live(self, core: MuxerCore, is_all: bool) -> None:
        segments, order = self._segments, self._order
        assert segments is not None
        assert order is not None

        def cut(until: int) -> None:
            segments.cut(core, self._refused, until)

        order.advance(core, self._video, self._tracks, self._or_refused, cut, is_all=is_all)

    def _flush_live(self, core: MuxerCore) -> None:
        """Give all that has come as a fragment."""
        assert self._segments is not None
        if not self._has_content(core):
            return
        self._video.hurry()
        for track in self._tracks.sounds.values():
            track.hurry()
        self._advance(core, is_end=True)
        assert self._order is not None
        self._order.cut()
        self._segments.cut(core, self._refused, None)

    def _finish(self, core: MuxerCore) -> None:
        """Complete the file."""
        self._write_rest(core)
        if self._segments is None:
            core.finish()
        else:
            self._segments.finish(core, self._refused)

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
        if self._order is not None:
            self._begin_live(core, offset)
        for number, ptr in waiting:
            self._write_copied(core, number, ptr)

    def _begin_live(self, core: MuxerCore, offset: int) -> None:
        segments, order = self._segments, self._order
        assert segments is not None
        assert order is not None
        numbers = range(self._has_video, len(self._copied) + self._has_video)
        found = zip(self._copied, self._places, strict=True)
        order.begin(dict(zip(numbers, found, strict=True)), offset)
        segments.mime_type = type_of(self._container, self._video, self._tracks, self._copied)
        segments.begin(core)

    def _write_copied(self, core: MuxerCore, number: int, ptr: AVPacket) -> None:
        if self._order is not None:
            self._order.push_copied(number, ptr)
            return
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
            if self._order is not None:
                self._guarded(self._advance_live, core, False)

    def _complete(self) -> None:
        """Write all that waits: then all refused packets are known. Only `close` is left."""
        with self._lock:
            core = self._open_core()
            if self._has_content(core):
                self._guarded(self._write_rest, core)

    def _has_content(self, core: MuxerCore) -> bool:
        return core.started or self._video.timeline is not None or bool(self._tracks.sounds)

    def _write_rest(self, core: MuxerCore) -> None:
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

    def _after_fork(self) -> None:
        # The file is the parent's: neither completed nor removed here.
        self._lock = threading.RLock()
        self._is_inherited = self._core is not None
        self._core = self._output_file = None

    def _open_core(self) -> MuxerCore:
        if self._is_inherited:
            raise forked.inherited(f"the muxer of {self._shown}")
        if self._segments is not None:
            self._segments.require_outside()
        if self._core is None:
            ending.end_daemon()  # it was `_discard_all` that closed it
            raise InvalidStateError(f"the muxer of {self._shown} is closed")
        if self._failed:
            raise InvalidStateError(f"writing {self._shown} has failed before; only close is left")
        return self._core

    def _require_open(self) -> None:
        self._open_core()
