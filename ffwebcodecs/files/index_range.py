"""IndexRange: a piece of a video that can be decoded by itself."""

from __future__ import annotations

from dataclasses import dataclass

from .._public import public


@public
@dataclass(frozen=True)
class IndexRange:
    """Frames that lie one after the other, and what it takes to decode them: plain numbers, for
    any engine and any machine.

    Attributes
    ----------
    start, stop : int
        The frames, by their index: ``range(start, stop)``.
    timestamp, end : int
        When the first frame is shown, and until when the last one is, in microseconds.
    key_timestamp : int
        When the key frame is shown with which decoding has to begin, in microseconds.
    first_packet, stop_packet : int
        The packets to decode, numbered in decoding order. Some at the end may belong to frames of
        the next range, and are decoded here only because others refer to them.
    is_closed : bool
        Decoding begins with the first frame of the range. Else earlier ones come out before it.
    """

    start: int
    stop: int
    timestamp: int
    end: int
    key_timestamp: int
    first_packet: int
    stop_packet: int
    is_closed: bool

    def __len__(self) -> int:
        return self.stop - self.start
