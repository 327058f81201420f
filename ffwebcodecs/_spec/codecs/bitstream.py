"""Looking into compressed data, as far as WebCodecs asks: is it a key frame, and what codec is it.

Everything here takes untrusted bytes: the answer is a value, None, or DataError. Only the first
bytes of a chunk are looked at, and its payload is not copied.
"""

from __future__ import annotations

from ...errors import DataError
from .av1 import (
    Av1Config,
    Av1Sequence,
    av1_codec_string,
    av1_is_key,
    find_av1_sequence,
    iter_obus,
    parse_av1_sequence,
    parse_av1c,
)
from .bits import as_view
from .nal import avc_is_key, hevc_is_key, iter_nal_units
from .parameter_sets import (
    AvcConfig,
    HevcConfig,
    SequenceParameters,
    avc_codec_string,
    hevc_codec_string,
    parse_avc_sps,
    parse_avcc,
    parse_hevc_sps,
    parse_hvcc,
)
from .vpx import (
    Vp8Header,
    Vp9Header,
    VpcConfig,
    parse_vp8_header,
    parse_vp9_header,
    parse_vpcc,
    vp9_codec_string,
    vp9_level,
)

__all__ = [
    "Av1Config",
    "Av1Sequence",
    "AvcConfig",
    "HevcConfig",
    "SequenceParameters",
    "Vp8Header",
    "Vp9Header",
    "VpcConfig",
    "av1_codec_string",
    "avc_codec_string",
    "find_av1_sequence",
    "hevc_codec_string",
    "is_key",
    "iter_nal_units",
    "iter_obus",
    "parse_av1_sequence",
    "parse_av1c",
    "parse_avc_sps",
    "parse_avcc",
    "parse_hevc_sps",
    "parse_hvcc",
    "parse_vp8_header",
    "parse_vp9_header",
    "parse_vpcc",
    "vp9_codec_string",
    "vp9_level",
]


def is_key(family: str, data: object, *, length_size: int | None = None) -> bool | None:
    """Say whether decoding can start with this chunk.

    Parameters
    ----------
    family : {"avc", "hevc", "vp8", "vp9", "av1", "ffmpeg"}
        `CodecInfo.family`.
    data : bytes-like
        One chunk: borrowed, not copied.
    length_size : int, optional
        AVC and HEVC: bytes in the length before each NAL unit; None: Annex B start codes.

    Returns
    -------
    bool or None
        None: cannot tell. Empty data, and junk, is False for the known families.
    """
    view = as_view(data)
    if family == "avc":
        return avc_is_key(view, length_size)
    if family == "hevc":
        return hevc_is_key(view, length_size)
    if family == "av1":
        return av1_is_key(view)
    try:
        if family == "vp8":
            return parse_vp8_header(view).key
        if family == "vp9":
            return parse_vp9_header(view).key
    except DataError:
        return False
    return None
