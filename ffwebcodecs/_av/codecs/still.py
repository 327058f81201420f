"""Single pictures through libavcodec's own PNG and JPEG encoders."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import _ffi
from ..._ffi import avcodec, avutil, ffi
from ...errors import EncodingError, NotSupportedError
from .. import averror, forked, said
from ..frames import frame as frames
from . import packet
from .codec_context import allocate_context

if TYPE_CHECKING:
    from ..._ffi._types import AVCodec, AVFrame

_SRGB = {"primaries": 1, "transfer": 13}  # H.273
_RGB, _BT601 = 0, 5
_WRITES = {"png": "png", "mjpeg": "jpeg", "libwebp": "webp"}


def encode_png(ptr: AVFrame) -> bytes:
    """Return the PNG file of an AVFrame (rgb24, rgba or gray), which is tagged as sRGB."""
    frames.tag(ptr, 0, **_SRGB, matrix=_RGB, full_range=True)
    # Photographs: a third smaller than with FFmpeg's default.
    return _encode("png", ptr, {"pred": "mixed"})


def encode_jpeg(ptr: AVFrame, scale: int) -> bytes:
    """Return the JFIF file of an AVFrame (yuvj420p or its kin), which holds full-range BT.601.

    Parameters
    ----------
    scale : int
        Of the quantizers, 1 to 31: the lower the better.
    """
    frames.tag(ptr, 0, **_SRGB, matrix=_BT601, full_range=True)
    ptr.quality = scale * avcodec.FF_QP2LAMBDA
    return _encode("mjpeg", ptr, {})


def encode_webp(ptr: AVFrame, quality: int | None) -> bytes:
    """Return the WebP file of an AVFrame (bgra); `quality` is libwebp's, None: lossless."""
    frames.tag(ptr, 0, **_SRGB, matrix=_RGB, full_range=True)
    if quality is None:
        return _encode("libwebp", ptr, {"lossless": "1"})
    return _encode("libwebp", ptr, {"quality": str(quality)})


def _encode(name: str, ptr: AVFrame, options: dict[str, str]) -> bytes:
    codec: AVCodec = avcodec.avcodec_find_encoder_by_name(name.encode())
    if not codec:
        raise NotSupportedError(
            f"this FFmpeg ({_ffi.report().release}) has no {name} encoder: install a build of "
            f"libavcodec that has it, or choose another format than {_WRITES[name]!r}"
        )
    context = allocate_context(codec)
    context.width, context.height, context.pix_fmt = ptr.width, ptr.height, ptr.format
    context.time_base = (1, 25)
    context.thread_count = 1  # there is one frame
    context.color_primaries, context.color_trc = ptr.color_primaries, ptr.color_trc
    context.colorspace, context.color_range = ptr.colorspace, ptr.color_range
    # Else JPEG has no JFIF header, and PNG says that pixels are 0 wide.
    context.sample_aspect_ratio = (1, 1)
    # Else FFmpeg writes its version into the file: another FFmpeg would make another file.
    context.flags |= avcodec.AV_CODEC_FLAG_BITEXACT
    if ptr.quality:
        context.flags |= avcodec.AV_CODEC_FLAG_QSCALE
        context.global_quality = ptr.quality
        context.qmin = 1  # else 2
        # Newer releases accept full range as such, older ones ask for a yuvj format or for this.
        context.strict_std_compliance = avcodec.FF_COMPLIANCE_UNOFFICIAL
    for option, value in options.items():
        # A build that lacks the option writes a larger file.
        avutil.av_opt_set(context, option.encode(), value.encode(), avutil.AV_OPT_SEARCH_CHILDREN)
    what = f"{name} cannot encode {ptr.width}x{ptr.height}"
    place = said.mark()
    with forked.opening:
        code = avcodec.avcodec_open2(context, codec, ffi.NULL)
    averror.check(code, what, NotSupportedError, since=place)
    averror.check(avcodec.avcodec_send_frame(context, ptr), what, EncodingError)
    averror.check(avcodec.avcodec_send_frame(context, ffi.NULL), what, EncodingError)
    data = packet.allocate()
    averror.check(avcodec.avcodec_receive_packet(context, data), what, EncodingError)
    return bytes(ffi.buffer(data.data, data.size))
