"""Frames at another size, the right way up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import ffwebcodecs

from .._av.files.complete_file import CompleteFile

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


_FORMATS = {1: ("GRAY8", "GRAY16"), 3: ("RGB", "RGB48"), 4: ("RGBA", "RGBA64")}


def picture_format(frame: ffwebcodecs.VideoFrame) -> str:
    """Return the format that the frame's array has: RGB, RGBA or gray."""
    shape = frame.shape
    channels = shape[2] if len(shape) > 2 else 1
    return _FORMATS[channels][frame.dtype.itemsize == 2]


def fit(frame: ffwebcodecs.VideoFrame, size: tuple[int, int]) -> tuple[int, int]:
    """Return `size` with -1 replaced so that the picture keeps the shape it is shown in."""
    width, height = size
    if width == -1:
        width = max(1, round(frame.display_width * height / frame.display_height))
    if height == -1:
        height = max(1, round(frame.display_height * width / frame.display_width))
    return width, height


def as_stored(frame: ffwebcodecs.VideoFrame) -> ffwebcodecs.VideoFrame:
    """Return a frame of the same pixels without rotation and flip; takes and closes `frame`."""
    with frame:
        turn = frame.rotation if frame.flip else -frame.rotation
        return ffwebcodecs.VideoFrame(frame, rotation=turn, flip=frame.flip)


def as_shown(frame: ffwebcodecs.VideoFrame) -> ffwebcodecs.VideoFrame:
    """Return a frame whose pixels are turned as it says; takes and closes `frame`."""
    with frame:
        return frame.upright()


def scaled(
    frame: ffwebcodecs.VideoFrame, size: tuple[int, int], format: Any
) -> ffwebcodecs.VideoFrame:
    """Return a new frame that is shown `size` large; takes `frame`, which is closed.

    Rotation and flip stay, so `size` is that of the picture after they were applied.
    """
    with frame:
        width, height = size if frame.rotation % 180 == 0 else size[::-1]
        with ffwebcodecs.create_image_bitmap(
            frame, format=format, resize_width=width, resize_height=height
        ) as bitmap:
            return ffwebcodecs.VideoFrame(
                bitmap,
                timestamp=frame.timestamp,
                duration=frame.duration,
                rotation=frame.rotation,
                flip=frame.flip,
            )


def picture_bytes(frame: ffwebcodecs.VideoFrame, kind: str) -> bytes:
    """Return the upright picture as a file of this kind, ``"png"`` or ``"jpeg"``."""
    return frame.encode(kind)


def write_file(target: Any, data: bytes | bytearray) -> None:
    """Write a file that appears when it is complete; `target` is what `output_name` returns."""
    if not isinstance(target, str):
        target.write(data)
        return
    with CompleteFile(target) as file:
        file.write(data)


def upright_pixels(frame: ffwebcodecs.VideoFrame, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return RGB pixels of the picture as it is shown, `size` large."""
    import numpy as np

    width, height = size if frame.rotation % 180 == 0 else size[::-1]
    with ffwebcodecs.create_image_bitmap(
        frame, format="RGB", resize_width=width, resize_height=height
    ) as bitmap:
        pixels = bitmap.to_ndarray()
    pixels = np.rot90(pixels, -frame.rotation // 90)
    return (pixels[:, ::-1] if frame.flip else pixels).astype(np.uint8, copy=False)
