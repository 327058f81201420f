"""The codec families: what everyone else asks about a codec.

A family is one module beside this one with all that `Family` lists, and one entry in `_ALL`. What
belongs to one codec alone (its records, headers, levels, profiles, grammar of its strings) is there
and nowhere else. Which of FFmpeg's encoders write it, and their options, is in `_spec/encoders`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from . import av1, avc, ffmpeg, hevc, vp8, vp9
from .grammar import CodecInfo, Limits, Samples, Stream
from .splice import Splicing


class Family(Protocol):
    """What each module of a family has.

    "Header" is what a container or an encoder keeps of a stream's beginning (FFmpeg's extradata):
    a record (avcC, hvcC, av1C), or the bare units of the stream. A "description" is the one that
    a decoder configuration has. Data is untrusted: functions answer, or raise DataError.
    """

    NAME: str
    """`CodecInfo.family`."""
    CODEC: str | None
    """FFmpeg's name of the codec, None if the string says it."""
    ENTRIES: tuple[str, ...]
    """What strings begin with, before the first dot; the usual one first."""
    IN_STREAM: str | None
    """The one of them that says: parameter sets may come in the stream too."""
    SHORT_NAMES: tuple[str, ...]
    """What people call it, in lower case."""
    HINTS: Mapping[str, str]
    """What is wrong with such a name as a codec string."""
    HAS_LENGTHS: bool
    """Chunks are NAL units: with lengths if there is a description, else with start codes."""
    EVEN_SIZES: bool
    """A picture's sides are multiples of its chroma subsampling."""
    TAKES_DESCRIPTION: bool
    """A decoder makes use of a description."""
    SAYS_COLORS: bool
    """The bitstream can say what colours its pictures have."""
    RECORD: str
    """The name of the description, "" if there is none."""
    HEADER: str
    """What a file's header has to hold, "" if nothing."""
    SPLICING: Splicing | None
    """How streams of two encoders are joined, None if that is not known."""

    def parse_string(self, codec: str, entry: str, fields: list[str]) -> CodecInfo:
        """Return what a codec string says, given what is before the first dot and between the
        others; NotSupportedError says what is wrong with it.
        """

    def codec_string(self, stream: Stream) -> str:
        """Return the codec string of a stream; DataError if there is too little to tell."""

    def usual_strings(
        self, depth: int, chroma: str, width: int, height: int, framerate: float | None
    ) -> list[str]:
        """Return the strings for such samples in the usual profile, the lowest level first.

        The family may choose by size and rate itself; else the first whose `limits_of` hold is it.
        """

    def is_key(self, data: object, length_size: int | None = None) -> bool | None:
        """Say whether decoding can start with this chunk (borrowed, not copied).

        `length_size`: bytes in the length before each NAL unit; None: start codes. The answer is
        None if it cannot be told. Empty data, and junk, is False for codecs known here.
        """

    def needs_others(self, data: object, length_size: int | None = None) -> bool:
        """Tell whether a chunk that a container calls key gives no whole picture without those
        before it, as in the course of a gradual refresh.
        """

    def begins_with_picture(self, head: bytes, length_size: int | None = None) -> bool:
        """Tell whether a chunk's first 8 bytes show a picture already, as most do: for speed."""

    def lacks_picture(self, data: object, codec: str, length_size: int | None = None) -> bool:
        """Tell whether nothing in a chunk is a picture, where FFmpeg's decoder passes over that.

        `codec` is FFmpeg's name. False for the codecs whose decoders report it.
        """

    def size_of(self, header: bytes, data: object) -> tuple[int, int] | None:
        """Return width and height as a header, or a key chunk, says them."""

    def description_of(self, header: object, *, complete: bool = True) -> bytes | None:
        """Return the description for an encoder's header, None if decoders need none.

        `complete` says that the stream itself has no parameter sets.
        """

    def is_description(self, header: bytes) -> bool:
        """Tell whether a container's header is what a decoder configuration calls description."""

    def length_size(self, description: object) -> int | None:
        """Return the bytes of a NAL unit's length, None if there are no lengths; DataError if the
        description is not one.
        """

    def file_header(self, description: bytes, known: bytes, data: object) -> bytes:
        """Return the header for a file: of the description, what a demuxer knew, and the first
        chunk the first that serves; empty if none does.
        """

    def limits_of(self, info: CodecInfo) -> Limits | None:
        """Return what the level allows, None if anything; NotSupportedError: no such level."""

    def samples_of(self, info: CodecInfo) -> Samples | None:
        """Return what the profile is for, None for a profile that no encoder writes."""


_ALL: tuple[Family, ...] = (avc, hevc, vp8, vp9, av1, ffmpeg)
BY_NAME: dict[str, Family] = {family.NAME: family for family in _ALL}
BY_ENTRY: dict[str, Family] = {entry: family for family in _ALL for entry in family.ENTRIES}
BY_SHORT_NAME: dict[str, Family] = {name: family for family in _ALL for name in family.SHORT_NAMES}
_BY_CODEC: dict[str | None, Family] = {family.CODEC: family for family in _ALL}
UNKNOWN = _BY_CODEC[None]
"""What is true of any codec."""


def of(info: CodecInfo) -> Family:
    """Return the family of a codec string."""
    return BY_NAME[info.family]


def of_codec(name: str) -> Family:
    """Return the family of a codec by FFmpeg's name; most have none of their own."""
    return _BY_CODEC.get(name, UNKNOWN)
