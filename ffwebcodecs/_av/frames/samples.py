"""AVFrames of sound: made, filled, described, viewed; as `frame` for pictures.

Planes of more than 8 channels lie where ``extended_data`` says, so everything here goes by that.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._ffi import avutil, ffi
from ..._spec.frames.sample_formats import BY_FFMPEG, SampleFormat
from ..._spec.numbers import INT32_MAX
from .. import pump, releases
from ..averror import check
from . import buffers, channel_layout
from .channel_layout import Channels
from .frame import allocate

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from ..._ffi._types import Array, AVFrame, Bytes


_ALIGN = 64  # widest SIMD row that FFmpeg's own allocator provides for
_FEW = 1 << 16  # bytes that are copied sooner than the GIL is given away and asked for again
_PLACES = 8  # AV_NUM_DATA_POINTERS


class SoundShape(NamedTuple):
    """What stays the same along a stream of sound."""

    format: SampleFormat | None
    """None: samples that WebCodecs has no name for, as of 64 bits."""
    sample_rate: int
    channels: Channels
    sample_fmt: int
    """FFmpeg's number of the format."""


@cache
def number_of(fmt: SampleFormat) -> int:
    """Return FFmpeg's number of a format."""
    return int(avutil.av_get_sample_fmt(fmt.ffmpeg.encode()))


@cache
def format_of(number: int) -> SampleFormat | None:
    """Return the format with FFmpeg's number, None if WebCodecs has none like it."""
    name = avutil.av_get_sample_fmt_name(number)
    return BY_FFMPEG.get(ffi.string(name).decode()) if name else None


# What frames have held, by their numbers; a stream's frames are all alike. Two threads that miss
# together compute the same.
_described: dict[tuple[int, int, tuple[int, int]], SoundShape] = {}
_MOST_KEPT = 256
_pump: Any = None  # once it was wanted


def describe(ptr: AVFrame) -> SoundShape:
    """Return what a frame of sound holds."""
    number, rate, channels = ptr.format, ptr.sample_rate, channel_layout.key_of(ptr)
    if channels is None:
        return SoundShape(format_of(number), rate, channel_layout.read(ptr), number)
    key = number, rate, channels
    known = _described.get(key)
    if known is None:
        known = SoundShape(format_of(number), rate, channel_layout.read(ptr), number)
        if len(_described) >= _MOST_KEPT:
            _described.clear()
        _described[key] = known
    return known


def count(ptr: AVFrame) -> int:
    """Return how many samples each channel has."""
    return ptr.nb_samples


def new(fmt: SampleFormat, sample_rate: int, channels: Channels, samples: int) -> AVFrame:
    """Return a frame with memory of its own for so many samples a channel, contents undefined."""
    planes = fmt.planes(channels.number)
    length = samples * fmt.frame_bytes(channels.number)
    stride = length + _ALIGN - 1 & -_ALIGN
    ptr = allocate(planes * stride + 512)
    _describe_as(ptr, fmt, sample_rate, channels, samples)
    size = planes * stride + _ALIGN
    if planes > _PLACES or (planes > 1 and size > INT32_MAX):
        check(avutil.av_frame_get_buffer(ptr, 0), f"cannot allocate {planes * length} bytes")
        return ptr
    # In one block, so that an array can show all planes.
    ref = buffers.allocate(ptr.buf, size)
    data, base = ptr.data, ref.data
    for index in range(planes):
        data[index] = base + index * stride
    ptr.linesize[0] = length
    return ptr


def wrap(exports: Sequence[Array[int]], shape: SoundShape, samples: int) -> AVFrame | None:
    """Return a frame over the caller's memory, without a copy; None if AVFrame has too few places
    for the planes.

    Parameters
    ----------
    exports : sequence of uint8_t[]
        From `buffers.export`: one for each plane, or one with the planes one after another; already
        checked. They stay exported until FFmpeg's last reference is gone.
    shape : SoundShape
        With a format.
    samples : int
        Of each channel.
    """
    fmt = shape.format
    assert fmt is not None
    planes = fmt.planes(shape.channels.number)
    if planes > _PLACES:
        return None
    ptr = allocate()
    length = samples * fmt.frame_bytes(shape.channels.number)
    data, refs = ptr.data, ptr.buf
    needed = length * (planes if len(exports) == 1 else 1)
    for index, exported in enumerate(exports):
        ref = buffers.lend(refs + index, exported, needed)
        data[index] = ref.data
    if len(exports) == 1:
        base = data[0]
        for index in range(1, planes):
            data[index] = base + index * length
    ptr.linesize[0] = length
    _describe_as(ptr, fmt, shape.sample_rate, shape.channels, samples)
    return ptr


def copy(destination: Bytes, source: Bytes, size: int) -> None:
    """Copy so many bytes, without the GIL."""
    buffers.copy_rows(destination, size, source, size, size, 1)


def copy_plane(destination: Bytes, ptr: AVFrame, index: int, first: int, size: int) -> None:
    """Copy so many bytes of a plane, from one on; without the GIL where they are many."""
    source = ptr.extended_data[index]
    if first:
        source += first
    if size > _FEW:
        copy(destination, source, size)
    elif size:
        ffi.memmove(destination, source, size)


def copied(destination: Any, picture: Any, plane: int, size: int) -> bool:
    """Copy the first bytes of a plane into a buffer by one call of the pump; return whether that
    was possible: else nothing was done.
    """
    global _pump
    module = _pump
    if module is None:
        module = _pump = pump.get()
        if module is None:
            return False
    done: bool = module.copy(destination, picture.frame, plane, 0, size)
    return done


def _describe_as(
    ptr: AVFrame, fmt: SampleFormat, sample_rate: int, channels: Channels, samples: int
) -> None:
    ptr.format = number_of(fmt)
    ptr.sample_rate = sample_rate
    ptr.nb_samples = samples
    channel_layout.write(ptr, channels)


def trim(ptr: AVFrame, front: int, samples: int) -> None:
    """Let a frame of ours show only so many samples of each channel, from the one at `front` on; no
    sample is moved.
    """
    if front:
        shape = describe(ptr)
        size = avutil.av_get_bytes_per_sample(shape.sample_fmt)
        channels = shape.channels.number
        planes = 1
        if avutil.av_sample_fmt_is_planar(shape.sample_fmt):
            planes = channels
        else:
            size *= channels
        for index in range(planes):
            ptr.extended_data[index] += front * size
            if index < 8:
                ptr.data[index] = ptr.extended_data[index]
    ptr.nb_samples = samples


def plane(ptr: AVFrame, index: int) -> Bytes:
    """Return a borrowed pointer to one plane, valid while `ptr` is referenced."""
    return ptr.extended_data[index]


def view(ptr: AVFrame, index: int, offset: int, size: int, *, writable: bool = False) -> memoryview:
    """Return a view of a part of one plane, in bytes, that keeps the frame's memory."""
    return buffers.view(ptr, ptr.extended_data[index] + offset, size, writable=writable)


def distance(ptr: AVFrame, planes: int, length: int) -> int | None:
    """Return how many bytes it is from plane to plane if they lie in one block, in order and
    equally far apart; else None.
    """
    first = ptr.extended_data[0]
    step = ptr.extended_data[1] - first
    ref = ptr.buf[0]
    if planes > _PLACES or not ref or step < length:
        return None
    if any(ptr.extended_data[index] - first != index * step for index in range(2, planes)):
        return None
    begins = first - ref.data
    ends = begins + (planes - 1) * step + length
    return step if begins >= 0 and ends <= ref.size else None


def rate_of(ptr: AVFrame) -> int:
    """Return how many samples a second each channel has."""
    return ptr.sample_rate


class PlaneViews:
    """What is made of frames' planes, once for each place: a decoder uses the same ones again.

    Parameters
    ----------
    planes : int
    make : callable
        Takes a buffer, which is valid while the frame is referenced that is looked at.
    """

    __slots__ = ("_known", "_make", "_planes", "_size")

    def __init__(self, planes: int, make: Callable[[Any], Any]) -> None:
        self._planes, self._make = range(planes), make
        self._size = 0
        self._known: dict[Any, Any] = {}

    def of(self, ptr: AVFrame, size: int) -> list[Any]:
        """Return what is made of the first bytes of each plane, to be used while `ptr` is."""
        known = self._known
        if size != self._size or len(known) > _MOST_KEPT:
            known.clear()
            self._size = size
        places, found = ptr.extended_data, []
        for index in self._planes:
            place = places[index]
            view = known.get(place)
            if view is None:
                known[place] = view = self._make(ffi.buffer(place, size))
            found.append(view)
        return found


@cache
def name_of(number: int) -> str:
    """Return FFmpeg's name of a format by its number: ``"s16"``, ``"fltp"``."""
    name: str = ffi.string(avutil.av_get_sample_fmt_name(number)).decode()
    return name


def is_like(ptr: AVFrame, shape: SoundShape) -> bool:
    """Return whether a frame has samples of this format and rate, and as many channels."""
    number = ptr.ch_layout.nb_channels if releases.has_channel_layouts() else ptr.channels
    return (ptr.format, ptr.sample_rate, number) == (
        shape.sample_fmt,
        shape.sample_rate,
        shape.channels.number,
    )


def silent(shape: SoundShape, samples: int) -> AVFrame:
    """Return a frame of this shape and so many samples a channel, in which nothing is heard."""
    ptr = allocate()
    ptr.format, ptr.sample_rate, ptr.nb_samples = shape.sample_fmt, shape.sample_rate, samples
    channel_layout.write(ptr, shape.channels)
    check(avutil.av_frame_get_buffer(ptr, 0), f"cannot allocate {samples} samples of sound")
    name, number = name_of(shape.sample_fmt), shape.channels.number
    size = samples * avutil.av_get_bytes_per_sample(shape.sample_fmt)
    planes = number if avutil.av_sample_fmt_is_planar(shape.sample_fmt) else 1
    size *= number // planes
    for index in range(planes):
        ffi.buffer(ptr.extended_data[index], size)[:] = (b"\x80" if "u8" in name else b"\0") * size
    return ptr
