"""Memory for frames that are made one like the other: what nobody holds any more is used again.

New memory of some megabytes is often given back to the system by `free`, and then costs more to
touch than what is written into it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import avutil, ffi
from .. import atomic
from ..averror import check_pointer
from . import buffers

if TYPE_CHECKING:
    from ..._ffi._types import AVBufferRef

_MOST = 4  # more frames at a time have new memory each


class Spares:
    """References to the last buffers that were asked for; they go when this goes."""

    __slots__ = ("_boxes",)

    def __init__(self) -> None:
        self._boxes: list[Any] = []

    def fill(self, box: Any, size: int) -> AVBufferRef:
        """Do as `buffers.allocate`. What another thread looks at meanwhile is not looked at."""
        boxes = self._boxes
        for _ in range(len(boxes)):
            try:
                spare = boxes.pop(0)
            except IndexError:
                break
            ref: AVBufferRef = spare[0]
            if ref.size != size:
                continue
            is_free = avutil.av_buffer_is_writable(ref) > 0  # ours is the only reference
            if is_free:
                box[0:1] = map(avutil.av_buffer_ref, (ref,))  # as `atomic.fill` does
            boxes.append(spare)
            if is_free:
                found: AVBufferRef = check_pointer(box[0], "cannot refer to memory for a frame")
                return found
        made = buffers.allocate(box, size)
        spare = ffi.gc(ffi.new("AVBufferRef **"), avutil.av_buffer_unref)
        atomic.fill(spare, avutil.av_buffer_ref, made)
        if spare[0]:
            boxes.append(spare)
        if len(boxes) > _MOST:
            boxes.pop(0)
        return made
