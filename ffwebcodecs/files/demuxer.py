"""Demuxer: a film or sound in a file, its configurations, its chunks. Needs libavformat."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, ClassVar

from .._av import forked
from .._av.codecs.packet import KEY
from .._av.files.demux import DemuxerCore
from .._public import public
from .._runtime.closing import only_once
from .._runtime.helper import HelperThread
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.codecs.picture_limit import MAX_PIXELS
from .._spec.numbers import to_flag, to_int64
from .._spec.types import Integer, MediaSource, Playlists
from ..codecs._file_colors import with_colors
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ._clock import origin
from ._damage import Damage
from ._input_options import ColorSpace, parse_opening
from ._kept_packets import chunk_of
from ._positions import KeptDecoder, Position
from ._sound_of_file import SoundOfFile
from ._stream_config import describe_stream, guessed_colors, make_config
from .stream_description import StreamDescription

if TYPE_CHECKING:
    from .._ffi._types import AVFrame
    from ..codecs._decoding import Core
    from ..frames._shape import ShapeCache

_PATIENCE = 0.5  # seconds that another thread has for leaving the file


@public
class Demuxer(SoundOfFile):
    """One video stream of a file, and its sound.

    Opens whatever the installed libavformat can: MP4, MOV, Matroska, WebM, AVI, MPEG-TS, IVF, raw
    H.264 and HEVC, URLs, and many more; and files of sound alone: M4A, MP3, Opus, WAV, FLAC. What
    is not asked for is skipped; `streams` lists all there is.

    A file is read in one place: `chunks`, `audio_chunks`, `chunks_of` and `read_frames` go on where
    the last call of them left off if that was for the same streams, and for others begin where
    that began: at the beginning of the file, or where the last `seek` or `start` led. What can be
    read only once, as a pipe, gives several streams by `chunks_of` alone.

    Parameters
    ----------
    source : path, bytes-like or binary file object
        A file object is read from where it stands, piece by piece, and stays yours: see
        docs/streams.md; bytes are copied. Paths are opened by FFmpeg itself and read piece by
        piece, and so are URLs. Pipes and FIFOs are waited for, ``"pipe:"`` is standard input and
        ``"pipe:5"`` the descriptor 5.
    format : str, optional
        FFmpeg's name of the input's format, such as ``"hls"`` or ``"h264"``; default: what its
        content looks like.
    options : mapping, optional
        FFmpeg's options of the format or the protocol, such as ``{"headers": "..."}``.
    playlists : bool or "same-host", optional
        Whether the input may be a playlist, which names other files: True lets a local one name
        those beside it or below; False refuses all; "same-host" keeps one from a URL to its host.
        Default: HLS and DASH from http(s) URLs only. Bytes and file objects never are one. See
        docs/security.md.
    max_pixels : int, optional
        The largest picture that is read, width times height; None: no limit. `video_config` has
        it too.
    timeout : float, optional
        Seconds that one call may wait for a pipe or the network: opening, one chunk, one seek;
        default: no limit. Files on disks are not timed, nor is what a file object does in its own
        ``read``.
    stream : int, optional
        Index of the video stream to read, as in `streams`; default: the best one by FFmpeg's
        judgement, and not the cover.
    color_space : VideoColorSpace or mapping, optional
        What the pictures' colours are, whatever is said of them; members that are None, or left
        out, stay the file's, or are guessed: see docs/colour.md.

    Raises
    ------
    TimeoutError
        It took longer than `timeout`. After that only `close` is left, as after an interrupt: data
        may be lost. Ctrl-C, and whatever else the handler of a signal raises, ends a wait at once.
    FFmpegLoadError
        There is no libavformat; the rest of the package works without it.
    OSError
        The file is not there, or may not be read.
    EncodingError
        FFmpeg cannot make sense of the content.
    NotSupportedError
        There is neither video nor sound in it, a limit is exceeded, or it is a playlist that is
        not allowed, or that names what it may not: see docs/security.md.
    InvalidArgumentError
        `source` is none of the above, or a parameter is out of range; there is no such `stream`, or
        it is no video.

    Examples
    --------
    >>> with Demuxer("clip.mp4") as demuxer:
    ...     demuxer.video_config.codec
    'avc1.64000B'
    """

    # Without a dictionary, for the sake of Python 3.11's tracemalloc.
    __slots__ = (
        *("__weakref__", "_color_space", "_config", "_core", "_lock", "_position", "_streams"),
    )

    _instead = "send the path instead"
    _needs_video: ClassVar[bool] = True

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
        color_space: ColorSpace | None = None,
    ) -> None:
        only_once(self, "_core")
        opening = parse_opening(
            format,
            options,
            playlists,
            max_pixels,
            timeout,
            stream=stream,
            color_space=color_space,
        )
        opening.needs_video, opening.takes_sound = self._needs_video, True
        core = DemuxerCore(source, opening, helper=HelperThread)
        self._position = Position(core)
        self._begin_reading(core, self._position)
        self._core = core
        self._lock = threading.RLock()
        self._config: VideoDecoderConfig | None = None
        self._color_space = opening.color_space
        self._streams: tuple[StreamDescription, ...] | None = None
        forked.watch(self)

    def _after_fork(self) -> None:
        self._lock = threading.RLock()

    @property
    def video_config(self) -> VideoDecoderConfig:
        """What `VideoDecoder.configure` needs for this stream. Its rotation is the container's;
        what a picture says of its own shows in the frames of `read_frames` and `Video`.

        Raises
        ------
        NotSupportedError
            There is no video.
        """
        if self._config is None:
            self._core.require_video()
            config = make_config(self._core.info, self._core.max_pixels)
            self._config = with_colors(config, self._color_space)
        return self._config

    @property
    def guessed_colors(self) -> tuple[str, ...]:
        """Which of primaries, transfer, matrix and full_range of `video_config.color_space` nobody
        says: neither the file, nor its video, nor `color_space`. They are guessed: see
        docs/colour.md.
        """
        self._core.require_video()
        return guessed_colors(self._core.info, self._color_space)

    @property
    def stream(self) -> int:
        """Index in `streams` of the video that is read, of the sound if there is no video."""
        index = self._core.info.index
        return index if index >= 0 else self._core.sound().number

    @property
    def streams(self) -> tuple[StreamDescription, ...]:
        """All streams of the file: video, sound, subtitles and the rest.

        In MPEG-TS, MPEG-PS and FLV a stream may turn up late; it is listed as soon as it was met
        while reading. A playlist's renditions are streams too. Asked for the first time after
        `close`, this raises InvalidStateError.
        """
        with self._lock:
            if not self.closed or self._streams is None:
                found = self._open_core().streams()
                if self._streams is None or len(found) != len(self._streams):
                    self._streams = tuple(map(describe_stream, found))
            return self._streams

    @property
    def duration(self) -> int | None:
        """Duration of the stream in microseconds, None if the file does not say."""
        return self._core.info.duration

    @property
    def origin(self) -> int:
        """When the film begins on the file's clock, in microseconds: where `start` and `stop` of
        `transcode`, and all times on the command line, are counted from. It is the time of the
        first of all streams where the clock began before the film, as in MPEG-TS and FLV, else 0.
        """
        return origin(self._core)

    @property
    def frame_count(self) -> int | None:
        """Number of frames as the file states it, None if it does not."""
        return self._core.info.frame_count

    @property
    def frame_rate(self) -> float | None:
        """Average frames per second as far as FFmpeg can tell, None if it cannot."""
        return self._core.info.rate

    @property
    def format_name(self) -> str:
        """FFmpeg's name of the container, such as ``"mov,mp4,m4a,3gp,3g2,mj2"``."""
        return self._core.info.format_name

    def chunks(
        self, start: Integer | None = None, *, all: bool = False
    ) -> Iterator[EncodedVideoChunk]:
        """Yield the chunks in decoding order, from the beginning the first time and from where the
        last call stopped after that.

        The data is not copied. A chunk's presentation time may be before its predecessor's. The
        first one of a file, and after `seek`, is a key chunk: what is before it in a recording that
        begins in the middle cannot be decoded. After `read_frames`, begin with the chunks whose
        frames that has not given, though it may have decoded them; the first one may be a delta
        chunk then.

        Parameters
        ----------
        start : int, optional
            Microseconds: begin with the last key chunk at or before this time.
        all : bool, optional
            Give the delta chunks before the first key chunk too.

        Raises
        ------
        InvalidStateError
            The demuxer is closed.
        EncodingError
            The file is damaged here; chunks before it have been yielded. Or there is no key chunk.
        TimeoutError
            The next chunk took longer than `timeout`.
        """
        everything = to_flag(all, "all")
        time = None if start is None else to_int64(start, "start")
        with self._lock:
            self._open_core()
            self._core.require_video()
            self._reader.choose(self._video, time)
        return self._chunks(everything)

    def _chunks(self, everything: bool) -> Iterator[EncodedVideoChunk]:
        position, reader, video = self._position, self._reader, self._video
        take = position.next if everything else position.next_from_key
        make = EncodedVideoChunk._from_native
        while True:
            # What has been read already needs no lock: whoever goes elsewhere forgets it first.
            self._core.require_open()
            if reader.selected == video and (plain := position.next_plain()) is not None:
                native, timestamp = plain
                chunk = make(native, native.flags & KEY, timestamp, native.duration or None)
                del native, plain
            else:
                with self._lock:
                    core = self._open_core()
                    reader.require(video)
                    position.read_ahead()
                    found = take()
                    if found is None:
                        return
                    chunk = chunk_of(core, *found)
                    del found
            yield chunk
            del chunk  # the program's alone while the next one is waited for

    def _decode(
        self,
        config: VideoDecoderConfig,
        damage: Damage,
        open_it: Callable[[], tuple[Core, ShapeCache]],
        start: int | None,
    ) -> KeptDecoder:
        """Return the decoder with which `read_frames` goes on from where it was broken off, or from
        `start` on.
        """
        with self._lock:
            self._open_core()
            self._reader.choose(self._video, start, goes=False)
            return self._position.decode(config, damage, open_it, start)

    def _next_frame(
        self,
        config: VideoDecoderConfig,
        damage: Damage,
        open_it: Callable[[], tuple[Core, ShapeCache]],
    ) -> AVFrame | None:
        """Return the next frame, None at the end."""
        with self._lock:
            self._open_core()
            self._reader.require(self._video)
            self._position.decode(config, damage, open_it)
            return self._position.take()

    def _lasting(self, timestamp: int, stated: int) -> int:
        """Return how long the frame that `_next_frame` has returned last is shown."""
        kept = self._position.kept
        if kept is None or kept.lasting is None:
            return stated
        return kept.lasting(timestamp, stated)

    def _put_back(self, ptr: AVFrame) -> None:
        """Give back the frame that `_next_frame` has returned last."""
        with self._lock:
            self._position.put_back(ptr)

    def seek(self, timestamp: Integer) -> None:
        """Go to the last key chunk at or before `timestamp` (microseconds), or to the first one.

        The packets that are there decide, whatever FFmpeg says: so some are read already, and the
        seek goes further back if the first key chunk is later. Where containers have no index, or
        an index of some key chunks only, that is found for up to 16 MiB of a group of pictures.

        Raises
        ------
        InvalidStateError
            The demuxer is closed.
        EncodingError
            The container cannot seek.
        TimeoutError
            It took longer than `timeout`.
        """
        timestamp = to_int64(timestamp, "timestamp")
        with self._lock:
            self._open_core()
            self._reader.seek(timestamp)

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._core.closed

    def close(self) -> None:
        """Close the file now; twice is fine. Chunks stay valid.

        A call of another thread that waits for the input ends with InvalidStateError. What cannot
        be interrupted, such as the resolution of a host's name, is not waited for: this returns
        within a second, and the call frees the file when it comes back (`open_handles` counts it
        until then).
        """
        lock, free = self._lock, False
        try:
            self._core.interrupt()
            free = lock.acquire(timeout=_PATIENCE)
        finally:  # also if the handler of a signal raises meanwhile
            try:
                if free:  # else somebody is in it, who lets go of it
                    self._position.moved()
                self._core.close(wait=free)
            finally:
                if free:
                    lock.release()

    def _open_core(self) -> DemuxerCore:
        self._core.require_open()
        return self._core

    def _require_open(self) -> None:
        self._open_core()

    def _left_open(self) -> str:
        return f"unclosed demuxer of {self._core.shown}"

    def _abandon(self) -> None:
        self._position.moved()  # nobody else has it, so there is nothing to lock
        self._core.close()

    def __repr__(self) -> str:
        info = self._core.info
        state = "closed " if self.closed else ""
        if info.index < 0:
            return f"<Demuxer {state}{info.format_name} of sound>"
        return f"<Demuxer {state}{info.format_name} {info.codec} {info.width}x{info.height}>"
