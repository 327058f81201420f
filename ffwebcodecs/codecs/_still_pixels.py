"""One still picture in memory, decoded to RGBA as it is stored."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._av.codecs.decoder import DecoderCore
from .._av.frames.hardware import picture_of
from .._spec.codecs import families
from .._spec.codecs.strings import parse_codec
from ..errors import EncodingError
from ..frames._shape import ShapeCache
from ..frames.video_frame import VideoFrame
from .encoded_video_chunk import EncodedVideoChunk

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt


def still_pixels(
    codec: str, data: bytes, timestamp: int, max_pixels: int | None
) -> npt.NDArray[np.uint8]:
    """Return the pixels of a file of one picture, shape (height, width, 4).

    Parameters
    ----------
    codec : str
        FFmpeg's name of it.
    data : bytes
        The file.
    timestamp : int
        What an error says of when it was to be shown.
    max_pixels : int or None
        The largest picture that is decoded.

    Raises
    ------
    EncodingError
        It cannot be decoded.
    NotSupportedError
        This FFmpeg has no decoder for it.
    """
    info = parse_codec(f"ffmpeg:{codec}")
    colors = (info.color, info.full_range)
    says = families.of_codec(info.name).SAYS_COLORS
    shapes = ShapeCache(None, None, 0, False, (None, None), colors, info.name, says, None)
    chunk = EncodedVideoChunk(type="key", timestamp=timestamp, data=data)
    core = DecoderCore(info.name, threads=1, max_pixels=max_pixels, explode=True)
    try:
        core.send(chunk._decodable(), timestamp)
        core.drain()
        ptr = core.receive()
    finally:
        core.close()
    if ptr is None:
        raise EncodingError(f"{codec} finds no picture in {len(data)} bytes", timestamp=timestamp)
    shape = shapes.shape_of(ptr)
    with VideoFrame._from_native(picture_of(ptr), shape, timestamp, None, True) as frame:
        return frame.to_ndarray("RGBA")
