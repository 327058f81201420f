"""What a conversion does with each frame and packet: map, encode, copy, count."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from .._spec.numbers import show
from ..errors import EncodingError, InvalidArgumentError
from ..frames._crop import Crop
from ..frames.video_frame import VideoFrame
from ._encoding_options import EncodingOptions
from ._fields import Fields
from ._frame_writer import FrameWriter
from ._other_streams import CopiedPacket
from .muxer import Muxer
from .transcode_result import Progress, TranscodeProgress, TranscodeResult

MapFrame = Callable[[VideoFrame], VideoFrame | None]


class Work:
    """What is done with each event of a conversion."""

    def __init__(
        self,
        muxer: Muxer,
        options: EncodingOptions,
        source_rate: float | None = None,
        map_frame: MapFrame | None = None,
        start: int = 0,
        numbers: Mapping[int, int] | None = None,
    ) -> None:
        self.writer = FrameWriter(muxer, options, source_rate)
        self.frames_read = 0
        self.duration: int | None = None
        self.on_progress: Progress | None = None
        self.fields: Fields | None = None
        self._muxer = muxer
        self._crop = None if options.crop is None else Crop(options.crop)
        self._map = map_frame
        self._start = start
        self._has_last = False  # whether the last frame that was read is the last one written
        self._numbers = numbers or {}

    def take(self, event: VideoFrame | CopiedPacket) -> None:
        """Encode a frame, which is taken, or copy a packet."""
        if isinstance(event, CopiedPacket):
            self._muxer._add_copied_packet(self._numbers[event.index], event.ptr)
            return
        if not isinstance(event, VideoFrame):
            raise InvalidArgumentError(f"expected a VideoFrame, got {show(event)}")
        self.frames_read += 1
        if self._crop is not None:
            event = self._crop.apply(event)
        with event:
            if self.frames_read == 1:
                self.writer.look_at(event)
            mapped = event if self._map is None else self._map(event)
            self._has_last = mapped is not None
            if mapped is None:
                return
            if not isinstance(mapped, VideoFrame):
                raise InvalidArgumentError(
                    f"map_frame must return a VideoFrame or None, got {show(mapped)}"
                )
            with mapped:
                timestamp = mapped.timestamp - self._start
                self.writer.write(mapped, timestamp)
                if self.fields is not None:
                    self.fields.look_at(mapped, self.writer)
        if self.on_progress is not None:
            self.on_progress(TranscodeProgress(self.writer.frames, timestamp, self.duration))

    def hold(self, stated: int | None, duration: int) -> None:
        """Let the last frame, if it still lasts as long as was `stated`, last for `duration`."""
        if self._has_last and duration and duration != stated:
            self.writer.hold(stated, duration)

    def finish(self, nothing: str = "there is no frame to write") -> None:
        """Encode what is left; raises EncodingError if that is `nothing` at all."""
        self.writer.finish()
        if self.writer.frames:
            return
        if self.frames_read:
            nothing = f"map_frame dropped all {self.frames_read} frames: none is left to write"
        raise EncodingError(nothing)

    def result(
        self,
        seconds: float,
        copied: Sequence[str] = (),
        dropped: Sequence[str] = (),
        damage: Mapping[str, Any] | None = None,
    ) -> TranscodeResult:
        """Return what was done, with which streams, and what became of damage."""
        config = self.writer.config
        told = {"lost": list(self._muxer._losses.lost), **(damage or {})}
        return TranscodeResult(
            frames_read=self.frames_read,
            frames_written=self.writer.frames,
            codec=None if config is None else config.codec,
            encoder=self.writer.encoder_name,
            copied_streams=list(copied),
            dropped_streams=list(dropped),
            seconds=seconds,
            **told,
        )
