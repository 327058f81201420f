"""AVBSFContext: a bitstream filter that gives one packet for each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import avcodec, ffi
from ..._spec.codecs import avc_joining
from ...errors import EncodingError, NotSupportedError
from .. import averror, ledger
from . import packet

if TYPE_CHECKING:
    from ..._ffi._types import AVBSFContext, AVCodecParameters, AVPacket

_filters = ledger.owned("bitstream_filter")


class Filter:
    """A bitstream filter on a stream that is being written.

    Parameters
    ----------
    name : str
        FFmpeg's name, such as ``"h264_mp4toannexb"``.
    par : AVCodecParameters *
        The stream's; rewritten to what comes out.
    joined : bool
        Whether decoders begin at any key packet, so that each of them needs the header.
    """

    __slots__ = ("_context", "_header", "_name")

    def __init__(self, name: str, par: AVCodecParameters, *, joined: bool = False) -> None:
        self._name = name
        self._header = b""
        found = avcodec.av_bsf_get_by_name(name.encode())
        if not found:
            raise NotSupportedError(
                f"this FFmpeg has no bitstream filter {name!r}; install another build of libavcodec"
            )
        box = ffi.gc(ffi.new("AVBSFContext **"), avcodec.av_bsf_free)
        averror.check(avcodec.av_bsf_alloc(found, box), f"cannot make {name}")
        ptr: AVBSFContext = box[0]
        context = _filters.own(ptr, box)
        averror.check(avcodec.avcodec_parameters_copy(context.par_in, par), f"cannot make {name}")
        context.time_base_in = (1, 1000000)
        averror.check(avcodec.av_bsf_init(context), f"cannot start {name}", EncodingError)
        averror.check(avcodec.avcodec_parameters_copy(par, context.par_out), f"cannot make {name}")
        self._context = context
        if joined and name == "h264_mp4toannexb":
            # It repeats the header only for IDR pictures, which open groups do not begin with.
            self._header = bytes(ffi.buffer(par.extradata, par.extradata_size))

    def apply(self, ptr: AVPacket) -> None:
        """Filter a packet in place."""
        context = self._context
        what = f"{self._name} refuses a chunk"
        averror.check(avcodec.av_bsf_send_packet(context, ptr), what, EncodingError)
        averror.check(avcodec.av_bsf_receive_packet(context, ptr), what, EncodingError)
        if self._header and packet.is_key(ptr):
            whole = avc_joining.with_sets(packet.view(ptr), self._header)
            if whole is not None:
                copy = packet.replace_data(ptr, whole)
                packet.unref(ptr)
                packet.move(ptr, copy)
