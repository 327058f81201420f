"""Codec strings for those who only say "h264": the usual profile, the lowest level that fits."""

from __future__ import annotations

from ..errors import NotSupportedError
from .codec_string import parse_codec, vp9_codec_string
from .encoder_levels import check_level
from .vpx import vp9_level

SHORT_NAMES = {
    "h264": "h264",
    "avc": "h264",
    "hevc": "hevc",
    "h265": "hevc",
    "vp8": "vp8",
    "vp9": "vp9",
    "av1": "av1",
}
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
}
_AVC_LEVELS = (10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62)
_HEVC_LEVELS = (30, 60, 63, 90, 93, 120, 123, 150, 153, 156, 180, 183, 186)
_AV1_LEVELS = (0, 1, 4, 5, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19)


def codec_for_suffix(suffix: str) -> str:
    """Return the short name, or ``ffmpeg:NAME``, of what a file of this suffix usually holds."""
    return BY_SUFFIX.get(suffix.lower(), "h264")


def usual_codec_string(
    name: str, width: int, height: int, framerate: float | None, bitrate: int | None, depth: int
) -> str:
    """Return the codec string that a short name stands for; any other string is returned as it is.

    4:2:0 always, because that is what every player opens. H.264 is High profile with 8 bits; the
    others keep 10 bits if the pictures have them.
    """
    kind = SHORT_NAMES.get(name.lower())
    deep = depth > 8
    if kind == "h264":
        return _lowest(
            [f"avc1.6400{level:02X}" for level in _AVC_LEVELS], width, height, framerate, bitrate
        )
    if kind == "hevc":
        profile = "2.4" if deep else "1.6"
        strings = [f"hvc1.{profile}.L{level}.B0" for level in _HEVC_LEVELS]
        return _lowest(strings, width, height, framerate, bitrate)
    if kind == "av1":
        strings = [f"av01.0.{level:02}M.{10 if deep else 8:02}" for level in _AV1_LEVELS]
        return _lowest(strings, width, height, framerate, bitrate)
    if kind == "vp9":
        return vp9_codec_string(
            2 if deep else 0, vp9_level(width, height, framerate), 10 if deep else 8
        )
    return kind or name


def _lowest(
    strings: list[str], width: int, height: int, framerate: float | None, bitrate: int | None
) -> str:
    for string in strings:
        try:
            check_level(parse_codec(string), width, height, framerate, bitrate)
        except NotSupportedError:
            continue
        return string
    return strings[-1]
