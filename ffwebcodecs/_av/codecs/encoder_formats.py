"""The encoders that FFmpeg has, and the pixel formats that each takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, avutil, ffi
from ..._spec.codecs.ffmpeg import NOT_BYTES
from .. import averror, releases
from ..frames.pixel_format import pix_fmt_name

if TYPE_CHECKING:
    from ..._ffi._types import AVCodec, Pointer


def find_encoder(name: str) -> AVCodec | None:
    """Return the AVCodec that encodes `name`: one of FFmpeg's encoders (``libx264``) or a codec
    (``mjpeg``); None if none does.
    """
    return None if name in NOT_BYTES else _find(name, avutil.AVMEDIA_TYPE_VIDEO)


def find_sound_encoder(name: str) -> AVCodec | None:
    """Do the same for sound: ``libopus``, ``aac``."""
    return None if name in NOT_BYTES else _find(name, avutil.AVMEDIA_TYPE_AUDIO)


def _find(name: str, kind: int) -> AVCodec | None:
    codec: AVCodec = avcodec.avcodec_find_encoder_by_name(name.encode())
    if not codec:
        descriptor = avcodec.avcodec_descriptor_get_by_name(name.encode())
        codec = avcodec.avcodec_find_encoder(descriptor.id) if descriptor else ffi.NULL
    return codec if codec and codec.type == kind else None


def encoder_name(codec: AVCodec) -> str:
    """Return FFmpeg's name of an encoder."""
    name: str = ffi.string(codec.name).decode()
    return name


def coded_as(codec: AVCodec) -> str:
    """Return FFmpeg's name of what an encoder writes: ``h264`` of libx264."""
    name: str = ffi.string(avcodec.avcodec_get_name(codec.id)).decode()
    return name


def supported(codec: AVCodec, kind: int) -> Any:
    """Return an encoder's list of a kind, AV_CODEC_CONFIG_..., NULL if it takes anything."""
    out = ffi.new("void **")
    code = avcodec.avcodec_get_supported_config(ffi.NULL, codec, kind, 0, out, ffi.NULL)
    averror.check(code, f"cannot ask {encoder_name(codec)} for its formats")
    return out[0]


def formats_of(codec: AVCodec) -> list[str] | None:
    """Return the pixel formats that an encoder takes, None if it takes any."""
    if releases.codec_lists_formats():
        found: Pointer[int] = codec.pix_fmts
    else:
        asked = supported(codec, avcodec.AV_CODEC_CONFIG_PIX_FORMAT)
        found = ffi.cast("enum AVPixelFormat *", asked)
    if not found:
        return None
    names: list[str] = []
    while int(found[len(names)]) != -1:
        names.append(pix_fmt_name(int(found[len(names)])))
    return names
