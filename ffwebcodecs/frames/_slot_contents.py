"""What is said of a frame in shared memory: written beside its pixels, and read again."""

from __future__ import annotations

import pickle
from functools import lru_cache
from io import BytesIO
from typing import TYPE_CHECKING, Any

from .._av.frames import carried
from .._spec.frames.color import ColorMembers
from .._spec.frames.color_space import from_members, members_of
from .._spec.frames.formats import get_format
from .._spec.frames.rect import Rect
from ..errors import DataCloneError
from ._copy import Destination
from ._shape import FrameShape

if TYPE_CHECKING:
    from .._ffi._types import AVFrame

    Entries = tuple[carried.Entry, ...]


def describe(
    shape: FrameShape,
    region: Rect,
    wanted: Destination,
    timestamp: int,
    duration: int | None,
    first_field: int,
    metadata: dict[str, Any] | None,
) -> tuple[bytes, int]:
    """Return what is said of the region of a frame when it is stored, and how many bytes of that
    its metadata takes.

    Raises
    ------
    DataCloneError
        The metadata cannot be pickled.
    """
    colors = members_of(shape.color_space) if wanted.plain else wanted.color
    look = (
        wanted.format.name,
        (region.width, region.height),
        (shape.display_width, shape.display_height),
        shape.rotation,
        shape.flip,
        colors,
    )
    if first_field and region.y % 2:  # the part begins with a row of the other field
        first_field = 3 - first_field
    said = pickle.dumps((timestamp, duration, look, first_field, None), 4)
    if metadata is None:
        return said, 0
    try:
        whole = pickle.dumps((timestamp, duration, look, first_field, metadata), 4)
    except MemoryError:
        raise
    except Exception as error:
        raise DataCloneError(f"the frame's metadata cannot be pickled: {error}") from error
    return whole, len(whole) - len(said)


def describe_beside(
    ptr: AVFrame, shape: FrameShape, wanted: Destination, room: int
) -> tuple[bytes, str]:
    """Return what is written behind that, which is what a picture says besides its pixels, and in
    words what of it takes more room than there is.
    """
    entries = carried.entries_of(ptr)
    if not entries:
        return b"", ""
    if not wanted.plain and wanted.color[1] != shape.color_space.transfer:
        entries = carried.without_light(entries)
    kept = carried.that_fit(entries, room)
    left_out = carried.names([entry for entry in entries if entry not in kept])
    return pickle.dumps(carried.packed(kept), 4) if kept else b"", left_out


def understand(
    said: bytes,
) -> tuple[int, int | None, FrameShape, int, dict[str, Any] | None, tuple[Entries, Entries]]:
    """Return timestamp, duration, shape, first field, metadata, and what is said besides: that
    which this FFmpeg understands, and the rest.
    """
    file = BytesIO(said)
    timestamp, duration, look, first_field, metadata = pickle.load(file)
    beside = carried.unpacked(pickle.load(file)) if file.tell() < len(said) else ((), ())
    return timestamp, duration, _shape(*look), first_field, metadata, beside


@lru_cache(maxsize=32)  # a stream's frames all look alike
def _shape(
    format: str,
    size: tuple[int, int],
    display: tuple[int, int],
    rotation: int,
    flip: bool,
    colors: ColorMembers,
) -> FrameShape:
    fmt = get_format(format)
    whole = Rect(0, 0, *size)
    return FrameShape(fmt, fmt.ffmpeg, size, whole, display, rotation, flip, from_members(colors))
