"""Files made whole, of which the picture is there and the rest is not.

The scans of a progressive JPEG show the whole picture each, with more and more detail.
"""

from __future__ import annotations

_END = b"\xff\xd9"
_PROGRESSIVE = (0xC2, 0xC6, 0xCA, 0xCE)  # SOF2 and its kin
_SCAN = 0xDA
_ALONE = frozenset((0x01, *range(0xD0, 0xDA)))  # markers without a length

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    Data = bytes | bytearray | memoryview


def last_scan(data: Data) -> int:
    """Return where the last scan ends of which all has arrived; 0: there is none, or it is no
    progressive JPEG.
    """
    content = bytes(data)
    at, end, is_progressive = 2, 0, False
    while at + 4 <= len(content) and content[at] == 0xFF:
        kind = content[at + 1]
        if kind in _ALONE or kind == 0xFF:
            at += 1 if kind == 0xFF else 2
            continue
        is_progressive = is_progressive or kind in _PROGRESSIVE
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
        if kind == _SCAN:
            if not is_progressive:
                return 0
            at = _end_of_scan(content, at)
            if at < 0:
                return end
            end = at
    return end


def _end_of_scan(content: bytes, at: int) -> int:
    """Return where the marker after the coded data is, -1: it has not arrived."""
    while True:
        at = content.find(0xFF, at)
        if at < 0 or at + 1 >= len(content):
            return -1
        if content[at + 1] == 0 or 0xD0 <= content[at + 1] <= 0xD7:
            at += 2
        elif content[at + 1] == 0xFF:
            at += 1
        else:
            return at


def with_end(data: bytes) -> bytes:
    """Return the beginning of a JPEG as a whole one."""
    return data + _END


def whole_file(kind: str, data: bytes) -> bytes:
    """Return a file up to the end of its picture as one that ends there."""
    if kind != "webp":
        return data
    data += bytes(len(data) % 2)
    return b"RIFF" + (len(data) - 8).to_bytes(4, "little") + data[8:]
