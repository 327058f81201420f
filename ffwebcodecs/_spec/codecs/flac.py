"""FLAC: its strings, and the metadata block STREAMINFO (RFC 9639, 8.2)."""

from __future__ import annotations

from ...errors import DataError
from .bits import BitReader
from .sound import AudioCodecInfo, SoundFacts, no_fields

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "flac"
CODECS: tuple[str, ...] = ("flac",)
ENTRIES: tuple[str, ...] = ("flac", "fLaC")
HINTS: Mapping[str, str] = {"audio/flac": "write 'flac'"}
MUST_AGREE = False
PASSES_OVER_JUNK = True

_MARKER = b"fLaC"
_SIZE = 34  # of STREAMINFO
_ONLY_BLOCK = b"\x80\x00\x00\x22"  # it is the last one, its kind is 0


def parse_string(codec: str, entry: str, fields: list[str]) -> AudioCodecInfo:
    """Return what the string says; it has no fields."""
    no_fields(codec, entry, fields)
    return AudioCodecInfo(codec, NAME, "flac")


def codec_string(codec: str, extradata: bytes, profile: int) -> str:
    """Return ``flac``."""
    return "flac"


def stream_info(header: bytes) -> bytes:
    """Return STREAMINFO, 34 bytes, of a description or of FFmpeg's header; DataError if there is
    none.
    """
    if header[:4] == _MARKER:
        if len(header) < 8 or header[4] & 0x7F or header[5:8] != b"\0\0\x22":
            raise DataError("after 'fLaC', STREAMINFO has to come first")
        header = header[8:]
    if len(header) < _SIZE:
        raise DataError(f"STREAMINFO has {_SIZE} bytes, this one {len(header)}")
    return header[:_SIZE]


def description_of(extradata: bytes) -> bytes | None:
    """Return ``"fLaC"`` and the block STREAMINFO."""
    return _MARKER + _ONLY_BLOCK + stream_info(extradata) if extradata else None


def extradata_of(description: bytes) -> bytes | None:
    """Return STREAMINFO alone."""
    if description[:4] != _MARKER:
        raise DataError("a description of FLAC begins with 'fLaC'")
    return stream_info(description)


def facts_of(description: bytes) -> SoundFacts:
    """Return what STREAMINFO says."""
    reader = BitReader(stream_info(description)[10:], "STREAMINFO")
    rate, channels, bits = reader.bits(20), reader.bits(3) + 1, reader.bits(5) + 1
    return SoundFacts(rate or None, channels, bits)


def hints_of(sample_rate: int, channels: int) -> tuple[int | None, int | None]:
    """Return nothing: the codec says them."""
    return None, None


def needs_description(channels: int) -> bool:
    """Return True: the stream does not have all of it."""
    return True


def header_without(info: AudioCodecInfo, sample_rate: int, channels: int) -> bytes | None:
    """Return None: there is nothing to tell."""
    return None
