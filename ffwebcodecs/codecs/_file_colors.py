"""The colours of a file's video: what is said of them, and what is guessed where nobody says it."""

from __future__ import annotations

from functools import lru_cache

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
    return _tags(file.codec, file.color)


def _tags(codec: str, color: tuple[int, int, int, int]) -> Said:
    primaries, transfer, matrix, full = color
    codes = believed(codec, (primaries, transfer, matrix))
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
    return _with_format(file.pix_fmt, first_said(sources))


def colors_of(
    file: StreamParameters, info: CodecInfo, given: VideoColorSpace | None = None
) -> ColorMembers:
    """Return the colours of a file's pictures; what nobody says is guessed."""
    if given is None:
        return _own_colors(*_asked(file), info.color, info.full_range)
    said = said_of(file, info, given)
    return complete(said, Untagged(file.codec, file.height), *_format_of(file.pix_fmt))


def _asked(file: StreamParameters) -> tuple[str, int, int, tuple[int, int, int, int]]:
    return file.codec, file.height, file.pix_fmt, file.color


@lru_cache(64)  # most files are like the one before
def _own_colors(
    codec: str,
    height: int,
    pix_fmt: int,
    color: tuple[int, int, int, int],
    string_codes: tuple[int, int, int] | None,
    string_range: bool | None,
) -> ColorMembers:
    said = first_said([_tags(codec, color), (string_codes, string_range)])
    said = _with_format(pix_fmt, said)
    return complete(said, Untagged(codec, height), *_format_of(pix_fmt))


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
    asked = _asked(file)
    return any(
        color == from_members(_own_colors(*asked, *string))
        for string in ((info.color, info.full_range), (None, None))
    )


def _with_format(pix_fmt: int, said: ColorMembers) -> ColorMembers:
    """Return what is said with what follows from the pixel format."""
    name, is_rgb = _format_of(pix_fmt)
    primaries, transfer, matrix, full = said
    if is_rgb:
        return primaries, transfer, "rgb", True if full is None else full
    if name is not None and name.startswith("yuvj"):  # FFmpeg's old way to say full range
        full = True
    return primaries, transfer, matrix, full


def _format_of(pix_fmt: int) -> tuple[str | None, bool]:
    """Return FFmpeg's name of the pixel format, None if it is not known yet, and whether it is
    RGB.
    """
    if pix_fmt < 0:
        return None, False
    name = pix_fmt_name(pix_fmt)
    fmt = describe(name)
    return name, fmt is not None and fmt.rgb
