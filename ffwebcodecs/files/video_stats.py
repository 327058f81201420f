"""VideoStats: what a `Video` has done."""

from __future__ import annotations

from typing import NamedTuple

from .._public import public


@public
class VideoStats(NamedTuple):
    """What a `Video` has done until now.

    Attributes
    ----------
    seeks : int
        How often it went to another place in the file.
    seek_misses : int
        How many of them turned out not to be where they should, and were made again further back.
    packets_read : int
        Since the index was there.
    pictures_decoded : int
        Packets that were given to the decoder.
    frames_given : int
    cache_hits : int
        Frames given that needed no decoding.
    cached_frames, cached_bytes : int
        What is kept now.
    """

    seeks: int
    seek_misses: int
    packets_read: int
    pictures_decoded: int
    frames_given: int
    cache_hits: int
    cached_frames: int
    cached_bytes: int
