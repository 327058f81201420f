"""Frames of sound made into frames of another sample format, by the rule of `copy_to`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._av.frames import samples
from .._spec.frames.sample_conversion import convert
from .._spec.frames.sample_formats import SampleFormat

if TYPE_CHECKING:
    from .._ffi._types import AVFrame


def in_format(ptr: AVFrame, wanted: SampleFormat) -> AVFrame:
    """Return the same sound as samples of another type or arrangement; the frame itself if it is
    of that already. Nothing is written into it.
    """
    shape = samples.describe(ptr)
    source = shape.format
    assert source is not None
    if source is wanted:
        return ptr
    count, channels = samples.count(ptr), shape.channels.number
    made = samples.new(wanted, shape.sample_rate, shape.channels, count)
    before = _channels(ptr, source, count, channels, False)
    after = _channels(made, wanted, count, channels, True)
    for one, other in zip(before, after, strict=True):
        convert(one, other)
    return made


def _channels(
    ptr: AVFrame, fmt: SampleFormat, count: int, channels: int, writable: bool
) -> list[Any]:
    import numpy as np

    planes = [
        np.frombuffer(
            samples.view(ptr, index, 0, count * fmt.frame_bytes(channels), writable=writable),
            fmt.dtype,
        )
        for index in range(fmt.planes(channels))
    ]
    return planes if fmt.is_planar else [planes[0][index::channels] for index in range(channels)]
