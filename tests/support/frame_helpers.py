"""Pixels for frame tests, and where they lie: the specification's format table as plain arithmetic.

Nothing here asks the package, so that what tests expect does not come from what they test.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from ffwebcodecs import VideoFrame

WEBCODECS_FORMATS = (
    *(f"I{c}{a}{d}" for c in (420, 422, 444) for a in ("", "A") for d in ("", "P10", "P12")),
    *("NV12", "RGBA", "RGBX", "BGRA", "BGRX"),
)
DEEP = {"GRAY16": 1, "RGB48": 3, "RGBA64": 4}  # channels, of 16 bits each
EXTENSIONS = ("RGB", "BGR", "GRAY8", *DEEP)
FORMATS = WEBCODECS_FORMATS + EXTENSIONS
PACKED = {"RGBA": 4, "RGBX": 4, "BGRA": 4, "BGRX": 4, "RGB": 3, "BGR": 3, "GRAY8": 1, **DEEP}

Planes = list[tuple[int, int, int]]  # horizontal and vertical subsampling, bytes for each element


def planes_of(format: str) -> Planes:
    if format == "NV12":
        return [(1, 1, 1), (2, 2, 2)]
    if format in PACKED:
        return [(1, 1, PACKED[format] * (2 if format in DEEP else 1))]
    match = re.fullmatch(r"I(420|422|444)(A?)(P10|P12)?", format)
    assert match, format
    sub_x, sub_y = {"420": (2, 2), "422": (2, 1), "444": (1, 1)}[match[1]]
    size = 2 if match[3] else 1
    planes = [(1, 1, size), (sub_x, sub_y, size), (sub_x, sub_y, size)]
    return [*planes, (1, 1, size)] if match[2] else planes


def bit_depth(format: str) -> int:
    if format in DEEP:
        return 16
    return int(format[-2:]) if format.endswith(("P10", "P12")) else 8


def opaque_of(format: str) -> str:
    return {"RGBA": "RGBX", "BGRA": "BGRX"}.get(format, re.sub(r"(?<=\d)A", "", format))


def row_bytes(plane: tuple[int, int, int], width: int) -> int:
    return -(-width // plane[0]) * plane[2]


def rows_of(plane: tuple[int, int, int], height: int) -> int:
    return -(-height // plane[1])


def tight_layout(format: str, width: int, height: int) -> list[tuple[int, int]]:
    entries, end = [], 0
    for plane in planes_of(format):
        entries.append((end, row_bytes(plane, width)))
        end += row_bytes(plane, width) * rows_of(plane, height)
    return entries


def size_of(
    format: str, width: int, height: int, layout: Sequence[tuple[int, int]] | None = None
) -> int:
    layout = layout or tight_layout(format, width, height)
    return max(
        offset + stride * rows_of(plane, height)
        for (offset, stride), plane in zip(layout, planes_of(format), strict=True)
    )


def pattern(format: str, width: int, height: int, seed: int = 1) -> bytes:
    """Return tight pixels, different from their neighbours and legal for the depth."""
    size = size_of(format, width, height)
    if bit_depth(format) == 8:
        return bytes((seed * 31 + index * 7 + index // 251) % 256 for index in range(size))
    limit = 1 << bit_depth(format)
    return b"".join(
        ((seed * 31 + index * 37) % limit).to_bytes(2, "little") for index in range(size // 2)
    )


def padded_layout(format: str, width: int, height: int, gap: int = 3) -> list[tuple[int, int]]:
    """Return a layout with odd strides, gaps, and the planes in reverse order."""
    entries: list[tuple[int, int]] = []
    end = gap
    for plane in reversed(planes_of(format)):
        stride = row_bytes(plane, width) + gap
        entries.append((end, stride))
        end += stride * rows_of(plane, height) + gap
    return entries[::-1]


def scatter(
    data: bytes, format: str, width: int, height: int, layout: Sequence[tuple[int, int]], fill: int
) -> bytearray:
    """Return tight pixels moved to `layout`, `fill` everywhere else."""
    memory = bytearray([fill]) * size_of(format, width, height, layout)
    at = 0
    for plane, (offset, stride) in zip(planes_of(format), layout, strict=True):
        row = row_bytes(plane, width)
        for y in range(rows_of(plane, height)):
            memory[offset + y * stride : offset + y * stride + row] = data[at : at + row]
            at += row
    return memory


def cut(data: bytes, format: str, width: int, height: int, rect: Sequence[int]) -> bytes:
    """Return the tight pixels of a rectangle of tight pixels."""
    x, y, wide, high = rect
    found: list[bytes] = []
    start = 0
    for plane in planes_of(format):
        stride = row_bytes(plane, width)
        left, row = x // plane[0] * plane[2], row_bytes(plane, wide)
        first = y // plane[1]
        found.extend(
            data[start + line * stride + left :][:row]
            for line in range(first, first + rows_of(plane, high))
        )
        start += stride * rows_of(plane, height)
    return b"".join(found)


def make(
    format: str = "I420", width: int = 4, height: int = 4, data: Any = ..., **options: Any
) -> VideoFrame:
    if data is ...:
        data = pattern(format, width, height)
    return VideoFrame(
        data,
        format=format,
        coded_width=width,
        coded_height=height,
        **{"timestamp": 0, **options},
    )


def content(frame: VideoFrame, **options: Any) -> bytes:
    memory = bytearray(frame.allocation_size(**options))
    frame.copy_to(memory, **options)
    return bytes(memory)


def address(view: Any) -> int:
    """Return where a buffer's memory lies."""
    import numpy as np

    return int(np.frombuffer(view, np.uint8).__array_interface__["data"][0])
