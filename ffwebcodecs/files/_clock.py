"""Where a film begins on its file's clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._spec.files.clocks import begins_anywhere

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore


def origin(demuxer: DemuxerCore, keep_start: bool = False) -> int:
    """Return the time of the file, in microseconds, that is 0 of the film: `start` and `stop` of a
    conversion are counted from there, and so are all times on the command line.

    It is that of the earliest packet of all streams, so that sound which begins before the picture
    stays as far before it, and the same whichever streams are kept. 0 where the file's clock means
    something, as in MP4 and Matroska, where the file does not say, and with `keep_start`.
    """
    if keep_start or not begins_anywhere(demuxer.info.format_name):
        return 0
    first = demuxer.info.first_start
    return demuxer.info.start_time or 0 if first is None else first
