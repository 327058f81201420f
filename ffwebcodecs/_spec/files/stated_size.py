"""How many bytes a file says that it has: what its first bytes or its boxes tell."""

from __future__ import annotations

import struct
from collections.abc import Callable

ReadAt = Callable[[int, int], bytes]

_HEAD = 4096  # where FLV keeps what it says of itself
_SLACK = 16  # writers count their own header or not, and pad
_MOST_BOXES = 10_000
_ASF = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_ASF_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
_ASF_BROADCAST = 1


def missing(read_at: ReadAt) -> tuple[int, int] | None:
    """Return how many bytes a file says that it has, and how many it has, if those are fewer.

    Parameters
    ----------
    read_at : callable
        Returns the bytes at an offset, as many as asked for or what there is.
    """
    stated = stated_size(read_at)
    if stated is None or stated <= _SLACK or read_at(stated - _SLACK - 1, 1):
        return None
    return stated, _size(read_at, stated)


def is_whole(read_at: ReadAt) -> bool:
    """Return whether a file says how many bytes it has, and has them."""
    return stated_size(read_at) is not None and missing(read_at) is None


def _size(read_at: ReadAt, most: int) -> int:
    least = 0
    while least < most:
        middle = (least + most) // 2
        if read_at(middle, 1):
            least = middle + 1
        else:
            most = middle
    return least


def stated_size(read_at: ReadAt) -> int | None:
    """Return how many bytes a file says that it has, None if it does not say."""
    head = read_at(0, _HEAD)
    if head[:4] == b"RIFF":
        return _riff(read_at)
    if head[:4] == b"\x1a\x45\xdf\xa3":
        return _matroska(head)
    if head[:3] == b"FLV":
        return _flv(head)
    if head[:16] == _ASF:
        return _asf(head)
    if head[4:8] in (b"ftyp", b"moov", b"styp", b"wide", b"free", b"mdat"):
        return _boxes(read_at)
    return None


def _riff(read_at: ReadAt) -> int | None:
    """Return where the last part ends: an AVI goes on in another one after a gigabyte or so."""
    at = 0
    for _ in range(_MOST_BOXES):
        head = read_at(at, 8)
        if head[:4] != b"RIFF" or len(head) < 8:
            break
        size = int.from_bytes(head[4:], "little")
        if not 0 < size < 0xFFFFFFFF:
            return None
        at += 8 + size + size % 2
    return at


def _vint(data: bytes, at: int) -> tuple[int | None, int]:
    """Return the EBML size at a place, None for an unknown one, and the place behind it."""
    first = data[at] if at < len(data) else 0
    length = 9 - first.bit_length() if first else 9
    if length > 8 or at + length > len(data):
        return None, len(data)
    value = int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1)
    return (None if value == (1 << 7 * length) - 1 else value), at + length


def _matroska(head: bytes) -> int | None:
    size, at = _vint(head, 4)
    if size is None:
        return None
    at += size
    while head[at : at + 4] != b"\x18\x53\x80\x67":
        if head[at : at + 1] not in (b"\xec", b"\xbf"):  # Void, CRC-32
            return None
        size, at = _vint(head, at + 1)
        if size is None:
            return None
        at += size
    size, at = _vint(head, at + 4)
    return None if size is None else at + size


def _flv(head: bytes) -> int | None:
    name = b"\x00\x08filesize\x00"
    at = head.find(name)
    data = head[at + len(name) : at + len(name) + 8]
    if at < 0 or len(data) < 8:
        return None
    (size,) = struct.unpack(">d", data)
    return int(size) if 0 < size < 2**53 else None


def _asf(head: bytes) -> int | None:
    at = head.find(_ASF_PROPERTIES)
    if at < 0 or at + 92 > len(head):
        return None
    (size,) = struct.unpack_from("<Q", head, at + 40)
    (flags,) = struct.unpack_from("<I", head, at + 88)
    return None if flags & _ASF_BROADCAST or not size else size


def _boxes(read_at: ReadAt) -> int | None:
    """Return where the last box of an ISO base media file ends."""
    at = 0
    for _ in range(_MOST_BOXES):
        head = read_at(at, 16)
        if len(head) < 8:
            return at + 8 if head else at
        size = int.from_bytes(head[:4], "big")
        if size == 1:
            size = int.from_bytes(head[8:16], "big")
        if size < 8:  # 0: up to the end of the file
            return None
        at += size
        if at >= 2**62:
            return None
    return None
