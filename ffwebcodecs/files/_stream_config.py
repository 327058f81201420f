"""What a container says of its video, as a decoder configuration."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from .._av.files.stream_info import ListedStream, StreamInfo
from .._av.frames.pixel_format import pix_fmt_name
from .._spec.codecs import families
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.codecs.ffmpeg import require_bytes
from .._spec.codecs.grammar import Stream
from .._spec.codecs.strings import parse_codec
from .._spec.codecs.untagged import guessed_members
from .._spec.frames.color_space import VideoColorSpace, from_members
from .._spec.frames.geometry import orientation_of
from ..codecs._file_colors import colors_of, said_of
from ..errors import DataError, NotSupportedError

if TYPE_CHECKING:
    from .stream_description import StreamDescription


_known: dict[object, VideoDecoderConfig] = {}
_MOST_KNOWN = 32
_SHORT = 1 << 12  # bytes and letters


def make_config(info: StreamInfo, max_pixels: int | None) -> VideoDecoderConfig:
    """Return the decoder configuration of a stream, with the limit of who reads it; raises
    NotSupportedError if there is none.
    """
    require_bytes(info.codec)
    codec = codec_string(info)
    description: bytes | None = None
    if info.extradata and families.of(parse_codec(codec)).is_description(info.extradata):
        description = info.extradata
    coded = info.parameters.sample_aspect_ratio
    aspect = display_aspect(info.width, info.height, info.sar, coded)
    rotation, flip = orientation_of(info.display_matrix)
    sized = info.width > 0 and info.height > 0
    # Uncommon codecs need more than the configuration can say (a tag, bits per sample, a pixel
    # format). Its description is not said twice: who takes it away wants none.
    rest = info.parameters if description is None else info.parameters._replace(extradata=b"")
    return VideoDecoderConfig(
        codec=codec,
        description=description,
        coded_width=info.width if sized else None,
        coded_height=info.height if sized else None,
        display_aspect_width=aspect[0] if aspect else None,
        display_aspect_height=aspect[1] if aspect else None,
        color_space=from_members(colors_of(info.parameters, parse_codec(codec))),
        rotation=rotation,
        flip=flip,
        max_pixels=max_pixels,
        _native=rest,
    )


def parsed_config(info: StreamInfo, max_pixels: int | None) -> VideoDecoderConfig:
    """Return the same, parsed; streams of which the same is said share it."""
    parameters = info.parameters
    size = len(info.extradata) + sum(len(text) for _, text in parameters.tags)
    if size > _SHORT or parameters.side_data:
        return VideoDecoderConfig.parse(make_config(info, max_pixels))
    key = (
        *(max_pixels, parameters, info.codec_tag, info.profile, info.level, info.pix_fmt),
        *(info.width, info.height, info.frame_rate, info.color, info.sar, info.display_matrix),
    )
    found = _known.get(key)
    if found is None:
        found = VideoDecoderConfig.parse(make_config(info, max_pixels))
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        _known[key] = found
    return found


def codec_string(info: StreamInfo) -> str:
    """Return the WebCodecs codec string of a stream, ``ffmpeg:NAME`` where WebCodecs has none."""
    primaries, transfer, matrix, full = info.color
    rate = info.frame_rate
    stream = Stream(
        info.extradata,
        codec=info.codec,
        tag=(info.codec_tag & 0xFFFFFFFF).to_bytes(4, "little").decode("latin-1"),
        profile=info.profile,
        level=info.level,
        pix_fmt=pix_fmt_name(info.pix_fmt),
        width=info.width,
        height=info.height,
        frame_rate=rate[0] / rate[1] if rate[1] > 0 else None,
        color=(primaries, transfer, matrix),
        full_range=full == 2,
    )
    try:
        text = families.of_codec(info.codec).codec_string(stream)
        parse_codec(text)
        return text
    except (DataError, NotSupportedError):
        # No usable header, or a profile that the grammar lacks; the codec itself is known.
        return f"ffmpeg:{info.codec}"


def describe_stream(stream: ListedStream) -> StreamDescription:
    """Return what a file says about one of its streams."""
    from .._spec.files.stream_names import dispositions
    from .stream_description import StreamDescription

    info, tags = stream.info, {key.lower(): text for key, text in stream.tags.items()}
    codec = info.codec
    is_video = stream.kind == "video"
    if is_video:
        codec = codec_string(info)
    elif stream.kind == "audio":
        from .._spec.codecs.audio_strings import audio_codec_string  # else it is not needed

        codec = audio_codec_string(codec, info.extradata, info.profile)
    sized = is_video and info.width > 0 and info.height > 0
    lasts = is_video or stream.kind == "audio"  # as long as the file, if nothing else is said
    return StreamDescription(
        index=info.index,
        kind=stream.kind,
        codec=codec,
        codec_name=info.codec,
        language=tags.get("language"),
        title=tags.get("title"),
        disposition=dispositions(stream.disposition),
        is_cover=stream.is_cover,
        width=info.width if sized else None,
        height=info.height if sized else None,
        duration=info.duration if lasts and not stream.is_cover else stream.duration,
        bit_rate=stream.bit_rate or None,
        part_of=stream.part_of,
        side_data=stream.side_data,
        sample_rate=stream.sound.sample_rate,
        channels=stream.sound.channels,
        channel_layout=stream.sound.channel_layout,
        duration_is_estimated=info.estimates_duration,
        tags=dict(stream.tags),
    )


def guessed_colors(info: StreamInfo, color_space: VideoColorSpace | None = None) -> tuple[str, ...]:
    """Return the members of a stream's colours that nobody says, which are guessed."""
    return guessed_members(said_of(info.parameters, parse_codec(codec_string(info)), color_space))


def display_aspect(
    width: int, height: int, sar: tuple[int, int], coded: tuple[int, int] = (0, 1)
) -> tuple[int, int] | None:
    """Return the display aspect ratio in lowest terms, None for square pixels, unless the bitstream
    says others (`coded`), which a container's square ones replace.
    """
    numerator, denominator = sar
    if numerator <= 0 or denominator <= 0 or width <= 0 or height <= 0:
        return None
    if numerator == denominator and (coded[0] <= 0 or coded[0] == coded[1]):
        return None
    horizontal, vertical = width * numerator, height * denominator
    divisor = math.gcd(horizontal, vertical)
    return horizontal // divisor, vertical // divisor
