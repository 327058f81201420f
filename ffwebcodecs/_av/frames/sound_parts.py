"""Parts of frames of sound, and silence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import avutil, ffi
from ..averror import check
from . import channel_layout
from .frame import allocate
from .samples import SoundShape

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame

_SILENT_BYTE = {"u8": 0x80, "u8p": 0x80}  # else zero


def part(
    ptr: AVFrame, first: int, count: int, channels: channel_layout.Channels | None = None
) -> AVFrame:
    """Return a frame with a copy of `count` samples of each channel, from the sample `first` on;
    `channels` says where they are, if it is not as the frame says.
    """
    found = channels or channel_layout.read(ptr)
    copy = _new(ptr.format, ptr.sample_rate, found, count)
    copied = avutil.av_samples_copy(
        copy.extended_data, ptr.extended_data, 0, first, count, found.number, ptr.format
    )
    check(copied, "cannot copy samples")
    return copy


def silence(shape: SoundShape, count: int) -> AVFrame:
    """Return a frame of `count` samples of each channel in which nothing is heard."""
    ptr = _new(shape.sample_fmt, shape.sample_rate, shape.channels, count)
    name = ffi.string(avutil.av_get_sample_fmt_name(shape.sample_fmt)).decode()
    size = count * avutil.av_get_bytes_per_sample(shape.sample_fmt)
    planes = shape.channels.number
    if not name.endswith("p"):
        size, planes = size * planes, 1
    quiet = bytes([_SILENT_BYTE.get(name, 0)]) * size
    for index in range(planes):
        ffi.memmove(ptr.extended_data[index], quiet, size)
    return ptr


def _new(
    sample_fmt: int, sample_rate: int, channels: channel_layout.Channels, count: int
) -> AVFrame:
    size = count * channels.number * avutil.av_get_bytes_per_sample(sample_fmt)
    ptr = allocate(size + 512)
    ptr.format, ptr.sample_rate, ptr.nb_samples = sample_fmt, sample_rate, count
    channel_layout.write(ptr, channels)
    check(avutil.av_frame_get_buffer(ptr, 0), f"cannot allocate {size} bytes of sound")
    return ptr
