"""copy_to of sound: which samples, as what, in the specification's order of checks (spec 2.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from .._av.frames import buffers, sample_moves
from .._av.frames.picture import Picture
from .._spec.frames.sample_formats import SampleFormat, parse_format
from .._spec.numbers import to_uint32
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
        if len(exported) < size:
            raise IndexError(f"destination holds {len(exported)} bytes, the samples have {size}")
        sample_moves.write(
            picture.ptr, sound.channels, exported, fmt, options.plane, options.offset, count
        )
    finally:
        buffers.unexport(exported)
