"""Presentation times of the videos that are copied beside the one that is read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from . import seeking, stamps
from .stream_info import describe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..._ffi._types import AVFormatContext, AVPacket
    from .stamps import ReadPacket


class CopiedStamps:
    """Stamps the packets of some videos of a container that leaves times out.

    Parameters
    ----------
    context : AVFormatContext *
        Borrowed for this call only.
    indexes : iterable of int
        Of the streams.
    """

    __slots__ = ("_stampers",)

    def __init__(self, context: AVFormatContext, indexes: Iterable[int]) -> None:
        infos = [describe(context, index) for index in indexes]
        self._stampers = [
            (stamps.begin(info, context.streams[info.index].codecpar, 0), info.time_base)
            for info in infos
            if stamps.leaves_out(info)
        ]

    def read(self, read: ReadPacket, ptr: AVPacket) -> int | None:
        """Read the next packet of any stream, as `Stamper.read` does."""
        for stamper, _ in self._stampers:
            read = partial(stamper.read, read)
        return read(ptr)

    def restart(self, timestamp: int) -> None:
        """Forget all packets: reading goes on at `timestamp` microseconds."""
        for stamper, time_base in self._stampers:
            stamper.restart(seeking.tick(timestamp, time_base))

    def __bool__(self) -> bool:
        return bool(self._stampers)
