"""How little of a live input is looked at before its first picture.

FFmpeg waits for as much as it takes to guess a frame rate, whether pictures are shown in another
order, and whether more streams turn up: seconds, where the input comes no faster than it is shown.
For pictures and their times that is needed only where the container does not store the times.
What was read for it is not lost, so ``fflags=nobuffer``, which loses it, is no way to be faster.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import avutil, ffi
from .stamps import STORES_NONE

if TYPE_CHECKING:
    from ..._ffi._types import AVStream
    from .connection import Connection
    from .opening import Opening

_RAW = STORES_NONE | {"avs2", "avs3", "cavsvideo", "dirac", "h261", "h263", "m4v", "mjpeg", "obu"}
# Half a second tells which streams there are, where no header does, and in which order pictures are
# shown, where program streams leave out times.
_HEADERLESS = frozenset({"mpeg", "vob", "dvd", "flv", "live_flv"})
_SHORT, _SHORTEST = 500_000, 1  # microseconds
_LEAST = 32  # bytes: no more than a packet


def quicken(connection: Connection, opening: Opening) -> None:
    """Let an open input, whose streams are not known yet, wait for no more than it must; what the
    program's options say stays.
    """
    context = connection.context
    name = ffi.string(context.iformat.name).decode().split(",")[0]
    settings = {"fpsprobesize": 0}
    if name in _RAW:
        settings["max_ts_probe"] = 0
    else:
        settings["analyzeduration"] = _SHORT if name in _HEADERLESS else _SHORTEST
    if any(_has_size(context.streams[i]) for i in range(context.nb_streams)):
        settings["probesize"] = _LEAST
    for key, value in settings.items():
        if key not in opening.options:
            avutil.av_opt_set_int(context, key.encode(), value, 0)


def _has_size(stream: AVStream) -> bool:
    return stream.codecpar.width > 0
