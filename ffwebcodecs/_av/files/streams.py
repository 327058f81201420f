"""Codec parameters of a file's streams: as plain values for video, as they are for copying."""

from __future__ import annotations

from typing import Any

from ..._ffi import avcodec, avformat, avutil, ffi
from .. import averror, ledger

_parameters = ledger.owned("codec_parameters")
_TEXT = int.from_bytes(b"text", "little")


class StreamParameters:
    """A stream's codec parameters as plain values: what a decoder configuration cannot say.

    Uncommon codecs need a tag, bits per sample or a pixel format besides their name. Plain values,
    because a configuration is one: it may be kept, compared and pickled without holding native
    memory.
    """

    __slots__ = (
        "extradata",
        "frame_rate",
        "numbers",
        "real_frame_rate",
        "sample_aspect_ratio",
        "time_base",
    )

    FIELDS = (
        "codec_tag",
        "format",
        "bits_per_coded_sample",
        "bits_per_raw_sample",
        "profile",
        "level",
        "width",
        "height",
        "field_order",
        "color_range",
        "color_primaries",
        "color_trc",
        "color_space",
        "chroma_location",
        "video_delay",
    )

    def __init__(self, stream: Any) -> None:
        par = stream.codecpar
        self.time_base = _pair(stream.time_base)
        self.frame_rate = _pair(stream.avg_frame_rate)
        self.real_frame_rate = _pair(stream.r_frame_rate)
        self.numbers = tuple(int(getattr(par, name)) for name in self.FIELDS)
        self.sample_aspect_ratio = (par.sample_aspect_ratio.num, par.sample_aspect_ratio.den)
        self.extradata = (
            bytes(ffi.buffer(par.extradata, par.extradata_size)) if par.extradata_size else b""
        )

    def apply(self, context: Any, codec_id: int) -> int:
        """Fill a codec context; returns FFmpeg's error code."""
        par = _allocate()
        self.fill(par, codec_id)
        code: int = avcodec.avcodec_parameters_to_context(context, par)
        return code

    def fill(self, par: Any, codec_id: int) -> None:
        """Fill AVCodecParameters, all but the extradata."""
        par.codec_type = avutil.AVMEDIA_TYPE_VIDEO
        par.codec_id = codec_id
        for name, value in zip(self.FIELDS, self.numbers, strict=True):
            setattr(par, name, value)
        par.sample_aspect_ratio = self.sample_aspect_ratio


def _pair(rational: Any) -> tuple[int, int]:
    return rational.num, rational.den


def _allocate() -> Any:
    ptr = avcodec.avcodec_parameters_alloc()
    averror.check_pointer(ptr, "cannot allocate codec parameters")
    box = ffi.new("AVCodecParameters **", ptr)
    _parameters.keep(ptr, ffi.gc(box, avcodec.avcodec_parameters_free))
    return ffi.gc(ptr, _parameters.forget, 512)


class CopiedStream:
    """A stream that is copied and not decoded: what the file that it goes to must know of it.

    `parameters` (AVCodecParameters *) is its own, and outlives the file it came from.
    """

    __slots__ = (
        "codec",
        "codec_id",
        "disposition",
        "frame_rate",
        "index",
        "kind",
        "metadata",
        "parameters",
        "time_base",
    )

    def __init__(self, stream: Any) -> None:
        par = stream.codecpar
        self.index: int = stream.index
        kind = avutil.av_get_media_type_string(par.codec_type)
        self.kind = ffi.string(kind).decode() if kind else "unknown"
        self.codec_id: int = par.codec_id
        self.codec: str = ffi.string(avcodec.avcodec_get_name(par.codec_id)).decode()
        self.time_base = _pair(stream.time_base)
        self.frame_rate = _pair(stream.avg_frame_rate)
        self.disposition: int = stream.disposition
        self.metadata = read_tags(stream.metadata)
        self.parameters = _allocate()
        code = avcodec.avcodec_parameters_copy(self.parameters, par)
        averror.check(code, "cannot copy a stream's parameters")

    @property
    def names_chapters(self) -> bool:
        """Whether it is the track in which MP4 keeps the names of its chapters."""
        return self.kind == "data" and self.parameters.codec_tag == _TEXT

    @property
    def is_cover(self) -> bool:
        """Whether it is a picture of the whole file, not one of its frames."""
        return bool(self.disposition & avformat.AV_DISPOSITION_ATTACHED_PIC)


def read_tags(dictionary: Any) -> dict[str, str]:
    """Return an AVDictionary as a dictionary; the last value of a key wins."""
    tags: dict[str, str] = {}
    entry = ffi.NULL
    while True:
        entry = avutil.av_dict_get(dictionary, b"", entry, avutil.AV_DICT_IGNORE_SUFFIX)
        if not entry:
            return tags
        key, value = ffi.string(entry.key), ffi.string(entry.value)
        tags[key.decode("utf-8", "replace")] = value.decode("utf-8", "replace")


def set_tag(owner: Any, key: str, value: str) -> None:
    """Set an entry of the dictionary of a stream, a chapter or a whole output."""
    box = ffi.new("AVDictionary **", owner.metadata)
    code = avutil.av_dict_set(box, key.encode(), value.encode(), 0)
    owner.metadata = box[0]
    averror.check(code, f"cannot set the tag {key!r}")
