"""Buffers with a forbidden page right before or behind them: one byte too far is a crash.

Run as a program by test_frame_bounds.py, which looks at how it ends.
"""

from __future__ import annotations

import ctypes
import itertools
import mmap
import sys

from frame_helpers import (
    FORMATS,
    padded_layout,
    pattern,
    planes_of,
    row_bytes,
    scatter,
    size_of,
    tight_layout,
)
from suite import part

from ffwebcodecs import EncodedVideoChunk, VideoFrame, open_handles

PAGE = mmap.PAGESIZE
SIZES = ((1, 1), (5, 3), (17, 2), (33, 7), (64, 4))
LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.mprotect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int


class Guarded:
    """`size` bytes that end where a forbidden page begins, or begin where one ends."""

    def __init__(self, size: int, *, at_end: bool) -> None:
        room = -(-size // PAGE) * PAGE
        pages = mmap.mmap(-1, room + 2 * PAGE)
        base = ctypes.addressof(ctypes.c_char.from_buffer(pages))
        for page in (base, base + PAGE + room):
            if LIBC.mprotect(page, PAGE, 0):
                raise OSError(ctypes.get_errno(), "mprotect")
        # The array keeps the pages.
        start = PAGE + (room - size if at_end else 0)
        self.memory = (ctypes.c_uint8 * size).from_buffer(pages, start)

    def fill(self, data: bytes) -> Guarded:
        ctypes.memmove(self.memory, bytes(data), len(data))
        return self


def layouts(format: str, width: int, height: int) -> list[list[tuple[int, int]]]:
    tight = tight_layout(format, width, height)
    backwards, end = [], 0
    for plane, (_, stride) in reversed(list(zip(planes_of(format), tight, strict=True))):
        backwards.append((end, stride))
        end += stride * -(-height // plane[1])
    return [tight, backwards[::-1], padded_layout(format, width, height, 5)]


def frames(format: str, width: int, height: int, at_end: bool) -> list[VideoFrame]:
    """Return frames over guarded memory in several layouts."""
    made = []
    for layout in layouts(format, width, height):
        data = scatter(pattern(format, width, height), format, width, height, layout, 0)
        source = Guarded(len(data), at_end=at_end).fill(data)
        options = {"format": format, "coded_width": width, "coded_height": height, "layout": layout}
        made += [
            VideoFrame(source.memory, timestamp=0, transfer=transfer, **options)
            for transfer in (False, True)
        ]
    return made


def copies() -> None:
    cases = itertools.product(FORMATS, SIZES, (True, False))
    for format, (width, height), at_end in part(cases, 1 / 3):
        rects = [(0, 0, width, height)]
        if width > 2 and height > 2:
            rects.append((2, 2, width - 2, height - 2))
        for frame in frames(format, width, height, at_end):
            with frame:
                for rect in rects:
                    for layout in layouts(format, rect[2], rect[3]):
                        size = size_of(format, rect[2], rect[3], layout)
                        frame.copy_to(Guarded(size, at_end=at_end).memory, rect=rect, layout=layout)
                for plane, spec in zip(frame.planes, planes_of(format), strict=True):
                    assert plane.to_ndarray().tobytes()
                    assert len(bytes(plane.data)) >= row_bytes(spec, width)


def conversions() -> None:
    formats = [format for format in FORMATS if format != "I420AP12"]
    cases = itertools.product(formats, SIZES, (True, False))
    for source, (width, height), at_end in part(cases, 1 / 5):
        lent = frames(source, width, height, at_end)
        for target in formats:
            if target == source:
                continue
            for frame, layout in zip(lent[1::2], layouts(target, width, height), strict=True):
                destination = Guarded(size_of(target, width, height, layout), at_end=at_end)
                frame.copy_to(destination.memory, format=target, layout=layout)
        for frame in lent:
            frame.close()


def chunks() -> None:
    for size, at_end in itertools.product((1, 7, 64, 4095, 4096, 5000), (True, False)):
        source = Guarded(size, at_end=at_end)
        for transfer in (False, True):
            chunk = EncodedVideoChunk(
                type="key", timestamp=0, data=source.memory, transfer=transfer
            )
            chunk.copy_to(Guarded(size, at_end=at_end).memory)
            assert len(bytes(chunk.data)) == size


def overrun() -> None:
    """Go one byte too far, to show that this would be noticed."""
    memory = Guarded(100, at_end=True).memory
    ctypes.memset(memory, 0, 101)


if __name__ == "__main__":
    globals()[sys.argv[1]]()
    assert not any(open_handles().values()), open_handles()
    print("done")
