"""MP4 and MOV that have their index behind the pictures, from what cannot go back to these."""

from __future__ import annotations

import os
import struct
from typing import TYPE_CHECKING

from ..._ffi import avformat
from ...errors import NotSupportedError
from .stream import SHORTEST, peek

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext
    from .connection import Connection

_LONG = 16  # bytes of a box's head whose size takes 64 bits
_INDEX = (b"moov", b"moof")


def media_first(connection: Connection) -> int | None:
    """Return where the media begin of an input that is open, not read yet and cannot seek; None if
    the index comes first, or this is something else.
    """
    found: list[int | None] = []
    connection.call(_find, found)
    return found[0]


def _find(context: AVFormatContext, found: list[int | None]) -> int:
    pb = context.pb
    is_stream = not pb.seekable & avformat.AVIO_SEEKABLE_NORMAL
    found.append(_media_of(peek(pb, SHORTEST)) if is_stream else None)
    return 0


def _media_of(head: bytes) -> int | None:
    place = 0
    while place + _LONG <= len(head):
        size, kind = struct.unpack_from(">I4s", head, place)
        if size == 1:
            (size,) = struct.unpack_from(">Q", head, place + 8)
        if kind == b"mdat":
            return place
        if kind in _INDEX or size < 8 or not kind.isalnum():
            return None
        place += size
    return None


def require_media(connection: Connection, place: int, shown: str) -> None:
    """Raise NotSupportedError if media that begin at `place` are gone, now that the index is
    known.
    """
    begins: list[int] = []
    connection.call(_where, begins)
    if place < begins[0]:
        raise NotSupportedError(
            f"{shown} has its index behind its pictures, which needs seek(): give a path, bytes or "
            "a file object that can seek; `ffwebcodecs remux` puts the index in front"
        )


def _where(context: AVFormatContext, begins: list[int]) -> int:
    """Find the first byte that is still there."""
    pb = context.pb
    place: int = avformat.avio_seek(pb, 0, os.SEEK_CUR)
    begins.append(place - int(pb.buf_ptr - pb.buffer))
    return 0
