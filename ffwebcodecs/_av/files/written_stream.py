"""One stream of a file that is being written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..codecs.bitstream_filter import Filter
from .copied_packets import PacketCheck

if TYPE_CHECKING:
    from ..._ffi._types import AVStream


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
