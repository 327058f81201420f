"""AudioEncoderConfig: what it holds and when it is valid; see `audio_config`.

Apart from it, because decoding need not build these classes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

from ..._public import public
from ...errors import InvalidArgumentError
from ..numbers import INT32_MAX, to_flag, to_uint32, to_uint64
from ..types import (
    AacBitstreamFormat,
    BitrateMode,
    OpusApplication,
    OpusBitstreamFormat,
    OpusSignal,
)
from .audio_config import read_layout, read_positive
from .config import read_choice, read_codec, read_members, read_threads
from .config_inits import AudioCodecInit
from .encoder_config import read_options

if TYPE_CHECKING:
    from typing_extensions import Unpack


# RFC 6716, 2.1.4 and 3.2.5: one frame, or several of 20 ms in one packet.
FRAME_DURATIONS = (2500, 5000, 10000, 20000, 40000, 60000, 80000, 100000, 120000)
_MOST_BLOCK = 65535  # RFC 9639, 8.2
_LEAST_BLOCK = 16


@public
@dataclass(frozen=True, kw_only=True)
class OpusEncoderConfig:
    """How an AudioEncoder writes Opus.

    Parameters
    ----------
    format : {"opus", "ogg"}
        Packets with an OpusHead as description; ``"ogg"`` is not supported, as in browsers: a
        Muxer writes Ogg.
    signal : {"auto", "music", "voice"}
        A hint that FFmpeg has no option for; it changes nothing.
    application : {"audio", "voip", "lowdelay"}
        What the encoder is tuned for; ``"lowdelay"`` has the least delay, 2.5 ms.
    frame_duration : int
        Of a packet, in microseconds: 2500, 5000, 10000, 20000, 40000, 60000, 80000, 100000 or
        120000.
    complexity : int
        From 0, the fastest, to 10, the best.
    packetlossperc : int
        How many packets of a hundred are expected to get lost.
    useinbandfec : bool
        Whether packets carry what is needed to make up for a lost one before.
    usedtx : bool
        Whether packets are left out while there is silence.
    """

    format: OpusBitstreamFormat = "opus"
    signal: OpusSignal = "auto"
    application: OpusApplication = "audio"
    frame_duration: int = 20000
    complexity: int = 9
    packetlossperc: int = 0
    useinbandfec: bool = False
    usedtx: bool = False

    @classmethod
    def parse(cls, value: OpusEncoderConfig | Mapping[str, object]) -> OpusEncoderConfig:
        """Return a valid copy, also of a mapping; raises InvalidArgumentError."""
        return cls._read(value, True)

    @classmethod
    def _read(cls, value: object, strict: bool) -> OpusEncoderConfig:
        members = read_members(cls, value, "opus", strict)
        duration = to_uint64(members["frame_duration"], "frame_duration")
        if duration not in FRAME_DURATIONS:
            allowed = ", ".join(map(str, FRAME_DURATIONS))
            raise InvalidArgumentError(
                f"frame_duration is {duration}, packets of Opus last {allowed} microseconds"
            )
        return cls(
            format=read_choice(members, "format", ("opus", "ogg")),
            signal=read_choice(members, "signal", ("auto", "music", "voice")),
            application=read_choice(members, "application", ("audio", "voip", "lowdelay")),
            frame_duration=duration,
            complexity=_up_to(members, "complexity", 10),
            packetlossperc=_up_to(members, "packetlossperc", 100),
            useinbandfec=to_flag(members["useinbandfec"], "useinbandfec"),
            usedtx=to_flag(members["usedtx"], "usedtx"),
        )


@public
@dataclass(frozen=True, kw_only=True)
class AacEncoderConfig:
    """How an AudioEncoder writes AAC.

    Parameters
    ----------
    format : {"aac", "adts"}
        Raw frames with an AudioSpecificConfig as description, or each with an ADTS header and no
        description.
    """

    format: AacBitstreamFormat = "aac"

    @classmethod
    def parse(cls, value: AacEncoderConfig | Mapping[str, object]) -> AacEncoderConfig:
        """Return a valid copy, also of a mapping; raises InvalidArgumentError."""
        return cls._read(value, True)

    @classmethod
    def _read(cls, value: object, strict: bool) -> AacEncoderConfig:
        members = read_members(cls, value, "aac", strict)
        return cls(format=read_choice(members, "format", ("aac", "adts")))


@public
@dataclass(frozen=True, kw_only=True)
class FlacEncoderConfig:
    """How an AudioEncoder writes FLAC.

    Parameters
    ----------
    block_size : int
        Samples of each channel in a packet, 16 to 65535; 0: the encoder chooses.
    compress_level : int
        From 0, the fastest, to 8, the smallest.
    """

    block_size: int = 0
    compress_level: int = 5

    @classmethod
    def parse(cls, value: FlacEncoderConfig | Mapping[str, object]) -> FlacEncoderConfig:
        """Return a valid copy, also of a mapping; raises InvalidArgumentError."""
        return cls._read(value, True)

    @classmethod
    def _read(cls, value: object, strict: bool) -> FlacEncoderConfig:
        members = read_members(cls, value, "flac", strict)
        size = to_uint32(members["block_size"], "block_size")
        if size and not _LEAST_BLOCK <= size <= _MOST_BLOCK:
            raise InvalidArgumentError(
                f"block_size is {size}, it must be 0 or from {_LEAST_BLOCK} to {_MOST_BLOCK}"
            )
        return cls(block_size=size, compress_level=_up_to(members, "compress_level", 8))


class OpusEncoderConfigInit(TypedDict, total=False):
    """The members of an OpusEncoderConfig."""

    format: OpusBitstreamFormat
    signal: OpusSignal
    application: OpusApplication
    frame_duration: int
    complexity: int
    packetlossperc: int
    useinbandfec: bool
    usedtx: bool


class AacEncoderConfigInit(TypedDict, total=False):
    """The members of an AacEncoderConfig."""

    format: AacBitstreamFormat


class FlacEncoderConfigInit(TypedDict, total=False):
    """The members of a FlacEncoderConfig."""

    block_size: int
    compress_level: int


class AudioEncoderConfigInit(AudioCodecInit, total=False):
    """The members of an AudioEncoderConfig."""

    bitrate: int | None
    bitrate_mode: BitrateMode
    opus: OpusEncoderConfig | OpusEncoderConfigInit | None
    aac: AacEncoderConfig | AacEncoderConfigInit | None
    flac: FlacEncoderConfig | FlacEncoderConfigInit | None
    channel_layout: str | None
    encoder_options: Mapping[str, object] | None
    threads: int | None


@public
@dataclass(frozen=True, kw_only=True)
class AudioEncoderConfig:
    """What an AudioEncoder needs to know before the first samples.

    Parameters
    ----------
    codec : str
        A WebCodecs codec string such as ``"opus"`` or ``"mp4a.40.2"``, or ``"ffmpeg:NAME"``.
    sample_rate : int
        In hertz; the AudioData has to have it.
    number_of_channels : int
        As `sample_rate`.
    bitrate : int, optional
        In bits per second; default: what the encoder takes for so many channels.
    bitrate_mode : {"variable", "constant"}
    opus : OpusEncoderConfig or mapping, optional
    aac : AacEncoderConfig or mapping, optional
    flac : FlacEncoderConfig or mapping, optional
    channel_layout : str, optional
        Extension: where the channels are, by FFmpeg's name such as ``"5.1(side)"``; default: as the
        first AudioData says, or the usual places for so many.
    encoder_options : mapping, optional
        Extension: options of FFmpeg's encoder by name; they win over what the other members lead
        to. One that the encoder does not have is an error.
    threads : int, optional
        Extension: how many threads FFmpeg may use; few encoders of sound make use of them.
    """

    codec: str
    sample_rate: int
    number_of_channels: int
    bitrate: int | None = None
    bitrate_mode: BitrateMode = "variable"
    opus: OpusEncoderConfig | None = None
    aac: AacEncoderConfig | None = None
    flac: FlacEncoderConfig | None = None
    channel_layout: str | None = None
    encoder_options: Mapping[str, object] | None = None
    threads: int | None = None

    if TYPE_CHECKING:

        def __init__(self, **members: Unpack[AudioEncoderConfigInit]) -> None: ...

    @classmethod
    def parse(cls, value: AudioEncoderConfig | Mapping[str, object]) -> AudioEncoderConfig:
        """Return a valid copy of a configuration, or of a mapping with its members.

        Keys may be in snake_case or in the specification's camelCase.

        Raises
        ------
        InvalidArgumentError
            A member is missing, of the wrong type, out of range, or unknown.
        """
        return cls._read(value, True)

    @classmethod
    def _read(cls, value: object, strict: bool) -> AudioEncoderConfig:
        """Return a valid copy; unknown members are dropped unless `strict`."""
        members = read_members(cls, value, "AudioEncoderConfig", strict)
        bitrate, opus, aac, flac = (members[name] for name in ("bitrate", "opus", "aac", "flac"))
        options, threads = members["encoder_options"], members["threads"]
        return cls(
            codec=read_codec(members["codec"]),
            sample_rate=read_positive(members["sample_rate"], "sample_rate"),
            number_of_channels=read_positive(members["number_of_channels"], "number_of_channels"),
            bitrate=None if bitrate is None else _bitrate(bitrate),
            bitrate_mode=read_choice(members, "bitrate_mode", ("variable", "constant")),
            opus=None if opus is None else OpusEncoderConfig._read(opus, strict),
            aac=None if aac is None else AacEncoderConfig._read(aac, strict),
            flac=None if flac is None else FlacEncoderConfig._read(flac, strict),
            channel_layout=read_layout(members["channel_layout"]),
            encoder_options=None if options is None else read_options(options),
            threads=None if threads is None else read_threads(threads),
        )


@public
@dataclass(frozen=True)
class AudioEncoderSupport:
    """Whether a configuration can be encoded here, and the configuration as understood.

    Attributes
    ----------
    supported : bool
    config : AudioEncoderConfig
        What was asked about, without members that are not known here.
    """

    supported: bool
    config: AudioEncoderConfig


def _bitrate(value: object) -> int:
    # 0 is valid and unsupported, as in browsers.
    number = to_uint64(value, "bitrate")
    if number > INT32_MAX:
        raise InvalidArgumentError(f"bitrate is {number}, it must be from 0 to {INT32_MAX}")
    return number


def _up_to(members: Mapping[str, object], name: str, most: int) -> int:
    number = to_uint32(members[name], name)
    if number > most:
        raise InvalidArgumentError(f"{name} is {number}, it must be from 0 to {most}")
    return number
