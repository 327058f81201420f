"""ImageDecodeResult: a frame of an image, and whether it is all of it."""

from __future__ import annotations

from typing import NamedTuple

from .._public import public
from ..frames.video_frame import VideoFrame


@public
class ImageDecodeResult(NamedTuple):
    """What `ImageDecoder.decode` gives: ``image, complete = decoder.decode().result()``.

    Attributes
    ----------
    image : VideoFrame
        Yours to close, or to drop; it lives on after the decoder is closed.
    complete : bool
        False of a picture that is shown before all of it has arrived.
    """

    image: VideoFrame
    complete: bool
