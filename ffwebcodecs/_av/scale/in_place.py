"""Scaling that reads the frame's own memory: a copy of all its pixels would be a fifth of the time.

libswscale's horizontal scaler reads in whole vectors, past the end of a row. So a plane is read
where it lies only if its buffer goes on behind it, as those of decoders do; and planes of one
buffer, one behind the other, have each other there. What has no room behind it is copied to scratch
memory, each plane for itself.

Slices would need no more than the last rows copied. But libswscale aborts on slices of a picture
that becomes very much smaller.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..._ffi import avutil, ffi
from .image import Image
from .steps import Step, sws_scale
from .sws import PAD

if TYPE_CHECKING:
    from ..._ffi._types import Array, AVFrame, Bytes

# libswscale logs a warning about planes and rows that begin elsewhere.
_ALIGNMENT = 16


class InPlace:
    """The first step of a conversion that scales: from the caller's image.

    Parameters
    ----------
    step : Step
        Scales what lies in scratch memory.
    """

    __slots__ = ("_data", "_planes", "_step", "_strides")

    def __init__(self, step: Step) -> None:
        self._step = step
        source = step.source
        fmt = source.format
        self._data: Array[Bytes] = ffi.new("uint8_t *[4]")
        self._strides: Array[int] = ffi.new("int[4]")
        own = [0] if source.is_neutral else range(fmt.planes)
        self._planes = [
            (plane, fmt.row_bytes(plane, source.width), fmt.rows(plane, source.height))
            for plane in own
        ]

    def run(self, image: Image) -> None:
        """Scale the image."""
        step = self._step
        source, target = step.source, step.target
        data, strides = self._data, self._strides
        for plane, pointer in enumerate(source.planes):
            data[plane], strides[plane] = pointer, source.strides[plane]
        buffers = _buffers(image.frame)
        for plane, row, rows in self._planes:
            pointer, stride = image.planes[plane], image.strides[plane]
            start = int(ffi.cast("uintptr_t", pointer))
            end = start + stride * (rows - 1) + row + PAD
            if (
                stride >= row
                and not (start | stride) % _ALIGNMENT
                and any(first <= start and end <= last for first, last in buffers)
            ):
                data[plane], strides[plane] = pointer, stride
            else:
                avutil.av_image_copy_plane(data[plane], strides[plane], pointer, stride, row, rows)
        sws_scale(step.context.ptr, data, strides, step.rows, target.data, target.strides_c)


def _buffers(frame: AVFrame | None) -> list[tuple[int, int]]:
    """Return where each buffer of a frame begins and ends."""
    found: list[tuple[int, int]] = []
    if frame is not None:
        for index in range(4):
            ref = frame.buf[index]
            if not ref:
                break
            start = int(ffi.cast("uintptr_t", ref.data))
            found.append((start, start + ref.size))
    return found


def first_step(steps: Sequence[object], scaled: bool) -> InPlace | None:
    """Return the first step of a conversion, if it scales planes as the caller has them."""
    step = steps[0] if scaled and steps else None
    if not isinstance(step, Step):
        return None
    source, target = step.source, step.target
    if source.format.palette or (source.width, source.height) == (target.width, target.height):
        return None
    return InPlace(step)
