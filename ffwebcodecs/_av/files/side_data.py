"""What a stream has beside its packets, for all of them: AVPacketSideData of the whole stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import avcodec, avformat, ffi
from .. import averror, releases

if TYPE_CHECKING:
    from ..._ffi._types import AVPacketSideData, AVStream


SideData = tuple[int, bytes]
"""One entry: FFmpeg's number of what it is, and its bytes, a struct of libavutil."""


def name_of(kind: int) -> str:
    """Return FFmpeg's name of a kind of side data, ``"unknown"`` if it has none."""
    name = avcodec.av_packet_side_data_name(kind)
    return ffi.string(name).decode() if name else "unknown"


def read(stream: AVStream) -> tuple[SideData, ...]:
    """Return all of a stream's."""
    if releases.parameters_have_side_data():
        entries, count = stream.codecpar.coded_side_data, stream.codecpar.nb_coded_side_data
    else:
        entries, count = stream.side_data, stream.nb_side_data
    return tuple(
        (entries[i].type, bytes(ffi.buffer(entries[i].data, entries[i].size))) for i in range(count)
    )


def write(stream: AVStream, one: SideData) -> None:
    """Give an entry to a stream of an output, before its header is written."""
    kind, size = one[0], len(one[1])
    if releases.parameters_have_side_data():
        par = stream.codecpar
        entries = ffi.addressof(par, "coded_side_data")
        count = ffi.addressof(par, "nb_coded_side_data")
        entry: AVPacketSideData = avcodec.av_packet_side_data_new(entries, count, kind, size, 0)
        data = entry.data if entry else ffi.NULL
    else:
        data = avformat.av_stream_new_side_data(stream, kind, size)
    averror.check_pointer(data, f"cannot set {name_of(kind)}")
    ffi.memmove(data, one[1], size)
