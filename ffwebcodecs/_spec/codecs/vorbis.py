"""Vorbis: its strings, and its three headers in one."""

from __future__ import annotations

from ...errors import DataError
from .sound import AudioCodecInfo, SoundFacts, no_fields

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "vorbis"
CODECS: tuple[str, ...] = ("vorbis",)
ENTRIES: tuple[str, ...] = ("vorbis",)
HINTS: Mapping[str, str] = {"ogg": "write 'vorbis' or 'opus'"}
MUST_AGREE = False
PASSES_OVER_JUNK = True

_IDENTIFICATION = b"\x01vorbis"
_HEADERS = (_IDENTIFICATION, b"\x03vorbis", b"\x05vorbis")


def parse_string(codec: str, entry: str, fields: list[str]) -> AudioCodecInfo:
    """Return what the string says; it has no fields."""
    no_fields(codec, entry, fields)
    return AudioCodecInfo(codec, NAME, "vorbis")


def codec_string(codec: str, extradata: bytes, profile: int) -> str:
    """Return ``vorbis``."""
    return "vorbis"


def split(header: bytes) -> tuple[bytes, bytes, bytes]:
    """Return the headers identification, comment and setup, of a description or of what FFmpeg may
    have in its place: each with its size before it, in two bytes. DataError if they are not there.
    """
    if header[:1] == b"\x02":
        first, at = _laced(header, 1)
        second, at = _laced(header, at)
        parts = (
            header[at : at + first],
            header[at + first :][:second],
            header[at + first + second :],
        )
    else:
        first = int.from_bytes(header[:2], "big")
        second = int.from_bytes(header[2 + first :][:2], "big")
        third = header[4 + first + second :]
        parts = header[2 : 2 + first], header[4 + first :][:second], third[2:]
    for part, begin in zip(parts, _HEADERS, strict=True):
        if part[:7] != begin:
            raise DataError("they are not the three headers of Vorbis in Xiph's lacing")
    return parts


def _laced(header: bytes, at: int) -> tuple[int, int]:
    """Return a size, as many 255 as there are and what is left over, and where it ends."""
    size = 0
    for place in range(at, len(header)):
        size += header[place]
        if header[place] < 255:
            return size, place + 1
    raise DataError("the headers of Vorbis end within their sizes")


def lace(headers: tuple[bytes, bytes, bytes]) -> bytes:
    """Return the three headers in Xiph's lacing."""
    sizes = b"".join(
        b"\xff" * (len(each) // 255) + bytes((len(each) % 255,)) for each in headers[:2]
    )
    return b"\x02" + sizes + b"".join(headers)


def description_of(extradata: bytes) -> bytes | None:
    """Return the headers in Xiph's lacing."""
    return lace(split(extradata)) if extradata else None


def extradata_of(description: bytes) -> bytes | None:
    """Return the headers as they are, which FFmpeg takes."""
    if description[:1] != b"\x02":
        raise DataError("a description of Vorbis begins with 2, its headers less one")
    split(description)
    return description


def facts_of(description: bytes) -> SoundFacts:
    """Return what the identification header says."""
    first = split(description)[0]
    if len(first) < 16:
        raise DataError("the identification header of Vorbis ends early")
    return SoundFacts(int.from_bytes(first[12:16], "little"), first[11])


def hints_of(sample_rate: int, channels: int) -> tuple[int | None, int | None]:
    """Return nothing: the codec says them."""
    return None, None


def needs_description(channels: int) -> bool:
    """Return True: the stream does not have all of it."""
    return True


def header_without(info: AudioCodecInfo, sample_rate: int, channels: int) -> bytes | None:
    """Return None: there is nothing to tell."""
    return None
