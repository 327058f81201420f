"""Codec strings for those who only say "h264": the usual profile, the lowest level that fits."""

from __future__ import annotations

from ...errors import NotSupportedError
from ..codecs.families import BY_SHORT_NAME
from ..codecs.strings import parse_codec
from .levels import check_level

# What a file of this suffix usually holds.
BY_SUFFIX = {
    ".webm": "vp9",
    ".avif": "av1",
    ".avi": "ffmpeg:mpeg4",
    ".gif": "ffmpeg:gif",
    ".webp": "ffmpeg:libwebp_anim",
    ".apng": "ffmpeg:apng",
    ".ivf": "vp8",
    ".hevc": "hevc",
    ".265": "hevc",
    ".h265": "hevc",
    ".obu": "av1",
    ".mjpeg": "ffmpeg:mjpeg",
    ".mjpg": "ffmpeg:mjpeg",
    ".mpg": "ffmpeg:mpeg2video",
    ".mpeg": "ffmpeg:mpeg2video",
    ".ogv": "ffmpeg:libtheora",
}
_EIGHT_BITS = ("avc",)  # what every player opens


def codec_for_suffix(suffix: str) -> str:
    """Return the short name, or ``ffmpeg:NAME``, of what a file of this suffix usually holds."""
    return BY_SUFFIX.get(suffix.lower(), "h264")


def usual_depth(name: str, depth: int) -> int:
    """Return the bits of a sample that a short name stands for, by pictures of `depth` bits."""
    family = BY_SHORT_NAME.get(name.lower())
    return 8 if family is not None and family.NAME in _EIGHT_BITS else depth


def usual_codec_string(
    name: str,
    width: int,
    height: int,
    framerate: float | None,
    bitrate: int | None,
    depth: int,
    chroma: str = "420",
) -> str:
    """Return the codec string that a short name stands for; any other string is returned as it is.

    H.264 is High profile; `usual_depth` says how many bits it has unless a depth was asked for.
    """
    family = BY_SHORT_NAME.get(name.lower())
    if family is None:
        return name
    strings = family.usual_strings(depth, chroma, width, height, framerate)
    return _lowest(strings, width, height, framerate, bitrate)


def _lowest(
    strings: list[str], width: int, height: int, framerate: float | None, bitrate: int | None
) -> str:
    for string in strings:
        try:
            check_level(parse_codec(string), width, height, framerate, bitrate, exact=True)
        except NotSupportedError:
            continue
        return string
    return strings[-1]
