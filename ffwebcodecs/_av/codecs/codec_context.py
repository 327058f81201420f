"""What opening any codec begins with: its AVCodec, a context, the header in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ... import _ffi
from ..._ffi import avcodec, avutil, ffi
from ...errors import NotSupportedError
from .. import atomic, forked, ledger
from .inventory import is_left_alone

if TYPE_CHECKING:
    from ..._ffi._types import AVCodec, AVCodecContext

_contexts = forked.leave_alone(ledger.owned("codec_context"))


def allocate_context(codec: AVCodec) -> AVCodecContext:
    """Return the owner of a new codec context."""
    what, free = "cannot allocate a codec context", avcodec.avcodec_free_context
    box = atomic.boxed(what, "AVCodecContext **", free, avcodec.avcodec_alloc_context3, codec)
    ptr: AVCodecContext = box[0]
    return _contexts.own(ptr, box)


def find(name: str, media: int) -> AVCodec | None:
    """Return the AVCodec that decodes `name`: a codec (``h264``) or one of FFmpeg's decoders
    (``libdav1d``); None if none of this AVMEDIA_TYPE does.
    """
    descriptor = avcodec.avcodec_descriptor_get_by_name(name.encode())
    codec: AVCodec = avcodec.avcodec_find_decoder(descriptor.id) if descriptor else ffi.NULL
    if not codec:
        codec = avcodec.avcodec_find_decoder_by_name(name.encode())
    if not codec or codec.type != media:
        return None
    return None if is_left_alone(name) else codec


def no_decoder(name: str) -> NotSupportedError:
    """Return the error that says that this FFmpeg cannot decode `name`."""
    return NotSupportedError(
        f"this FFmpeg ({_ffi.report().release}) has no decoder for {name!r}; "
        "install a build of libavcodec that has "
        "one (Debian, Ubuntu: libavcodec-extra; Fedora: ffmpeg-libs from RPM Fusion)"
    )


def set_extradata(context: AVCodecContext, data: bytes) -> None:
    """Give a context that is not open yet the codec's header; copied."""
    # The codec context frees it with av_free, so it must be av_malloc'ed, with zeroed padding for
    # bit readers.
    if context.extradata:
        avutil.av_freep(ffi.addressof(context, "extradata"))
        context.extradata_size = 0
    if not data:
        return
    atomic.fill(ffi.addressof(context, "extradata"), avutil.av_mallocz, len(data) + 64)
    if not context.extradata:
        raise MemoryError(f"cannot allocate {len(data)} bytes for the decoder's description")
    ffi.memmove(context.extradata, data, len(data))
    context.extradata_size = len(data)
