"""APNG without an alpha channel, whose pictures leave holes where they were cleared: FFmpeg's
decoder shows black there.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Any

from ..._ffi import ffi
from ..._spec.images import apng_control
from ..._spec.images.facts import CLEAR, RESTORE
from ..frames import buffers
from ..frames import frame as frames
from ..frames.pixel_format import pix_fmt_name
from . import packet as packets
from .decoder import DecoderCore, InheritedDecoder

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._ffi._types import AVFrame, AVPacket
    from ..._spec.images.facts import ImagePart
    from .picture_run import PictureRun

# FFmpeg's format of opaque pictures: bytes of a sample, samples of a pixel, the same with alpha.
_OPAQUE = {
    "rgb24": (1, 3, "rgba"),
    "gray": (1, 1, "rgba"),
    "rgb48be": (2, 3, "rgba64be"),
    "gray16be": (2, 1, "rgba64be"),
}
_RGB = 0  # H.273


class ApngDecoder(DecoderCore):
    """A decoder of APNG whose pictures are transparent where nothing is.

    Attributes
    ----------
    header : ApngHeader or None
        What is before the first picture; None: nothing that is known.
    """

    __slots__ = ("_covered", "_sent", "header")

    def __init__(self, name: str, **setup: Any) -> None:
        super().__init__(name, **setup)
        context = self._context
        size = context.extradata_size
        head = bytes(ffi.buffer(context.extradata, size)) if size else b""
        self.header = apng_control.header_of(head)
        is_opaque = self.header is not None and not self.header.has_alpha
        self._covered = Covered(*self.header.size) if self.header and is_opaque else None
        # Time and what is covered of each picture that is on its way.
        self._sent: deque[tuple[int, Any]] = deque()

    @property
    def is_plain(self) -> bool:
        """Whether FFmpeg's decoder alone does it."""
        return self._covered is None

    def send(self, packet: AVPacket, timestamp: int) -> None:
        if self._covered is not None:
            found = apng_control.control_of(packets.view(packet)[: apng_control.SIZE])
            stated, _ = packets.times(packet)
            mask = None if found is None else self._covered.show(*found)
            self._sent.append((timestamp if stated is None else stated, mask))
        super().send(packet, timestamp)

    def run(
        self, packets: Sequence[Any], times: list[int], shape: object, *, alone: bool = False
    ) -> PictureRun | None:
        return super().run(packets, times, shape, alone=alone) if self.is_plain else None

    def receive(self) -> AVFrame | None:
        ptr = super().receive()
        if ptr is None or not self._sent:
            return ptr
        time, mask = self._sent.popleft()
        while self._sent and time != frames.timestamp(ptr):  # there is no picture of some packets
            time, mask = self._sent.popleft()
        return ptr if mask is None else _pierced(ptr, mask)

    def restart(self) -> None:
        super().restart()
        self._sent.clear()
        if self._covered is not None:
            self._covered.forget()

    def _after_fork(self) -> None:
        self.__class__ = _InheritedApng


class _InheritedApng(InheritedDecoder, ApngDecoder):
    __slots__ = ()


class Covered:
    """Which pixels of a canvas are covered by opaque pictures."""

    __slots__ = ("_before", "_last", "_mask", "_shape")

    def __init__(self, width: int, height: int) -> None:
        self._shape = height, width
        self.forget()

    def forget(self) -> None:
        """Begin with what covers all."""
        self._mask: Any = None  # all
        self._before: Any = None
        self._last: ImagePart | None = None

    def show(self, number: int, part: ImagePart) -> Any:
        """Return an array of what is covered with one more picture, None: all of it."""
        last = self._last
        if not number or last is None:
            self.forget()
            last = None
        if last is not None and last.dispose == RESTORE:
            self._mask = self._before
        elif last is not None and last.dispose == CLEAR:
            self._set(last, False)
        if part.dispose == RESTORE:
            if number:
                self._before = None if self._mask is None else self._mask.copy()
            else:
                part.dispose = CLEAR  # there is nothing before it
        if self._mask is not None:
            self._set(part, True)
        self._last = part
        if self._mask is None or self._mask.all():
            self._mask = None
            return None
        return self._mask.copy()

    def _set(self, part: ImagePart, value: bool) -> None:
        import numpy as np

        if self._mask is None:
            self._mask = np.ones(self._shape, bool)
        x, y, width, height = part.rect
        self._mask[y : y + height, x : x + width] = value


def _pierced(ptr: AVFrame, mask: Any) -> AVFrame:
    """Return a frame like an opaque one that is transparent where nothing is."""
    import numpy as np

    known = _OPAQUE.get(pix_fmt_name(ptr.format) or "")
    if known is None or mask.shape != (ptr.height, ptr.width):
        return ptr
    size, count, pix_fmt = known
    stride, step = ptr.linesize[0], size * count
    memory = ffi.buffer(ptr.data[0], stride * (ptr.height - 1) + step * ptr.width)
    shape = ptr.height, ptr.width, count
    pixels = np.ndarray(shape, f">u{size}", memory, 0, (stride, step, size))
    found = np.zeros((*shape[:2], 4), f">u{size}")
    found[..., :3] = pixels
    found[..., 3] = (1 << 8 * size) - 1
    found[~mask] = 0
    exported = buffers.export(found.view(np.uint8), "pixels")
    row = 4 * size * ptr.width
    copy = frames.wrap(exported, found.nbytes, pix_fmt, ptr.width, ptr.height, [(0, row)])
    frames.resemble(copy, ptr, is_on_its_side=False)
    copy.colorspace = _RGB
    return copy
