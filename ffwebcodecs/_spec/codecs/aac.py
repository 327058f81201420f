"""AAC: its strings, AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1) and the header of ADTS.

High efficiency AAC doubles its rate where it is decoded (spectral band replication), and version 2
makes two channels of one (parametric stereo). A configuration says so openly, at its beginning or
its end, or not at all: then only the stream shows it.
"""

from __future__ import annotations

from ...errors import DataError
from .bits import BitReader, Record
from .grammar import number
from .sound import AudioCodecInfo, SoundFacts, bad, no_fields

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "aac"
CODECS: tuple[str, ...] = ("aac",)
# MPEG-4's object types: 0x40 is MPEG-4 audio, the others MPEG-2's Main, LC and SSR.
ENTRIES: tuple[str, ...] = ("mp4a.40", "mp4a.67", "mp4a.66", "mp4a.68")
HINTS: Mapping[str, str] = {
    "aac": "write 'mp4a.40.2' (AAC-LC), 'mp4a.40.5' (HE-AAC) or 'mp4a.40.29' (HE-AAC version 2)",
    "mp4a": "write which one: 'mp4a.40.2' is AAC-LC, 'mp4a.40.5' HE-AAC, 'mp4a.6B' MP3",
    "he-aac": "write 'mp4a.40.5'",
}
MUST_AGREE = False
PASSES_OVER_JUNK = False

LC, SBR, PS, USAC = 2, 5, 29, 42
"""Audio object types."""
# Those that FFmpeg decodes, of which 42 since its release 7.1.
_DECODED = {1: "Main", LC: "LC", 4: "LTP", SBR: "HE", 17: "ER LC", 23: "LD", PS: "HE version 2"}
_DECODED.update({39: "ELD", USAC: "xHE (USAC)"})
RATES = (96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350)
_CHANNELS = (0, 1, 2, 3, 4, 5, 6, 8, 0, 0, 0, 7, 8, 24, 8)  # by channelConfiguration
_CONFIGURATIONS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6, 7: 11, 8: 7}
_EXTENSION, _PS_EXTENSION = 0x2B7, 0x548
_LONGEST = 64  # bytes of a configuration that are looked at
_MPEG2 = 128  # where FFmpeg's numbers of MPEG-2's profiles begin


class AudioSpecificConfig(Record):
    """What the configuration says.

    Attributes
    ----------
    object_type : int
        Of the core: 2 for AAC-LC, also below high efficiency.
    sample_rate : int
        Of the core, in hertz.
    channel_configuration : int
        0: the stream says it.
    sbr, ps : bool or None
        Whether it is high efficiency; None: nothing is said, the stream may be.
    output_rate : int
        In hertz, of what is decoded as far as this says it.
    short : bool
        A frame has 960 samples in place of 1024.
    """

    __slots__ = (
        "channel_configuration",
        "object_type",
        "output_rate",
        "ps",
        "sample_rate",
        "sbr",
        "short",
    )

    channel_configuration: int
    object_type: int
    output_rate: int
    ps: bool | None
    sample_rate: int
    sbr: bool | None
    short: bool

    @property
    def channels(self) -> int | None:
        """How many channels are decoded, as far as this says it."""
        if self.channel_configuration == 1 and self.ps:
            return 2
        known = self.channel_configuration < len(_CHANNELS)
        return (_CHANNELS[self.channel_configuration] or None) if known else None

    @property
    def kind(self) -> int:
        """The object type that a codec string names: the outermost one."""
        return PS if self.ps else SBR if self.sbr else self.object_type


def parse_config(data: bytes) -> AudioSpecificConfig:
    """Read an AudioSpecificConfig; DataError says what is wrong with it."""
    reader = BitReader(data, "AudioSpecificConfig")
    kind, rate, configuration = _kind(reader), _rate(reader), reader.bits(4)
    sbr, ps, output = None, None, rate
    if kind in (SBR, PS):
        sbr, ps = True, True if kind == PS else None
        output, kind = _rate(reader), _kind(reader)
    short = False
    if kind in (1, 2, 3, 4, 6, 7, 17, 19, 20, 21, 22, 23):  # those with a GASpecificConfig
        short = reader.flag()
        if sbr is None:
            sbr, ps, output = _extension(data, rate)
    return AudioSpecificConfig(
        object_type=kind,
        sample_rate=rate,
        channel_configuration=configuration,
        sbr=sbr,
        ps=ps,
        output_rate=output,
        short=short,
    )


def config_of_adts(profile: int, sample_rate: int, channels: int) -> bytes:
    """Return the AudioSpecificConfig of a stream whose packets have headers of ADTS, out of
    FFmpeg's number of the profile and of what is decoded; empty if it has no such one.

    High efficiency is not said: decoders find it in the stream, as ADTS cannot say it either.
    """
    kind = profile % _MPEG2 + 1 if profile >= 0 else LC
    if kind in (SBR, PS):
        kind, sample_rate, channels = LC, sample_rate // 2, 1 if kind == PS else channels
    configuration = next((i for i, n in enumerate(_CHANNELS[:8]) if n == channels and i), 0)
    if sample_rate not in RATES or not configuration or kind > 4:
        return b""
    bits = kind << 11 | RATES.index(sample_rate) << 7 | configuration << 3
    return bits.to_bytes(2, "big")


def _extension(data: bytes, rate: int) -> tuple[bool | None, bool | None, int]:
    """Return what stands behind the configuration. Where that ends is not known without reading all
    of it, so the mark is looked for, as decoders do.
    """
    data = data[:_LONGEST]
    bits = int.from_bytes(data, "big")
    total = len(data) * 8
    for at in range(16, total - 16):
        if (bits >> (total - at - 11)) & 0x7FF != _EXTENSION:
            continue
        reader = BitReader(data, "AudioSpecificConfig")
        reader.bits(at + 11)
        try:
            if _kind(reader) != SBR:
                continue
            if not reader.flag():
                return False, None, rate
            output = _rate(reader)
        except DataError:
            continue
        try:
            ps = reader.flag() if reader.bits(11) == _PS_EXTENSION else None
        except DataError:
            ps = None
        return True, ps, output
    return None, None, rate


def _kind(reader: BitReader) -> int:
    kind = reader.bits(5)
    return 32 + reader.bits(6) if kind == 31 else kind


def _rate(reader: BitReader) -> int:
    index = reader.bits(4)
    if index == 15:
        rate = reader.bits(24)
        if not rate:
            raise DataError("AudioSpecificConfig with a rate of 0 Hz")
        return rate
    if index >= len(RATES):
        raise DataError(f"AudioSpecificConfig with the reserved rate {index}")
    return RATES[index]


def make_config(
    object_type: int, sample_rate: int, channels: int, *, output_rate: int | None = None
) -> bytes:
    """Return an AudioSpecificConfig.

    Parameters
    ----------
    object_type : int
        2 for AAC-LC; 5 and 29 for high efficiency, which is said at the beginning then.
    sample_rate : int
        Of the core, in hertz.
    channels : int
        That are coded: 1 to 8; for version 2 of high efficiency 1, which becomes 2.
    output_rate : int, optional
        In hertz, of high efficiency; twice the core's if it is left out.
    """
    if channels not in _CONFIGURATIONS:
        raise DataError(f"AAC has no configuration for {channels} channels")
    fields = [*_kind_bits(object_type), *_rate_bits(sample_rate), (_CONFIGURATIONS[channels], 4)]
    if object_type in (SBR, PS):
        fields += [*_rate_bits(output_rate or 2 * sample_rate), *_kind_bits(LC)]
    fields.append((0, 3))  # frames of 1024 samples, no core coder, no extension
    value = size = 0
    for field, bits in fields:
        value, size = value << bits | field, size + bits
    return (value << (-size % 8)).to_bytes((size + 7) // 8, "big")


def _kind_bits(kind: int) -> list[tuple[int, int]]:
    return [(kind, 5)] if kind < 31 else [(31, 5), (kind - 32, 6)]


def _rate_bits(rate: int) -> list[tuple[int, int]]:
    return [(RATES.index(rate), 4)] if rate in RATES else [(15, 4), (rate, 24)]


def adts_config(data: bytes) -> bytes | None:
    """Return the AudioSpecificConfig for a chunk with the header of ADTS, None if it has none."""
    if len(data) < 7 or data[0] != 0xFF or data[1] & 0xF6 != 0xF0:
        return None
    kind, index = (data[2] >> 6) + 1, data[2] >> 2 & 15
    configuration = (data[2] & 1) << 2 | data[3] >> 6
    if index >= len(RATES):
        return None
    return ((kind << 11 | index << 7 | configuration << 3).to_bytes(2, "big")) if kind else None


def parse_string(codec: str, entry: str, fields: list[str]) -> AudioCodecInfo:
    """Return what ``mp4a.40.N`` says, or one of MPEG-2's three strings."""
    if entry != "mp4a.40":
        no_fields(codec, entry, fields)
        return AudioCodecInfo(codec, NAME, "aac", object_type=LC)
    if len(fields) != 1:
        raise bad(codec, "expected one object type after 'mp4a.40', as in 'mp4a.40.2' (AAC-LC)")
    kind = number(codec, fields[0], "the audio object type", 99)
    if kind == 34:
        raise bad(codec, "object type 34 is MP3: write 'mp3'")
    if kind not in _DECODED:
        known = ", ".join(f"{n} ({name})" for n, name in sorted(_DECODED.items()))
        raise bad(codec, f"no decoder here has the audio object type {kind}; there are {known}")
    return AudioCodecInfo(codec, NAME, "aac", object_type=kind)


def codec_string(codec: str, extradata: bytes, profile: int) -> str:
    """Return ``mp4a.40.N``, or MPEG-2's string where FFmpeg says so."""
    kind = profile + 1
    if profile >= _MPEG2 and not extradata:
        return "mp4a.67"
    try:
        kind = max(parse_config(extradata).kind, kind if profile < _MPEG2 else 0)
    except DataError:
        pass  # none, or none that can be read
    return f"mp4a.40.{kind if kind in _DECODED else LC}"


def description_of(extradata: bytes) -> bytes | None:
    """Return FFmpeg's header, which is an AudioSpecificConfig where there is one."""
    return extradata or None


def extradata_of(description: bytes) -> bytes | None:
    """Return it as it is."""
    parse_config(description)
    return description


def facts_of(description: bytes) -> SoundFacts:
    """Return what the configuration says."""
    config = parse_config(description)
    return SoundFacts(config.output_rate, config.channels)


def hints_of(sample_rate: int, channels: int) -> tuple[int | None, int | None]:
    """Return them, as far as AAC has them: nothing else tells it of raw AAC without one."""
    return sample_rate, channels if channels in _CONFIGURATIONS else None


def needs_description(channels: int) -> bool:
    """Return False: there is decoding without it."""
    return False


def header_without(info: AudioCodecInfo, sample_rate: int, channels: int) -> bytes | None:
    """Return the configuration for high efficiency in raw AAC, whose core has half of the rate. Of
    ADTS the chunks are believed.
    """
    coded = 1 if info.object_type == PS else channels
    core, odd = divmod(sample_rate, 2)
    if info.object_type not in (SBR, PS) or odd or not core < 1 << 23:
        return None
    if coded not in _CONFIGURATIONS:
        return None
    return make_config(info.object_type, core, coded)
