"""What an encoder of sound takes: sample formats, sample rates, channel layouts."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._ffi import avcodec, avutil, ffi
from .. import releases
from ..frames import channel_layout
from ..frames.channel_layout import Channels
from .encoder_formats import coded_as, encoder_name, find_sound_encoder, supported

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._ffi._types import AVCodec


class Takes(NamedTuple):
    """What an encoder takes; a None stands for anything.

    `codec` is FFmpeg's name of what it writes. `drains` says that it gives what it holds when it is
    drained, `takes_short` that its last frame may be short, `takes_any` that every frame may have
    any number of samples, `is_experimental` that FFmpeg wants to be asked twice for it.
    """

    name: str
    codec: str
    sample_fmts: tuple[str, ...] | None
    sample_rates: tuple[int, ...] | None
    layouts: tuple[Channels, ...] | None
    drains: bool
    takes_short: bool
    takes_any: bool
    is_experimental: bool


@cache
def takes(name: str) -> Takes | None:
    """Return what FFmpeg's encoder of this name takes, None if this FFmpeg has no such one."""
    codec = find_sound_encoder(name)
    if codec is None:
        return None
    flags = codec.capabilities
    return Takes(
        encoder_name(codec),
        coded_as(codec),
        _sample_fmts(codec),
        _sample_rates(codec),
        _layouts(codec),
        drains=bool(flags & avcodec.AV_CODEC_CAP_DELAY),
        takes_short=bool(flags & avcodec.AV_CODEC_CAP_SMALL_LAST_FRAME),
        takes_any=bool(flags & avcodec.AV_CODEC_CAP_VARIABLE_FRAME_SIZE),
        is_experimental=bool(flags & avcodec.AV_CODEC_CAP_EXPERIMENTAL),
    )


def _sample_fmts(codec: AVCodec) -> tuple[str, ...] | None:
    if releases.codec_lists_formats():
        found: Any = codec.sample_fmts
    else:
        found = supported(codec, avcodec.AV_CODEC_CONFIG_SAMPLE_FORMAT)
    numbers = _numbers(ffi.cast("int *", found), -1)
    if numbers is None:
        return None
    return tuple(ffi.string(avutil.av_get_sample_fmt_name(each)).decode() for each in numbers)


def _sample_rates(codec: AVCodec) -> tuple[int, ...] | None:
    if releases.codec_lists_formats():
        found: Any = codec.supported_samplerates
    else:
        found = supported(codec, avcodec.AV_CODEC_CONFIG_SAMPLE_RATE)
    return _numbers(ffi.cast("int *", found), 0)


def _numbers(found: Any, end: int) -> tuple[int, ...] | None:
    return None if not found else tuple(_until(lambda index: int(found[index]), end))


def _until(read: Callable[[int], int], end: int) -> list[int]:
    numbers: list[int] = []
    while (number := read(len(numbers))) != end:
        numbers.append(number)
    return numbers


def _layouts(codec: AVCodec) -> tuple[Channels, ...] | None:
    if not releases.has_channel_layouts():
        masks = codec.channel_layouts
        if not masks:
            return None
        found = _until(lambda index: int(masks[index]), 0)
        return tuple(channel_layout.of_mask(bin(mask).count("1"), mask) for mask in found)
    if releases.codec_lists_formats():
        listed: Any = codec.ch_layouts
    else:
        listed = supported(codec, avcodec.AV_CODEC_CONFIG_CHANNEL_LAYOUT)
    if not listed:
        return None
    layouts = ffi.cast("AVChannelLayout *", listed)
    numbers = _until(lambda index: int(layouts[index].nb_channels), 0)
    return tuple(channel_layout.of_layout(layouts[index]) for index in range(len(numbers)))
