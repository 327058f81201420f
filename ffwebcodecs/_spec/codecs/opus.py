"""Opus: its strings, and the identification header that describes a stream (RFC 7845, 5.1)."""

from __future__ import annotations

from ...errors import DataError
from .bits import Record
from .sound import AudioCodecInfo, SoundFacts, no_fields

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "opus"
CODECS: tuple[str, ...] = ("opus",)
ENTRIES: tuple[str, ...] = ("opus", "Opus")
HINTS: Mapping[str, str] = {"libopus": "write 'opus'", "audio/opus": "write 'opus'"}
MUST_AGREE = True
PASSES_OVER_JUNK = False

RATE = 48000
"""Of all that is decoded."""
MOST_WITHOUT = 2
"""Channels that need no description."""
_MAGIC = b"OpusHead"
# RFC 8486, 3.2: a matrix stands where others have the mapping, and decoders take it for one.
_PROJECTION = 3


class OpusHead(Record):
    """The identification header.

    Attributes
    ----------
    channels : int
    pre_skip : int
        Samples at 48 kHz that a decoder leaves out at the beginning.
    input_sample_rate : int
        What the encoder was given, in hertz; 0 if it does not say.
    output_gain : int
        Q7.8 decibels.
    family : int
        How channels are mapped: 0 mono or stereo, 1 surround in Vorbis' order, 255 as they come.
    streams, coupled : int
        Streams in a packet, and how many of them are of two channels.
    mapping : bytes
        For each channel, which of the decoded ones it is; 255 is silence.
    """

    __slots__ = (
        "channels",
        "coupled",
        "family",
        "input_sample_rate",
        "mapping",
        "output_gain",
        "pre_skip",
        "streams",
    )

    channels: int
    coupled: int
    family: int
    input_sample_rate: int
    mapping: bytes
    output_gain: int
    pre_skip: int
    streams: int


def parse_head(data: bytes) -> OpusHead:
    """Read an identification header; DataError says what is wrong with it."""
    if data[:8] != _MAGIC:
        raise DataError("it is no OpusHead, which begins with that word")
    if len(data) < 19:
        raise DataError(f"an OpusHead has at least 19 bytes, this one {len(data)}")
    if data[8] > 15:
        raise DataError(f"OpusHead of version {data[8] >> 4}, which is not known")
    channels, family = data[9], data[18]
    if channels == 0:
        raise DataError("OpusHead without channels")
    streams, coupled, mapping = 1, int(channels == 2), bytes(range(channels))
    if family == _PROJECTION:
        raise DataError("OpusHead of mapping family 3 (ambisonics to be mixed), which is not known")
    if family:
        mapping = data[21 : 21 + channels]
        if len(mapping) < channels:
            raise DataError(f"OpusHead of {channels} channels ends within their mapping")
        streams, coupled = data[19], data[20]
        if not streams or coupled > streams or streams + coupled > 255:
            raise DataError(f"OpusHead with {streams} streams, {coupled} of them of two channels")
        for index in mapping:
            if index != 255 and index >= streams + coupled:
                raise DataError(f"OpusHead maps a channel to {index} of {streams + coupled}")
    elif channels > MOST_WITHOUT:
        raise DataError(f"OpusHead of {channels} channels without their mapping")
    return OpusHead(
        channels=channels,
        pre_skip=int.from_bytes(data[10:12], "little"),
        input_sample_rate=int.from_bytes(data[12:16], "little"),
        output_gain=int.from_bytes(data[16:18], "little", signed=True),
        family=family,
        streams=streams,
        coupled=coupled,
        mapping=mapping,
    )


def make_head(
    channels: int,
    pre_skip: int,
    input_sample_rate: int,
    *,
    output_gain: int = 0,
    family: int = 0,
    streams: int = 1,
    coupled: int | None = None,
    mapping: bytes = b"",
) -> bytes:
    """Return an identification header, see `OpusHead`; `mapping` only if `family` is not 0."""
    head = (
        _MAGIC
        + bytes((1, channels))
        + pre_skip.to_bytes(2, "little")
        + input_sample_rate.to_bytes(4, "little")
        + output_gain.to_bytes(2, "little", signed=True)
        + bytes((family,))
    )
    if family == 0:
        return head
    return head + bytes((streams, coupled or 0)) + mapping


def with_pre_skip(head: bytes, pre_skip: int) -> bytes:
    """Return an identification header that says another pre-skip, in samples at 48 kHz."""
    return head[:10] + pre_skip.to_bytes(2, "little") + head[12:]


def parse_string(codec: str, entry: str, fields: list[str]) -> AudioCodecInfo:
    """Return what the string says; it has no fields."""
    no_fields(codec, entry, fields)
    return AudioCodecInfo(codec, NAME, "opus")


def codec_string(codec: str, extradata: bytes, profile: int) -> str:
    """Return ``opus``."""
    return "opus"


def description_of(extradata: bytes) -> bytes | None:
    """Return FFmpeg's header, which is the identification header in every container."""
    return extradata if extradata[:8] == _MAGIC else None


def extradata_of(description: bytes) -> bytes | None:
    """Return the header as it is."""
    parse_head(description)
    return description


def facts_of(description: bytes) -> SoundFacts:
    """Return what the header says; its rate is only what the encoder was given."""
    head = parse_head(description)
    return SoundFacts(RATE, head.channels, None, head.pre_skip)


def hints_of(sample_rate: int, channels: int) -> tuple[int | None, int | None]:
    """Return the one rate there is, and the channels."""
    return RATE, channels


def needs_description(channels: int) -> bool:
    """Return whether there are more channels than a stream without a mapping of them has."""
    return channels > MOST_WITHOUT


def header_without(info: AudioCodecInfo, sample_rate: int, channels: int) -> bytes | None:
    """Return None: there is nothing to tell."""
    return None
