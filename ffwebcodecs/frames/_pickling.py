"""Frames and sound that are copied, pickled, or sent to another process."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from .._av.frames import samples
from .._av.frames.picture import Picture
from .._spec.frames.layout import compute_layout
from .._spec.frames.rect import Rect
from ..errors import DataCloneError
from ._copy import copy_into, no_name
from ._shape import FrameShape
from ._sound_piece import SoundPiece


def reduce_frame(
    make: Callable[..., object], picture: Picture, shape: FrameShape, said: Mapping[str, object]
) -> tuple[Any, ...]:
    """Return how to make a frame again, for pickle: its class, its pixels, and all that is said of
    them; `said` is what is not in its shape.
    """
    if shape.format is None:
        raise DataCloneError(no_name(shape))
    width, height = shape.coded_width, shape.coded_height
    pixels = bytearray(compute_layout(shape.format, width, height).size)
    copy_into(pixels, picture, shape, rect=Rect(0, 0, width, height))
    # A partial: what it calls and with what is public, so a pickle names nothing private.
    again = partial(
        make,
        format=shape.format.name,
        coded_width=width,
        coded_height=height,
        visible_rect=shape.visible_rect,
        display_width=shape.display_width,
        display_height=shape.display_height,
        rotation=shape.rotation,
        flip=shape.flip,
        color_space=shape.color_space,
        transfer=True,
        **said,
    )
    return again, (bytes(pixels),)


def reduce_sound(
    make: Callable[..., object], picture: Picture, sound: SoundPiece, timestamp: int, protocol: int
) -> tuple[Any, ...]:
    """Return how to make sound again, for pickle. Since protocol 5 its planes are not copied: they
    may travel beside the pickle, and what arrives is shown as it is.
    """
    fmt = sound.shape.format
    if fmt is None:
        raise DataCloneError("samples whose format has no WebCodecs name cannot be pickled")
    length = sound.frames * fmt.frame_bytes(sound.channels)
    planes: list[Any] = [
        samples.view(picture.ptr, index, 0, length) for index in range(fmt.planes(sound.channels))
    ]
    if protocol >= 5:
        from pickle import PickleBuffer

        planes = list(map(PickleBuffer, planes))
    else:
        planes = list(map(bytes, planes))
    again = partial(
        make,
        format=fmt.name,
        sample_rate=sound.sample_rate,
        number_of_frames=sound.frames,
        number_of_channels=sound.channels,
        timestamp=timestamp,
        channel_layout=sound.shape.channels.layout,
        data=planes,
        transfer=True,
    )
    return again, ()
