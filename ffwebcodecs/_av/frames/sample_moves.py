"""Samples of a frame, written to where and as which type somebody wants them.

In API mode the extension does it, in C; in ABI mode numpy, with the same result to the last bit.
Nothing holds the GIL in either.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from ... import _ffi
from ..._ffi import avutil, ffi
from ..._spec.frames.sample_formats import SampleFormat
from . import samples

if TYPE_CHECKING:
    from ..._ffi._types import AVFrame, Bytes

# As the extension numbers them: FFmpeg's name of the interleaved samples, numpy's, bytes.
_TYPES = (
    ("u8", "uint8", 1),
    ("s16", "int16", 2),
    ("s32", "int32", 4),
    ("flt", "float32", 4),
    ("s64", "int64", 8),
    ("dbl", "float64", 8),
)
_PART = 65536  # samples of each channel to interleave at once: they stay in the cache


class _Type(NamedTuple):
    number: int  # the extension's
    dtype: str
    sample_bytes: int
    is_planar: bool


class _Move(NamedTuple):
    """Which samples of which planes: so `many` from `first` on, `step` apart."""

    plane: int
    planes: int
    first: int
    step: int
    many: int


def write(
    ptr: AVFrame,
    channels: int,
    destination: Bytes,
    fmt: SampleFormat,
    plane: int,
    offset: int,
    count: int,
) -> None:
    """Write a part of a frame's samples as a plane of a format.

    Parameters
    ----------
    ptr : AVFrame
    channels : int
        Of the frame.
    destination : uint8_t *
        Room for the part, at any address.
    fmt : SampleFormat
        What to write.
    plane : int
        Which plane of that.
    offset, count : int
        The part, in samples of each channel; already checked.
    """
    if count <= 0:
        return
    have, want = _type(ptr.format), _type(samples.number_of(fmt))
    if want.is_planar:
        if have.is_planar:
            move = _Move(plane, 1, offset, 1, count)
        else:
            move = _Move(0, 1, offset * channels + plane, channels, count)
    elif have.is_planar:
        move = _Move(0, channels, offset, 1, count)
    else:
        move = _Move(0, 1, offset * channels, 1, count * channels)
    if have.number == want.number and move.planes == move.step == 1:
        source = samples.plane(ptr, move.plane) + move.first * have.sample_bytes
        samples.copy(destination, source, move.many * have.sample_bytes)
    elif _ffi.load().mode == "api":
        avutil.ffwc_samples(
            destination,
            want.number,
            ptr.extended_data + move.plane,
            have.number,
            *move[1:],
        )
    else:
        _write_with_numpy(ptr, destination, have, want, move)


def _write_with_numpy(
    ptr: AVFrame, destination: Bytes, have: _Type, want: _Type, move: _Move
) -> None:
    from ..._spec.frames.sample_conversion import convert

    planes = move.planes
    result = _array(destination, move.many * planes, want)
    if planes == 1:
        first = samples.plane(ptr, move.plane) + move.first * have.sample_bytes
        reach = (move.many - 1) * move.step + 1
        convert(_array(first, reach, have)[:: move.step], result)
        return
    sources = [
        _array(samples.plane(ptr, index) + move.first * have.sample_bytes, move.many, have)
        for index in range(planes)
    ]
    for start in range(0, move.many, _PART):
        for index, source in enumerate(sources):
            part = source[start : start + _PART]
            convert(part, result[start * planes + index :: planes][: len(part)])


def _array(place: Bytes, count: int, kind: _Type) -> Any:
    import numpy as np

    return np.frombuffer(ffi.buffer(place, count * kind.sample_bytes), kind.dtype)


@cache
def _type(number: int) -> _Type:
    """Return what samples of FFmpeg's format with this number are."""
    name = ffi.string(avutil.av_get_sample_fmt_name(number)).decode()
    interleaved = name.removesuffix("p")
    for index, (each, dtype, size) in enumerate(_TYPES):
        if each == interleaved:
            return _Type(index, dtype, size, name != interleaved)
    raise ValueError(f"samples of {name} are not known")
