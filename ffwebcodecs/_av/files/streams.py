"""Streams that are copied, and the tags of files and streams."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from ..._ffi import avcodec, avformat, avutil, ffi
from .. import averror
from ..codecs import parameters
from ..codecs.packet import NOPTS
from . import side_data

if TYPE_CHECKING:
    from ..._ffi._types import (
        AVChapter,
        AVCodecParameters,
        AVDictionary,
        AVDictionaryEntry,
        AVFormatContext,
        AVStream,
    )
    from ..codecs.subtitles import SubtitleConversion
    from .last_packets import LastPacket

_TIMECODE = int.from_bytes(b"tmcd", "little")
_TEXT = int.from_bytes(b"text", "little")
_FASTEST = 192_000  # clocks of sound; FFmpeg counts up to 2**31 between two subtitles: three hours


class CopiedStream:
    """A stream that is copied and not decoded: what the file that it goes to must know of it.

    `parameters` (AVCodecParameters *) is its own, and outlives the file it came from.

    Attributes
    ----------
    conversion : SubtitleConversion or None
        What makes the packets of another codec of those that it has: then `codec`, `codec_id` and
        `parameters` are those of what is made.
    """

    __slots__ = (
        "codec",
        "codec_id",
        "conversion",
        "disposition",
        "frame_rate",
        "index",
        "kind",
        "last",
        "late",
        "metadata",
        "parameters",
        "side_data",
        "start_time",
        "time_base",
    )

    def __init__(self, stream: AVStream, last: LastPacket | None = None) -> None:
        par = stream.codecpar
        self.conversion: SubtitleConversion | None = None
        self.index: int = stream.index
        kind = avutil.av_get_media_type_string(par.codec_type)
        self.kind = ffi.string(kind).decode() if kind else "unknown"
        self.codec_id: int = par.codec_id
        self.codec: str = ffi.string(avcodec.avcodec_get_name(par.codec_id)).decode()
        self.time_base = (stream.time_base.num, stream.time_base.den)
        self.start_time: int | None = None  # microseconds
        self.last = last  # what MP4's tables say of it
        self.late = 0  # microseconds by which its packets are to be moved in the output
        if stream.start_time != NOPTS:
            self.start_time = avutil.av_rescale_q(stream.start_time, self.time_base, (1, 1000000))
        self.frame_rate = (stream.avg_frame_rate.num, stream.avg_frame_rate.den)
        self.disposition: int = stream.disposition
        self.metadata = read_tags(stream.metadata)
        self.side_data = side_data.read(stream)
        self.parameters = parameters.allocate()
        code = avcodec.avcodec_parameters_copy(self.parameters, par)
        averror.check(code, "cannot copy a stream's parameters")

    @property
    def header(self) -> tuple[bytes, int]:
        """The codec's header, and FFmpeg's number of its profile."""
        par = self.parameters
        size = par.extradata_size if par.extradata else 0
        return bytes(ffi.buffer(par.extradata, size)) if size else b"", par.profile

    def fill(self, par: AVCodecParameters, *, counts_packets: bool) -> None:
        """Fill the parameters of a stream of an output, which may tell times by the number of
        samples that all packets have: FFmpeg knows it only if it has seen some.
        """
        code = avcodec.avcodec_parameters_copy(par, self.parameters)
        averror.check(code, "cannot copy a stream's parameters")
        if counts_packets and self.kind == "audio" and par.frame_size <= 0:
            from ..._spec.codecs.sound_packets import frame_size_of

            par.frame_size = frame_size_of(self.codec, self.sample_rate)

    def can_become(self, codec: str) -> bool:
        """Return whether this FFmpeg makes packets of another codec of those of this stream."""
        if self.kind != "subtitle":
            return False
        from ..codecs.subtitles import can_convert  # only here: it loads what decodes

        return can_convert(self.parameters, self.codec, codec)

    def converted(self, codec: str) -> CopiedStream:
        """Return the stream as it is when its packets are made to those of another codec.

        Raises
        ------
        NotSupportedError
            FFmpeg refuses it.
        """
        from ..codecs.subtitles import SubtitleConversion

        other = CopiedStream.__new__(CopiedStream)
        for name in CopiedStream.__slots__:
            setattr(other, name, getattr(self, name))
        conversion = SubtitleConversion(self.parameters, self.codec, self.time_base, codec)
        other.conversion, other.codec = conversion, codec
        other.parameters = conversion.parameters
        other.codec_id = conversion.codec_id
        return other

    def note_moved(self, wanted: int, ticks: int | None = None) -> None:
        """Let the packets be moved by what is left of the `wanted` microseconds when they have been
        moved by whole ticks, the nearest: of sound in AVI one is a whole packet.
        """
        numerator, denominator = self.time_base
        if ticks is None:
            ticks = avutil.av_rescale_q(wanted, (1, 1_000_000), self.time_base)
        if numerator * 1000 > denominator:
            self.late += wanted - ticks * 1_000_000 * numerator // denominator

    @property
    def names_chapters(self) -> bool:
        """Whether it is the track in which MP4 keeps the names of its chapters."""
        return self.kind == "data" and self.parameters.codec_tag == _TEXT

    @property
    def is_timecode(self) -> bool:
        """Whether it is the track in which MOV and MP4 keep the timecode of another one."""
        return self.kind == "data" and self.parameters.codec_tag == _TIMECODE

    @property
    def timecode_rate(self) -> tuple[int, int] | None:
        """Pictures per second that a timecode track counts, None if it does not say it."""
        par = self.parameters
        if not self.is_timecode or par.extradata_size < 16:
            return None
        # QuickTime's sample description: reserved, flags, ticks per second, ticks of a picture.
        ticks, lasting = struct.unpack_from(">2I", bytes(ffi.buffer(par.extradata, 16)), 8)
        return (ticks, lasting) if 0 < ticks < 1 << 31 and 0 < lasting < 1 << 31 else None

    @property
    def sample_rate(self) -> int:
        """Hertz, 0 if nothing tells, or it is no sound."""
        return max(0, self.parameters.sample_rate) if self.kind == "audio" else 0

    @property
    def is_known(self) -> bool:
        """Whether enough is known of it for a header: a video's size, a sound's rate."""
        if self.kind == "audio":
            return self.sample_rate > 0
        return self.kind != "video" or self.parameters.width > 0

    @property
    def is_default(self) -> bool:
        """Whether the file says that it is the one to take."""
        return bool(self.disposition & avformat.AV_DISPOSITION_DEFAULT)

    @property
    def display_matrix(self) -> tuple[int, ...] | None:
        """How a video is turned when it is shown, None if nothing is said of it."""
        kind = avcodec.AV_PKT_DATA_DISPLAYMATRIX
        found = [data for entry, data in self.side_data if entry == kind]
        return struct.unpack("=9i", found[0][:36]) if found else None

    @property
    def is_cover(self) -> bool:
        """Whether it is a picture of the whole file, not one of its frames."""
        return bool(self.disposition & avformat.AV_DISPOSITION_ATTACHED_PIC)


def subtitle_clock(time_base: tuple[int, int]) -> tuple[int, int]:
    """Return the clock with which subtitles are written to MP4, as exact as `time_base`.

    FFmpeg ends a subtitle there when the number of another stream's time has passed its own, each
    in its own clock: with a slower clock than those it ends too early, and what overlaps it or
    follows at once is moved.
    """
    numerator, denominator = time_base
    if numerator != 1 or denominator >= _FASTEST:
        return time_base
    return 1, denominator * -(-_FASTEST // denominator)


def read_tags(dictionary: AVDictionary) -> dict[str, str]:
    """Return an AVDictionary as a dictionary; the last value of a key wins."""
    tags: dict[str, str] = {}
    entry: AVDictionaryEntry = ffi.NULL
    while True:
        entry = avutil.av_dict_get(dictionary, b"", entry, avutil.AV_DICT_IGNORE_SUFFIX)
        if not entry:
            return tags
        key, value = ffi.string(entry.key), ffi.string(entry.value)
        tags[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")


def drop_tag(owner: AVStream | AVFormatContext, key: str) -> None:
    """Take an entry out of the dictionary of a stream or of a whole output."""
    avutil.av_dict_set(ffi.addressof(owner, "metadata"), key.encode(), ffi.NULL, 0)


def set_tag(owner: AVStream | AVChapter | AVFormatContext, key: str, value: str) -> None:
    """Set an entry of the dictionary of a stream, a chapter or a whole output."""
    box = ffi.addressof(owner, "metadata")
    code = avutil.av_dict_set(box, key.encode(), value.encode(), 0)
    averror.check(code, f"cannot set the tag {key!r}")
