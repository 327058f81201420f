"""Codec parameters of a stream of sound as plain values; those of pictures: `parameters`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..._ffi import avcodec, avutil, ffi
from ...errors import InvalidArgumentError
from .. import averror
from ..frames import channel_layout
from ..frames.channel_layout import Channels
from .parameters import allocate

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecContext, AVCodecParameters, AVStream

_NUMBERS = (
    "codec_tag",
    "format",
    "bit_rate",
    "bits_per_coded_sample",
    "bits_per_raw_sample",
    "profile",
    "level",
    "sample_rate",
    "block_align",
    "frame_size",
    "initial_padding",
    "trailing_padding",
    "seek_preroll",
)

_UNKNOWN = -99  # AV_PROFILE_UNKNOWN, AV_LEVEL_UNKNOWN


class SoundParameters(NamedTuple):
    """A stream's codec parameters as plain values: what a decoder configuration cannot say.

    Plain values, because a configuration is one: it may be kept, compared and pickled without
    holding native memory. `known` gives back what a configuration carries.
    """

    codec: str
    time_base: tuple[int, int]
    extradata: bytes
    numbers: tuple[int, ...]
    channels: tuple[int, str | None]
    disposition: int = 0
    tags: tuple[tuple[str, str], ...] = ()
    of_file: bool = False  # so times are those of the packets, as the file has them

    @classmethod
    def of_stream(cls, stream: AVStream) -> SoundParameters:
        """Read those of an AVStream."""
        read = _read(stream.codecpar, (stream.time_base.num, stream.time_base.den))
        return read._replace(of_file=True)

    @classmethod
    def of_parameters(cls, par: AVCodecParameters, time_base: tuple[int, int]) -> SoundParameters:
        """Read AVCodecParameters that belong to packets of this time base."""
        return _read(par, time_base)

    @classmethod
    def of_encoder(cls, context: AVCodecContext) -> SoundParameters:
        """Read those of an open encoder, whose packets count samples."""
        par = allocate()
        code = avcodec.avcodec_parameters_from_context(par, context)
        averror.check(code, "cannot describe the stream")
        return _read(par, (1, context.sample_rate))

    @classmethod
    def of_nothing(cls, codec: str) -> SoundParameters:
        """Return those of a stream of which nothing is known."""
        return cls(codec, (0, 1), b"", (0, -1, *(0,) * 3, *(_UNKNOWN,) * 2, *(0,) * 6), (0, None))

    def number(self, name: str) -> int:
        """Return one of the numbers of AVCodecParameters, by its name there."""
        return self.numbers[_NUMBERS.index(name)]

    @property
    def sound(self) -> Channels:
        """How many channels there are, and where."""
        return Channels(*self.channels)

    def apply(self, context: AVCodecContext, codec_id: int) -> int:
        """Fill a codec context; returns FFmpeg's error code."""
        par = allocate()
        self.fill(par, codec_id)
        code: int = avcodec.avcodec_parameters_to_context(context, par)
        return code

    def fill(self, par: AVCodecParameters, codec_id: int) -> None:
        """Fill AVCodecParameters, all but the extradata."""
        par.codec_type = avutil.AVMEDIA_TYPE_AUDIO
        par.codec_id = codec_id
        for name, value in zip(_NUMBERS, self.numbers, strict=True):
            setattr(par, name, value)
        channel_layout.write(par, self.sound)

    def __reduce__(self) -> Any:
        return tuple, (tuple(self),)  # so that a pickle names nothing that may be renamed


def known(carried: Any, codec_id: int) -> SoundParameters | None:
    """Return the SoundParameters that a configuration carries, None if there are none, or if they
    are another codec's than it is for.
    """
    if carried is None:
        return None
    if not isinstance(carried, tuple) or len(carried) != len(SoundParameters._fields):
        raise InvalidArgumentError(
            f"a configuration's _native is what Demuxer and AudioEncoder give it, got {carried!r}"
        )
    parameters = SoundParameters._make(carried)
    return parameters if parameters.codec == _codec_name(codec_id) else None


def _read(par: AVCodecParameters, time_base: tuple[int, int]) -> SoundParameters:
    extradata = ffi.buffer(par.extradata, par.extradata_size) if par.extradata_size else b""
    channels = channel_layout.read(par)
    return SoundParameters(
        _codec_name(par.codec_id),
        time_base,
        bytes(extradata),
        tuple(int(getattr(par, name)) for name in _NUMBERS),
        (channels.number, channels.layout),
    )


def _codec_name(codec_id: int) -> str:
    name: str = ffi.string(avcodec.avcodec_get_name(codec_id)).decode()
    return name
