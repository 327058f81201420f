"""Sound as numpy arrays, and arrays as sound."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from .._av.frames import buffers, sample_moves, samples
from .._av.frames.picture import Picture
from .._spec.frames.sample_conversion import convert
from .._spec.frames.sample_formats import BY_NAME, SampleFormat, parse_format
from .._spec.numbers import show
from ..errors import InvalidArgumentError, NotSupportedError
from ._exchange import array_of
from ._sound_piece import SoundPiece

if TYPE_CHECKING:
    import numpy.typing as npt

_BY_DTYPE = {fmt.dtype: fmt for fmt in BY_NAME.values() if not fmt.is_planar}
_NARROWED = ("float64", "float16")
_MANY_CHANNELS = 64  # FFmpeg's layouts have as many places


def planes_of(picture: Picture, sound: SoundPiece) -> tuple[memoryview, ...]:
    """Return read-only views of the planes, as samples."""
    fmt = sound.shape.format
    if fmt is None:
        raise NotSupportedError(
            "the sample format of this audio data has no WebCodecs name, use copy_to with format"
        )
    channels = 1 if fmt.is_planar else sound.channels
    length = sound.frames * fmt.frame_bytes(sound.channels)
    code: Any = np.dtype(fmt.dtype).char
    views: list[memoryview] = []
    for index in range(fmt.planes(sound.channels)):
        view = samples.view(picture.ptr, index, 0, length)
        shape = (sound.frames,) if channels == 1 else (sound.frames, channels)
        views.append(view.cast(code, shape) if length else view)
    return tuple(views)


def to_array(picture: Picture, sound: SoundPiece, wanted: Any) -> npt.NDArray[Any]:
    """Return the samples as `AudioData.to_ndarray` says."""
    fmt = BY_NAME["f32"] if wanted is None else _format_of(wanted)
    own = sound.shape.format
    if wanted is not None and own is not None and own.dtype == fmt.dtype:
        return own_array(picture, sound)
    array = np.empty((sound.frames, sound.channels), fmt.dtype)
    _fill(array, picture, sound, fmt)
    return array


def own_array(picture: Picture, sound: SoundPiece) -> npt.NDArray[Any]:
    """Return a read-only array of the frame's own type: over its memory where that has one
    distance from channel to channel, else over a copy.
    """
    fmt = sound.shape.format
    assert fmt is not None
    frames, channels = sound.frames, sound.channels
    length = frames * fmt.frame_bytes(channels)
    if fmt.planes(channels) == 1:
        view = samples.view(picture.ptr, 0, 0, length)
        return np.frombuffer(view, fmt.dtype).reshape(frames, channels)
    step = samples.distance(picture.ptr, channels, length)
    if step is not None:
        view = samples.view(picture.ptr, 0, 0, (channels - 1) * step + length)
        strides = (fmt.sample_bytes, step)
        shown: npt.NDArray[Any] = np.ndarray((frames, channels), fmt.dtype, view, 0, strides)
        return shown
    array = np.empty((sound.frames, sound.channels), fmt.dtype)
    _fill(array, picture, sound, fmt.interleaved)
    array.flags.writeable = False
    return array


def _fill(array: Any, picture: Picture, sound: SoundPiece, fmt: SampleFormat) -> None:
    if array.size:
        place = buffers.export(array, "the array", writable=True)
        sample_moves.write(picture.ptr, sound.channels, place, fmt, 0, 0, sound.frames)


def _format_of(wanted: Any) -> SampleFormat:
    """Return the interleaved format that a format's name or a dtype means."""
    if isinstance(wanted, str) and wanted in BY_NAME:
        return BY_NAME[wanted].interleaved
    try:
        name = np.dtype(wanted).name
    except Exception:
        name = ""
    found = _BY_DTYPE.get(name)
    if found is None:
        raise InvalidArgumentError(
            f"format must be one of {', '.join(BY_NAME)}, or the dtype uint8, int16, int32 or "
            f"float32, got {show(wanted)}"
        )
    return found


def from_array(
    array: Any, wanted: object, transfer: bool
) -> tuple[npt.NDArray[Any], SampleFormat, int, int]:
    """Return the array whose memory is the sound's, its format, frames and channels; see
    `AudioData.from_ndarray`.
    """
    fmt = None if wanted is None else parse_format(wanted)
    try:
        given = array_of(array)
    except (MemoryError, NotSupportedError):
        raise
    except Exception as error:
        raise InvalidArgumentError(
            f"numpy makes no array of {show(array)}: {type(error).__name__}"
        ) from error
    if given.ndim not in (1, 2):
        raise InvalidArgumentError(
            f"the array must have shape (frames,) or (frames, channels), got {given.shape}"
        )
    pieces = given.reshape(-1, 1) if given.ndim == 1 else given
    frames, channels = pieces.shape
    if channels > max(frames, _MANY_CHANNELS):
        raise InvalidArgumentError(
            f"an array of shape {given.shape} would be {frames} frames of {channels} channels: "
            "frames come first, give array.T if they do not"
        )
    samples = pieces
    if given.dtype.name in _NARROWED:
        with np.errstate(over="ignore"):
            samples = pieces.astype(np.float32, order="K")
    elif not given.dtype.isnative:
        samples = pieces.astype(given.dtype.newbyteorder("="), order="K")
    own = _BY_DTYPE.get(samples.dtype.name)
    if own is None:
        raise InvalidArgumentError(
            f"the array must be of uint8, int16, int32 or float32 (float64 and float16 become "
            f"float32), got {given.dtype}"
        )
    if fmt is None:
        is_planar = channels > 1 and not samples.flags.c_contiguous and samples.T.flags.c_contiguous
        fmt = own.planar if is_planar else own
    if fmt.dtype != own.dtype:
        result = np.empty(samples.shape, fmt.dtype, "F" if fmt.is_planar else "C")
        for channel in range(channels):
            convert(samples[:, channel], result[:, channel])
        samples = result
    laid = np.ascontiguousarray(samples.T if fmt.is_planar else samples)
    if transfer and not np.may_share_memory(laid, given):
        raise InvalidArgumentError(
            f"transfer shows the array's own memory, but {given.dtype} {given.shape} has to be "
            f"copied to become {fmt.name}: give it without transfer"
        )
    return laid, fmt, frames, channels
