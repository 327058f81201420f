"""How long the last picture of an animated WebP is shown, which FFmpeg's encoder does not tell
libwebp.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import ffi
from ..._spec.files.webp_numbers import last_delay_place

if TYPE_CHECKING:
    from ..._ffi._types import AVPacket


class WebpEnd:
    """Notes the times of the pictures that go in, and writes the end into the packet that comes out
    of all of them.
    """

    __slots__ = ("_begin", "_end")

    def __init__(self) -> None:
        self._begin: int | None = None
        self._end: int | None = None

    def note(self, timestamp: int, duration: int | None) -> None:
        """Note a picture, times in microseconds."""
        if self._begin is None:
            self._begin = timestamp
        self._end = None if duration is None else timestamp + duration

    def write(self, ptr: AVPacket) -> None:
        """Write the delay of the last picture into a packet that nobody else has seen yet."""
        if self._begin is None or self._end is None:
            return
        data = ffi.buffer(ptr.data, ptr.size)
        whole = round((self._end - self._begin) / 1000)
        found = last_delay_place(memoryview(data), whole)
        if found is not None:
            place, delay = found
            data[place : place + len(delay)] = delay
