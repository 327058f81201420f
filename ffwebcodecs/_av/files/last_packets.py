"""The last packet of a stream of sound in MP4: how long it lasts, which FFmpeg rounds, or does not
read.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from ..._ffi import ffi
from ..._spec.files.last_packet import last_packet_of
from ..codecs import packet
from . import limits

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext, AVPacket
    from .source import InputFile


class LastPacket(NamedTuple):
    """Ticks of its stream at which the one before it begins, at which it begins, and at which what
    is heard of it ends; how many samples there are in it behind that, as far as is known.
    """

    before: int
    begin: int
    end: int
    discard: int

    def mend(self, ptr: AVPacket, when: int | None) -> None:
        """Let a packet of the stream that begins at this tick, if it is one of the two, last as
        long as it does.
        """
        if when == self.begin:
            packet.last(ptr, self.end - self.begin, self.discard)
        elif when == self.before:
            # FFmpeg leaves out the last one if a rounded end lies before it, and shortens this one.
            packet.last(ptr, self.begin - self.before, 0)


def find(
    source: InputFile,
    read_at: Callable[[int, int], bytes] | None,
    context: AVFormatContext,
    index: int,
) -> LastPacket | None:
    """Return what the tables of an MP4 file say of the last packet of a stream of sound; None if
    that is not exact, or the file cannot be read beside FFmpeg. `read_at` reads what is open
    already.
    """
    if not ffi.string(context.iformat.name).startswith(b"mov"):
        return None
    stream = context.streams[index]
    found = limits.look(source, read_at, partial(last_packet_of, track=stream.id))
    if found is None:
        return None
    before, begin, end = found
    par, discard = stream.codecpar, 0
    if stream.time_base.num == 1 and stream.time_base.den == par.sample_rate:
        discard = max(0, par.frame_size - (end - begin))
    return LastPacket(before, begin, end, discard)
