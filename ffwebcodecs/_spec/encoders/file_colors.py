"""Which colours a file's pictures are encoded in, so that whoever reads it sees the right ones.

A matrix is said by the container, or by the bitstream, or by nobody. Where nobody says it, readers
take what `untagged` describes.
"""

from __future__ import annotations

from ..codecs.untagged import BT601_ONLY, Untagged, complete
from ..frames.gamut import BT601, BT709, BT2020, SMPTE240M, matrix_name

# Codecs in whose bitstream FFmpeg's encoders say the matrix, and which; None: any.
_SAY: dict[str, frozenset[str] | None] = {
    **dict.fromkeys(("h264", "hevc", "vvc", "av1", "mpeg2video", "prores")),
    "vp9": frozenset((BT601, BT709, BT2020, SMPTE240M)),
    "utvideo": frozenset((BT601, BT709)),
    "mjpeg": frozenset((BT601,)),
    "webp": frozenset((BT601,)),
    "dirac": frozenset((BT709,)),
    "dnxhd": frozenset((BT709,)),
    "speedhq": frozenset((BT601,)),
}
# FFmpeg's decoders say this of them, and believe no container that says another one.
_ALWAYS = {"dirac": BT709, "dnxhd": BT709, "speedhq": BT601}


def says_matrix(codec: str, matrix: str) -> bool:
    """Return whether a codec's bitstream says this matrix."""
    if codec not in _SAY:
        return False
    known = _SAY[codec]
    return known is None or matrix_name(matrix) in known


_SAY_ALL = frozenset(codec for codec, known in _SAY.items() if known is None)
# What looks the same to readers that are told nothing.
_USUAL = frozenset((None, "bt709", "smpte170m", "bt470bg", "iec61966-2-1", "smpte240m"))


def says_all(codec: str) -> bool:
    """Return whether a codec's bitstream says primaries and transfer as well."""
    return codec in _SAY_ALL


def unusual(codec: str, primaries: str | None, transfer: str | None) -> list[str]:
    """Return what of the two readers have to be told: a wide gamut, HDR; that codecs of 8 bits
    have no HDR is said elsewhere.
    """
    if transfer in ("pq", "hlg") and codec in BT601_ONLY:
        return []
    named = (("primaries", primaries), ("transfer", transfer))
    more = ("bt2020-10", "bt2020-12")  # BT.709's curve
    return [f"{what} {name}" for what, name in named if name not in _USUAL and name not in more]


def read_as(codec: str, height: int) -> str:
    """Return the matrix that readers take for a file's if nobody says it."""
    matrix = complete((None, None, None, None), Untagged(codec, height))[2]
    assert matrix is not None
    return matrix


def is_ambiguous(codec: str, height: int) -> bool:
    """Return whether readers differ about a file's matrix if nobody says it: browsers take BT.709
    from 720 lines on, other programs BT.601 at every size.
    """
    return read_as(codec, height) == BT709


def written_matrix(
    codec: str, height: int, holds_colors: bool | None, matrix: str | None
) -> str | None:
    """Return the matrix to encode in: `matrix`, or the one that readers believe in.

    Parameters
    ----------
    codec : str
        FFmpeg's name.
    height : int
        Lines of the picture.
    holds_colors : bool or None
        Whether the container says colours; None: there is none, the configuration of the chunks
        says them, but not to readers of codecs that browsers do not know.
    matrix : str or None
        Of the pictures; None counts as BT.709.
    """
    if codec in _ALWAYS:
        wanted = _ALWAYS[codec]
    elif codec in BT601_ONLY and not (codec == "vp8" and holds_colors is None):
        wanted = BT601 if holds_colors else read_as(codec, height)
    elif holds_colors is None or holds_colors or says_matrix(codec, matrix or BT709):
        return matrix
    else:
        wanted = read_as(codec, height)
    # Two names of one matrix: nothing is to be changed.
    return matrix if matrix_name(matrix) == matrix_name(wanted) else wanted
