"""The canvas of an animation: pictures decoded one by one, and laid over those before them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._spec.codecs.picture_limit import excess
from .._spec.images.composing import pictures_needed, stands_alone
from .._spec.images.facts import CLEAR, RESTORE, BadImage
from .._spec.images.stills import still_of
from ..errors import EncodingError
from ._still_pixels import still_pixels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    from .._spec.images.facts import ImageFacts, ImagePart

    Pixels = npt.NDArray[np.uint8]
    Data = bytes | bytearray | memoryview

_APART = 16  # pictures from one kept canvas to the next
_KEPT = 1 << 26  # bytes of kept canvases, at most


class Composer:
    """Composes pictures of one track of one file: GIF, APNG or animated WebP.

    Each picture is made a file of its own (`_spec.images.stills`), and decoded by FFmpeg's decoder
    of still pictures. FFmpeg's own ways differ by kind and release: animated WebP has one from 9.0
    on, a GIF whose first picture is larger than its screen is cut, APNG's pictures of few bits are
    mixed up (5.1 to 9.0), and none gives pictures in any order.

    In their order, each is decoded once. In any other order, about `_APART` more are decoded for a
    picture, as long as the canvases that are kept for that fit into `_KEPT` bytes. Holds no native
    memory. For one thread at a time.
    """

    __slots__ = ("_canvases", "_latest")

    def __init__(self) -> None:
        # What is there before a picture: of every so many, and of the one after the last.
        self._canvases: dict[int, Pixels] = {}
        self._latest: tuple[int, Pixels] | None = None

    def forget(self) -> None:
        """Let go of all canvases."""
        self._canvases.clear()
        self._latest = None

    def canvas(
        self, facts: ImageFacts, track: int, index: int, data: Data, max_pixels: int | None
    ) -> Pixels:
        """Return a new array of the size of the canvas, RGBA, not premultiplied.

        Raises
        ------
        EncodingError
            One of the pictures that it is made of is damaged, or it is larger than it may be.
        """
        parts = facts.tracks[track].frames
        problem = excess(facts.width, facts.height, max_pixels)
        if problem is not None:
            raise EncodingError(
                f"the animation is not decoded: {problem}", timestamp=parts[index].timestamp
            )
        return self._composed(facts, parts, index, data, max_pixels)

    def _composed(
        self,
        facts: ImageFacts,
        parts: Sequence[ImagePart],
        index: int,
        data: Data,
        max_pixels: int | None,
    ) -> Pixels:
        import numpy as np

        width, height = facts.width, facts.height
        known, before = self._nearest(index)
        uses, needed = pictures_needed(parts, index, width, height, known)
        canvas: Pixels = np.zeros((height, width, 4), np.uint8)
        if uses and before is not None:
            canvas[...] = before
        last = parts[index]
        for place in needed:
            part = parts[place]
            pixels = part_pixels(facts.kind, data, part, place, max_pixels)
            # Else nobody has looked what was there before.
            if not stands_alone(part, width, height):
                self._keep(place, canvas)
                if part is last and part.dispose == RESTORE:
                    self._latest = index + 1, canvas.copy()
            draw(canvas, pixels, part)
            if part is not last:
                clear_after(canvas, part)
        if last.dispose != RESTORE:
            after: Pixels = canvas.copy()
            clear_after(after, last)
            self._latest = index + 1, after
        elif known == index and before is not None:
            self._latest = index + 1, before
        return canvas

    def _nearest(self, index: int) -> tuple[int, Pixels | None]:
        """Return the last known canvas up to the one before a picture."""
        known = max((place for place in self._canvases if place <= index), default=-1)
        if self._latest is not None and known < self._latest[0] <= index:
            return self._latest
        return known, self._canvases.get(known)

    def _keep(self, index: int, canvas: Pixels) -> None:
        """Keep the canvas before a picture, if it is due, and there is room for it."""
        kept = self._canvases
        nearest = max((place for place in kept if place <= index), default=-1)
        if (nearest >= 0 and index - nearest < _APART) or index < _APART:
            return
        if (len(kept) + 1) * canvas.nbytes <= _KEPT:
            kept[index] = canvas.copy()


def _region(canvas: Pixels, part: ImagePart) -> Pixels:
    """Return the part of the canvas that a picture covers."""
    x, y, width, height = part.rect
    region: Pixels = canvas[y : y + height, x : x + width]
    return region


def clear_after(canvas: Pixels, part: ImagePart) -> None:
    """Clear what a picture covered, if that is what becomes of it."""
    if part.dispose == CLEAR:
        _region(canvas, part)[...] = 0


def part_pixels(
    kind: str, data: Data, part: ImagePart, index: int, max_pixels: int | None
) -> Pixels:
    """Return the pixels of one picture, RGBA.

    Raises
    ------
    EncodingError
        It is damaged, or too large.
    """
    what = f"picture {index} of the animation"
    _, _, width, height = part.rect
    problem = excess(width, height, max_pixels)
    try:
        if problem is None:
            still = still_of(kind, data, part)
    except BadImage as error:
        problem = str(error)
    if problem is not None:
        raise EncodingError(f"{what} is not decoded: {problem}", timestamp=part.timestamp)
    found = still_pixels(kind, still.data, part.timestamp, max_pixels)
    if found.shape[:2] != (height, width):
        raise EncodingError(
            f"{what} is not of {width}x{height} pixels, as its place is", timestamp=part.timestamp
        )
    if kind == "gif":
        if not (found[..., 3] == 0xFF).all():
            raise EncodingError(
                f"{what} is not decoded: its data ends early", timestamp=part.timestamp
            )
        if still.clear is not None:
            found[(found[..., :3] == list(still.clear)).all(axis=2)] = 0
    return found


def draw(canvas: Pixels, pixels: Pixels, part: ImagePart) -> None:
    """Lay a picture on the canvas; what lies beyond that is not seen."""
    import numpy as np

    target = _region(canvas, part)
    pixels = pixels[: target.shape[0], : target.shape[1]]
    alpha = pixels[..., 3]
    if not part.blend or bool((alpha == 0xFF).all()):
        target[...] = pixels
        return
    if bool(((alpha == 0) | (alpha == 0xFF)).all()):
        np.copyto(target, pixels, where=(alpha == 0xFF)[..., None])
        return
    # PNG, "Alpha channel processing", and WebP's "Assembling the canvas from frames": both not
    # premultiplied. In rows, as numbers take four times the memory.
    for row, above in zip(target, pixels, strict=True):
        over, under = above[:, 3:].astype(np.uint32), row[:, 3:].astype(np.uint32)
        weight, rest = over * 255, under * (255 - over)
        whole = weight + rest
        mixed = above[:, :3] * weight + row[:, :3] * rest + whole // 2
        row[:, :3] = mixed // np.maximum(whole, 1)
        row[:, 3:] = (whole + 127) // 255
