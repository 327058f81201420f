"""What is said of a frame in shared memory: written beside its pixels, and read again."""

from __future__ import annotations

import pickle
from functools import lru_cache
from typing import Any

from .._spec.frames.color import ColorMembers
from .._spec.frames.color_space import from_members, members_of
from .._spec.frames.formats import get_format
from .._spec.frames.rect import Rect
from ..errors import DataCloneError
from ._copy import Destination
from ._shape import FrameShape

Said = tuple[Any, ...]


def describe(
    shape: FrameShape,
    region: Rect,
    wanted: Destination,
    timestamp: int,
    duration: int | None,
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
    said = pickle.dumps((timestamp, duration, look, None), 4)
    if metadata is None:
        return said, 0
    try:
        whole = pickle.dumps((timestamp, duration, look, metadata), 4)
    except MemoryError:
        raise
    except Exception as error:
        raise DataCloneError(f"the frame's metadata cannot be pickled: {error}") from error
    return whole, len(whole) - len(said)


def understand(said: bytes) -> tuple[int, int | None, FrameShape, dict[str, Any] | None]:
    """Return timestamp, duration, shape and metadata."""
    timestamp, duration, look, metadata = pickle.loads(said)
    return timestamp, duration, _shape(*look), metadata


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
