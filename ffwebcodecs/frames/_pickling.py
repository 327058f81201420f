"""Frames, bitmaps and sound that are pickled, sent to another process, or copied deeply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._av.frames import buffers, carried, samples
from .._av.frames import frame as native
from .._av.frames.picture import Picture
from .._runtime import trace
from .._runtime.pool import export
from .._spec.frames.layout import compute_layout
from .._spec.numbers import to_int64, to_uint64
from ..errors import DataCloneError
from ._regions import picture_over, regions_of
from ._shape import FrameShape
from ._shape_state import shape_of, state_of
from ._sound_piece import SoundPiece
from ._sound_source import picture_from_data
from ._state import reduced, unpacked, warn_of_another_release


def _holder(picture: Picture, protocol: Any) -> Any:
    """Return what the buffers hold beside the memory, so that a decoder counts them."""
    lease = picture.lease
    if lease is None or protocol < 5:
        return None
    # This, the function that calls it, and `__reduce_ex__` are ours.
    return export(lease, f"{trace.caller(3).text}, pickle buffer" if trace.enabled else "")


def reduce_frame(
    frame: object, picture: Picture, shape: FrameShape, said: dict[str, Any], protocol: Any
) -> tuple[Any, ...]:
    """Return how to make a frame again, for pickle; `said` is what is not in its shape.

    Each plane is a piece of its own, from the first pixel of the whole coded picture to the last.
    """
    found = regions_of(picture, shape, _holder(picture, protocol))
    planes = tuple((index, 0, stride) for index, (_, stride) in enumerate(found))
    first = native.first_field(picture.ptr)
    beside = carried.packed(carried.entries_of(picture.ptr))
    said = {**state_of(shape), **said, "planes": planes, "first_field": first, "beside": beside}
    return reduced(frame, said, [view for view, _ in found], protocol)


def restored_frame(
    state: Any,
) -> tuple[Picture, FrameShape, int, int | None, dict[str, Any] | None]:
    """Return a frame's picture, shape, timestamp, duration and metadata out of a pickle."""
    said, pieces = unpacked(state, "a VideoFrame")
    shape = shape_of(said)
    timestamp = to_int64(said["timestamp"], "timestamp")
    duration, metadata, planes = said["duration"], said["metadata"], said["planes"]
    if duration is not None:
        duration = to_uint64(duration, "duration")
    if metadata is not None and not isinstance(metadata, Mapping):
        raise said.wrong(f"its metadata cannot be {metadata!r:.80}")
    if type(planes) is not tuple or not all(map(_is_place, planes)):
        raise said.wrong(f"its planes cannot be {planes!r:.80}")
    first = said["first_field"]
    if type(first) is not int or first not in (0, 1, 2):
        raise said.wrong(f"its first field cannot be {first!r:.80}")
    beside, lost = _beside(said)
    if lost:
        warn_of_another_release(carried.names(lost), timestamp, 3)
    picture = picture_over(pieces, planes, shape, timestamp)
    native.set_first_field(picture.ptr, first)
    carried.give(picture.ptr, beside)
    return picture, shape, timestamp, duration, None if metadata is None else dict(metadata)


def _beside(said: Any) -> tuple[tuple[carried.Entry, ...], tuple[carried.Entry, ...]]:
    try:
        return carried.unpacked(said["beside"])
    except (TypeError, ValueError):
        raise said.wrong("what it says besides its pixels is not what was written") from None


def _is_place(plane: Any) -> bool:
    return type(plane) is tuple and len(plane) == 3 and all(type(each) is int for each in plane)


def reduce_bitmap(
    bitmap: object, picture: Picture, shape: FrameShape, protocol: Any
) -> tuple[Any, ...]:
    """Return how to make a bitmap again, for pickle. Its planes are one piece."""
    assert shape.format is not None
    size = compute_layout(shape.format, shape.coded_width, shape.coded_height).size
    return reduced(bitmap, state_of(shape), [native.block_view(picture.ptr, size)], protocol)


def restored_bitmap(state: Any) -> tuple[Picture, FrameShape]:
    """Return a bitmap's picture and shape out of a pickle."""
    said, pieces = unpacked(state, "an ImageBitmap")
    shape = shape_of(said)
    if shape.format is None or shape.visible_rect != (0, 0, shape.coded_width, shape.coded_height):
        raise said.wrong("a bitmap has a format and no crop")
    # Arrays show the block as a whole: nobody else says where its planes lie.
    where = compute_layout(shape.format, shape.coded_width, shape.coded_height)
    places = [(0, offset, stride) for offset, stride in where.planes]
    if len(pieces) != 1:
        raise said.wrong(f"it comes with {len(pieces)} buffers, a bitmap is one")
    return picture_over(pieces, places, shape, 0), shape


def reduce_sound(
    data: object, picture: Picture, sound: SoundPiece, timestamp: int, protocol: Any
) -> tuple[Any, ...]:
    """Return how to make sound again, for pickle. Each plane is a piece of its own."""
    fmt = sound.shape.format
    if fmt is None:
        raise DataCloneError(
            "samples whose format has no WebCodecs name cannot be pickled: pickle what "
            "data.to_ndarray() gives, float32,, and make AudioData.from_ndarray of that"
        )
    length = sound.frames * fmt.frame_bytes(sound.channels)
    ptr = picture.ptr
    kept = ptr, _holder(picture, protocol)
    planes = range(fmt.planes(sound.channels))
    views = [buffers.view(kept, samples.plane(ptr, index), length) for index in planes]
    said = {
        "format": fmt.name,
        "sample_rate": sound.sample_rate,
        "frames": sound.frames,
        "channels": sound.channels,
        "channel_layout": sound.shape.channels.layout,
        "timestamp": timestamp,
    }
    return reduced(data, said, views, protocol)


def restored_sound(state: Any) -> tuple[Picture, SoundPiece, int]:
    """Return the picture of sound, what it is and its timestamp out of a pickle."""
    said, pieces = unpacked(state, "an AudioData")
    timestamp = to_int64(said["timestamp"], "timestamp")
    picture, sound = picture_from_data(
        pieces,
        format=said["format"],
        sample_rate=said["sample_rate"],
        number_of_frames=said["frames"],
        number_of_channels=said["channels"],
        channel_layout=said["channel_layout"],
        transfer=True,
    )
    return picture, sound, timestamp
