"""What a conversion does with each frame and packet: map, encode, copy, count."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from .._spec.numbers import show
from ..errors import EncodingError, InvalidArgumentError
from ..frames._crop import Crop
from ..frames.video_frame import VideoFrame
from ._converted_sound import ConvertedSound
from ._cut_sound import CutSound
from ._encoded_sound import EncodedPiece
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
        sounds: Mapping[int, ConvertedSound | CutSound] | None = None,
    ) -> None:
        self.writer = FrameWriter(muxer, options, source_rate)
        self.frames_read = 0
        self.duration: int | None = None
        self.on_progress: Progress | None = None
        self.fields: Fields | None = None
        self.before_frame: Callable[[int], object] | None = None  # called with the time of each
        self._muxer = muxer
        self._crop = None if options.crop is None else Crop(options.crop)
        self._map = map_frame
        self._start = start
        self._latest: int | None = None  # time of the newest frame that was written
        self._has_last = False  # whether the last frame that was read is the last one written
        self._numbers = numbers or {}
        self._sounds = sounds or {}

    def take(self, event: VideoFrame | CopiedPacket) -> None:
        """Encode a frame, which is taken, or sound, or copy a packet."""
        if isinstance(event, CopiedPacket):
            sound = self._sounds.get(event.index)
            if sound is None:
                self._muxer._add_copied_packet(self._numbers[event.index], event.ptr)
            else:
                self._add_sound(sound, sound.feed(event.ptr))
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
                self._latest = timestamp = mapped.timestamp - self._start
                for sound in self._sounds.values():
                    self._add_sound(sound, sound.keep_up(timestamp))
                if self.before_frame is not None:
                    self.before_frame(timestamp)
                self.writer.write(mapped, timestamp)
                if self.fields is not None:
                    self.fields.look_at(mapped, self.writer)
        if self.on_progress is not None:
            self.on_progress(TranscodeProgress(self.writer.frames, timestamp, self.duration))

    def _add_sound(self, sound: ConvertedSound | CutSound, pieces: Iterable[EncodedPiece]) -> None:
        for chunk, config in pieces:
            self._muxer.add_chunk(chunk, config, track=sound.name)

    def hold(self, stated: int | None, duration: int) -> None:
        """Let the last frame, if it still lasts as long as was `stated`, last for `duration`."""
        if self._has_last and duration and duration != stated:
            self.writer.hold(stated, duration)

    def finish(self, nothing: str = "there is no frame to write") -> None:
        """Encode what is left; raises EncodingError if that is `nothing` at all."""
        self.writer.finish()
        for sound in self._sounds.values():
            self._add_sound(sound, sound.finish(self._latest))
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
        told: Mapping[str, Any] | None = None,
    ) -> TranscodeResult:
        """Return what was done, with which streams, and what else is `told`."""
        config = self.writer.config
        told = {"lost": list(self._muxer._losses.lost), **(told or {})}
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
