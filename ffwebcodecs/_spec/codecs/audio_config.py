"""AudioDecoderConfig: what it holds and when it is valid; the other: `audio_encoder_config`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..._public import public
from ...errors import InvalidArgumentError
from ..numbers import show, to_uint32
from ..types import BytesLike
from .config import read_bytes, read_codec, read_members

if TYPE_CHECKING:
    from dataclasses import dataclass, field

    from typing_extensions import Unpack

    from .config_inits import AudioDecoderConfigInit as AudioDecoderConfigInit
else:
    from ..._record import dataclass, field

    AudioDecoderConfigInit = Mapping


@public
@dataclass(frozen=True, kw_only=True)
class AudioDecoderConfig:
    """What an AudioDecoder needs to know before the first chunk.

    Parameters
    ----------
    codec : str
        A WebCodecs codec string such as ``"opus"`` or ``"mp4a.40.2"``, or ``"ffmpeg:NAME"``.
    sample_rate : int
        In hertz. Most codecs say it themselves, and that is what counts.
    number_of_channels : int
        As `sample_rate`.
    description : bytes-like, optional
        The codec's own header: AudioSpecificConfig (without one, AAC is ADTS or raw), OpusHead,
        ``"fLaC"`` with STREAMINFO, the three headers of Vorbis in Xiph's lacing.
    channel_layout : str, optional
        Extension: where the channels are, by FFmpeg's name such as ``"5.1(side)"``; codecs that say
        it themselves are believed.
    initial_padding : int, optional
        Extension: how many samples of each channel an encoder has put before the first one that it
        was given, at `sample_rate`. `AudioEncoder` says it, `Muxer` writes it into the file, and
        what plays leaves them out. `AudioDecoder` goes by an OpusHead alone, as browsers do.
    """

    codec: str
    sample_rate: int
    number_of_channels: int
    description: BytesLike | None = None
    channel_layout: str | None = None
    initial_padding: int | None = None
    _native: Any = field(default=None, compare=False, repr=False)

    if TYPE_CHECKING:

        def __init__(
            self, *, _native: Any = None, **members: Unpack[AudioDecoderConfigInit]
        ) -> None: ...

    @classmethod
    def parse(cls, value: AudioDecoderConfig | Mapping[str, object]) -> AudioDecoderConfig:
        """Return a valid copy of a configuration, or of a mapping with its members.

        Keys may be in snake_case or in the specification's camelCase.

        Raises
        ------
        InvalidArgumentError
            A member is missing, of the wrong type, out of range, or unknown.
        """
        return cls._read(value, True)

    @classmethod
    def _read(cls, value: object, strict: bool) -> AudioDecoderConfig:
        """Return a valid copy; unknown members are dropped unless `strict`."""
        members = read_members(cls, value, "AudioDecoderConfig", strict)
        description, padding = members["description"], members["initial_padding"]
        return cls(
            codec=read_codec(members["codec"]),
            sample_rate=read_positive(members["sample_rate"], "sample_rate"),
            number_of_channels=read_positive(members["number_of_channels"], "number_of_channels"),
            description=None if description is None else read_bytes(description) or None,
            channel_layout=read_layout(members["channel_layout"]),
            initial_padding=None if padding is None else to_uint32(padding, "initial_padding"),
            _native=members["_native"],
        )


@public
@dataclass(frozen=True)
class AudioDecoderSupport:
    """Whether a configuration can be decoded here, and the configuration as understood.

    Attributes
    ----------
    supported : bool
    config : AudioDecoderConfig
        What was asked about, without members that are not known here.
    """

    supported: bool
    config: AudioDecoderConfig


def read_positive(value: object, what: str) -> int:
    """Return a number from 1 to 2**32 - 1; InvalidArgumentError for anything else."""
    if value is None:
        raise InvalidArgumentError(f"{what} is required")
    number = to_uint32(value, what)
    if number == 0:
        raise InvalidArgumentError(f"{what} must be at least 1, got 0")
    return number


def read_layout(value: object) -> str | None:
    """Return the name of a layout, which only FFmpeg knows whether it is one."""
    if value is None or (isinstance(value, str) and value and value.isascii()):
        return value
    raise InvalidArgumentError(
        f"channel_layout must be a name such as 'stereo' or '5.1', got {show(value)}"
    )
