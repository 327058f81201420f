"""From the frames of a part to its chunks, as if the whole film had been encoded at once."""

from __future__ import annotations

from array import array
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from .._av.codecs import packet
from .._av.files import containers
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..codecs.encoded_video_chunk_metadata import EncodedVideoChunkMetadata
from ..errors import NotSupportedError
from ..frames.video_frame import VideoFrame
from ._frame_writer import FrameWriter
from ._given_times import GivenTimes
from ._losses import Losses
from ._original import Original, PictureData
from ._pace import Pace
from ._part import Part

if TYPE_CHECKING:
    from .._spec.codecs.config import VideoDecoderConfig
    from .muxer import Muxer

_SECOND = 1_000_000
_ADVICE = "without an executor, that is done"


class NotedLosses(Losses):
    """Notes what is lost, for who warns of it."""

    __slots__ = ("told",)

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, str, str]] = []

    def add(self, what: str, why: str, message: str) -> None:
        if self.note(what, why):
            self.told.append((what, why, message))


class PartOutput:
    """Stands where `FrameWriter` has a muxer, and keeps the chunks.

    Parameters
    ----------
    part : Part
    losses : NotedLosses
    """

    def __init__(self, part: Part, losses: NotedLosses) -> None:
        path, format, several, is_live = part.job.container
        self._container = containers.find(path, format, several=several)
        self._container.is_live = is_live
        self._losses = losses
        self._original = Original.of_pictures(PictureData(dict(part.job.side_data), []))
        self.config: VideoDecoderConfig | None = None
        self.data: list[bytes] = []
        self.timestamps = array("q")
        self.decoding_times = array("q")
        self.durations = array("q")
        self.keys = bytearray()
        self.alpha: dict[int, bytes] = {}

    def add_chunk(self, chunk: EncodedVideoChunk, metadata: EncodedVideoChunkMetadata) -> None:
        """Keep what a chunk says."""
        if metadata.decoder_config is not None:
            self.config = metadata.decoder_config
        alpha = metadata.alpha_side_data
        if alpha is not None:
            self.alpha[len(self.data)] = bytes(alpha)
        _, dts = packet.times(chunk._ptr)
        self.data.append(bytes(chunk.data))
        self.timestamps.append(chunk.timestamp)
        self.decoding_times.append(chunk.timestamp if dts is None else dts)
        self.durations.append(-1 if chunk.duration is None else chunk.duration)
        self.keys.append(chunk.type == "key")


class PartWriter(FrameWriter):
    """Encodes the frames of a part into a `PartOutput`.

    Attributes
    ----------
    given : array of int
        The times of the frames.
    """

    def __init__(self, output: PartOutput, part: Part) -> None:
        job = part.job
        super().__init__(cast("Muxer", output), job.encoding, job.rate)
        self.given = array("q")
        self._times = _NotedTimes(self.given)
        if job.encoding.fragment_duration is None:  # else key frames are asked for
            self._driver.frames = _frames_of(part)
        self._looked: tuple[int, int] | None = None  # the size of the first picture
        if job.encoding.framerate is not None:
            self._pace = _PartPace(job.encoding.framerate, part)

    def look_at(self, frame: VideoFrame) -> None:
        """Note how large the first frame is: who has asked for the part knows what it says."""
        self._looked = frame.display_width, frame.display_height

    def finish(self) -> None:
        """Encode what is left; whether all come at an even rate is seen elsewhere."""
        self._even = None
        super().finish()

    @property
    def delay(self) -> int:
        """By how many pictures the encoder reorders, as it says."""
        return self._driver.delay

    @property
    def rate(self) -> float:
        """Frames per second that the encoder was told."""
        return self._driver.rate

    def setup(self, is_cropped: bool) -> dict[str, object]:
        """Return what the first frame has decided."""
        config, light = self.config, self._driver.light
        if config is None:
            return {}
        return {
            "size": (config.width, config.height),
            "pixel shape": (config.display_width, config.display_height),
            "encoder": self.encoder_name,
            "samples": self._driver.input,
            "frame rate": self._driver.rate,
            "configuration": config,
            "picture shape": self._framing.ratio,
            "orientation": self._orientation.said,
            "light": None if light is None else (light.primaries, light.luminance, light.levels),
            "size before cropping": self._looked if is_cropped else None,
        }


def _frames_of(part: Part) -> int:
    """Return about how many frames of a part are encoded."""
    rate = part.job.encoding.framerate
    if rate is None:
        return len(part.times)
    return round((part.end - int(part.times[0])) * rate / _SECOND)


class _NotedTimes(GivenTimes):
    """Notes the times of frames, which are looked at together with those of the other parts."""

    __slots__ = ("_noted",)

    def __init__(self, noted: array[int]) -> None:
        super().__init__()
        self._noted = noted

    def take(self, timestamp: int) -> None:
        self._noted.append(timestamp)

    def check(self) -> None:
        pass


class _PartPace(Pace):
    """Shows frames at the times that the whole film has at an even rate."""

    def __init__(self, rate: float, part: Part) -> None:
        super().__init__(rate)
        zero = part.job.zero
        self._is_first = False  # frames that have no times are not divided
        self._start = part.film_begin - zero
        self._awaited: int | None = int(part.times[0]) - zero
        self._part_end = None if part.is_last else part.end - zero
        half = round(_SECOND / self._rate / 2)
        passed = Fraction(self._awaited - self._start - half) * self._rate / _SECOND
        self._count = max(0, int(passed) - 2)
        while self._time(self._count) + half <= self._awaited:
            self._count += 1

    def push(self, frame: VideoFrame, timestamp: int) -> Iterator[tuple[VideoFrame, int, int]]:
        awaited, self._awaited = self._awaited, None
        end = self._part_end
        if (awaited is not None and timestamp != awaited) or (end is not None and timestamp >= end):
            raise NotSupportedError(
                f"map_frame has moved a frame at the border of a part to {timestamp} us, or "
                f"dropped the one at {awaited} us: with framerate, others cannot know what is "
                f"shown until then ({_ADVICE})"
            )
        yield from super().push(frame, timestamp)

    def finish(self) -> Iterator[tuple[VideoFrame, int, int]]:
        if self._part_end is None:
            yield from super().finish()
            return
        if self._awaited is not None:
            raise NotSupportedError(
                f"map_frame has dropped all frames of a part: with framerate, the last one of the "
                f"part before would have to be shown instead ({_ADVICE})"
            )
        yield from self._until(self._part_end)
        self.close()
