"""The video of a file that is being written: its chunks, with the times that the file wants."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from .._av.codecs import packet, picture_order
from .._av.files import containers
from .._av.files.mux import MuxerCore
from .._av.files.streams import CopiedStream
from .._av.files.video_stream import VideoStream
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.files.timeline import Entry, Timeline
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import DataError, InvalidArgumentError, NotSupportedError
from ._film_end import FilmEnd
from ._labelling import label_streams
from ._losses import Losses
from ._mux_setup import clock, describe_video
from ._orientation import settle_rotation
from ._original import Original
from ._pixel_shape import tell_pixel_shape
from ._told_times import tell_shape, tell_times
from ._written_colors import tell_colors


class Surroundings(NamedTuple):
    """What a video's beginning depends on.

    Attributes
    ----------
    container : containers.Container
    losses : Losses
        Takes what the container cannot hold.
    original : Original or None
        What the video comes from, if its configuration does not say it.
    copied : sequence of CopiedStream
        The other streams.
    wanted : sequence of containers.Wanted
        What has to be held besides.
    zero : int
        Of the file, on the clock of the chunks.
    tags : dict of str to str
        Of the video, if somebody has said them.
    shown : str
        The file as the user knows it.
    """

    container: containers.Container
    losses: Losses
    original: Original | None
    copied: Sequence[CopiedStream]
    wanted: Sequence[containers.Wanted]
    zero: int
    tags: dict[str, str]
    shown: str


class VideoTrack:
    """The one video of a file, if it has one."""

    __slots__ = (
        *("_around", "clock", "config", "film_end", "index", "ready", "ready_bytes", "stream"),
        *("has_native_times", "timeline"),
    )

    def __init__(self) -> None:
        self.config: VideoDecoderConfig | None = None
        self.stream: VideoStream | None = None
        self.timeline: Timeline | None = None  # None: nothing has come
        self.film_end: FilmEnd | None = None
        self.has_native_times = False  # whether the file's clock is that of another file
        self.clock: tuple[tuple[int, int], tuple[int, int] | None] | None = None
        self._around: Surroundings | None = None
        self.index = -1
        self.ready: deque[Entry] = deque()  # their times are known
        self.ready_bytes = 0

    @property
    def is_ready(self) -> bool:
        """Whether so much has come that the header can be written."""
        return self.timeline is not None and self.timeline.started

    def begin(
        self,
        chunk: EncodedVideoChunk,
        config: VideoDecoderConfig | None,
        alpha: bytes | None,
        around: Surroundings,
    ) -> None:
        """Take what the first chunk, which is given to `push` then, tells of all."""
        if config is None:
            raise InvalidArgumentError(
                "the first chunk needs metadata with a decoder_config: "
                "add_chunk(chunk, metadata) as VideoEncoder gives it, or "
                "add_chunk(chunk, demuxer.video_config)"
            )
        if chunk.type != "key" and not chunk._from_container:
            raise DataError(f"the first chunk, at {chunk.timestamp} us, must be a key chunk")
        container, losses = around.container, around.losses
        video = describe_video(config, chunk, container, around.wanted)
        video.alpha = alpha is not None or packet.has_alpha(chunk._ptr)
        if video.alpha and not container.holds_alpha_side_data:
            raise NotSupportedError(
                f"{container.name} cannot hold the chunks' alpha channel; use .webm or .mkv"
            )
        settle_rotation(video, around.original, container, losses)
        tell_pixel_shape(video, container, losses)
        label_streams((video, chunk), around.copied, around.original, container, losses)
        tell_colors(video, container, losses)
        tell_shape(video, container, losses)
        losses.check()
        video.tags.update(around.tags)
        self.config, self.stream = config, video
        self.has_native_times = video.native is not None and chunk._from_container
        self._around = around
        reorders = picture_order.reorders(containers.codec_id(video.codec))
        self.film_end = FilmEnd(container, reorders)
        self.timeline = Timeline(reorders, from_zero=container.has_constant_rate, zero=around.zero)

    def check(self, chunk: EncodedVideoChunk, alpha: bytes | None) -> Iterable[Entry]:
        """Return the chunks that are ready once this one has come; InvalidArgumentError if it
        cannot, which is not taken then.
        """
        assert self.timeline is not None
        return self.timeline.push(_entry(chunk, alpha))

    def take(self, entries: Iterable[Entry]) -> None:
        """Let chunks be written next."""
        assert self.film_end is not None
        if self.is_ready and self.clock is None:
            self._settle()
        for entry in entries:
            self.film_end.note(entry)
            self._append(entry)

    def _settle(self) -> None:
        """Choose the clock, while all the first chunks are there to be looked at."""
        around, timeline, stream = self._around, self.timeline, self.stream
        assert around is not None
        assert timeline is not None
        assert stream is not None
        if around.original is not None:  # a conversion; a caller's own times are the caller's
            tell_times(around.container, timeline, around.losses, around.shown)
        native = stream.native if self.has_native_times else None
        self.clock = clock(around.container, native, timeline)

    def finish(self) -> None:
        """Let all that is left be written next."""
        timeline = self.timeline
        if timeline is None or self.film_end is None:
            return
        self.take(timeline.finish())
        if self.ready:
            self.film_end.end(self.ready[-1], timeline.step)

    def settle_start(self) -> None:
        """Let the file begin with what has come, for another group of pictures follows."""
        if self.timeline is not None:
            self.timeline.begin()

    def hurry(self) -> None:
        """Let all that has come be written next, though more follows."""
        if self.timeline is not None:
            self.take(self.timeline.finish())

    def _append(self, entry: Entry) -> None:
        self.ready.append(entry)
        self.ready_bytes += _item(entry)[0].byte_length

    def tell_end(self) -> None:
        """Tell it if the container cannot say that the last picture is held."""
        timeline, around = self.timeline, self._around
        if timeline is not None and self.film_end is not None and around is not None:
            self.film_end.tell(timeline.step, around.losses, around.shown)

    def close(self) -> None:
        """Let go of all chunks."""
        self.timeline = self.film_end = None
        self.ready.clear()

    @property
    def next_dts(self) -> int:
        """The decoding time of what is written next."""
        entry = self.ready[0]
        assert entry.dts is not None
        return entry.dts

    @property
    def newest(self) -> int:
        """When the last one that is ready is decoded."""
        entry = self.ready[-1]
        assert entry.dts is not None
        return entry.dts

    @property
    def waiting_key(self) -> int | None:
        """When the key frame is shown that is written next, but waits for the one after it."""
        entry = None if self.timeline is None or self.ready else self.timeline.last
        return entry.pts if entry is not None and _item(entry)[0].type == "key" else None

    @property
    def next_picture(self) -> tuple[int, int, int, bool]:
        """Of what is written next: from when to when it is shown, when it is decoded, and whether
        it is a key frame.
        """
        entry = self.ready[0]
        assert entry.dts is not None
        is_key = _item(entry)[0].type == "key"
        return entry.pts, entry.pts + (entry.duration or 0), entry.dts, is_key

    def write_next(self, core: MuxerCore, offset: int) -> None:
        """Write what is next, its times moved by so many microseconds."""
        entry = self.ready.popleft()
        chunk, alpha = _item(entry)
        self.ready_bytes -= chunk.byte_length
        assert entry.dts is not None
        core.write_video(
            self.index,
            chunk._decodable(),
            entry.pts + offset,
            entry.dts + offset,
            entry.duration or 0,
            key=chunk.type == "key",
            alpha=alpha,
        )


def _item(entry: Entry) -> tuple[EncodedVideoChunk, bytes | None]:
    item: Any = entry.item
    chunk, alpha = item
    return chunk, alpha


def _entry(chunk: EncodedVideoChunk, alpha: bytes | None) -> Entry:
    pts, dts = packet.times(chunk._ptr)
    if chunk._from_container and pts is None and dts is None:
        # AVI and raw streams do not tell when a picture is shown, only the order.
        dts = chunk.timestamp
    hidden = packet.is_discarded(chunk._ptr)
    return Entry((chunk, alpha), chunk.timestamp, dts, chunk.duration, hidden)
