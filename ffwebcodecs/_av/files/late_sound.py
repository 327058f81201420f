"""Sound that begins late in a file whose header does not describe it: MPEG-TS and MPEG-PS.

FFmpeg looks at five seconds, and then a stream of which no packet has come has no rate.
"""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from ..._ffi import avutil

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext
    from .opening import Opening

_FURTHER = {"probesize": "50000000", "analyzeduration": "3600000000"}  # bytes, microseconds


def look_further(context: AVFormatContext, opening: Opening) -> Opening | None:
    """Return how a file is to be opened to find out about its sound; None if all is known, or
    the program has said how far to look.
    """
    if opening.options.keys() & _FURTHER.keys():
        return None
    streams = [context.streams[i] for i in range(context.nb_streams)]
    if not any(
        each.codecpar.codec_type == avutil.AVMEDIA_TYPE_AUDIO and each.codecpar.sample_rate <= 0
        for each in streams
    ):
        return None
    further = copy.copy(opening)
    further.options = {**opening.options, **_FURTHER}
    return further
