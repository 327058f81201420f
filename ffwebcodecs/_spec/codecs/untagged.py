"""What the colours of a file's pictures are taken for where nobody says them.

Chromium's ``<video>`` does so with H.264, VP8 and VP9 (measured); what else follows H.264's rule,
but for codecs whose own specification knows one answer. A bare VideoDecoder has no part in it.
"""

from __future__ import annotations

from ..frames.color import GRAY_DEFAULT, RGB_DEFAULT, ColorMembers

HD_LINES = 720  # of the visible picture, before rotation: from here on BT.709

# Codecs of BT.601 whatever the size: they are older than BT.709, or specified so.
_OLD = frozenset(
    (
        *("mpeg4", "mpeg1video", "h261", "h263", "h263i", "h263p", "flv1", "theora", "vp3"),
        *("msmpeg4v1", "msmpeg4v2", "msmpeg4v3", "wmv1", "wmv2", "rv10", "rv20"),
    )
)
# Those whose streams, as FFmpeg writes them, can say nothing else.
BT601_ONLY = _OLD | {"vp8"}
# Chromium takes VP9 so as well.
_READ_AS_BT601 = _OLD | {"vp9"}
# Still pictures: BT.601 as a matrix, sRGB for the rest. JFIF has the full range.
_STILLS = frozenset(("mjpeg", "mjpegb", "jpegls", "ljpeg", "tiff", "jpeg2000", "webp", "webp_anim"))
_FULL = frozenset(("mjpeg", "mjpegb", "jpegls", "ljpeg"))

_SD: ColorMembers = ("smpte170m", "smpte170m", "smpte170m", False)
_HD: ColorMembers = ("bt709", "bt709", "bt709", False)
_UHD: ColorMembers = ("bt2020", "bt709", "bt2020-ncl", False)
_STILL: ColorMembers = ("bt709", "iec61966-2-1", "smpte170m", False)
# What goes with a matrix that is said.
_COMPANIONS: dict[str, ColorMembers] = {
    **dict.fromkeys(("smpte170m", "bt470bg", "fcc", "smpte240m"), _SD),
    **dict.fromkeys(("bt2020-ncl", "bt2020-cl", "ictcp"), _UHD),
}


class Untagged:
    """What there is to guess the colours of a file's video from.

    Parameters
    ----------
    codec : str
        FFmpeg's name.
    height : int
        Visible lines before rotation; of the stream, so that its colours stay.
    """

    __slots__ = ("codec", "height")

    def __init__(self, codec: str, height: int) -> None:
        self.codec = codec
        self.height = height


def complete(
    said: ColorMembers, untagged: Untagged, pix_fmt: str | None = None, is_rgb: bool = False
) -> ColorMembers:
    """Return what is said of colours with the rest of it guessed: no member is None."""
    if None not in said:
        return said
    default = _default(said, untagged)
    if is_rgb:
        default = RGB_DEFAULT
    elif pix_fmt is not None and pix_fmt.startswith(("gray", "ya", "mono")):
        default = (*default[:3], GRAY_DEFAULT[3])
    primaries, transfer, matrix, full = (
        mine if mine is not None else other for mine, other in zip(said, default, strict=True)
    )
    return primaries, transfer, matrix, full  # type: ignore[return-value]


def _default(said: ColorMembers, untagged: Untagged) -> ColorMembers:
    codec, matrix = untagged.codec, said[2]
    if codec in _STILLS:
        return (*_STILL[:3], codec in _FULL)
    if matrix is not None:
        return _COMPANIONS.get(matrix, _HD)
    if said[0] == "bt2020" or said[1] in ("pq", "hlg"):
        return _UHD  # nobody films these with another matrix
    if codec in _READ_AS_BT601:
        return _SD
    return _SD if untagged.height < HD_LINES else _HD


def guessed_members(said: ColorMembers) -> tuple[str, ...]:
    """Return the names of the members that nobody says."""
    names = ("primaries", "transfer", "matrix", "full_range")
    return tuple(name for name, value in zip(names, said, strict=True) if value is None)
