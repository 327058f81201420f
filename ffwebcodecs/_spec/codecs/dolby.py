"""AC-3 and E-AC-3: their strings, and the boxes that describe them (ETSI TS 102 366, annex F).

Every frame says all of itself, so decoders need no description.
"""

from __future__ import annotations

from .bits import BitReader
from .sound import AudioCodecInfo, SoundFacts, no_fields

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

_CODEC = {
    "ac-3": "ac3",
    "ec-3": "eac3",
    "mp4a.a5": "ac3",
    "mp4a.A5": "ac3",
    "mp4a.a6": "eac3",
    "mp4a.A6": "eac3",
}
_STRING = {"ac3": "ac-3", "eac3": "ec-3"}

NAME = "dolby"
CODECS: tuple[str, ...] = ("ac3", "eac3")
ENTRIES: tuple[str, ...] = tuple(_CODEC)
HINTS: Mapping[str, str] = {
    "ac3": "write 'ac-3'",
    "eac3": "write 'ec-3'",
    "eac-3": "write 'ec-3'",
    "ec3": "write 'ec-3'",
}
MUST_AGREE = False
PASSES_OVER_JUNK = False

_RATES = (48000, 44100, 32000, None)
_CHANNELS = (2, 1, 2, 3, 3, 4, 4, 5)  # without the one for low frequencies, by acmod


def parse_string(codec: str, entry: str, fields: list[str]) -> AudioCodecInfo:
    """Return what the string says; it has no fields."""
    no_fields(codec, entry, fields)
    return AudioCodecInfo(codec, NAME, _CODEC[entry])


def codec_string(codec: str, extradata: bytes, profile: int) -> str:
    """Return ``ac-3`` or ``ec-3``."""
    return _STRING[codec]


def description_of(extradata: bytes) -> bytes | None:
    """Return None: decoders need none."""
    return None


def extradata_of(description: bytes) -> bytes | None:
    """Return None: the boxes are for those who do not decode."""
    return None


def facts_of(description: bytes) -> SoundFacts:
    """Return what the content of a box ``dac3`` (3 bytes) or ``dec3`` says."""
    reader = BitReader(description, "dac3 or dec3")
    if len(description) > 3:
        reader.bits(16)  # data rate, and how many substreams there are besides
        rate = _RATES[reader.bits(2)]
        reader.bits(5 + 1 + 1 + 3)
    else:
        rate = _RATES[reader.bits(2)]
        reader.bits(5 + 3)
    return SoundFacts(rate, _CHANNELS[reader.bits(3)] + reader.bits(1))


def hints_of(sample_rate: int, channels: int) -> tuple[int | None, int | None]:
    """Return nothing: the codec says them."""
    return None, None


def needs_description(channels: int) -> bool:
    """Return False: there is decoding without it."""
    return False


def header_without(info: AudioCodecInfo, sample_rate: int, channels: int) -> bytes | None:
    """Return None: there is nothing to tell."""
    return None
