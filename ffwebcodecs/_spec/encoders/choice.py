"""Which of FFmpeg's encoders may write a codec, in which pixel formats, and which one fits a frame.

Pure tables and arithmetic: what the installed FFmpeg really has is asked elsewhere.
"""

from __future__ import annotations

from ...errors import NotSupportedError
from ..codecs import families
from ..codecs.grammar import Samples
from ..codecs.strings import CodecInfo
from ..frames.pix_fmt import PixFmt

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterable

# The best first. Hardware encoders that do not open (no such GPU) are passed over.
_SOFTWARE: dict[str, tuple[str, ...]] = {
    "avc": ("libx264", "libopenh264"),
    "hevc": ("libx265",),
    "vp8": ("libvpx",),
    "vp9": ("libvpx-vp9",),
    "av1": ("libsvtav1", "libaom-av1", "librav1e"),
}
# SVT-AV1 gives a picture back some time after it has got it, libaom at once.
_REALTIME: dict[str, tuple[str, ...]] = {"av1": ("libaom-av1", "libsvtav1", "librav1e")}
_HARDWARE = {
    "avc": ("h264_nvenc", "h264_vaapi", "h264_qsv", "h264_videotoolbox", "h264_amf"),
    "hevc": ("hevc_nvenc", "hevc_vaapi", "hevc_qsv", "hevc_videotoolbox", "hevc_amf"),
    "vp8": ("vp8_vaapi",),
    "vp9": ("vp9_vaapi", "vp9_qsv"),
    "av1": ("av1_nvenc", "av1_vaapi", "av1_qsv", "av1_amf"),
}
_HARDWARE_SUFFIXES = ("_nvenc", "_vaapi", "_qsv", "_videotoolbox", "_amf", "_v4l2m2m", "_vulkan")
_KIND = {"nvenc": "cuda", "amf": "d3d11va"}
# Encoders of lossy codecs whose stream cannot say that samples use the full range: most readers
# take them for limited ones, whatever the container says.
_LIMITED_RANGE = frozenset(
    (
        *("mpeg1video", "mpeg2video", "mpeg4", "libxvid", "h261", "h263", "h263p", "flv"),
        *("msmpeg4", "msmpeg4v2", "wmv1", "wmv2", "rv10", "rv20", "libtheora", "libvpx"),
        *("mpeg2_vaapi", "mpeg2_qsv", "vp8_vaapi"),
    )
)
_JPEG = frozenset(("mjpeg", "ljpeg", "mjpeg_vaapi", "mjpeg_qsv"))
# Encoders of pictures with a palette of their own, whose other formats are coarser.
INDEXED = frozenset(("gif",))
_WEBP = frozenset(("libwebp", "libwebp_anim"))
FIXED_MATRIX = _JPEG | _WEBP
"""Encoders of what is BT.601 by its specification."""


def candidates(info: CodecInfo, preference: str, realtime: bool) -> list[str]:
    """Return the encoders to try for a codec string, the best first."""
    if info.is_ffmpeg:
        return [info.name]
    software, hardware = _SOFTWARE[info.family], _HARDWARE[info.family]
    if realtime:
        software = _REALTIME.get(info.family, software)
    if preference == "prefer-software":
        return [*software]
    if preference == "prefer-hardware":
        return [*hardware, *software]
    return [*software, *hardware]


def device_of(encoder: str) -> str | None:
    """Return the kind of device that an encoder runs on, None for software."""
    for suffix in _HARDWARE_SUFFIXES:
        if encoder.endswith(suffix):
            kind = suffix[1:]
            return _KIND.get(kind, kind)
    return None


def fixed_colors(
    encoder: str, chosen: PixFmt, matrix: str | None, full_range: bool | None
) -> tuple[str | None, bool | None]:
    """Return matrix and range as the stream of this encoder can say them, or means them."""
    if chosen.full_range or encoder in _JPEG:
        # JPEG files have no say in it: they are BT.601 over the full range.
        matrix, full_range = "smpte170m", True
    if full_range and encoder in _LIMITED_RANGE:
        full_range = False
    if encoder in _WEBP:
        matrix, full_range = "smpte170m", False
    return matrix, full_range


def wanted_samples(info: CodecInfo) -> Samples:
    """Return what the string's profile is for.

    Raises
    ------
    NotSupportedError
        No encoder here writes this profile.
    """
    found = families.of(info).samples_of(info)
    if found is None:
        raise NotSupportedError(f"{info.string}: no encoder here writes profile {info.profile}")
    return found


_CHROMA_ORDER = {"400": 0, "410": 1, "411": 2, "420": 3, "440": 4, "422": 5, "444": 6}


def choose_format(
    formats: Iterable[PixFmt], source: PixFmt, wanted: Samples, keep_alpha: bool
) -> PixFmt | None:
    """Return the format in which a picture of `source` loses least, None if none is allowed.

    The source's own format, if it is among them, costs no conversion and is taken. (Not one with a
    palette.)
    """
    best: PixFmt | None = None
    least = 0
    for entry in formats:
        if not allowed(entry, wanted) or (keep_alpha and not entry.alpha):
            continue
        if entry.palette:
            continue  # only `INDEXED` are worth one
        cost = _cost(entry, source, keep_alpha)
        if best is None or cost < least:
            best, least = entry, cost
    return best


def allowed(entry: PixFmt, wanted: Samples) -> bool:
    """Tell whether a codec string admits pictures of this format."""
    if wanted.depths is None or wanted.chroma is None:
        return True
    return (
        not entry.rgb
        and not entry.full_range
        and entry.depth in wanted.depths
        and entry.chroma in wanted.chroma
    )


def _cost(entry: PixFmt, source: PixFmt, keep_alpha: bool) -> int:
    if entry.name == source.name and (keep_alpha or not entry.alpha):
        return 0
    cost = 1
    if entry.rgb != source.rgb:
        cost += 100
    lost = _CHROMA_ORDER[source.chroma] - _CHROMA_ORDER[entry.chroma]
    cost += 25 * lost if lost > 0 else -2 * lost
    if entry.chroma == "400" and source.chroma != "400":
        cost += 500  # no colours at all
    depth = source.depth - entry.depth
    cost += 60 * depth if depth > 0 else -depth
    if entry.alpha and not keep_alpha:
        cost += 20
    return cost + (entry.full_range and not source.full_range)
