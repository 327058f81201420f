"""copy_to of sound: which samples, as what, in the specification's order of checks (spec 2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, TypeGuard

from .._av.frames import buffers, sample_moves, samples
from .._av.frames.picture import Picture
from .._spec.frames.sample_formats import SampleFormat, parse_format
from .._spec.numbers import UINT32_MAX, to_uint32
from ..errors import NotSupportedError
from ._sound_piece import SoundPiece

if TYPE_CHECKING:
    from collections.abc import Callable


class CopyOptions(NamedTuple):
    """The options of copy_to, each a number or a format of its own."""

    plane: int
    offset: int
    frames: int | None
    format: SampleFormat | None


def parse_options(
    plane_index: object, offset: object, count: object, format: object
) -> CopyOptions:
    """Return the options, of which nothing is known yet but that they are some."""
    return CopyOptions(
        to_uint32(plane_index, "plane_index"),
        to_uint32(offset, "frame_offset"),
        None if count is None else to_uint32(count, "frame_count"),
        None if format is None else parse_format(format),
    )


def part_of(sound: SoundPiece, wanted: CopyOptions) -> tuple[SampleFormat, int, int]:
    """Return the format to write, how many samples of each channel, and their bytes."""
    fmt = wanted.format or sound.shape.format
    if fmt is None:
        raise NotSupportedError(
            "the sample format of this audio data has no WebCodecs name; pass format=..., "
            "'f32-planar' for instance"
        )
    planes = fmt.planes(sound.channels)
    if wanted.plane >= planes:
        raise IndexError(f"plane_index is {wanted.plane}, {fmt.name} has {planes} planes here")
    frames = sound.frames
    if wanted.offset >= frames:
        raise IndexError(f"frame_offset is {wanted.offset}, there are {frames} frames")
    rest = frames - wanted.offset
    count = rest if wanted.frames is None else wanted.frames
    if count > rest:
        raise IndexError(
            f"frame_count is {count}, from frame_offset {wanted.offset} on there are {rest} frames"
        )
    return fmt, count, count * fmt.frame_bytes(sound.channels)


def copy_part(
    destination: Any,
    wanted: Callable[[], CopyOptions],
    opened: Callable[[], tuple[SoundPiece, Picture]],
) -> None:
    """Do what `AudioData.copy_to` says. Both are asked in their turn, between the checks."""
    exported = buffers.export(destination, "destination", writable=True)
    try:
        options = wanted()
        sound, picture = opened()
        fmt, count, size = part_of(sound, options)
        buffers.check_items(destination, "destination", fmt.dtype, fmt.name)
        if len(exported) < size:
            raise IndexError(f"destination holds {len(exported)} bytes, the samples have {size}")
        plane, offset = options.plane, options.offset
        if fmt is sound.shape.format:
            first = offset * fmt.frame_bytes(sound.channels)
            samples.copy_plane(exported, picture.ptr, plane, first, size)
        else:
            sample_moves.write(picture.ptr, sound.channels, exported, fmt, plane, offset, count)
    finally:
        buffers.unexport(exported)


def is_index(plane_index: object) -> TypeGuard[int]:
    """Tell whether it is a number that may be one of a plane."""
    return type(plane_index) is int and 0 <= plane_index <= UINT32_MAX


def copy_at_once(destination: Any, plane: int, sound: SoundPiece, picture: Any) -> bool:
    """Do it, if nothing is wrong and the pump is there; return whether it is done."""
    shape, frames = sound.shape, sound.frames
    fmt = shape.format
    if fmt is None or not frames:
        return False
    buffers.check_items(destination, "destination", fmt.dtype, fmt.name)
    channels, size = shape.channels.number, frames * fmt.sample_bytes
    if not fmt.is_planar:
        size, channels = size * channels, 1
    return plane < channels and samples.copied(destination, picture, plane, size)


def copy_whole(
    destination: Any, plane: int, opened: Callable[[], tuple[SoundPiece, Picture]]
) -> None:
    """Do the same with a whole plane as it is, for which the options are not the larger part of the
    time.
    """
    exported = buffers.export(destination, "destination", writable=True)
    try:
        sound, picture = opened()
        shape, frames = sound.shape, sound.frames
        fmt, channels = shape.format, shape.channels.number
        if fmt is None or not frames or plane >= (channels if fmt.is_planar else 1):
            part_of(sound, parse_options(plane, 0, None, None))  # which says what is wrong
            return
        buffers.check_items(destination, "destination", fmt.dtype, fmt.name)
        size = frames * fmt.sample_bytes * (1 if fmt.is_planar else channels)
        if len(exported) < size:
            raise IndexError(f"destination holds {len(exported)} bytes, the samples have {size}")
        samples.copy_plane(exported, picture.ptr, plane, 0, size)
    finally:
        buffers.unexport(exported)
