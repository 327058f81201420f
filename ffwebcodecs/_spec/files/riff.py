"""What an AVI file says about where its pictures are."""

from __future__ import annotations

import struct

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from .limits import Reader

_MOST_CHUNKS = 64  # a file has a handful
_MOST_HEADER = 1 << 16
_INDX_ENTRIES = 12  # of the chunk "indx": where the number of its entries is


def has_index(read: Reader) -> bool:
    """Return whether there is an index: "idx1" behind the pictures, or a list of OpenDML's in the
    header. A file that was written to a pipe has none, nor has one whose end is missing.
    """
    at = 12
    for _ in range(_MOST_CHUNKS):
        head = read(at, 12)
        if len(head) < 12:
            return False
        name, size, kind = struct.unpack("<4sI4s", head)
        if name == b"idx1":
            return bool(size)
        if name == b"LIST" and kind == b"hdrl":
            header = read(at, min(size, _MOST_HEADER))
            found = header.find(b"indx")
            if found >= 0 and any(header[found + _INDX_ENTRIES : found + _INDX_ENTRIES + 4]):
                return True
        at += 8 + size + size % 2
    return False
