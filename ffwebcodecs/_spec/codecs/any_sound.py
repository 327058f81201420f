"""``ffmpeg:NAME`` for sound: any codec of FFmpeg's, about which nothing is known."""

from __future__ import annotations

from .ffmpeg import PREFIX
from .sound import AudioCodecInfo, SoundFacts, bad

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "any_sound"
CODECS: tuple[str, ...] = ()
ENTRIES: tuple[str, ...] = ()
HINTS: Mapping[str, str] = {}
MUST_AGREE = False
PASSES_OVER_JUNK = False


def parse_string(codec: str, entry: str, fields: list[str]) -> AudioCodecInfo:
    """Return what ``ffmpeg:NAME`` says; its name has no fields."""
    name = codec[len(PREFIX) :]
    if not name or not name.isascii() or not name.replace("_", "a").replace("-", "a").isalnum():
        raise bad(codec, "expected the name of a codec after 'ffmpeg:', such as 'ffmpeg:mp2'")
    return AudioCodecInfo(codec, NAME, name)


def codec_string(codec: str, extradata: bytes, profile: int) -> str:
    """Return ``ffmpeg:NAME``."""
    return f"{PREFIX}{codec}"


def description_of(extradata: bytes) -> bytes | None:
    """Return FFmpeg's header as it is."""
    return extradata or None


def extradata_of(description: bytes) -> bytes | None:
    """Return it as it is."""
    return description


def facts_of(description: bytes) -> SoundFacts:
    """Return nothing: it cannot be told."""
    return SoundFacts()


def hints_of(sample_rate: int, channels: int) -> tuple[int | None, int | None]:
    """Return them: the codec may need them."""
    return sample_rate, channels


def needs_description(channels: int) -> bool:
    """Return False: there is decoding without it."""
    return False


def header_without(info: AudioCodecInfo, sample_rate: int, channels: int) -> bytes | None:
    """Return None: there is nothing to tell."""
    return None
