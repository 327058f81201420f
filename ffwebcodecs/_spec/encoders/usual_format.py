"""Which pixel format a conversion chooses for one of FFmpeg's encoders (``ffmpeg:NAME``).

A codec that films are watched in gets 4:2:0, for few players open anything else in it: MPEG-2 in
4:2:2 is for studios, and hardly a player knows Theora in 4:4:4. Codecs that pictures are kept or
worked on in stay as near to the pictures as they can.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Collection

# Nothing is to be lost in them: they code the samples as they are.
_LOSSLESS = frozenset(
    (
        *("ffv1", "ffvhuff", "huffyuv", "utvideo", "magicyuv", "ljpeg", "jpegls", "flashsv"),
        *("flashsv2", "zmbv", "qtrle"),
        *("rawvideo", "wrapped_avframe", "v210", "v308", "v408", "v410", "r10k", "r210", "avrp"),
        *("avui", "ayuv", "y41p", "yuv4", "bitpacked", "vnull"),
    )
)
# Films on their way: the next program is to have what there was.
_INTERMEDIATE = frozenset(
    (
        *("prores", "dnxhd", "cfhd", "jpeg2000", "vc2", "dirac", "hap", "dxv", "speedhq"),
        "dvvideo",  # its layout follows from size and rate
    )
)
# Pictures and animations, which are not watched in a video player.
_PICTURES = frozenset(
    (
        *("png", "apng", "gif", "webp", "bmp", "tiff", "targa", "sgi", "pcx", "sunrast", "qoi"),
        *("pam", "ppm", "pgm", "pgmyuv", "pbm", "pfm", "phm", "dpx", "exr", "hdr", "xwd", "xbm"),
        *("fits", "jpegxl", "jpegxl_anim", "wbmp", "xface", "alias_pix", "vbn"),
    )
)
_KEPT = _LOSSLESS | _INTERMEDIATE | _PICTURES
# Those whose 10 bits players open too; in the others 4:2:0 has 8.
_TEN_BITS = ("hevc", "vp9", "av1", "vvc")
_EIGHT = ("yuv420p", "yuvj420p", "nv12")
_TEN = ("yuv420p10le", "p010le")


def keeps_pictures(codec: str) -> bool:
    """Return whether a codec is for pictures as they are: with their chroma, depth and alpha.

    Parameters
    ----------
    codec : str
        FFmpeg's name of the codec, not of an encoder.
    """
    return codec in _KEPT


def usual_format(codec: str, formats: Collection[str] | None, depth: int) -> str | None:
    """Return the pixel format for pictures of `depth` bits, None where they decide.

    Parameters
    ----------
    codec : str
        FFmpeg's name of the codec.
    formats : collection of str or None
        What the encoder takes, None: anything.
    depth : int
    """
    if formats is None or keeps_pictures(codec):
        return None
    wanted = (*_TEN, *_EIGHT) if depth > 8 and codec in _TEN_BITS else _EIGHT
    return next((name for name in wanted if name in formats), None)
