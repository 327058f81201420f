"""Frames that are copied, pickled, or sent to another process."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from .._spec.frames.rect import Rect
from ..errors import DataCloneError, InvalidStateError
from ._copy import no_name

if TYPE_CHECKING:
    from .video_frame import VideoFrame


def duplicate(frame: VideoFrame) -> VideoFrame:
    """Return a clone; DataCloneError if the frame is closed."""
    try:
        return frame.clone()
    except InvalidStateError:
        raise DataCloneError(
            f"the frame at {frame.timestamp} us is closed: it cannot be pickled or copied"
        ) from None


def reduce_frame(frame: VideoFrame) -> tuple[Any, ...]:
    """Return how to make the frame again, for pickle: its class, its pixels, and all that is said
    of them.
    """
    with duplicate(frame) as own:  # nobody closes it meanwhile
        shape = own._shape
        if shape.format is None:
            raise DataCloneError(no_name(shape))
        rect = Rect(0, 0, shape.coded_width, shape.coded_height)
        pixels = bytearray(own.allocation_size(rect=rect))
        own.copy_to(pixels, rect=rect)
        # A partial: what it calls and with what is public, so a pickle names nothing private.
        make = partial(
            type(own),
            timestamp=own.timestamp,
            duration=own.duration,
            format=shape.format.name,
            coded_width=shape.coded_width,
            coded_height=shape.coded_height,
            visible_rect=shape.visible_rect,
            display_width=shape.display_width,
            display_height=shape.display_height,
            rotation=shape.rotation,
            flip=shape.flip,
            color_space=shape.color_space,
            metadata=own._metadata,
            transfer=True,
        )
        return make, (bytes(pixels),)
