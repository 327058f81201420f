"""The codec families of sound: what everyone else asks about a codec; of pictures: `families`.

A family is one module beside this one with all that `SoundFamily` lists, and one entry in `_ALL`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from . import aac, alac, any_sound, dolby, flac, mp3, opus, pcm, vorbis
from .sound import AudioCodecInfo, SoundFacts


class SoundFamily(Protocol):
    """What each module of a family has.

    "Extradata" is the codec's header as FFmpeg has it, a "description" the one of a decoder
    configuration. Both are untrusted: functions answer, or raise DataError.
    """

    NAME: str
    """`AudioCodecInfo.family`."""
    CODECS: tuple[str, ...]
    """FFmpeg's names of the codecs, none if the string says it."""
    ENTRIES: tuple[str, ...]
    """Strings, or what they begin with before the first dot; the usual one first."""
    HINTS: Mapping[str, str]
    """What to write in place of what people call it, in lower case."""
    MUST_AGREE: bool
    """A configuration has to have as many channels as its description says."""
    PASSES_OVER_JUNK: bool
    """A chunk that is none of the codec gives neither output nor error, as in browsers."""

    def parse_string(self, codec: str, entry: str, fields: list[str]) -> AudioCodecInfo:
        """Return what a codec string says, given its entry and what is between the dots after it;
        NotSupportedError says what is wrong with it.
        """

    def codec_string(self, codec: str, extradata: bytes, profile: int) -> str:
        """Return the codec string of a stream: FFmpeg's name, header, and number of the profile,
        negative if unknown.
        """

    def description_of(self, extradata: bytes) -> bytes | None:
        """Return the description for FFmpeg's header, None if there is none to give."""

    def extradata_of(self, description: bytes) -> bytes | None:
        """Return FFmpeg's header for a description, None if its decoder wants none."""

    def facts_of(self, description: bytes) -> SoundFacts:
        """Return what a description says."""

    def needs_description(self, channels: int) -> bool:
        """Return whether there is no decoding so many channels without a description."""

    def header_without(self, info: AudioCodecInfo, sample_rate: int, channels: int) -> bytes | None:
        """Return FFmpeg's header for a configuration without a description, None if its decoder
        needs none.
        """

    def hints_of(self, sample_rate: int, channels: int) -> tuple[int | None, int | None]:
        """Return what of a configuration's rate and channels a decoder is to be told."""


_ALL: tuple[SoundFamily, ...] = (opus, aac, mp3, flac, vorbis, pcm, dolby, alac, any_sound)
BY_NAME: dict[str, SoundFamily] = {family.NAME: family for family in _ALL}
BY_ENTRY: dict[str, SoundFamily] = {entry: family for family in _ALL for entry in family.ENTRIES}
HINTS: dict[str, str] = {name: hint for family in _ALL for name, hint in family.HINTS.items()}
_BY_CODEC: dict[str, SoundFamily] = {codec: family for family in _ALL for codec in family.CODECS}


def of(info: AudioCodecInfo) -> SoundFamily:
    """Return the family of a codec string."""
    return BY_NAME[info.family]


def of_codec(name: str) -> SoundFamily:
    """Return the family of a codec by FFmpeg's name; most have none of their own."""
    return _BY_CODEC.get(name, any_sound)
