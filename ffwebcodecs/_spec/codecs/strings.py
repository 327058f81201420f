"""Codec strings: what they say, and what is wrong with them.

A string names a codec exactly, letter case included: ``avc1.42001E``, ``hvc1.1.6.L93.B0``,
``vp8``, ``vp09.00.10.08``, ``av01.0.04M.08``. ``ffmpeg:NAME`` is this package's extension. Rules:
RFC 6381 with ISO/IEC 14496-15 annex E (AVC, HEVC), and the ISO media bindings of VP9 and AV1.
Where browsers are laxer than a rule (``vp09.0.10.8``, ``av01`` with some optional fields) so is
this. An AVC level has to exist, an HEVC level only to be well-formed.
"""

from __future__ import annotations

from functools import lru_cache

from ...errors import InvalidArgumentError
from ..numbers import show
from . import ffmpeg
from .families import BY_ENTRY, BY_SHORT_NAME
from .grammar import CodecInfo, bad

__all__ = ["CodecInfo", "parse_codec"]


def parse_codec(codec: object) -> CodecInfo:
    """Return what `codec` says.

    Raises
    ------
    InvalidArgumentError
        Not a string, or blank.
    NotSupportedError
        Not one of the known codecs, ambiguous, or malformed; the message says where.
    """
    if not isinstance(codec, str):
        raise InvalidArgumentError(f"codec must be a string, got {show(codec)}")
    return _parsed(str(codec))


@lru_cache(64)
def _parsed(codec: str) -> CodecInfo:
    if not codec.strip():
        raise InvalidArgumentError(f"codec is blank: {show(codec)}")
    if codec.startswith(ffmpeg.PREFIX):
        return ffmpeg.parse_string(codec, ffmpeg.NAME, [])
    if codec != codec.strip():
        raise bad(codec, "has white space around it")
    if "," in codec:
        raise bad(codec, "names more than one codec, expected exactly one")
    entry, *fields = codec.split(".")
    family = BY_ENTRY.get(entry)
    if family is None:
        raise bad(codec, _unknown(entry))
    return family.parse_string(codec, entry, fields)


def _unknown(entry: str) -> str:
    lower = entry.lower()
    if lower in BY_ENTRY:
        return f"unknown codec {entry!r}: codec strings are case-sensitive, write {lower!r}"
    family = BY_SHORT_NAME.get(lower)
    if family is not None and lower in family.HINTS:
        return family.HINTS[lower]
    return f"unknown codec {show(entry)}, expected {', '.join(BY_ENTRY)} or 'ffmpeg:NAME'"
