"""Codec strings for those who only say "h264": the usual profile, the lowest level that fits."""

from __future__ import annotations

from ...errors import NotSupportedError
from ..codecs.strings import parse_codec, vp9_codec_string
from ..codecs.vpx import vp9_level
from .levels import check_level

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
    ".ogv": "ffmpeg:libtheora",
}
_AVC_LEVELS = (10, 11, 12, 13, 20, 21, 22, 30, 31, 32, 40, 41, 42, 50, 51, 52, 60, 61, 62)
_HEVC_LEVELS = (30, 60, 63, 90, 93, 120, 123, 150, 153, 156, 180, 183, 186)
_AV1_LEVELS = (0, 1, 4, 5, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19)


def codec_for_suffix(suffix: str) -> str:
    """Return the short name, or ``ffmpeg:NAME``, of what a file of this suffix usually holds."""
    return BY_SUFFIX.get(suffix.lower(), "h264")


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

    H.264 is High profile with 8 bits unless another chroma than "420", or a depth, was asked for by
    name; the others keep 10 bits if the pictures have them.
    """
    kind = SHORT_NAMES.get(name.lower())
    deep = depth > 8
    if kind == "h264":
        strings = [f"avc1.{_avc_profile(deep, chroma)}{level:02X}" for level in _AVC_LEVELS]
    elif kind == "hevc":
        profile = _hevc_profile(depth, chroma)
        strings = [f"hvc1.{profile[0]}.L{level}.{profile[1]}" for level in _HEVC_LEVELS]
    elif kind == "av1":
        number = {"444": 1, "422": 2}.get(chroma, 0) if depth <= 10 else 2
        strings = [f"av01.{number}.{level:02}M.{max(8, depth):02}" for level in _AV1_LEVELS]
    elif kind == "vp9":
        number = (2 if deep else 0) + (chroma in ("444", "422", "440"))
        return vp9_codec_string(number, vp9_level(width, height, framerate), max(8, depth))
    else:
        return kind or name
    return _lowest(strings, width, height, framerate, bitrate)


def _avc_profile(deep: bool, chroma: str) -> str:
    if chroma == "444":
        return "F400"
    if chroma == "422":
        return "7A00"
    return "6E00" if deep else "6400"


def _hevc_profile(depth: int, chroma: str) -> tuple[str, str]:
    """Return profile and constraint flags (H.265, table A.2: of the range extensions)."""
    if chroma not in ("422", "444") and depth <= 10:
        return ("2.4" if depth > 8 else "1.6"), "B0"
    flags = 0x9008  # progressive, frames only; one-picture profiles have another bit rate
    for bit, admitted in (
        (0x800, True),  # at most 12 bits
        (0x400, depth <= 10),
        (0x200, depth <= 8),
        (0x100, chroma != "444"),  # at most 4:2:2
        (0x080, chroma not in ("422", "444")),
    ):
        flags |= bit if admitted else 0
    return "4.10", f"{flags >> 8:X}.{flags & 0xFF:X}"


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
