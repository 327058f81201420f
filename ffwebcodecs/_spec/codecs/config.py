"""VideoDecoderConfig and VideoEncoderConfig: what they hold and when they are valid (spec 1.9).

The dataclasses store what they are given. `parse` returns a copy in which every member has its
proper type, or raises: codecs keep only such copies, so nothing a caller changes later (a bytearray
description) reaches a running codec. A valid configuration can still be an unsupported one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from ..._public import public
from ...errors import InvalidArgumentError
from ..frames.color_space import VideoColorSpace
from ..frames.geometry import parse_rotation
from ..numbers import (
    UINT64_MAX,
    show,
    to_dimension,
    to_flag,
    to_integer,
    to_optional_dimensions,
    to_real,
    to_uint64,
)
from .bits import as_view

HARDWARE_ACCELERATION = ("no-preference", "prefer-hardware", "prefer-software")
_MOST_THREADS = 1024


@public
@dataclass(frozen=True, kw_only=True)
class VideoDecoderConfig:
    """What a VideoDecoder needs to know before the first chunk.

    Parameters
    ----------
    codec : str
        A WebCodecs codec string such as ``"avc1.640028"``, or ``"ffmpeg:NAME"``.
    description : bytes-like, optional
        The codec's own header: avcC, hvcC. Without one, AVC and HEVC chunks are Annex B.
    coded_width, coded_height : int, optional
        Size in pixels; both or neither.
    display_aspect_width, display_aspect_height : int, optional
        Shape to display; both or neither.
    color_space : VideoColorSpace or mapping, optional
        Overrides what the stream says.
    hardware_acceleration : {"no-preference", "prefer-hardware", "prefer-software"}
    optimize_for_latency : bool, optional
        Give each frame as soon as possible.
    rotation : int
        Clockwise, in degrees; rounded to a multiple of 90.
    flip : bool
        Whether frames are mirrored horizontally, after the rotation.
    threads : int, optional
        Extension: how many threads FFmpeg may use; default: its own choice.
    """

    codec: str
    description: object = None
    coded_width: int | None = None
    coded_height: int | None = None
    display_aspect_width: int | None = None
    display_aspect_height: int | None = None
    color_space: VideoColorSpace | Mapping[str, object] | None = None
    hardware_acceleration: str = "no-preference"
    optimize_for_latency: bool | None = None
    rotation: float = 0
    flip: bool = False
    threads: int | None = None
    _native: Any = field(default=None, compare=False, repr=False)

    @classmethod
    def parse(cls, value: VideoDecoderConfig | Mapping[str, object]) -> VideoDecoderConfig:
        """Return a valid copy of a configuration, or of a mapping with its members.

        Keys may be in snake_case or in the specification's camelCase; unknown ones are dropped.

        Raises
        ------
        InvalidArgumentError
            A member is missing, of the wrong type, or out of range.
        """
        members = _members(cls, value, "VideoDecoderConfig")
        coded = _sizes(members, "coded_width", "coded_height")
        aspect = _sizes(members, "display_aspect_width", "display_aspect_height")
        description = members["description"]
        space = members["color_space"]
        latency, threads = members["optimize_for_latency"], members["threads"]
        return cls(
            codec=_codec(members["codec"]),
            description=None if description is None else _bytes(description),
            coded_width=coded[0],
            coded_height=coded[1],
            display_aspect_width=aspect[0],
            display_aspect_height=aspect[1],
            color_space=None if space is None else VideoColorSpace.parse(space),  # type: ignore[arg-type]
            hardware_acceleration=_choice(members, "hardware_acceleration", HARDWARE_ACCELERATION),
            optimize_for_latency=(
                None if latency is None else to_flag(latency, "optimize_for_latency")
            ),
            rotation=parse_rotation(members["rotation"]),
            flip=to_flag(members["flip"], "flip"),
            threads=None if threads is None else _threads(threads),
            _native=members["_native"],
        )


@public
@dataclass(frozen=True, kw_only=True)
class AvcEncoderConfig:
    """How a VideoEncoder writes H.264.

    Parameters
    ----------
    format : {"avc", "annexb"}
        Length-prefixed with a description, or with start codes and parameter sets in the stream.
    """

    format: str = "avc"

    @classmethod
    def parse(cls, value: AvcEncoderConfig | Mapping[str, object]) -> AvcEncoderConfig:
        """Return a valid copy, also of a mapping; raises InvalidArgumentError."""
        members = _members(cls, value, "avc")
        return cls(format=_choice(members, "format", ("avc", "annexb")))


@public
@dataclass(frozen=True, kw_only=True)
class HevcEncoderConfig:
    """How a VideoEncoder writes HEVC.

    Parameters
    ----------
    format : {"hevc", "annexb"}
        Length-prefixed with a description, or with start codes and parameter sets in the stream.
    """

    format: str = "hevc"

    @classmethod
    def parse(cls, value: HevcEncoderConfig | Mapping[str, object]) -> HevcEncoderConfig:
        """Return a valid copy, also of a mapping; raises InvalidArgumentError."""
        members = _members(cls, value, "hevc")
        return cls(format=_choice(members, "format", ("hevc", "annexb")))


@public
@dataclass(frozen=True, kw_only=True)
class VideoEncoderConfig:
    """What a VideoEncoder needs to know before the first frame.

    Parameters
    ----------
    codec : str
        A WebCodecs codec string such as ``"avc1.42001E"``, or ``"ffmpeg:NAME"``.
    width, height : int
        Of the encoded pictures, in pixels; frames of another size are scaled.
    display_width, display_height : int, optional
        To be displayed at.
    bitrate : int, optional
        In bits per second.
    framerate : float, optional
        Frames expected per second.
    hardware_acceleration : {"no-preference", "prefer-hardware", "prefer-software"}
    alpha : {"discard", "keep"}
    scalability_mode : str, optional
        Such as ``"L1T2"``.
    bitrate_mode : {"variable", "constant", "quantizer"}
    latency_mode : {"quality", "realtime"}
    content_hint : str, optional
    avc : AvcEncoderConfig or mapping, optional
    hevc : HevcEncoderConfig or mapping, optional
    encoder_options : mapping, optional
        Extension: options of FFmpeg's encoder by name, such as ``{"preset": "slow"}``; they win
        over what the other members lead to. One that the encoder does not have is an error.
        ``pixel_format`` (or ``pix_fmt``) chooses one of the formats that the encoder takes; without
        it the one is taken in which a frame loses least.
    threads : int, optional
        Extension: how many threads FFmpeg may use; default: the cores that are there.
    """

    codec: str
    width: int
    height: int
    display_width: int | None = None
    display_height: int | None = None
    bitrate: int | None = None
    framerate: float | None = None
    hardware_acceleration: str = "no-preference"
    alpha: str = "discard"
    scalability_mode: str | None = None
    bitrate_mode: str = "variable"
    latency_mode: str = "quality"
    content_hint: str | None = None
    avc: AvcEncoderConfig | Mapping[str, object] | None = None
    hevc: HevcEncoderConfig | Mapping[str, object] | None = None
    encoder_options: Mapping[str, object] | None = None
    threads: int | None = None

    @classmethod
    def parse(cls, value: VideoEncoderConfig | Mapping[str, object]) -> VideoEncoderConfig:
        """Return a valid copy of a configuration, or of a mapping with its members.

        Keys may be in snake_case or in the specification's camelCase; unknown ones are dropped.

        Raises
        ------
        InvalidArgumentError
            A member is missing, of the wrong type, or out of range.
        """
        members = _members(cls, value, "VideoEncoderConfig")
        width, height = members["display_width"], members["display_height"]
        bitrate, framerate = members["bitrate"], members["framerate"]
        avc, hevc = members["avc"], members["hevc"]
        options, threads = members["encoder_options"], members["threads"]
        return cls(
            codec=_codec(members["codec"]),
            width=to_dimension(members["width"], "width"),
            height=to_dimension(members["height"], "height"),
            display_width=None if width is None else to_dimension(width, "display_width"),
            display_height=None if height is None else to_dimension(height, "display_height"),
            bitrate=None if bitrate is None else _bitrate(bitrate),
            framerate=None if framerate is None else _framerate(framerate),
            hardware_acceleration=_choice(members, "hardware_acceleration", HARDWARE_ACCELERATION),
            alpha=_choice(members, "alpha", ("discard", "keep")),
            scalability_mode=_text(members, "scalability_mode"),
            bitrate_mode=_choice(members, "bitrate_mode", ("constant", "variable", "quantizer")),
            latency_mode=_choice(members, "latency_mode", ("quality", "realtime")),
            content_hint=_text(members, "content_hint"),
            avc=None if avc is None else AvcEncoderConfig.parse(avc),  # type: ignore[arg-type]
            hevc=None if hevc is None else HevcEncoderConfig.parse(hevc),  # type: ignore[arg-type]
            encoder_options=None if options is None else _options(options),
            threads=None if threads is None else _threads(threads),
        )


@public
@dataclass(frozen=True)
class VideoDecoderSupport:
    """Whether a configuration can be decoded here, and the configuration as understood."""

    supported: bool
    config: VideoDecoderConfig


@public
@dataclass(frozen=True)
class VideoEncoderSupport:
    """Whether a configuration can be encoded here, and the configuration as understood."""

    supported: bool
    config: VideoEncoderConfig


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def _members(cls: type, value: object, what: str) -> dict[str, object]:
    """Return the members of `value` by name; an absent one has its default."""
    members: dict[str, object] = {}
    try:
        for each in fields(cls):
            if isinstance(value, cls):
                member = getattr(value, each.name)
            elif isinstance(value, Mapping):
                member = value.get(each.name)
                if member is None:
                    member = value.get(_camel(each.name))
            else:
                raise InvalidArgumentError(
                    f"{what} must be a {cls.__name__} or a mapping, got {show(value)}"
                )
            if member is None and isinstance(each.default, (str, int)):
                member = each.default
            members[each.name] = member
    except InvalidArgumentError:
        raise
    except Exception as error:
        raise InvalidArgumentError(f"{what} cannot be read: {show(error)}") from error
    return members


def _codec(value: object) -> str:
    if value is None:
        raise InvalidArgumentError("codec is required")
    if not isinstance(value, str):
        raise InvalidArgumentError(f"codec must be a string, got {show(value)}")
    if not value.strip():
        raise InvalidArgumentError(f"codec is blank: {show(value)}")
    return value


def _bytes(value: object) -> bytes:
    try:
        return bytes(as_view(value))
    except InvalidArgumentError as error:
        raise InvalidArgumentError(f"description must be bytes, got {show(value)}") from error


def _sizes(
    members: Mapping[str, object], width: str, height: str
) -> tuple[int, int] | tuple[None, None]:
    given = to_optional_dimensions(members[width], members[height], width, height)
    return (None, None) if given is None else given


def _choice(members: Mapping[str, object], name: str, allowed: tuple[str, ...]) -> str:
    value = members[name]
    if isinstance(value, str) and value in allowed:
        return str(value)
    raise InvalidArgumentError(f"{name} {show(value)} is not one of {', '.join(allowed)}")


def _text(members: Mapping[str, object], name: str) -> str | None:
    value = members[name]
    if value is None or isinstance(value, str):
        return value
    raise InvalidArgumentError(f"{name} must be a string, got {show(value)}")


def _threads(value: object) -> int:
    number = to_integer(value, "threads")
    if not 1 <= number <= _MOST_THREADS:
        raise InvalidArgumentError(
            f"threads is {show(number)}, it must be from 1 to {_MOST_THREADS}"
        )
    return number


def _options(value: object) -> dict[str, str]:
    """Return options as FFmpeg takes them: texts by name."""
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(f"encoder_options must be a mapping, got {show(value)}")
    options: dict[str, str] = {}
    for name, option in value.items():
        if not isinstance(name, str) or not name or "\0" in name:
            raise InvalidArgumentError(f"encoder_options has a key that is no name: {show(name)}")
        if not isinstance(option, (str, int, float)) or "\0" in str(option):
            raise InvalidArgumentError(
                f"encoder_options[{name!r}] must be a text or a number, got {show(option)}"
            )
        options[name] = str(int(option)) if isinstance(option, bool) else str(option)
    return options


def _bitrate(value: object) -> int:
    number = to_uint64(value, "bitrate")
    if number == 0:
        raise InvalidArgumentError(f"bitrate is 0, it must be from 1 to {UINT64_MAX}")
    return number


def _framerate(value: object) -> float:
    # 0 and negative ones are valid and unsupported, as in browsers.
    try:
        return float(to_real(value, "framerate"))
    except OverflowError as error:
        raise InvalidArgumentError(f"framerate is {show(value)}, it must be finite") from error
