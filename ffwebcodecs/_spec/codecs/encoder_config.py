"""VideoEncoderConfig: what it holds and when it is valid (spec 1.9); see `config`.

Apart from it, because decoding need not build these classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from ..._public import public
from ...errors import InvalidArgumentError
from ..numbers import (
    UINT64_MAX,
    show,
    to_dimension,
    to_flag,
    to_float,
    to_uint64,
)
from ..texts import items_of, number_text, to_text
from ..types import (
    AlphaOption,
    AvcBitstreamFormat,
    HardwareAcceleration,
    HevcBitstreamFormat,
    LatencyMode,
    VideoEncoderBitrateMode,
)
from .config import HARDWARE_ACCELERATION, read_choice, read_codec, read_members, read_threads
from .config_inits import VideoCodecInit

if TYPE_CHECKING:
    from typing_extensions import Unpack


@public
@dataclass(frozen=True, kw_only=True)
class AvcEncoderConfig:
    """How a VideoEncoder writes H.264.

    Parameters
    ----------
    format : {"avc", "annexb"}
        Length-prefixed with a description, or with start codes and parameter sets in the stream.
    """

    format: AvcBitstreamFormat = "avc"

    @classmethod
    def parse(cls, value: AvcEncoderConfig | Mapping[str, object]) -> AvcEncoderConfig:
        """Return a valid copy, also of a mapping; raises InvalidArgumentError."""
        return cls._read(value, True)

    @classmethod
    def _read(cls, value: object, strict: bool) -> AvcEncoderConfig:
        members = read_members(cls, value, "avc", strict)
        return cls(format=read_choice(members, "format", ("avc", "annexb")))


@public
@dataclass(frozen=True, kw_only=True)
class HevcEncoderConfig:
    """How a VideoEncoder writes HEVC.

    Parameters
    ----------
    format : {"hevc", "annexb"}
        Length-prefixed with a description, or with start codes and parameter sets in the stream.
    """

    format: HevcBitstreamFormat = "hevc"

    @classmethod
    def parse(cls, value: HevcEncoderConfig | Mapping[str, object]) -> HevcEncoderConfig:
        """Return a valid copy, also of a mapping; raises InvalidArgumentError."""
        return cls._read(value, True)

    @classmethod
    def _read(cls, value: object, strict: bool) -> HevcEncoderConfig:
        members = read_members(cls, value, "hevc", strict)
        return cls(format=read_choice(members, "format", ("hevc", "annexb")))


@public
@dataclass(frozen=True, kw_only=True)
class Av1EncoderConfig:
    """How a VideoEncoder writes AV1.

    Parameters
    ----------
    force_screen_content_tools : bool
        Ask libaom or SVT-AV1 for the tools for screen content (palettes, copies within the
        picture), whatever the pictures look like. In its faster modes the encoder may still do
        without; others cannot be asked.
    """

    force_screen_content_tools: bool = False

    @classmethod
    def parse(cls, value: Av1EncoderConfig | Mapping[str, object]) -> Av1EncoderConfig:
        """Return a valid copy, also of a mapping; raises InvalidArgumentError."""
        return cls._read(value, True)

    @classmethod
    def _read(cls, value: object, strict: bool) -> Av1EncoderConfig:
        members = read_members(cls, value, "av1", strict)
        forced = members["force_screen_content_tools"]
        return cls(force_screen_content_tools=to_flag(forced, "force_screen_content_tools"))


class AvcEncoderConfigInit(TypedDict, total=False):
    """The members of an AvcEncoderConfig."""

    format: AvcBitstreamFormat


class HevcEncoderConfigInit(TypedDict, total=False):
    """The members of a HevcEncoderConfig."""

    format: HevcBitstreamFormat


class Av1EncoderConfigInit(TypedDict, total=False):
    """The members of an Av1EncoderConfig."""

    force_screen_content_tools: bool


class SizedCodecInit(VideoCodecInit):
    """What all configurations of an encoder of video must have."""

    width: int
    height: int


class VideoEncoderConfigInit(SizedCodecInit, total=False):
    """The members of a VideoEncoderConfig."""

    display_width: int | None
    display_height: int | None
    bitrate: int | None
    framerate: float | None
    hardware_acceleration: HardwareAcceleration
    alpha: AlphaOption
    scalability_mode: str | None
    bitrate_mode: VideoEncoderBitrateMode
    latency_mode: LatencyMode
    content_hint: str | None
    avc: AvcEncoderConfig | AvcEncoderConfigInit | None
    hevc: HevcEncoderConfig | HevcEncoderConfigInit | None
    av1: Av1EncoderConfig | Av1EncoderConfigInit | None
    encoder_options: Mapping[str, object] | None
    threads: int | None


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
    av1 : Av1EncoderConfig or mapping, optional
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
    hardware_acceleration: HardwareAcceleration = "no-preference"
    alpha: AlphaOption = "discard"
    scalability_mode: str | None = None
    bitrate_mode: VideoEncoderBitrateMode = "variable"
    latency_mode: LatencyMode = "quality"
    content_hint: str | None = None
    avc: AvcEncoderConfig | None = None
    hevc: HevcEncoderConfig | None = None
    av1: Av1EncoderConfig | None = None
    encoder_options: Mapping[str, object] | None = None
    threads: int | None = None

    if TYPE_CHECKING:

        def __init__(self, **members: Unpack[VideoEncoderConfigInit]) -> None: ...

    @classmethod
    def parse(cls, value: VideoEncoderConfig | Mapping[str, object]) -> VideoEncoderConfig:
        """Return a valid copy of a configuration, or of a mapping with its members.

        Keys may be in snake_case or in the specification's camelCase.

        Raises
        ------
        InvalidArgumentError
            A member is missing, of the wrong type, out of range, or unknown.
        """
        return cls._read(value, True)

    @classmethod
    def _read(cls, value: object, strict: bool) -> VideoEncoderConfig:
        """Return a valid copy; unknown members are dropped unless `strict`."""
        members = read_members(cls, value, "VideoEncoderConfig", strict)
        width, height = members["display_width"], members["display_height"]
        bitrate, framerate = members["bitrate"], members["framerate"]
        avc, hevc, av1 = members["avc"], members["hevc"], members["av1"]
        options, threads = members["encoder_options"], members["threads"]
        return cls(
            codec=read_codec(members["codec"]),
            width=to_dimension(members["width"], "width"),
            height=to_dimension(members["height"], "height"),
            display_width=None if width is None else to_dimension(width, "display_width"),
            display_height=None if height is None else to_dimension(height, "display_height"),
            bitrate=None if bitrate is None else _bitrate(bitrate),
            # 0 and negative ones are valid and unsupported, as in browsers.
            framerate=None if framerate is None else to_float(framerate, "framerate"),
            hardware_acceleration=read_choice(
                members, "hardware_acceleration", HARDWARE_ACCELERATION
            ),
            alpha=read_choice(members, "alpha", ("discard", "keep")),
            scalability_mode=_text(members, "scalability_mode"),
            bitrate_mode=read_choice(
                members, "bitrate_mode", ("constant", "variable", "quantizer")
            ),
            latency_mode=read_choice(members, "latency_mode", ("quality", "realtime")),
            content_hint=_text(members, "content_hint"),
            avc=None if avc is None else AvcEncoderConfig._read(avc, strict),
            hevc=None if hevc is None else HevcEncoderConfig._read(hevc, strict),
            av1=None if av1 is None else Av1EncoderConfig._read(av1, strict),
            encoder_options=None if options is None else read_options(options),
            threads=None if threads is None else read_threads(threads),
        )


@public
@dataclass(frozen=True)
class VideoEncoderSupport:
    """Whether a configuration can be encoded here, and the configuration as understood.

    Attributes
    ----------
    supported : bool
    config : VideoEncoderConfig
        What was asked about, without members that are not known here.
    """

    supported: bool
    config: VideoEncoderConfig


def read_options(value: object) -> dict[str, str]:
    """Return encoder options as FFmpeg takes them: texts by name."""
    if not isinstance(value, Mapping):
        raise InvalidArgumentError(f"encoder_options must be a mapping, got {show(value)}")
    options: dict[str, str] = {}
    for name, option in items_of(value, "encoder_options"):
        if not isinstance(name, str) or not name:
            raise InvalidArgumentError(f"encoder_options has a key that is no name: {show(name)}")
        key = to_text(name, "the name of an encoder option")
        what = f"encoder_options[{key!r}]"
        if isinstance(option, str):
            options[key] = to_text(option, what)
        elif isinstance(option, (int, float)):
            options[key] = number_text(option, what)
        else:
            raise InvalidArgumentError(f"{what} must be a text or a number, got {show(option)}")
    return options


def _bitrate(value: object) -> int:
    number = to_uint64(value, "bitrate")
    if number == 0:
        raise InvalidArgumentError(f"bitrate is 0, it must be from 1 to {UINT64_MAX}")
    return number


def _text(members: Mapping[str, object], name: str) -> str | None:
    value = members[name]
    if value is None or isinstance(value, str):
        return value
    raise InvalidArgumentError(f"{name} must be a string, got {show(value)}")
