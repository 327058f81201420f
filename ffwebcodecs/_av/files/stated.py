"""What an open file states about itself and its streams, to be compared with what is in it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ..._ffi import avformat, avutil
from ..._spec.files.edit_list import edits_of
from ..codecs.packet import NOPTS

if TYPE_CHECKING:
    from ..._ffi._types import AVFormatContext
    from .demux import DemuxerCore

# Whose headers state how long it all is; elsewhere FFmpeg looks at the end, or at the bit rate.
_SAY_HOW_LONG = ("mov", "matroska", "asf", "flv", "gxf", "mxf")
# Streams without a container. FFmpeg flags some of them only.
_RAW = {
    *("av1", "avs2", "avs3", "cavsvideo", "dirac", "dnxhd", "evc", "h261", "h263", "h264", "hevc"),
    *("m4v", "mjpeg", "mpegvideo", "obu", "rawvideo", "vc1", "vvc"),
}


class Stated:
    """What the headers say.

    Attributes
    ----------
    has_times : bool
        Whether its format stores times.
    frames : int or None
        How many frames of the video.
    counts_chunks : bool
        That number is of chunks, empty ones and those among them that the decoder is behind by.
    stop : int or None
        When the last stream ends, in microseconds.
    rate : float or None
        Frames per second.
    audio_start : int or None
        When the first sound stream begins, in microseconds.
    color : (int, int, int, int)
        Primaries, transfer, matrix, range of container and bitstream in FFmpeg's numbers.
    edits : list of (int, int or None)
        The edit list, see `edits_of`.
    """

    __slots__ = (
        *("audio_start", "color", "counts_chunks", "edits", "frames", "has_times", "rate"),
        "stop",
    )

    def __init__(self, core: DemuxerCore) -> None:
        context, info = core.reader()[0], core.info
        name = info.format_name
        flags = context.iformat.flags
        self.has_times = name not in _RAW and not flags & avformat.AVFMT_NOTIMESTAMPS
        self.frames = info.frame_count
        self.counts_chunks = name == "avi"
        self.rate = info.rate
        self.color = info.color
        self.audio_start = _audio_start(context)
        self.stop: int | None = None
        if name.startswith(_SAY_HOW_LONG) and context.duration > 0:
            self.stop = context.duration  # counted from 0 on, whenever the first frame is
        self.edits = _edits(core, info.index) if name.startswith("mov") else []


def _audio_start(context: AVFormatContext) -> int | None:
    for i in range(context.nb_streams):
        stream = context.streams[i]
        sound = stream.codecpar.codec_type == avutil.AVMEDIA_TYPE_AUDIO
        if sound and stream.start_time != NOPTS:
            start: int = avutil.av_rescale_q(stream.start_time, stream.time_base, (1, 1000000))
            return start
    return None


def _edits(core: DemuxerCore, track: int) -> list[tuple[int, int | None]]:
    return core.look(partial(edits_of, track=track)) or []
