"""One stream of a file that is being written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..._ffi import avformat, avutil
from ..codecs import packet
from ..codecs.bitstream_filter import Filter
from .copied_packets import PacketCheck

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVPacket, AVStream

MOST_TICKS = 1 << 28  # between decoding and presentation in MP4, as far as FFmpeg reads it


class WrittenStream:
    """One stream of the file being written."""

    __slots__ = (
        *("check", "filter", "given", "last_dts", "late"),
        *("source_time_base", "stream", "time_base"),
    )

    def __init__(self, stream: AVStream, source_time_base: tuple[int, int], late: int = 0) -> None:
        self.stream = stream
        self.source_time_base = source_time_base
        self.time_base = source_time_base
        self.last_dts: int | None = None
        self.filter: Filter | None = None
        self.check: PacketCheck | None = None
        self.late = late  # microseconds
        self.given = 0  # packets that libavformat took

    @property
    def seconds(self) -> float | None:
        """When the last packet is decoded, None: there is none, or it does not say."""
        if self.last_dts is None:
            return None
        numerator, denominator = self.time_base
        return self.last_dts * numerator / denominator

    def increase(self, ptr: AVPacket, *, allows_equal: bool) -> None:
        """Keep decoding times increasing where the container's clock is too coarse for them."""
        if ptr.dts == packet.NOPTS or self.last_dts is None:
            return
        least = self.last_dts + (not allows_equal)
        if ptr.dts < least:
            ptr.dts = least
            if ptr.pts != packet.NOPTS:
                ptr.pts = max(ptr.pts, ptr.dts)

    def unwritable(self, ptr: AVPacket, container: str) -> str | None:
        """Return why MP4 would hold this packet with other times, or with none."""
        if packet.NOPTS in (ptr.dts, ptr.pts):
            return None
        step = 0 if self.last_dts is None else ptr.dts - self.last_dts
        if max(step, ptr.duration) < 0x7FFFFFFF and ptr.pts - ptr.dts < MOST_TICKS:
            return None
        return (
            f"a gap of {max(step, ptr.duration, ptr.pts - ptr.dts)} ticks of "
            f"1/{self.time_base[1]} s is too long for {container}; use .mkv"
        )


SPARSE = ("vp8", "vp9")
"""Codecs of video that libavformat waits for however long nothing of it comes."""
_LONGEST_WAIT = 10.0  # seconds, as libavformat waits for others


class SparseStream:
    """Tells when packets of other streams have waited long enough for one that has ended."""

    __slots__ = ("let_go", "stream")

    def __init__(self, stream: WrittenStream) -> None:
        self.stream = stream
        self.let_go = 0.0  # seconds of those that have waited long enough

    def is_behind(self, other: WrittenStream) -> bool:
        """Return whether what waits is to be written, given the stream of the last packet."""
        now, own = other.seconds, self.stream.seconds
        if other is self.stream or now is None:
            return False
        if now - max(self.let_go, own or 0.0) < _LONGEST_WAIT:
            return False
        self.let_go = now
        return True


def push_sound(context: AVFormatContext, streams: Sequence[WrittenStream], spare: AVPacket) -> None:
    """Let Matroska's muxer write the packet of sound that it keeps back, by one without bytes."""
    for index, one in enumerate(streams):
        if one.stream.codecpar.codec_type != avutil.AVMEDIA_TYPE_AUDIO or one.last_dts is None:
            continue
        try:
            spare.stream_index, spare.pts, spare.dts = index, one.last_dts, one.last_dts
            packet.skip_samples(spare, 0, 1)  # with nothing at all in it, it would be an end
            if avformat.av_write_frame(context, spare) >= 0:
                one.given += 1  # libavformat counts it
        finally:
            packet.unref(spare)
        return
