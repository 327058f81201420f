"""How often an animation that is open is played, which FFmpeg's demuxers do not tell."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import ffi
from ..._spec.files.loop_count import LoopCount, find_loop_count
from .limits import look
from .picture_streams import reader

if TYPE_CHECKING:
    from .connection import Connection
    from .source import InputFile

_READ = ("gif", "apng", "webp", "image2")  # begin the names of demuxers of animations


def loop_count_of(connection: Connection, source: InputFile, head: bytes) -> LoopCount | None:
    """Return what an open file says, None if it is no animation.

    Parameters
    ----------
    connection : Connection
    source : InputFile
    head : bytes
        Of a pipe.
    """
    if not ffi.string(connection.context.iformat.name).decode().startswith(_READ):
        return None
    if not head:
        found = look(source, connection.read_at, lambda read: [find_loop_count(read)])
        if found is not None:
            return found[0]
    return find_loop_count(reader(connection, head))
