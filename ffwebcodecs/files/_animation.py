"""Pictures of an animation as frames: GIF, APNG and animated WebP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._spec.codecs.picture_limit import MAX_PIXELS
from ..codecs._composing import Composer
from ..frames.video_frame import VideoFrame

if TYPE_CHECKING:
    from .._spec.images.facts import ImageFacts

COMPOSED = frozenset({"gif", "png", "webp"})
"""The kinds whose animations are composed here."""


class Animation(Composer):
    """Composes frames of one track of one file; see `Composer`."""

    __slots__ = ()

    def frame(
        self,
        facts: ImageFacts,
        track: int,
        index: int,
        data: bytes | bytearray | memoryview,
        *,
        max_pixels: int | None = MAX_PIXELS,
        **options: Any,
    ) -> VideoFrame:
        """Return a picture as it is shown, of the size of the canvas.

        Parameters
        ----------
        facts : ImageFacts
            Of a kind in `COMPOSED`.
        track, index : int
            Which picture; its bytes, and those of all before it, have arrived.
        data : bytes-like
            The file, from its beginning. Borrowed.
        max_pixels : int or None
            The largest canvas, and the largest picture on it.
        **options
            Of the `VideoFrame`, such as its `color_space`.

        Returns
        -------
        VideoFrame
            RGBX where all of it is opaque, else RGBA, not premultiplied, 8 bits a sample; turned as
            the file says.

        Raises
        ------
        EncodingError
            One of the pictures that it is made of is damaged, or too large.
        """
        part = facts.tracks[track].frames[index]
        canvas = self.canvas(facts, track, index, data, max_pixels)
        opaque = bool((canvas[..., 3] == 0xFF).all())
        return VideoFrame.from_ndarray(
            canvas,
            format="RGBX" if opaque else "RGBA",
            timestamp=part.timestamp,
            duration=part.duration,
            rotation=facts.rotation,
            flip=facts.flip,
            transfer=True,
            **options,
        )
