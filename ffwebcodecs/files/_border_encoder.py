"""The frames at the borders of an exact part: decoded, and encoded as the rest of the film is."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from typing import Any

from .._av.codecs import packet
from .._av.codecs.threads import default_threads
from .._av.files.stream_info import StreamInfo
from .._av.frames.pixel_format import describe, pix_fmt_name
from .._spec.codecs import families
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.codecs.encoder_config import VideoEncoderConfig
from .._spec.codecs.nal import iter_nal_units
from .._spec.codecs.splice import Splicing
from .._spec.codecs.strings import parse_codec
from .._spec.encoders.light import Light
from .._spec.frames.color_space import from_members
from ..codecs._encoding import EncoderDriver, EncoderStatus, PendingFrame
from ..codecs._file_colors import said_of
from ..errors import DataError, EncodingError, NotSupportedError
from ..frames._shape import FrameShape
from ..frames.video_frame import VideoFrame
from ._original import PictureData, all_of
from ._side_data import light_for

ENCODERS = {"h264": "libx264", "hevc": "libx265"}
_MOST_DELAY = 2
_USUAL_PLACE = 1  # of chroma: left
_PYRAMID = {"libx264": ("none", "normal"), "libx265": ("0", "1")}
OTHERWISE = "transcode cuts exactly, and without exact the part begins at a key frame"
_QUALITY = "16"  # crf: hard to tell from what was decoded

# Units of an access unit, its time, whether it is a key picture.
Encoded = tuple[list[bytes], int, bool]


class BorderEncoder:
    """Encodes frames in the manner of a stream, as groups that need nothing else.

    Parameters
    ----------
    info : StreamInfo
        Of the stream.
    config : VideoDecoderConfig
        Its own.
    read : callable
        Returns the frames of the file from a time to before another.
    splicing : Splicing
        Of its codec.
    sets : list of bytes
        The stream's parameter sets.

    Raises
    ------
    NotSupportedError
        No encoder here writes such a stream.
    """

    def __init__(
        self,
        info: StreamInfo,
        config: VideoDecoderConfig,
        read: Callable[[int, int], Iterator[VideoFrame]],
        splicing: Splicing,
        sets: list[bytes],
    ) -> None:
        self._info, self._config, self._read = info, config, read
        self._splicing = splicing
        self._sets = sets
        self.own: list[str] = []  # what pictures say, each of itself
        self.name = ENCODERS[info.codec]
        self._colors = from_members(said_of(info.parameters, parse_codec(config.codec)))
        self._driver(None).close()

    def _driver(self, light: Light | None) -> EncoderDriver:
        status = EncoderStatus()
        driver = EncoderDriver(status)
        driver.light = light
        driver.open(VideoEncoderConfig.parse(self._encoder_config()))
        if status.encoder != self.name:
            driver.close()
            raise NotSupportedError(f"this FFmpeg has no {self.name}")
        return driver

    @property
    def delay(self) -> int:
        """By how many pictures it reorders: as its parameter sets say it, so do the stream's, as
        far as the encoders can. Readers take it from the first ones.
        """
        return min(max(self._info.parameters.video_delay, 0), _MOST_DELAY)

    def _options(self, samples: str) -> dict[str, str]:
        delay = self.delay
        frames = f"bframes={3 * (delay > 0)}:b-pyramid={_PYRAMID[self.name][delay == _MOST_DELAY]}"
        place = self._info.parameters.chroma_location
        if place > _USUAL_PLACE:
            frames += f":chromaloc={place - 1}"
        return {"crf": _QUALITY, "pixel_format": samples, f"{self.name[3:]}-params": frames}

    def _encoder_config(self) -> VideoEncoderConfig:
        info, config = self._info, self._config
        family = families.of(parse_codec(config.codec))
        width, height, _, _ = self._splicing.samples(self._sets)
        across, down = info.parameters.sample_aspect_ratio
        has_shape = across > 0 and down > 0
        # FFmpeg's old names say full range, as the colours do.
        name = (pix_fmt_name(info.pix_fmt) or "").replace("yuvj", "yuv")
        fmt = describe(name)
        if fmt is None or fmt.alpha:
            raise NotSupportedError("the samples of the video are not known")
        _, _, rest = config.codec.partition(".")
        return VideoEncoderConfig(
            codec=f"{family.ENTRIES[0]}.{rest}",
            width=width,
            height=height,
            display_width=width * across if has_shape else None,
            display_height=height * down if has_shape else None,
            framerate=info.rate,
            hardware_acceleration="prefer-software",
            encoder_options=self._options(fmt.name),
            threads=default_threads(),
            avc={"format": "annexb"},
            hevc={"format": "annexb"},
        )

    def encode(self, times: list[int]) -> Generator[Encoded, None, None]:
        """Yield what the frames at these times become.

        Raises
        ------
        NotSupportedError
            It is not what the stream is.
        EncodingError
            The frames are not there.
        """
        if not times:
            return
        frames, driver = self._read(times[0], times[-1] + 1), None
        try:
            for time in times:
                with self._next(frames, time) as frame:
                    shape = self._shape(frame)
                    if driver is None:
                        driver = self._driver(self._light(frame, shape))
                    picture = frame._open_picture()
                    driver.send(PendingFrame(picture, shape, time, None, False, None))
                yield from self._ready(driver)
            assert driver is not None
            driver.drain()
            yield from self._ready(driver)
        finally:
            if driver is not None:
                driver.close()
            frames.close()  # type: ignore[attr-defined]

    def _ready(self, driver: EncoderDriver) -> Iterator[Encoded]:
        while (output := driver.receive()) is not None:
            yield self._units(output[0])

    def _next(self, frames: Iterator[VideoFrame], time: int) -> VideoFrame:
        frame = next(frames, None)
        if frame is None or frame.timestamp != time:
            found = "no frame" if frame is None else f"one at {frame.timestamp} us"
            if frame is not None:
                frame.close()
            raise EncodingError(
                f"exact=True: decoding gives {found} where the packets of the input say that there "
                f"is one at {time} us"
            )
        return frame

    def _shape(self, frame: VideoFrame) -> FrameShape:
        shape = frame._shape
        if (shape.rotation, shape.flip) != (self._config.rotation, self._config.flip):
            raise NotSupportedError(
                f"exact=True: pictures say themselves how they are turned; {OTHERWISE}"
            )
        return FrameShape(
            shape.format,
            shape.pix_fmt,
            (shape.coded_width, shape.coded_height),
            shape.visible_rect,
            (shape.display_width, shape.display_height),
            shape.rotation,
            shape.flip,
            self._colors,  # nothing that was guessed
        )

    def _light(self, frame: VideoFrame, shape: FrameShape) -> Light | None:
        pictures = PictureData.of(frame._open_picture())
        self.own += [name for name in pictures.own if name not in self.own]
        return light_for(all_of(self._info.parameters.side_data, pictures), shape)

    def _units(self, chunk: Any) -> Encoded:
        units = [bytes(unit) for unit in iter_nal_units(packet.view(chunk._ptr))]
        is_key = chunk.type == "key"
        if is_key:
            self._require_same(self._splicing.only_sets(units))
        return units, chunk.timestamp, is_key

    def _require_same(self, sets: list[bytes]) -> None:
        try:
            ours, theirs = self._splicing.samples(sets), self._splicing.samples(self._sets)
        except DataError as error:
            raise NotSupportedError(f"exact=True: {error}; {OTHERWISE}") from None
        if ours != theirs:
            raise NotSupportedError(
                f"exact=True: {self.name} writes {_said(ours)}, and the video is "
                f"{_said(theirs)}; {OTHERWISE}"
            )


def _said(samples: tuple[int, int, str, int]) -> str:
    width, height, chroma, depth = samples
    return f"{width}x{height} 4:{chroma[1]}:{chroma[2]} of {depth} bits"
