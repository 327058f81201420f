"""From an open file to packets and chunks that are the caller's. What decodes is not needed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING

from .._av import averror
from .._av.codecs import packet
from ..codecs.encoded_video_chunk import EncodedVideoChunk
from ._damage import Damage

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._ffi._types import AVPacket


def kept_packets(
    demuxer: DemuxerCore, damage: Damage | None = None
) -> Iterator[tuple[int, AVPacket]]:
    """Yield stream index and packet of all that the demuxer reads; each packet is the caller's.

    `damage` says whether to read on behind what cannot be read.
    """
    read = demuxer.read_any if damage is None else partial(damage.read_on, demuxer)
    while True:
        ptr = packet.allocate()
        try:
            index = read(ptr)
        except BaseException as error:
            del ptr  # nor does the error keep it
            averror.let_go(error)
            raise
        if index is None:
            return
        yield index, ptr


def chunk_of(
    demuxer: DemuxerCore, ptr: AVPacket, timestamp: int | None = None
) -> EncodedVideoChunk:
    """Make a chunk of a packet of the video, the last one that was read unless its time is given;
    takes it.
    """
    if timestamp is None:
        timestamp = demuxer.timestamp
    return EncodedVideoChunk._from_native(ptr, demuxer.is_key(ptr), timestamp, packet.duration(ptr))
