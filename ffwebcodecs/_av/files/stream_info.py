"""What a container says about its video stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._ffi import avcodec, avformat, avutil, ffi
from ...errors import NotSupportedError
from .. import releases
from ..codecs.packet import NOPTS
from ..codecs.parameters import StreamParameters

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecParameters, AVFormatContext, AVRational, AVStream


class StreamInfo:
    """What the container says about the chosen video stream, in FFmpeg's numbers and our
    microseconds.
    """

    __slots__ = (
        "codec",
        "codec_tag",
        "color",
        "display_matrix",
        "duration",
        "extradata",
        "format_name",
        "frame_count",
        "frame_rate",
        "height",
        "index",
        "level",
        "parameters",
        "pix_fmt",
        "profile",
        "sar",
        "start_time",
        "time_base",
        "width",
    )
    codec: str
    codec_tag: int
    color: tuple[int, int, int, int]
    display_matrix: tuple[int, ...] | None
    duration: int | None
    extradata: bytes
    format_name: str
    frame_count: int | None
    frame_rate: tuple[int, int]
    height: int
    index: int
    level: int
    parameters: StreamParameters
    pix_fmt: int
    profile: int
    sar: tuple[int, int]
    start_time: int | None
    time_base: tuple[int, int]
    width: int

    @property
    def rate(self) -> float | None:
        """Average frames per second, None if FFmpeg cannot tell."""
        numerator, denominator = self.frame_rate
        return numerator / denominator if numerator > 0 and denominator > 0 else None


def find_video(context: AVFormatContext, shown: str) -> int:
    """Return the index of the video stream that is read if nobody says which.

    Raises
    ------
    NotSupportedError
        There is none in the file, which is `shown` to people.
    """
    index = avformat.av_find_best_stream(context, avutil.AVMEDIA_TYPE_VIDEO, -1, -1, ffi.NULL, 0)
    if index < 0:
        kinds = [
            ffi.string(text).decode()
            for i in range(context.nb_streams)
            if (text := avutil.av_get_media_type_string(context.streams[i].codecpar.codec_type))
        ]
        raise NotSupportedError(
            f"{shown} has no video stream (it has: {', '.join(kinds) or 'none'})"
        )
    return _not_the_cover(context, index)


def _not_the_cover(context: AVFormatContext, index: int) -> int:
    """Return `index`, or that of a film if `index` is only its cover picture."""
    streams = context.streams
    cover = avformat.AV_DISPOSITION_ATTACHED_PIC
    if streams[index].disposition & cover:
        for i in range(context.nb_streams):
            kind = streams[i].codecpar.codec_type
            if kind == avutil.AVMEDIA_TYPE_VIDEO and not streams[i].disposition & cover:
                return i
    return index


def describe(context: AVFormatContext, index: int) -> StreamInfo:
    """Return what an open file says about one of its streams."""
    stream = context.streams[index]
    par = stream.codecpar
    info = StreamInfo()
    info.index = index
    info.format_name = ffi.string(context.iformat.name).decode()
    info.codec = ffi.string(avcodec.avcodec_get_name(par.codec_id)).decode()
    info.codec_tag = par.codec_tag
    info.width, info.height = par.width, par.height
    info.profile, info.level = par.profile, par.level
    info.pix_fmt = par.format
    info.color = (par.color_primaries, par.color_trc, par.color_space, par.color_range)
    info.time_base = (stream.time_base.num, stream.time_base.den)
    sar: AVRational = avformat.av_guess_sample_aspect_ratio(context, stream, ffi.NULL)
    info.sar = (sar.num, sar.den)
    rate: AVRational = avformat.av_guess_frame_rate(context, stream, ffi.NULL)
    info.frame_rate = (rate.num, rate.den)
    info.frame_count = stream.nb_frames or None
    info.start_time = _microseconds(stream.start_time, info.time_base)
    info.duration = _microseconds(stream.duration, info.time_base)
    if info.duration is None and context.duration > 0:
        info.duration = context.duration
    info.display_matrix = _display_matrix(stream, par)
    info.parameters = StreamParameters.of_stream(stream)
    info.extradata = info.parameters.extradata
    return info


def _microseconds(value: int, time_base: tuple[int, int]) -> int | None:
    if value == NOPTS:
        return None
    result: int = avutil.av_rescale_q(value, time_base, (1, 1000000))
    return result


def _display_matrix(stream: AVStream, par: AVCodecParameters) -> tuple[int, ...] | None:
    kind = avcodec.AV_PKT_DATA_DISPLAYMATRIX
    data = ffi.NULL
    if releases.parameters_have_side_data():
        entries = par.coded_side_data
        for i in range(par.nb_coded_side_data):
            if entries[i].type == kind and entries[i].size >= 36:
                data = entries[i].data
    else:
        size = ffi.new("size_t *")
        data = avformat.av_stream_get_side_data(stream, kind, ffi.cast("void *", size))
    if not data:
        return None
    return tuple(ffi.unpack(ffi.cast("int32_t *", data), 9))
