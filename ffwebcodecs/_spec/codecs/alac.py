"""Apple's lossless codec: its strings, and its magic cookie."""

from __future__ import annotations

from ...errors import DataError
from .sound import AudioCodecInfo, SoundFacts, no_fields

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "alac"
CODECS: tuple[str, ...] = ("alac",)
ENTRIES: tuple[str, ...] = ("alac",)
HINTS: Mapping[str, str] = {"m4a": "write 'mp4a.40.2' (AAC) or 'alac'"}
MUST_AGREE = False
PASSES_OVER_JUNK = False

_SIZE = 24  # of the cookie without a channel layout
_HEAD = 12  # of an atom with a version


def parse_string(codec: str, entry: str, fields: list[str]) -> AudioCodecInfo:
    """Return what the string says; it has no fields."""
    no_fields(codec, entry, fields)
    return AudioCodecInfo(codec, NAME, "alac")


def codec_string(codec: str, extradata: bytes, profile: int) -> str:
    """Return ``alac``."""
    return "alac"


def cookie(header: bytes) -> bytes:
    """Return the magic cookie: of a description, of FFmpeg's header (an atom that holds it), or of
    a QuickTime file's, where the atom ``frma`` is before that.
    """
    if header[4:8] == b"frma":
        header = header[_HEAD:]
    if header[4:8] == b"alac":
        size = int.from_bytes(header[:4], "big")
        header = header[_HEAD : max(size, _HEAD)]
    if len(header) < _SIZE:
        raise DataError(f"a magic cookie has at least {_SIZE} bytes, this one {len(header)}")
    return header


def description_of(extradata: bytes) -> bytes | None:
    """Return the magic cookie."""
    return cookie(extradata) if extradata else None


def extradata_of(description: bytes) -> bytes | None:
    """Return the atom that holds the magic cookie."""
    content = cookie(description)
    return (len(content) + _HEAD).to_bytes(4, "big") + b"alac\0\0\0\0" + content


def facts_of(description: bytes) -> SoundFacts:
    """Return what the magic cookie says."""
    content = cookie(description)
    return SoundFacts(int.from_bytes(content[20:24], "big"), content[9], content[5])


def hints_of(sample_rate: int, channels: int) -> tuple[int | None, int | None]:
    """Return nothing: the codec says them."""
    return None, None


def needs_description(channels: int) -> bool:
    """Return True: the stream does not have all of it."""
    return True


def header_without(info: AudioCodecInfo, sample_rate: int, channels: int) -> bytes | None:
    """Return None: there is nothing to tell."""
    return None
