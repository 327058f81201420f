"""From a decoder configuration and the first chunk to what a file must say about its video."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from .._av.codecs.parameters import StreamParameters, known
from .._av.files import containers
from .._av.files.video_stream import VideoStream
from .._av.files.written_stream import MOST_TICKS
from .._spec.codecs import families
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.codecs.nal import START
from .._spec.codecs.strings import CodecInfo, parse_codec
from .._spec.files.timeline import Timeline
from .._spec.frames.color import UNSPECIFIED, codes_of
from .._spec.frames.color_space import VideoColorSpace, members_of
from .._spec.frames.geometry import display_matrix
from .._spec.frames.pixel_aspect import pixel_aspect
from ..codecs._file_colors import is_files_own
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ..errors import DataError, InvalidArgumentError


def describe_video(
    config: VideoDecoderConfig,
    chunk: EncodedVideoChunk,
    container: containers.Container,
    besides: Sequence[containers.Wanted] = (),
) -> VideoStream:
    """Return the stream's description.

    Parameters
    ----------
    config : VideoDecoderConfig
        A parsed copy, with what the demuxer knew besides.
    chunk : EncodedVideoChunk
        The first one, for what the configuration leaves out.
    container : containers.Container
    besides : sequence of containers.Wanted
        What else is to be in the file, for the advice that an error gives.

    Raises
    ------
    InvalidArgumentError
        Something is missing that the container needs.
    NotSupportedError
        The codec is unknown here, or the container cannot hold it.
    """
    info = parse_codec(config.codec)
    identifier = containers.codec_id(info.name)
    video = VideoStream(containers.codec_name(identifier))
    container.require(identifier, video.codec, besides)
    native = video.native = known(config._native, identifier)
    _codec_header(video, info, config, chunk, container)
    _size(video, info, config, chunk)
    _format(video, info, native)
    video.codec_tag = _tag(info, native)
    video.color = _color(config, native, info)
    if config.display_aspect_width and config.display_aspect_height:
        sides = config.display_aspect_width, config.display_aspect_height
        exact = Fraction(sides[0] * video.height, sides[1] * video.width)
        # What comes from a file is a ratio; what comes from an encoder may be a rounded size.
        shape = pixel_aspect(*sides, video.width, video.height) if native is None else exact
        video.sample_aspect_ratio = shape.numerator, shape.denominator
    if config.rotation or config.flip:
        video.display_matrix = display_matrix(int(config.rotation), config.flip)
    return video


def _tag(info: CodecInfo, native: StreamParameters | None) -> int:
    """Return the container's own tag, unless the codec string was changed to say another one: a
    file's string says `IN_STREAM` only if that is its tag.
    """
    family = families.of(info)
    own = 0 if native is None else native.codec_tag
    if not family.HAS_LENGTHS:
        return own
    entry, in_stream = (
        int.from_bytes((name or "").encode(), "little") for name in (info.entry, family.IN_STREAM)
    )
    return entry if not own or in_stream in (entry, own) else own


def _codec_header(
    video: VideoStream,
    info: CodecInfo,
    config: VideoDecoderConfig,
    chunk: EncodedVideoChunk,
    container: containers.Container,
) -> None:
    description = bytes(config.description) if config.description is not None else b""
    native = video.native.extradata if video.native is not None else b""
    family = families.of(info)
    video.extradata = family.file_header(description, native, chunk.data)
    if family.HAS_LENGTHS:
        if description:
            family.length_size(description)  # whether it is one
        elif START not in bytes(chunk.data[:4]):
            raise InvalidArgumentError(
                f"decoder_config has no description, and the chunk at {chunk.timestamp} us does "
                f"not begin with a start code: {config.codec} needs an {family.RECORD} or Annex B "
                "chunks"
            )
    if family.HEADER and container.needs_description and not video.extradata:
        lacking = "decoder_config has no description and " if family.HAS_LENGTHS else ""
        raise InvalidArgumentError(
            f"{container.name} needs the {family.HEADER} of {config.codec} first, but {lacking}the "
            f"first chunk, at {chunk.timestamp} us, has none in it"
        )


def _size(
    video: VideoStream, info: CodecInfo, config: VideoDecoderConfig, chunk: EncodedVideoChunk
) -> None:
    if config.coded_width and config.coded_height:
        video.width, video.height = config.coded_width, config.coded_height
        return
    try:
        size = families.of(info).size_of(video.extradata, chunk.data)
    except DataError:
        size = None
    if size is None or not all(size):
        raise InvalidArgumentError(
            f"decoder_config has no coded_width and coded_height, and the chunk at "
            f"{chunk.timestamp} us does not tell them"
        )
    video.width, video.height = size


def _format(video: VideoStream, info: CodecInfo, native: StreamParameters | None) -> None:
    if native is not None:
        return  # has all of it
    if info.level is not None and info.profile is not None:  # VP8 has none of either
        video.profile = info.profile
    depth, chroma = info.bit_depth, info.chroma
    if depth is not None and chroma is not None:
        name = "gray" if chroma == "400" else f"yuv{chroma}p"
        video.pix_fmt = name if depth == 8 else f"{name}{depth}le"


def _color(
    config: VideoDecoderConfig, native: StreamParameters | None, info: CodecInfo
) -> tuple[int, int, int, int]:
    codes, full = UNSPECIFIED, 0
    if native is not None:
        codes, full = native.color[:3], native.color[3]
    space = config.color_space
    if isinstance(space, VideoColorSpace):
        if native is not None and native.of_file and is_files_own(space, native, info):
            return (*codes, full)  # what is guessed is not written down
        primaries, transfer, matrix, is_full = members_of(space)
        codes = codes_of(primaries, transfer, matrix, codes)
        full = full if is_full is None else 1 + is_full
    return (*codes, full)


_COARSER = {1000000: 90000, 90000: 1000, 1000: 1}


def clock(
    container: containers.Container, native: StreamParameters | None, timeline: Timeline
) -> tuple[tuple[int, int], tuple[int, int] | None]:
    """Return the time base to ask for, and the frames per second if they are constant.

    Microseconds bring all times back exactly, and so does the clock that chunks straight from a
    file come from (`native`). Where a tick is a frame, the smallest gap between pictures is one.
    """
    rate = frame_rate(timeline)
    time_base = (1, 1000000)
    if container.is_iso:
        # Differences have 31 bits there, and those to the decoding time are believed up to 28.
        wait = timeline.longest_wait()
        while wait * time_base[1] >= MOST_TICKS * 1000000 and time_base[1] > 1:
            time_base = (1, _COARSER[time_base[1]])
    if native is not None:
        if native.time_base[0] > 0:
            time_base = native.time_base
        if native.frame_rate[0] > 0 and (rate or not container.has_constant_rate):
            rate = native.frame_rate
    if container.has_constant_rate:
        gaps = [gap for gap in timeline.intervals() if gap > 0] or [timeline.step]
        numerator, denominator = rate or (1000000, min(*gaps, 1000000000))
        time_base = (denominator, numerator)
    return time_base, rate


def frame_rate(timeline: Timeline) -> tuple[int, int] | None:
    """Return the frames per second if the first pictures come at a constant rate."""
    gaps = timeline.intervals()
    if not gaps:
        duration = timeline.first_duration()
        if not duration:
            return None
        gaps = [duration]
    average = sum(gaps) / len(gaps)
    # Clocks tick in milliseconds at worst.
    tolerance = min(1000.0, average / 10)
    if average < 1 or any(abs(gap - average) > tolerance for gap in gaps):
        return None
    exact = 1000000 / average
    nice = [Fraction(round(exact)), Fraction(round(exact * 1.001) * 1000, 1001)]
    nearest = min(nice, key=lambda rate: abs(float(rate) - exact))
    if abs(float(nearest) / exact - 1) > 0.001:
        nearest = Fraction(exact).limit_denominator(1001)
    return (nearest.numerator, nearest.denominator) if nearest > 0 else None
