"""What a container says about its streams, and which of them is read."""

from __future__ import annotations

from collections.abc import Container
from typing import TYPE_CHECKING

from ..._ffi import avcodec, avformat, avutil, ffi
from ..._spec.files.loop_count import LoopCount
from ...errors import InvalidArgumentError, NotSupportedError
from .. import releases
from ..codecs.packet import NOPTS
from ..codecs.parameters import StreamParameters
from . import side_data
from .sound import sound_of
from .streams import read_tags

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecParameters, AVFormatContext, AVRational, AVStream

# Formats whose streams are known when a packet of theirs comes.
_MAY_BEGIN_LATE = ("flv", "live_flv", "mpeg", "mpegts")
NO_VIDEO = -1
"""The index of the video in the `StreamInfo` of a file that has none."""
_LATER = 1 << 30  # what stands in AVI for a number of frames that is not known yet


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
        "estimates_duration",
        "extradata",
        "film_duration",
        "first_start",
        "format_name",
        "frame_count",
        "frame_rate",
        "height",
        "index",
        "level",
        "loop",
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
    estimates_duration: bool
    extradata: bytes
    film_duration: int | None
    """Of the whole file."""
    first_start: int | None
    """Of all streams, but for subtitles that begin long before the rest."""
    format_name: str
    frame_count: int | None
    frame_rate: tuple[int, int]
    height: int
    index: int
    level: int
    loop: LoopCount | None
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


def find_video(
    context: AVFormatContext,
    shown: str,
    wanted: int | None = None,
    parts: Container[int] = (),
    required: bool = True,
) -> int:
    """Return the index of the video stream that is read: `wanted`, or the one that is read if
    nobody says which. That is none of `parts`, which are not to be looked at alone. `NO_VIDEO` if
    there is none but covers, and none is `required`.

    Raises
    ------
    NotSupportedError
        There is none in the file, which is `shown` to people.
    InvalidArgumentError
        The one that is `wanted` is not there, or is no video.
    """
    if wanted is not None:
        _require_video(context, shown, wanted)
        return wanted
    index = avformat.av_find_best_stream(context, avutil.AVMEDIA_TYPE_VIDEO, -1, -1, ffi.NULL, 0)
    if not required and (index < 0 or _only_covers(context)):
        return NO_VIDEO
    if index < 0:
        kinds = [kind_of(context.streams[i]) for i in range(context.nb_streams)]
        raise NotSupportedError(
            f"{shown} has no video stream (it has: {', '.join(kinds) or 'none'}){_hint(context)}"
        )
    return _not_a_part(context, _not_the_cover(context, index), parts)


def _not_a_part(context: AVFormatContext, index: int, parts: Container[int]) -> int:
    """Return `index`, or if that is a part of another picture, the longest video that is none."""
    if index in parts:
        whole = [
            (-stream.nb_frames, i)
            for i in range(context.nb_streams)
            if kind_of(stream := context.streams[i]) == "video" and i not in parts
        ]
        return min(whole)[1] if whole else index
    return index


def _require_video(context: AVFormatContext, shown: str, wanted: int) -> None:
    count = context.nb_streams
    kinds = [kind_of(context.streams[i]) for i in range(count)]
    if 0 <= wanted < count and kinds[wanted] == "video":
        return
    videos = [_in_words(context.streams[i]) for i in range(count) if kinds[i] == "video"]
    have = f"the video streams are {', '.join(videos)}" if videos else "there is no video stream"
    if 0 <= wanted < count:
        what = f"stream {wanted} of {shown} is {_in_words(context.streams[wanted], kinds[wanted])}"
        raise InvalidArgumentError(f"{what}, and only video streams are read: {have}")
    more = _hint(context) if wanted >= count else ""
    raise InvalidArgumentError(
        f"{shown} has {count} stream{'s' * (count != 1)} and no stream {wanted}: {have}{more}"
    )


def _hint(context: AVFormatContext) -> str:
    if ffi.string(context.iformat.name).decode() in _MAY_BEGIN_LATE:
        return '; options={"probesize": ...} looks further for streams that begin later'
    return ""


def _in_words(stream: AVStream, kind: str | None = None) -> str:
    par = stream.codecpar
    codec = ffi.string(avcodec.avcodec_get_name(par.codec_id)).decode()
    if kind is not None:
        return f"{kind} ({codec})"
    size = f" {par.width}x{par.height}" if par.width > 0 else ""
    cover = ", the cover" if stream.disposition & avformat.AV_DISPOSITION_ATTACHED_PIC else ""
    return f"{stream.index} ({codec}{size}{cover})"


def kind_of(stream: AVStream) -> str:
    """Return FFmpeg's name of what a stream is: video, audio, subtitle, data, attachment."""
    text = avutil.av_get_media_type_string(stream.codecpar.codec_type)
    return ffi.string(text).decode() if text else "unknown"


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


class ListedStream:
    """What an open file says about any of its streams; `duration` is its own, in microseconds."""

    __slots__ = (
        "bit_rate",
        "disposition",
        "duration",
        "info",
        "kind",
        "part_of",
        "side_data",
        "sound",
        "tags",
    )

    def __init__(self, context: AVFormatContext, index: int, part_of: int | None) -> None:
        stream = context.streams[index]
        info = self.info = describe(context, index)
        self.kind = kind_of(stream)
        self.disposition = info.parameters.disposition
        self.tags = dict(info.parameters.tags)
        self.part_of = part_of
        self.side_data = tuple(side_data.name_of(kind) for kind, _ in info.parameters.side_data)
        self.sound = sound_of(stream.codecpar)
        self.bit_rate: int = stream.codecpar.bit_rate
        self.duration = _microseconds(stream.duration, self.info.time_base)

    @property
    def is_cover(self) -> bool:
        """Whether it is a picture of the whole file, not one of its frames."""
        return bool(self.disposition & avformat.AV_DISPOSITION_ATTACHED_PIC)


def describe(context: AVFormatContext, index: int) -> StreamInfo:
    """Return what an open file says about one of its streams."""
    stream = context.streams[index]
    par = stream.codecpar
    info = StreamInfo()
    info.loop = None
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
    info.frame_count = stream.nb_frames if 0 < stream.nb_frames < _LATER else None
    info.start_time = _microseconds(stream.start_time, info.time_base)
    info.first_start = _microseconds(context.start_time, (1, 1000000))
    info.film_duration = context.duration if context.duration > 0 else None
    info.duration = _microseconds(stream.duration, info.time_base)
    if info.duration is None and context.duration > 0:
        info.duration = context.duration
    info.estimates_duration = info.duration is not None and _is_estimate(context)
    info.display_matrix = _display_matrix(stream, par)
    info.parameters = StreamParameters.of_stream(stream)._replace(
        disposition=stream.disposition,
        tags=tuple(read_tags(stream.metadata).items()),
        side_data=side_data.read(stream),
        start_time=info.start_time,
    )
    info.extradata = info.parameters.extradata
    return info


def _only_covers(context: AVFormatContext) -> bool:
    streams = [context.streams[i] for i in range(context.nb_streams)]
    videos = [one for one in streams if one.codecpar.codec_type == avutil.AVMEDIA_TYPE_VIDEO]
    return all(one.disposition & avformat.AV_DISPOSITION_ATTACHED_PIC for one in videos)


def describe_without_video(context: AVFormatContext) -> StreamInfo:
    """Return what an open file without video says about the whole; what is a video's has no
    value.
    """
    info = StreamInfo()
    info.index = NO_VIDEO
    info.format_name = ffi.string(context.iformat.name).decode()
    info.codec, info.codec_tag, info.extradata = "none", 0, b""
    info.width = info.height = 0
    info.display_matrix = info.frame_count = info.loop = None
    info.pix_fmt, info.profile, info.level = -1, -99, -99  # FFmpeg's for unknown ones
    info.color, info.sar = (2, 2, 2, 0), (0, 1)
    info.parameters = StreamParameters.of_nothing()
    info.time_base, info.frame_rate = (1, 1000000), (0, 1)
    info.start_time = info.first_start = _microseconds(context.start_time, info.time_base)
    info.duration = info.film_duration = context.duration if context.duration > 0 else None
    info.estimates_duration = info.duration is not None and _is_estimate(context)
    return info


def left_out(streams: list[ListedStream], read: Container[int]) -> list[str]:
    """Return kind and codec of the videos that are not `read`, nor part of one, but for covers."""
    return [
        f"{stream.kind} {stream.info.codec}"
        for stream in streams
        if stream.kind == "video"
        and not (stream.is_cover or stream.info.index in read or stream.part_of in read)
    ]


def _is_estimate(context: AVFormatContext) -> bool:
    """Whether durations are worked out from the file's size and bit rate: nothing states them."""
    by_bit_rate: int = avformat.AVFMT_DURATION_FROM_BITRATE
    return context.duration_estimation_method == by_bit_rate


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
