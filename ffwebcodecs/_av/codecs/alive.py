"""How many bytes the frames and packets take that are alive: looked at only when somebody asks.

Another thread may be in FFmpeg meanwhile and fill or empty a frame that is looked at. So nothing is
read here but the AVFrame's and the AVPacket's own fields, which stay where they are as long as
their owner is kept: a number may be of the moment before, no more.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from ..._ffi import ffi
from .. import ledger, releases
from ..frames.pixel_format import geometry, pix_fmt_name

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame

_frames = ledger.owned("frame")
_packets = ledger.owned("packet")
_PLACES = 8  # AV_NUM_DATA_POINTERS
_SANE = 1 << 16


def frames(others: Iterable[AVFrame] = ()) -> tuple[int, int]:
    """Return how many frames of pictures and sound this process has made and still has, and their
    bytes, but for those that lie on a device.

    Parameters
    ----------
    others : iterable of AVFrame
        Not to be counted, nor what shares their memory.
    """
    seen = {_place(ptr) for ptr in others}
    number = total = 0
    for box in _frames.alive():
        size, place = _size(box[0]), _place(box[0])
        if size and place not in seen:
            seen.add(place)
            number += 1
            total += size
    return number, total


def packets() -> tuple[int, int]:
    """Return how many packets this process has made and still has, and their bytes."""
    seen: set[int] = set()
    number = total = 0
    for box in _packets.alive():
        packet = box[0]
        place = int(ffi.cast("uintptr_t", packet.data))
        if place and place not in seen:
            seen.add(place)
            number += 1
            total += max(0, packet.size)
    return number, total


def _place(ptr: AVFrame) -> int:
    return int(ffi.cast("uintptr_t", ptr.data[0]))


def _size(ptr: AVFrame) -> int:
    if ptr.hw_frames_ctx or not ptr.data[0]:
        return 0
    strides, height = [abs(ptr.linesize[index]) for index in range(4)], ptr.height
    if not ptr.width or not height:
        planes = sum(1 for index in range(_PLACES) if ptr.data[index])
        if planes == _PLACES:
            channels = ptr.ch_layout.nb_channels if releases.has_channel_layouts() else ptr.channels
            planes = max(planes, min(channels, _SANE))
        return strides[0] * planes
    name = pix_fmt_name(ptr.format)
    if name == "none":
        return sum(strides) * height
    parts = zip(geometry(name), strides, strict=False)
    return sum(stride * -(-height // sub_y) for (_, sub_y, _), stride in parts)
