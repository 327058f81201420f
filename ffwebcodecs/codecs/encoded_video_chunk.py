"""EncodedVideoChunk: one piece of coded video; immutable, never closed."""

from __future__ import annotations

from .._public import public
from ._chunk import EncodedChunk


@public
class EncodedVideoChunk(EncodedChunk):
    """One frame as the codec wrote it, with its time.

    The bytes lie in an AVPacket that goes when the chunk and every view of it are gone.

    Parameters
    ----------
    type : {"key", "delta"}
        Whether decoding can start here.
    timestamp : int
        Presentation time in microseconds, a signed 64-bit integer.
    data : buffer
        C-contiguous; copied unless `transfer` is true. May be empty.
    duration : int, optional
        In microseconds, an unsigned 64-bit integer.
    transfer : bool, optional
        Give the buffer away: the chunk shows its memory and keeps it alive. Do not write to it
        afterwards. (Decoders read past the end of their input, so decoding such a chunk copies it
        once.)

    Raises
    ------
    InvalidArgumentError
        A value is missing, unknown or out of range, or `data` is no buffer.
    MemoryError
        FFmpeg cannot allocate the packet.
    """

    __slots__ = ()
