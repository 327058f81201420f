"""Frames in, a file out: an encoder and a muxer driven together, in the calling thread.

It drives the same `EncoderDriver` as `VideoEncoder`'s worker does. The encoder is set up by the
first frame, because that decides size, depth and rate where the caller left them open.
"""

from __future__ import annotations

from collections import deque
from fractions import Fraction

from .._av.codecs.threads import default_threads
from .._spec.codecs.encoder_config import VideoEncoderConfig
from .._spec.codecs.strings import parse_codec
from .._spec.encoders.options import has_one_quality, quantizer_range, writes_light
from .._spec.encoders.strings import usual_codec_string
from .._spec.frames.pixel_aspect import pixel_aspect
from .._spec.frames.rect import Rect
from .._spec.types import VideoEncoderBitrateMode
from ..codecs._encoding import EncoderDriver, EncoderStatus, PendingFrame
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..codecs.encoded_video_chunk_metadata import EncodedVideoChunkMetadata
from ..errors import InvalidArgumentError
from ..frames._shape import FrameShape
from ..frames.video_frame import VideoFrame
from ._alpha import AlphaChannel
from ._bars import Framing
from ._encoded_samples import choose_samples
from ._encoding_options import EncodingOptions
from ._even_times import EvenTimes, counts_pictures
from ._given_times import GivenTimes
from ._hdr import warn_of_depth
from ._key_frames import KeyFrames
from ._orientation import Orientation
from ._original import Original, PictureData
from ._pace import Pace
from ._side_data import light_for
from .muxer import Muxer

_EVEN = ("wmv1", "wmv2")  # what else takes even widths only, and is some suffix's usual codec
_MOST_GAPS = 1024  # more than any encoder holds frames


class FrameWriter:
    """Encodes frames into a muxer.

    Parameters
    ----------
    muxer : Muxer
        Borrowed.
    options : EncodingOptions
    source_rate : float or None
        Frames per second of what comes, as far as it is known.
    """

    def __init__(self, muxer: Muxer, options: EncodingOptions, source_rate: float | None) -> None:
        self._muxer = muxer
        self._options = options
        self._source_rate = source_rate
        self._status = EncoderStatus()
        self._alpha: AlphaChannel | None = None
        self._driver = EncoderDriver(
            self._status, reorders=True, holds_colors=muxer._container.holds_colors
        )
        self._pace = None if options.framerate is None else Pace(options.framerate)
        self._odd = False
        self._last: int | None = None
        self._duration: int | None = None  # of the last frame
        self._times = GivenTimes()
        self._even: EvenTimes | None = None
        self._gaps: dict[int, int] = {}  # from a frame to the next, by its time
        self._waiting: deque[tuple[EncodedVideoChunk, EncodedVideoChunkMetadata]] = deque()
        self._orientation = Orientation(muxer._container)
        self._framing = Framing()
        self._keys = KeyFrames(options.fragment_duration)
        self.frames = 0
        self.turns = False  # whether the last frame's pixels were turned
        self.config: VideoEncoderConfig | None = None

    @property
    def encoder_name(self) -> str | None:
        """FFmpeg's name of the encoder, None before the first frame."""
        return self._status.encoder

    def look_at(self, frame: VideoFrame) -> None:
        """Note what the first frame, borrowed, says of all, before anybody has changed it."""
        pictures, original = PictureData.of(frame._open_picture()), self._muxer._original
        self._muxer._original = (
            Original.of_pictures(pictures)
            if original is None
            else original._replace(pictures=pictures)
        )

    def write(self, frame: VideoFrame, timestamp: int) -> None:
        """Encode a frame, borrowed, to be shown at `timestamp` microseconds."""
        pace = self._pace
        self._duration = frame.duration
        if pace is None or not pace.counts:
            self._times.take(timestamp)
        if pace is None:
            self._encode(frame, timestamp, frame.duration)
            return
        for kept, when, duration in pace.push(frame, timestamp):
            with kept:
                self._encode(kept, when, duration)

    def _encode(self, frame: VideoFrame, timestamp: int, duration: int | None) -> None:
        turned = self._orientation.of(frame)
        self.turns = turned is not frame
        original = self._muxer._original
        if self.config is None and original is not None:
            is_moved = self.turns or self._options.crop is not None
            self._muxer._original = original._replace(is_moved=is_moved)
        try:
            self._send(turned, timestamp, duration)
        finally:
            if turned is not frame:
                turned.close()

    def _send(self, frame: VideoFrame, timestamp: int, duration: int | None) -> None:
        if self.config is None:
            self.config = self._configure(frame)
            original = self._muxer._original
            if original is not None:
                self._driver.light = light_for(original.side_data, frame._shape)
            self._driver.open(VideoEncoderConfig.parse(self.config))
            self._check_quantizer()
            self._framing.begin(frame._shape, (self.config.width, self.config.height))
        if self._last is not None:
            # As the documentation of `write_frames` says; nothing is lost.
            timestamp = max(timestamp, self._last + 1)
            self._gaps[self._last] = timestamp - self._last
        self._last = timestamp
        assert self._alpha is not None
        picture, shape = self._alpha.of(frame)
        picture, shape = self._framing.of(picture, shape)
        if self._odd:
            shape = _even(shape)
        key, quantizer = self._keys.is_due(timestamp), self._options.quantizer
        pending = PendingFrame(picture, shape, timestamp, duration, key, quantizer)
        self._driver.run_batch(deque((pending,)), self._waiting)
        self.frames += 1
        if self.frames == 1:
            if counts_pictures(self._muxer._container.name):
                self._even = EvenTimes(self._driver.rate)
            self._check_depth(shape)
            self._note_light()
        if self._even is not None:
            self._even.take(timestamp)
        self._pass_on()

    def _note_light(self) -> None:
        original = self._muxer._original
        if original is not None:
            says = self._driver.light is not None and writes_light(self._status.encoder or "")
            self._muxer._original = original._replace(says_light=says)

    def _check_depth(self, shape: FrameShape) -> None:
        given = self._driver.input
        if given is not None:
            name = self._status.encoder or ""
            warn_of_depth(shape, given.pix_fmt, name, self._muxer._container)

    def _check_quantizer(self) -> None:
        value, limits = self._options.quantizer, quantizer_range(self._status.encoder or "")
        if value is not None and limits is not None and not limits[0] <= value <= limits[1]:
            raise InvalidArgumentError(
                f"quantizer is {value}, it must be from {limits[0]} to {limits[1]}"
            )

    def _configure(self, frame: VideoFrame) -> VideoEncoderConfig:
        options = self._options
        visible = frame.visible_rect
        assert visible is not None
        size = options.size
        if size is not None and frame.rotation % 180:  # they are of the picture as it is shown
            size = size[::-1]
        width, height = target_size(visible.width, visible.height, size)
        rate = options.framerate or self._source_rate
        losses, container = self._muxer._losses, self._muxer._container
        samples = choose_samples(options, frame._shape, losses)
        pairs = container.holds_alpha_side_data
        self._alpha = AlphaChannel(options, samples, holds_pairs=pairs, losses=losses)
        codec = usual_codec_string(
            options.codec, width, height, rate, options.bitrate, samples.depth, samples.chroma
        )
        if not codec.startswith("ffmpeg:") or samples.codec in _EVEN:
            # 4:2:0 needs even sizes: the last column or row goes, nothing is scaled for it.
            self._odd = options.size is None and bool(width % 2 or height % 2)
            width, height = max(2, width - width % 2), max(2, height - height % 2)
        mode: VideoEncoderBitrateMode = "variable"
        extra = samples.options
        if options.quantizer is not None:
            if has_one_quality(parse_codec(codec)):
                extra = {"crf": str(options.quantizer), **(extra or {})}
            else:
                mode = "quantizer"
        pixel = _pixel_aspect(frame)
        return VideoEncoderConfig(
            codec=codec,
            width=width,
            height=height,
            display_width=None if pixel is None else max(1, round(width * pixel)),
            display_height=None if pixel is None else height,
            bitrate=options.bitrate,
            framerate=rate,
            bitrate_mode=mode,
            alpha="keep" if samples.keeps_alpha else "discard",
            latency_mode=options.latency_mode,
            hardware_acceleration=options.hardware_acceleration,
            encoder_options=extra,
            # Encoders' own choice is half as many again: no faster beside a decoder, and larger.
            threads=options.threads or default_threads(),
        )

    def _pass_on(self) -> None:
        """Write the chunks whose frames have a successor: how long a frame is shown is the time to
        the next one, whatever it says itself.
        """
        waiting = self._waiting
        while waiting and waiting[0][0].timestamp != self._last:
            self._add(*waiting.popleft())
        if len(self._gaps) > _MOST_GAPS:  # the encoder drops frames
            for timestamp in list(self._gaps)[: _MOST_GAPS // 2]:
                del self._gaps[timestamp]

    def _add(self, chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata) -> None:
        gap = self._gaps.pop(chunk.timestamp, None)
        self._muxer.add_chunk(chunk if gap is None else chunk._lasting(gap), metadata)

    def hold(self, stated: int | None, duration: int) -> None:
        """Let the last frame, if it lasts as long as was `stated`, last for `duration`."""
        if self._duration != stated:
            return
        if self._pace is not None:
            self._pace.hold(duration)
        elif self._last is not None:
            self._gaps[self._last] = duration
            self._driver.hold(self._last, duration)

    def finish(self) -> None:
        """Encode what is left; the muxer is not closed."""
        if self._pace is None or not self._pace.counts:
            self._times.check()
        if self._pace is not None:
            for kept, when, duration in self._pace.finish():
                with kept:
                    self._encode(kept, when, duration)
        if self._even is not None:
            self._even.tell(self._muxer._container.name, self._muxer._losses)
        self._driver.drain()
        while (output := self._driver.receive()) is not None:
            self._waiting.append(output)
        while self._waiting:
            self._add(*self._waiting.popleft())

    def close(self) -> None:
        """Free the encoder; twice is fine."""
        self._waiting.clear()
        if self._pace is not None:
            self._pace.close()
        self._driver.close()


def target_size(
    width: int, height: int, size: tuple[int | None, int | None] | None
) -> tuple[int, int]:
    """Return the size to encode at; a side that is None follows from the other, rounded to even."""
    if size is None:
        return width, height
    wide, high = size
    if wide is None and high is None:
        return width, height
    if wide is None:
        assert high is not None
        return max(2, round(width * high / height / 2) * 2), high
    if high is None:
        return wide, max(2, round(height * wide / width / 2) * 2)
    return wide, high


def _even(shape: FrameShape) -> FrameShape:
    """Return a shape that shows a column and a row less where their number is odd."""
    visible = shape.visible_rect
    assert visible is not None
    x, y, width, height = visible
    part = Rect(x, y, max(1, width - width % 2), max(1, height - height % 2))
    return FrameShape(
        shape.format,
        shape.pix_fmt,
        (shape.coded_width, shape.coded_height),
        part,
        (part.width, part.height),
        shape.rotation,
        shape.flip,
        shape.color_space,
    )


def _pixel_aspect(frame: VideoFrame) -> Fraction | None:
    """Return the width of a pixel in its heights, None if it is square."""
    visible = frame.visible_rect
    assert visible is not None
    wide, high = frame.display_width, frame.display_height
    if frame.rotation % 180:
        wide, high = high, wide
    if wide * visible.height == high * visible.width:
        return None
    return pixel_aspect(wide, high, visible.width, visible.height)
