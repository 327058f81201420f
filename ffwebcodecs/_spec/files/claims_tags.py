"""How many tags there are in files of formats that are little else; see `claims`.

FFmpeg compares each tag with all before it: a megabyte of short ones takes it a minute.
"""

from __future__ import annotations

import struct

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable

    from .limits import Reader

    Add = Callable[[str, int, str], None]

_SMALL = 1 << 15  # no list of this many bytes has too much in it
_MOST_CHUNKS = 1 << 16
_SCRIPT = 18  # an FLV tag


def count(head: bytes, read: Reader, add: Add) -> None:
    """Count the tags of a file that begins with `head`."""
    if head[:3] == b"ID3":
        _id3(head, read, add)
    elif head[:4] in (b"RIFF", b"RIFX") or head[:4] == b"RF64":
        _riff(read, add)
    elif head[:3] == b"FLV":
        _flv(read, add)
    elif head[:11] == b";FFMETADATA":
        add("max_tags", read(0, 1 << 28).count(b"="), "tags")


def _id3(head: bytes, read: Reader, add: Add) -> None:
    size = sum((byte & 127) << 7 * (3 - i) for i, byte in enumerate(head[6:10]))
    if size < _SMALL:
        return
    data, at, version = read(10, size), 0, head[3]
    length = 3 if version == 2 else 4
    while at + 6 <= len(data) and data[at]:
        body = data[at + length : at + 2 * length]
        shift = 7 if version >= 4 and not any(byte & 128 for byte in body) else 8
        at += 2 * length + (0 if version == 2 else 2)
        at += sum(byte << shift * (length - 1 - i) for i, byte in enumerate(body))
        add("max_tags", 1, "tags")


def _riff(read: Reader, add: Add) -> None:
    at = 12
    for _ in range(_MOST_CHUNKS):
        head = read(at, 12)
        if len(head) < 12:
            return
        size = struct.unpack_from("<I", head, 4)[0]
        if head[:4] == b"LIST" and head[8:] == b"movi":
            return
        if head[:4] == b"LIST" and size > _SMALL:
            _riff_list(read(at + 12, size - 4), add)
        at += 8 + size + (size & 1)


def _riff_list(data: bytes, add: Add) -> None:
    at = 0
    while at + 8 <= len(data):
        size = struct.unpack_from("<I", data, at + 4)[0]
        add("max_tags", 1, "tags")
        at += 8 + size + (size & 1)


def _flv(read: Reader, add: Add) -> None:
    at = int.from_bytes(read(5, 4), "big") + 4
    for _ in range(16):  # such a tag is among the first, and FFmpeg takes each that comes
        head = read(at, 11)
        if len(head) < 11:
            return
        size = int.from_bytes(head[1:4], "big")
        if head[0] & 31 == _SCRIPT and size > _SMALL:
            _amf(read(at + 11, size), add)
        at += size + 15


def _amf(data: bytes, add: Add) -> None:
    # A name of two bytes' length before each value. Values that hold others are entered, by going
    # on behind their heads; what is in them has names too.
    at, sizes = 3 + int.from_bytes(data[1:3], "big"), {0: 8, 1: 1, 11: 10, 3: 0, 8: 4, 10: 4, 9: 0}
    if data[:1] != b"\2":
        return
    at += 5 if data[at] == 8 else 1
    while at + 3 <= len(data):
        at += 2 + int.from_bytes(data[at : at + 2], "big")
        kind = data[at]
        add("max_tags", kind != 9, "tags")
        if kind == 2:
            at += 3 + int.from_bytes(data[at + 1 : at + 3], "big")
        elif kind == 10:
            at += 5 + 9 * int.from_bytes(data[at + 1 : at + 5], "big")  # of numbers: an index
        else:
            at += 1 + sizes[kind]
