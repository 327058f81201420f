"""Samples that are kept as numbers, little-endian, or by telephony's two logarithms."""

from __future__ import annotations

from .sound import AudioCodecInfo, SoundFacts, no_fields

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

_FFMPEG = {
    "pcm-s16": "pcm_s16le",
    "pcm-u8": "pcm_u8",
    "pcm-s24": "pcm_s24le",
    "pcm-s32": "pcm_s32le",
    "pcm-f32": "pcm_f32le",
    "ulaw": "pcm_mulaw",
    "alaw": "pcm_alaw",
}
_STRINGS = {codec: string for string, codec in _FFMPEG.items()}
_WHICH = "write the samples' format too: 'pcm-u8', 'pcm-s16', 'pcm-s24', 'pcm-s32' or 'pcm-f32'"

NAME = "pcm"
CODECS: tuple[str, ...] = tuple(_STRINGS)
ENTRIES: tuple[str, ...] = tuple(_FFMPEG)
HINTS: Mapping[str, str] = {
    "pcm": _WHICH,
    "wav": _WHICH,
    "1": _WHICH,
    "lpcm": _WHICH,
    "mulaw": "write 'ulaw'",
    "pcm-s8": "write 'ffmpeg:pcm_s8'",
    "pcm-f64": "write 'ffmpeg:pcm_f64le'",
    "pcm-s16le": "write 'pcm-s16'",
    "pcm-s24le": "write 'pcm-s24'",
    "pcm-s32le": "write 'pcm-s32'",
    "pcm-f32le": "write 'pcm-f32'",
    "pcm-s16be": "write 'ffmpeg:pcm_s16be'",
}
MUST_AGREE = False
PASSES_OVER_JUNK = False


def sample_bytes(codec: str) -> int | None:
    """Return the bytes of a sample, by FFmpeg's name of a codec that keeps one sample after the
    other; None for other codecs.
    """
    kind = codec.removeprefix("pcm_")
    if kind in ("alaw", "mulaw", "vidc"):
        return 1
    bits = kind[1:].removesuffix("le").removesuffix("be")
    if kind == codec or kind[0] not in "sfu" or bits not in ("8", "16", "24", "32", "64"):
        return None
    return int(bits) // 8


def parse_string(codec: str, entry: str, fields: list[str]) -> AudioCodecInfo:
    """Return what the string says; it has no fields."""
    no_fields(codec, entry, fields)
    return AudioCodecInfo(codec, NAME, _FFMPEG[entry])


def codec_string(codec: str, extradata: bytes, profile: int) -> str:
    """Return the string of the format."""
    return _STRINGS[codec]


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
    """Return them: nothing else says it."""
    return sample_rate, channels


def needs_description(channels: int) -> bool:
    """Return False: there is decoding without it."""
    return False


def header_without(info: AudioCodecInfo, sample_rate: int, channels: int) -> bytes | None:
    """Return None: there is nothing to tell."""
    return None
