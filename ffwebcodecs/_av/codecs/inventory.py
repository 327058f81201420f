"""What this FFmpeg has: codecs; and its log level."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import avcodec, avutil, ffi
from ..._spec.codecs.ffmpeg import NOT_BYTES
from .. import releases

if TYPE_CHECKING:
    from ..._ffi._types import AVCodec


def codecs(*, decoders: bool, sound: bool = False) -> list[str]:
    """Return FFmpeg's names of its decoders of video or sound, or encoders, in its own order of
    preference.
    """
    media = avutil.AVMEDIA_TYPE_AUDIO if sound else avutil.AVMEDIA_TYPE_VIDEO
    wanted = avcodec.av_codec_is_decoder if decoders else avcodec.av_codec_is_encoder
    cursor = ffi.new("void **")
    names: list[str] = []
    while True:
        codec: AVCodec = avcodec.av_codec_iterate(cursor)
        if not codec:
            return names
        if codec.type == media and wanted(codec):
            name = ffi.string(codec.name).decode()
            if not (name in NOT_BYTES or (decoders and is_left_alone(name))):
                names.append(name)


def is_left_alone(decoder: str) -> bool:
    """Tell whether a decoder is not used, because it crashes, or takes addresses for packets."""
    return decoder in NOT_BYTES or (decoder == "apng" and releases.apng_crashes())


def set_log_level(level: int) -> None:
    """Set FFmpeg's log level for the process."""
    avutil.av_log_set_level(level)
