"""AVFrames of sound from arrays and back, for tests of what works on frames."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import numpy.typing as npt

from ffwebcodecs._av.averror import check
from ffwebcodecs._av.frames import channel_layout, samples
from ffwebcodecs._av.frames.channel_layout import Channels
from ffwebcodecs._av.frames.frame import allocate
from ffwebcodecs._av.frames.resampler import Resampler
from ffwebcodecs._av.frames.samples import SoundShape
from ffwebcodecs._ffi import avutil, ffi

Samples = npt.NDArray[Any]
DTYPES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}


def number(name: str) -> int:
    """Return FFmpeg's number of a sample format."""
    return int(avutil.av_get_sample_fmt(name.encode()))


def name_of(ptr: Any) -> str:
    """Return FFmpeg's name of a frame's format."""
    return ffi.string(avutil.av_get_sample_fmt_name(ptr.format)).decode()


def shape(name: str, rate: int, channels: Channels) -> SoundShape:
    """Return the shape of sound in the format of this name."""
    return SoundShape(samples.format_of(number(name)), rate, channels, number(name))


def frame_of(data: Samples, name: str, rate: int, channels: Channels | None = None) -> Any:
    """Return a frame with the samples of an array of shape (samples, channels)."""
    ptr = allocate()
    ptr.format, ptr.sample_rate, ptr.nb_samples = number(name), rate, len(data)
    channel_layout.write(ptr, channels or Channels(data.shape[1]))
    check(avutil.av_frame_get_buffer(ptr, 0), "cannot make a frame")
    planar = name.endswith("p")
    data = np.asarray(data, DTYPES[name.removesuffix("p")])
    for index, plane in enumerate(data.T if planar else [data]):
        raw = np.ascontiguousarray(plane).tobytes()
        ffi.buffer(ptr.extended_data[index], len(raw))[:] = raw
    return ptr


def array_of(ptr: Any) -> Samples:
    """Return a frame's samples, of shape (samples, channels)."""
    name, count = name_of(ptr), ptr.nb_samples
    dtype = np.dtype(DTYPES[name.removesuffix("p")])
    channels = samples.describe(ptr).channels.number
    if not name.endswith("p"):
        size = count * channels * dtype.itemsize
        return np.frombuffer(ffi.buffer(ptr.extended_data[0], size)[:], dtype).reshape(-1, channels)
    size = count * dtype.itemsize
    planes = [ffi.buffer(ptr.extended_data[index], size)[:] for index in range(channels)]
    return np.stack([np.frombuffer(plane, dtype) for plane in planes], 1)


def resampled(
    data: Samples, source: SoundShape, target: SoundShape, blocks: Iterable[int] = ()
) -> Samples:
    """Return an array converted, frame after frame of so many samples, the last one of the rest."""
    resampler = Resampler(source, target.sample_fmt, target.sample_rate, target.channels)
    name = ffi.string(avutil.av_get_sample_fmt_name(source.sample_fmt)).decode()
    parts, start, total = [], 0, 0
    for count in (*blocks, len(data)):
        stop = min(len(data), start + count)
        ptr = None
        if stop > start:
            ptr = frame_of(data[start:stop], name, source.sample_rate, source.channels)
        start = stop
        parts += [resampler.convert(ptr)] if ptr is not None else []
    parts.append(resampler.convert(None))
    resampler.close()
    made = [part for part in parts if part is not None]
    for part in made:
        assert part.pts == total
        total += part.nb_samples
    channels = target.channels.number
    return (
        np.concatenate([np.zeros((0, channels)), *map(array_of, made)])
        if made
        else np.zeros((0, channels))
    )
