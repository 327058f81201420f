"""The colours of a file's video: what is said of them, and what is guessed where nobody says it."""

from __future__ import annotations

from .._av.codecs.parameters import StreamParameters
from .._av.frames.pixel_format import describe, pix_fmt_name
from .._record import replace
from .._spec.codecs.config import VideoDecoderConfig
from .._spec.codecs.strings import CodecInfo, parse_codec
from .._spec.codecs.untagged import Untagged, complete
from .._spec.frames.color import ColorMembers, Said, believed, codes_of_members, first_said
from .._spec.frames.color_space import VideoColorSpace, from_members, members_of


def file_parameters(config: VideoDecoderConfig) -> StreamParameters | None:
    """Return what a file says of its stream if the configuration is a file's."""
    if config._native is None:
        return None
    parameters = StreamParameters._make(config._native)
    return parameters if parameters.of_file else None


def tags_of(file: StreamParameters) -> Said:
    """Return what a file says of colours, in H.273 codes: its container, and its bitstream as far
    as libavformat has looked into that.
    """
    primaries, transfer, matrix, full = file.color
    codes = believed(file.codec, (primaries, transfer, matrix))
    return codes, {1: False, 2: True}.get(full)


def said_of(
    file: StreamParameters, info: CodecInfo, given: VideoColorSpace | None = None
) -> ColorMembers:
    """Return what is `given` in their place, and what file, codec string and pixel format say of
    colours, None for the rest.
    """
    sources = [tags_of(file), (info.color, info.full_range)]
    if given is not None:
        sources.insert(0, codes_of_members(members_of(given)))
    return _with_format(file, first_said(sources))


def colors_of(
    file: StreamParameters, info: CodecInfo, given: VideoColorSpace | None = None
) -> ColorMembers:
    """Return the colours of a file's pictures; what nobody says is guessed."""
    return _completed(file, said_of(file, info, given))


def with_colors(config: VideoDecoderConfig, given: VideoColorSpace | None) -> VideoDecoderConfig:
    """Return a configuration whose colours are replaced as far as others are `given`."""
    if given is None or members_of(given) == (None, None, None, None):
        return config
    file = file_parameters(config)
    if file is not None:
        members = colors_of(file, parse_codec(config.codec), given)
    else:
        own = members_of(VideoColorSpace.parse(config.color_space))
        members = tuple(  # type: ignore[assignment]
            mine if mine is not None else other
            for mine, other in zip(members_of(given), own, strict=True)
        )
    return replace(config, color_space=from_members(members))


def is_files_own(color: VideoColorSpace, file: StreamParameters, info: CodecInfo) -> bool:
    """Tell whether the colours of a configuration are those that the file gave it."""
    without_string = _completed(file, _with_format(file, first_said([tags_of(file)])))
    return any(color == from_members(own) for own in (colors_of(file, info), without_string))


def _with_format(file: StreamParameters, said: ColorMembers) -> ColorMembers:
    """Return what is said with what follows from the pixel format."""
    name, is_rgb = _format_of(file)
    primaries, transfer, matrix, full = said
    if is_rgb:
        return primaries, transfer, "rgb", True if full is None else full
    if name is not None and name.startswith("yuvj"):  # FFmpeg's old way to say full range
        full = True
    return primaries, transfer, matrix, full


def _completed(file: StreamParameters, said: ColorMembers) -> ColorMembers:
    return complete(said, Untagged(file.codec, file.height), *_format_of(file))


def _format_of(file: StreamParameters) -> tuple[str | None, bool]:
    """Return FFmpeg's name of the pixel format, None if it is not known yet, and whether it is
    RGB.
    """
    if file.pix_fmt < 0:
        return None, False
    name = pix_fmt_name(file.pix_fmt)
    fmt = describe(name)
    return name, fmt is not None and fmt.rgb
