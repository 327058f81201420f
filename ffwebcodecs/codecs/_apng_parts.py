"""APNG of fewer than 8 bits a sample, composed here: FFmpeg's decoder (5.1 to 9.0) lays such
pictures over one another before it has unpacked them, or refuses them.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from .._av.codecs import packet as packet_of
from .._av.codecs.apng_decoder import ApngDecoder
from .._av.codecs.decoder import InheritedDecoder
from .._av.frames import buffers
from .._av.frames import frame as native
from .._spec.codecs.picture_limit import excess
from .._spec.images import apng_control
from .._spec.images.facts import RESTORE
from .._spec.images.png_data import SIGNATURE
from ..errors import EncodingError
from ._composing import clear_after, draw, part_pixels

if TYPE_CHECKING:
    from .._ffi._types import AVFrame, AVPacket
    from .._spec.images.facts import ImagePart
    from ._composing import Pixels

_SRGB = 1, 13, 0  # H.273: primaries, transfer, matrix
_WHOLE = 8  # bits of a sample, from which on FFmpeg does it


class ApngPartsDecoder(ApngDecoder):
    """A decoder of APNG that composes what FFmpeg's does not."""

    __slots__ = ("_before", "_canvas", "_last", "_most_pixels", "_ready")
    _canvas: Pixels | None
    _before: Pixels | None
    _last: ImagePart | None

    def __init__(self, name: str, *, max_pixels: int | None = None, **setup: Any) -> None:
        self._ready: deque[AVFrame] = deque()
        self._most_pixels = max_pixels
        self._forget()
        super().__init__(name, max_pixels=max_pixels, **setup)

    @property
    def is_plain(self) -> bool:
        """Whether FFmpeg's decoder alone does it."""
        return super().is_plain and not self._composes

    @property
    def _composes(self) -> bool:
        return self.header is not None and self.header.bit_depth < _WHOLE

    def send(self, packet: AVPacket, timestamp: int) -> None:
        if not self._composes:
            super().send(packet, timestamp)
            return
        stated, _ = packet_of.times(packet)
        when = timestamp if stated is None else stated
        try:
            canvas = self._composed(bytes(packet_of.view(packet)))
        except EncodingError as error:
            self._forget()
            raise EncodingError(
                f"{self.name} cannot decode the chunk at {when} us: {error}", timestamp=when
            ) from None
        self._ready.append(self._frame(canvas, when, packet_of.duration(packet) or 0))

    def _composed(self, content: bytes) -> Pixels:
        """Return the canvas with one more picture."""
        import numpy as np

        header = self.header
        assert header is not None
        (width, height), begin = header.size, SIGNATURE + header.data
        problem = excess(width, height, self._most_pixels)
        found = apng_control.control_of(content)
        if problem is not None or found is None:
            raise EncodingError(problem or "it does not begin with fcTL")
        number, part = found
        x, y, columns, rows = part.rect
        if not (0 < columns <= width - x and 0 < rows <= height - y):
            raise EncodingError(f"{columns}x{rows} at {x}, {y} is not within {width}x{height}")
        part.start, part.stop = len(begin), len(begin) + len(content)
        pixels = part_pixels("png", begin + content, part, number, self._most_pixels)
        canvas, last = self._canvas, self._last
        if canvas is None or last is None or not number:
            canvas = np.zeros((height, width, 4), np.uint8)
        elif self._before is not None:
            canvas = self._before
        else:
            clear_after(canvas, last)
        self._before = canvas.copy() if part.dispose == RESTORE else None
        draw(canvas, pixels, part)
        self._canvas, self._last = canvas, part
        return canvas

    def _frame(self, canvas: Pixels, timestamp: int, duration: int) -> AVFrame:
        assert self.header is not None
        pixels, (height, width) = canvas.copy(), canvas.shape[:2]
        is_opaque = not self.header.has_alpha and bool((pixels[..., 3] == 0xFF).all())
        exported = buffers.export(pixels, "pixels")
        format = "rgb0" if is_opaque else "rgba"
        ptr = native.wrap(exported, pixels.nbytes, format, width, height, [(0, 4 * width)])
        native.tag(ptr, timestamp, *_SRGB, full_range=True)
        native.set_duration(ptr, duration)
        return ptr

    def receive(self) -> AVFrame | None:
        return self._ready.popleft() if self._ready else super().receive()

    def restart(self) -> None:
        self._forget()
        super().restart()

    def close(self) -> None:
        self._forget()
        super().close()

    def _forget(self) -> None:
        self._canvas = self._before = self._last = None
        self._ready.clear()

    def _after_fork(self) -> None:
        self.__class__ = _InheritedApngParts


class _InheritedApngParts(InheritedDecoder, ApngPartsDecoder):
    __slots__ = ()
