"""Codec strings for those who only say "h264": the usual profile, the lowest level that fits."""

from __future__ import annotations

from ...errors import NotSupportedError
from ..codecs.families import BY_SHORT_NAME
from ..codecs.grammar import bad
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
    ".m2v": "ffmpeg:mpeg2video",
    ".m1v": "ffmpeg:mpeg1video",
    ".vob": "ffmpeg:mpeg2video",
    ".wmv": "ffmpeg:wmv2",
    ".asf": "ffmpeg:wmv2",
}


def _both(short: str, *names: str) -> dict[str, str]:
    return {name: f"{short!r}, or 'ffmpeg:{name}'" for name in names}


# What users of FFmpeg write, and what that is here.
_MEANT = {
    **_both("h264", "libx264", "libx264rgb", "libopenh264", "h264_nvenc", "h264_vaapi", "h264_qsv"),
    **_both("h264", "h264_videotoolbox", "h264_amf", "h264_v4l2m2m"),
    **_both("hevc", "libx265", "hevc_nvenc", "hevc_vaapi", "hevc_qsv", "hevc_videotoolbox"),
    **_both("vp8", "libvpx", "vp8_vaapi"),
    **_both("vp9", "libvpx-vp9", "vp9_vaapi", "vp9_qsv"),
    **_both("av1", "libaom-av1", "libsvtav1", "librav1e", "av1_nvenc", "av1_vaapi", "av1_qsv"),
    **dict.fromkeys(("x264", "avc", "h.264", "mpeg4-avc"), "'h264', or 'ffmpeg:libx264'"),
    **dict.fromkeys(("x265", "h265", "h.265"), "'hevc', or 'ffmpeg:libx265'"),
    **dict.fromkeys(("svtav1", "svt-av1", "aom"), "'av1', or 'ffmpeg:libsvtav1'"),
    "vpx": "'vp8' or 'vp9'",
    "prores": "'ffmpeg:prores_ks'",
    "theora": "'ffmpeg:libtheora'",
    "webp": "'ffmpeg:libwebp_anim'",
    "xvid": "'ffmpeg:mpeg4'",
    "divx": "'ffmpeg:mpeg4'",
    "mpeg2": "'ffmpeg:mpeg2video'",
    "mpeg1": "'ffmpeg:mpeg1video'",
    **{
        name: f"'ffmpeg:{name}'"
        for name in (
            *("mpeg4", "mpeg2video", "mpeg1video", "mjpeg", "gif", "apng", "png", "ffv1", "dnxhd"),
            *("prores_ks", "prores_aw", "huffyuv", "ffvhuff", "utvideo", "rawvideo", "libwebp"),
            *("libwebp_anim", "libtheora", "wmv1", "wmv2", "flv", "h263", "cfhd", "qtrle"),
        )
    },
}
_EIGHT_BITS = ("avc",)  # what every player opens


def check_codec_name(name: str) -> None:
    """Raise NotSupportedError, with what was probably meant, for what is neither a short name nor
    a codec string.
    """
    lower = name.strip().lower()
    if lower in BY_SHORT_NAME:
        return
    if lower == "copy":
        raise bad(name, "nothing is encoded by that name; remux copies what is there")
    if lower in _MEANT:
        raise bad(name, f"unknown codec; write {_MEANT[lower]}")
    parse_codec(name)


def codec_for_suffix(suffix: str) -> str:
    """Return the short name, or ``ffmpeg:NAME``, of what a file of this suffix usually holds."""
    return BY_SUFFIX.get(suffix.lower(), "h264")


_MOST_BITS = 12  # of VP9, AV1 and the usual profiles of HEVC; pictures may have 16


def usual_depth(name: str, depth: int) -> int:
    """Return the bits of a sample that a short name stands for, by pictures of `depth` bits."""
    family = BY_SHORT_NAME.get(name.lower())
    if family is None:
        return depth
    return 8 if family.NAME in _EIGHT_BITS else min(depth, _MOST_BITS)


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
