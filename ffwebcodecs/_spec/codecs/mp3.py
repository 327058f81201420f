"""MP3: its strings. Every frame says all of itself, so there is no description."""

from __future__ import annotations

from .sound import AudioCodecInfo, SoundFacts, no_fields

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "mp3"
CODECS: tuple[str, ...] = ("mp3",)
# MPEG-4's object types: 0x6B is MPEG-1 audio, 0x69 MPEG-2's lower rates.
ENTRIES: tuple[str, ...] = ("mp3", "mp4a.6B", "mp4a.69")
HINTS: Mapping[str, str] = {"mpeg": "write 'mp3'", "mp4a.40.34": "write 'mp3'"}
MUST_AGREE = False
PASSES_OVER_JUNK = True


def parse_string(codec: str, entry: str, fields: list[str]) -> AudioCodecInfo:
    """Return what the string says; it has no fields."""
    no_fields(codec, entry, fields)
    return AudioCodecInfo(codec, NAME, "mp3")


def codec_string(codec: str, extradata: bytes, profile: int) -> str:
    """Return ``mp3``."""
    return "mp3"


def description_of(extradata: bytes) -> bytes | None:
    """Return None: there is none."""
    return None


def extradata_of(description: bytes) -> bytes | None:
    """Return None: it is not used."""
    return None


def facts_of(description: bytes) -> SoundFacts:
    """Return nothing: it is not used."""
    return SoundFacts()


def hints_of(sample_rate: int, channels: int) -> tuple[int | None, int | None]:
    """Return nothing: the codec says them."""
    return None, None


def needs_description(channels: int) -> bool:
    """Return False: there is decoding without it."""
    return False


def header_without(info: AudioCodecInfo, sample_rate: int, channels: int) -> bytes | None:
    """Return None: there is nothing to tell."""
    return None
