"""How new sound gets its samples (spec 2.2). Everything is checked before memory is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._av.frames import buffers, samples
from .._av.frames.channel_layout import MOST_CHANNELS, parse
from .._av.frames.picture import Picture
from .._av.frames.samples import SoundShape
from .._spec.frames.sample_formats import SampleFormat, parse_format
from .._spec.numbers import INT32_MAX, show, to_float, to_uint32
from ..errors import InvalidArgumentError, NotSupportedError
from ._sound_piece import SoundPiece

if TYPE_CHECKING:
    from .._ffi._types import Array, AVFrame

_WHAT = "the data of an AudioData"


def picture_from_data(
    data: Any,
    *,
    format: object,
    sample_rate: object,
    number_of_frames: object,
    number_of_channels: object,
    channel_layout: object,
    transfer: bool,
) -> tuple[Picture, SoundPiece]:
    """Return the picture of sound made from a buffer, or from one for each plane; see `AudioData`
    for the parameters.
    """
    fmt = parse_format(format)
    if sample_rate is None:
        raise InvalidArgumentError("sample_rate is required")
    rate = to_float(sample_rate, "sample_rate")
    if rate <= 0:
        raise InvalidArgumentError(f"sample_rate is {show(sample_rate)}, it must be above 0")
    frames = _at_least_one(number_of_frames, "number_of_frames")
    channels = _at_least_one(number_of_channels, "number_of_channels")
    planes = fmt.planes(channels)
    length = frames * fmt.frame_bytes(channels)
    exports: list[Array[int]] = []
    lent = False
    try:
        if isinstance(data, list | tuple):
            if len(data) != planes:
                raise InvalidArgumentError(
                    f"data is a sequence of {len(data)} buffers, {fmt.name} with {channels} "
                    f"channels has {planes} planes"
                )
            exports.extend(_export(each, fmt) for each in data)
            needed = length
        else:
            exports.append(_export(data, fmt))
            needed = planes * length
        for exported in exports:
            if len(exported) < needed:
                raise InvalidArgumentError(
                    f"the data holds {len(exported)} bytes, {frames} frames of {fmt.name} with "
                    f"{channels} channels need {needed}"
                )
        sound = _piece(fmt, rate, frames, channels, channel_layout)
        wrapped = samples.wrap(exports, sound.shape, frames) if transfer else None
        lent = wrapped is not None
        ptr = _copied(exports, fmt, sound) if wrapped is None else wrapped
    finally:
        if not lent:
            for exported in exports:
                buffers.unexport(exported)
    return Picture(ptr), sound


def _export(data: Any, fmt: SampleFormat) -> Array[int]:
    buffers.check_source(data, _WHAT, fmt.dtype, fmt.name)
    return buffers.export(data, _WHAT)


def _at_least_one(value: object, what: str) -> int:
    number = to_uint32(value, what)
    if number == 0:
        raise InvalidArgumentError(f"{what} is 0, it must be at least 1")
    return number


def _piece(
    fmt: SampleFormat, rate: float, frames: int, channels: int, layout: object
) -> SoundPiece:
    """Return what the sound is, if FFmpeg can hold it."""
    if layout is not None and not isinstance(layout, str):
        raise InvalidArgumentError(
            f"channel_layout must be FFmpeg's name of one, such as '5.1', got {show(layout)}"
        )
    whole_rate = round(rate)
    if not 1 <= whole_rate <= INT32_MAX:
        raise NotSupportedError(
            f"sample_rate is {rate}: FFmpeg counts samples in whole Hz, from 1 to {INT32_MAX}"
        )
    if channels > MOST_CHANNELS:
        raise NotSupportedError(f"{channels} channels are too many, the limit is {MOST_CHANNELS}")
    length = frames * fmt.frame_bytes(channels)
    if length > INT32_MAX:
        raise NotSupportedError(
            f"a plane of {length} bytes is too long, FFmpeg's limit is {INT32_MAX}: "
            "make several AudioData of it"
        )
    shape = SoundShape(fmt, whole_rate, parse(channels, layout), samples.number_of(fmt))
    return SoundPiece(shape, rate, frames)


def _copied(exports: list[Array[int]], fmt: SampleFormat, sound: SoundPiece) -> AVFrame:
    ptr = samples.new(fmt, sound.shape.sample_rate, sound.shape.channels, sound.frames)
    length = sound.frames * fmt.frame_bytes(sound.channels)
    for index in range(fmt.planes(sound.channels)):
        place = exports[index] if len(exports) > 1 else exports[0] + index * length
        samples.copy(samples.plane(ptr, index), place, length)
    return ptr
