"""Codec strings of sound: what they say, and what is wrong with them; of pictures: `strings`.

A string names a codec exactly, letter case included, as the WebCodecs registry has it: ``opus``,
``mp4a.40.2``, ``flac``, ``vorbis``, ``mp3``, ``ulaw``, ``alaw``, ``pcm-s16``; and as browsers and
RFC 6381 do: ``Opus``, ``fLaC``, ``mp4a.69``, ``ac-3``, ``ec-3``, ``alac``. ``ffmpeg:NAME`` is this
package's extension.
"""

from __future__ import annotations

from ...errors import InvalidArgumentError
from ..numbers import show
from . import any_sound, sound_families
from .ffmpeg import PREFIX
from .sound import AudioCodecInfo, bad

__all__ = ["AudioCodecInfo", "audio_codec_string", "parse_audio_codec"]


def parse_audio_codec(codec: object) -> AudioCodecInfo:
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
    if not codec.strip():
        raise InvalidArgumentError(f"codec is blank: {show(codec)}")
    codec = str(codec)
    if codec.startswith(PREFIX):
        return any_sound.parse_string(codec, any_sound.NAME, [])
    if codec != codec.strip():
        raise bad(codec, "has white space around it")
    if "," in codec:
        raise bad(codec, "names more than one codec, expected exactly one")
    entry, *fields = codec.split(".")
    if entry.lower().startswith("pcm-"):
        entry = entry.lower()  # these alone have no letter case in browsers
    if entry == "mp4a" and fields and f"mp4a.{fields[0]}" in sound_families.BY_ENTRY:
        entry = f"mp4a.{fields.pop(0)}"
    family = sound_families.BY_ENTRY.get(entry)
    if family is None:
        raise bad(codec, _unknown(entry, codec))
    return family.parse_string(codec, entry, fields)


def audio_codec_string(codec: str, extradata: bytes = b"", profile: int = -1) -> str:
    """Return the codec string of a stream.

    Parameters
    ----------
    codec : str
        FFmpeg's name of the codec.
    extradata : bytes
        FFmpeg's header of it.
    profile : int
        FFmpeg's number, negative if it is unknown.
    """
    return sound_families.of_codec(codec).codec_string(codec, extradata, profile)


def _unknown(entry: str, codec: str) -> str:
    known, lower = sound_families.BY_ENTRY, codec.lower()
    exact = next((each for each in known if each.lower() in (lower, entry.lower())), None)
    if exact is not None:
        return f"unknown codec {entry!r}: codec strings are case-sensitive, write {exact!r}"
    hint = sound_families.HINTS.get(lower) or sound_families.HINTS.get(entry.lower())
    if hint is not None:
        return hint
    usual = ", ".join(each.ENTRIES[0] for each in sound_families.BY_NAME.values() if each.ENTRIES)
    return f"unknown codec {show(entry)}, expected one like {usual} or 'ffmpeg:NAME'"
