"""Codec parameters of a stream as plain values, and the owner of those that FFmpeg holds."""

from __future__ import annotations

from typing import Any

from ..._ffi import avcodec, avutil, ffi
from .. import averror, ledger

_parameters = ledger.owned("codec_parameters")


class StreamParameters:
    """A stream's codec parameters as plain values: what a decoder configuration cannot say.

    Uncommon codecs need a tag, bits per sample or a pixel format besides their name. Plain values,
    because a configuration is one: it may be kept, compared and pickled without holding native
    memory.
    """

    __slots__ = (
        "extradata",
        "frame_rate",
        "numbers",
        "real_frame_rate",
        "sample_aspect_ratio",
        "time_base",
    )

    FIELDS = (
        "codec_tag",
        "format",
        "bits_per_coded_sample",
        "bits_per_raw_sample",
        "profile",
        "level",
        "width",
        "height",
        "field_order",
        "color_range",
        "color_primaries",
        "color_trc",
        "color_space",
        "chroma_location",
        "video_delay",
    )

    def __init__(self, stream: Any) -> None:
        par = stream.codecpar
        self.time_base = _pair(stream.time_base)
        self.frame_rate = _pair(stream.avg_frame_rate)
        self.real_frame_rate = _pair(stream.r_frame_rate)
        self.numbers = tuple(int(getattr(par, name)) for name in self.FIELDS)
        self.sample_aspect_ratio = (par.sample_aspect_ratio.num, par.sample_aspect_ratio.den)
        self.extradata = (
            bytes(ffi.buffer(par.extradata, par.extradata_size)) if par.extradata_size else b""
        )

    def apply(self, context: Any, codec_id: int) -> int:
        """Fill a codec context; returns FFmpeg's error code."""
        par = allocate()
        self.fill(par, codec_id)
        code: int = avcodec.avcodec_parameters_to_context(context, par)
        return code

    def fill(self, par: Any, codec_id: int) -> None:
        """Fill AVCodecParameters, all but the extradata."""
        par.codec_type = avutil.AVMEDIA_TYPE_VIDEO
        par.codec_id = codec_id
        for name, value in zip(self.FIELDS, self.numbers, strict=True):
            setattr(par, name, value)
        par.sample_aspect_ratio = self.sample_aspect_ratio


def _pair(rational: Any) -> tuple[int, int]:
    return rational.num, rational.den


def allocate() -> Any:
    """Return the owner of new, empty AVCodecParameters."""
    ptr = avcodec.avcodec_parameters_alloc()
    averror.check_pointer(ptr, "cannot allocate codec parameters")
    box = ffi.new("AVCodecParameters **", ptr)
    _parameters.keep(ptr, ffi.gc(box, avcodec.avcodec_parameters_free))
    return ffi.gc(ptr, _parameters.forget, 512)
