"""Boxes put into the sample entry of an MP4's video, by ISO/IEC 14496-12 alone."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

_INSIDE = ("moov", "trak", "mdia", "minf", "stbl", "stsd")


def box(kind: str, data: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(data), kind.encode()) + data


def full_box(kind: str, data: bytes) -> bytes:
    return box(kind, bytes(4) + data)


def mdcv(primaries: list[tuple[int, int]], white: tuple[int, int], most: int, least: int) -> bytes:
    """Mastering display: red, green, blue in units of 0.00002, luminance in 0.0001 cd/m2."""
    red, green, blue = primaries
    return box("mdcv", struct.pack(">8H2I", *green, *blue, *red, *white, most, least))


def clli(most: int, average: int) -> bytes:
    return box("clli", struct.pack(">2H", most, average))


def side_by_side() -> bytes:
    return full_box("st3d", b"\2")


def equirectangular(yaw: int) -> bytes:
    """A sphere, turned by `yaw` degrees (Spherical Video V2)."""
    head = full_box("prhd", struct.pack(">3i", yaw << 16, 0, 0))
    projection = box("proj", head + full_box("equi", bytes(16)))
    return box("sv3d", full_box("svhd", b"a test\0") + projection)


def dolby_vision(profile: int, level: int) -> bytes:
    """A configuration with RPU and base layer, compatible with HDR10."""
    bits = profile << 9 | level << 3 | 0b101
    return box(
        "dvvC" if profile > 7 else "dvcC", b"\1\0" + struct.pack(">HB", bits, 1 << 4) + bytes(19)
    )


def _children(data: bytes, begin: int, end: int) -> Iterator[tuple[str, int, int]]:
    while begin + 8 <= end:
        size, kind = struct.unpack_from(">I4s", data, begin)
        yield kind.decode("latin-1"), begin, begin + size
        begin += size


def _is_video(data: bytes, begin: int, end: int) -> bool:
    return b"vide" in data[begin:end]


def with_boxes(source: Path, target: Path, boxes: bytes) -> Path:
    """Write a copy whose video has these boxes too; its index must lie behind the pictures."""
    data = bytearray(source.read_bytes())
    begin, end = 0, len(data)
    path: list[int] = []
    for wanted in _INSIDE:
        begin, end = next(
            (at, until)
            for kind, at, until in _children(data, begin, end)
            if kind == wanted and (kind != "trak" or _is_video(data, at, until))
        )
        path.append(begin)
        begin += 16 if wanted == "stsd" else 8
    path.append(begin)  # the first entry
    for at in path:
        struct.pack_into(">I", data, at, struct.unpack_from(">I", data, at)[0] + len(boxes))
    at = begin + struct.unpack_from(">I", data, begin)[0] - len(boxes)
    assert data.find(b"mdat") < path[0], "chunks would move"
    data[at:at] = boxes
    target.write_bytes(data)
    return target
