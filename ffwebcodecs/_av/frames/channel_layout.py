"""How many channels there are and where: AVChannelLayout, or the two numbers before FFmpeg 5.1."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._ffi import avutil, ffi
from ..._spec.texts import to_text
from ...errors import InvalidArgumentError
from .. import releases
from ..averror import check

if TYPE_CHECKING:
    from ..._ffi._types import AVChannelLayout, AVCodecContext, AVCodecParameters, AVFrame

    Holder = AVFrame | AVCodecContext | AVCodecParameters

_WORDS = "uint64_t *"
_LONGEST = 256  # bytes of a layout's name
MOST_CHANNELS = 65535


class Channels(NamedTuple):
    """A number of channels, and FFmpeg's name of where they are, such as ``"5.1(side)"``; None:
    nobody says.
    """

    number: int
    layout: str | None = None


def read(holder: Holder) -> Channels:
    """Return the channels of a frame, a codec context or codec parameters."""
    if not releases.has_channel_layouts():
        return of_mask(holder.channels, holder.channel_layout)
    return of_layout(holder.ch_layout)


def of_layout(layout: AVChannelLayout) -> Channels:
    """Return the channels that an AVChannelLayout says."""
    if layout.order == avutil.AV_CHANNEL_ORDER_UNSPEC:
        return Channels(layout.nb_channels)
    if layout.order == avutil.AV_CHANNEL_ORDER_NATIVE:
        places = avutil.av_channel_layout_subset(ffi.addressof(layout), (1 << 64) - 1)
        return _of_native(layout.nb_channels, places)
    return Channels(layout.nb_channels, _described(ffi.addressof(layout)))


def key_of(ptr: AVFrame) -> tuple[int, int] | None:
    """Return two numbers that are the same for the same channels; None where they are listed one by
    one. It costs a tenth of `read`.
    """
    place = _place()
    if place < 0:
        return ptr.channels, ptr.channel_layout
    words = ffi.cast(_WORDS, ptr)
    first = words[place]
    # Of a list there is only a pointer.
    return (first, words[place + 1]) if ptr.ch_layout.order in _order_of_masks() else None


@cache
def _place() -> int:
    """Return where an AVFrame's ch_layout is, in words of 8 bytes: its order and number of channels
    are one, the mask of places is the next; -1 before FFmpeg 5.1.
    """
    if not releases.has_channel_layouts():
        return -1
    return int(ffi.offsetof("AVFrame", "ch_layout")) // 8


@cache
def _order_of_masks() -> tuple[int, int]:
    return avutil.AV_CHANNEL_ORDER_UNSPEC, avutil.AV_CHANNEL_ORDER_NATIVE


def write(holder: Holder, channels: Channels) -> None:
    """Write the channels into a frame, a context or parameters of ours. Where nobody says where
    they are, FFmpeg's usual places for so many are taken.
    """
    if not releases.has_channel_layouts():
        holder.channels = channels.number
        holder.channel_layout = _mask(channels)
        return
    layout = _made(channels)
    check(
        avutil.av_channel_layout_copy(ffi.addressof(holder, "ch_layout"), layout), "out of memory"
    )


def parse(count: int, layout: str | None) -> Channels:
    """Return these channels, with FFmpeg's own name of the layout.

    Raises
    ------
    InvalidArgumentError
        FFmpeg does not know the layout, or it is one of another number of channels.
    """
    if layout is None:
        return Channels(count)
    found = _named(to_text(layout, "channel_layout"))
    if found is None:
        raise InvalidArgumentError(
            f"FFmpeg knows no channel layout {layout!r}; mono, stereo, quad, 5.1, 7.1 are some"
        )
    if found.number != count:
        raise InvalidArgumentError(
            f"the channel layout {layout!r} has {found.number} channels, not {count}"
        )
    return found


def usual(count: int) -> Channels:
    """Return so many channels at FFmpeg's usual places, or anywhere if it knows none."""
    if not releases.has_channel_layouts():
        return of_mask(count, max(0, avutil.av_get_default_channel_layout(count)))
    layout = _made(Channels(count))
    if layout.order == avutil.AV_CHANNEL_ORDER_UNSPEC:
        return Channels(count)
    return Channels(count, _described(layout))


@lru_cache(64)
def _named(name: str) -> Channels | None:
    text = name.encode()
    if not releases.has_channel_layouts():
        mask = avutil.av_get_channel_layout(text)
        return of_mask(bin(mask).count("1"), mask) if mask else None
    layout = ffi.new("AVChannelLayout *")
    if avutil.av_channel_layout_from_string(layout, text) < 0:
        return None
    found = Channels(layout.nb_channels, _described(layout))
    avutil.av_channel_layout_uninit(layout)
    return found


@lru_cache(64)
def _made(channels: Channels) -> AVChannelLayout:
    """Return a layout that is kept for as long as the cache does; none of them owns memory."""
    layout = ffi.new("AVChannelLayout *")
    if channels.layout is None:
        avutil.av_channel_layout_default(layout, channels.number)
    else:
        code = avutil.av_channel_layout_from_string(layout, channels.layout.encode())
        check(code, f"FFmpeg knows no channel layout {channels.layout!r}")
    made: Any = ffi.gc(layout, avutil.av_channel_layout_uninit)
    result: AVChannelLayout = made
    return result


@lru_cache(64)
def _of_native(count: int, mask: int) -> Channels:
    layout = ffi.new("AVChannelLayout *")
    if avutil.av_channel_layout_from_mask(layout, mask) < 0:
        return Channels(count)
    return Channels(count, _described(layout))


def _described(layout: AVChannelLayout) -> str | None:
    name = ffi.new("char[]", _LONGEST)
    if avutil.av_channel_layout_describe(layout, name, _LONGEST) <= 0:
        return None
    return _text(name)


@lru_cache(64)
def of_mask(count: int, mask: int) -> Channels:
    """Return so many channels at the places that a mask says, before FFmpeg 5.1."""
    if mask <= 0:
        return Channels(count)
    name = ffi.new("char[]", _LONGEST)
    avutil.av_get_channel_layout_string(name, _LONGEST, count, mask)
    return Channels(count, _text(name))


def _mask(channels: Channels) -> int:
    if channels.layout is None:
        return max(0, int(avutil.av_get_default_channel_layout(channels.number)))
    return int(avutil.av_get_channel_layout(channels.layout.encode()))


def _text(name: Any) -> str | None:
    text: str = ffi.string(name).decode("utf-8", "replace")
    # Where FFmpeg knows no more than the number, its name says only that.
    return None if not text or text.endswith(" channels") else text
