"""Subtitles of text from one format to another, packet by packet, by FFmpeg's own codecs.

Both know events of ASS: a decoder gives the header of a script and events, an encoder takes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, avutil, ffi
from ..._spec.files import subtitles as spec
from ...errors import EncodingError, NotSupportedError
from .. import atomic, averror, releases, said
from . import packet, parameters
from .codec_context import allocate_context

if TYPE_CHECKING:
    from ..._ffi._types import Array, AVCodec, AVCodecContext, AVCodecParameters, AVPacket

# What FFmpeg's own program gives an encoder. No film shows more at a time.
_ROOM = 1 << 20
_FOREVER = 0xFFFFFFFF
_IN_MP4 = int.from_bytes(b"wvtt", "little")  # WebVTT in boxes, which its decoder does not read


def can_convert(par: AVCodecParameters, name: str, target: str) -> bool:
    """Return whether this FFmpeg makes subtitles of the codec `target` of those of `name`."""
    if name not in spec.READ or par.codec_tag == _IN_MP4:
        return False
    if _falls_over_fonts(target) and name not in spec.WITHOUT_FONTS:
        return False
    decoder: AVCodec = avcodec.avcodec_find_decoder(par.codec_id)
    return bool(decoder) and bool(find_encoder(target))


def _falls_over_fonts(target: str) -> bool:
    return target == "mov_text" and releases.mov_text_falls_over_fonts()


def find_encoder(name: str) -> AVCodec:
    """Return what writes subtitles of a codec, NULL if this FFmpeg has nothing for it."""
    descriptor = avcodec.avcodec_descriptor_get_by_name(name.encode())
    found: AVCodec = avcodec.avcodec_find_encoder(descriptor.id) if descriptor else ffi.NULL
    return found


class SubtitleConversion:
    """Makes packets of another codec of those of a stream.

    Parameters
    ----------
    par : AVCodecParameters *
        Of the stream. Borrowed.
    name : str
        FFmpeg's name of its codec.
    time_base : (int, int)
        Of its packets, and of those that are made.
    target : str
        FFmpeg's name of the other codec.

    Attributes
    ----------
    parameters : AVCodecParameters *
        Of what is made.
    codec_id : int
        FFmpeg's number of `target`.
    name, target : str
    lacks_style : bool
        Whether some of the styles and positions so far cannot be said in the other codec.
    lacks_overlap : bool
        Whether subtitles so far were shown at the same time, of which each ends when the next
        begins.

    Raises
    ------
    NotSupportedError
        FFmpeg refuses one of both.
    """

    __slots__ = (
        *("_decoder", "_encoder", "_ends", "_event", "_found", "_has_no_fonts", "_part", "_room"),
        "_time_base",
        *("codec_id", "lacks_overlap", "lacks_style", "name", "parameters", "target"),
    )

    def __init__(
        self, par: AVCodecParameters, name: str, time_base: tuple[int, int], target: str
    ) -> None:
        self.name, self.target = name, target
        self.lacks_style = self.lacks_overlap = False
        self._has_no_fonts = _falls_over_fonts(target)
        self._time_base = time_base
        self._ends: int | None = None
        self._decoder = _open_decoder(par, name, time_base)
        self._encoder = _open_encoder(self._decoder, target)
        self.parameters = parameters.allocate()
        code = avcodec.avcodec_parameters_from_context(self.parameters, self._encoder)
        averror.check(code, f"cannot describe subtitles of {target}")
        self.codec_id: int = self.parameters.codec_id
        self._event = ffi.gc(ffi.new("AVSubtitle *"), avcodec.avsubtitle_free)
        self._part = ffi.new("AVSubtitle *")  # shows a part of it, and owns nothing
        self._found = ffi.new("int *")
        self._room: Array[int] = ffi.new("uint8_t[]", _ROOM)

    def convert(self, ptr: AVPacket) -> list[AVPacket]:
        """Return what is to be written instead of a packet, which is borrowed.

        Raises
        ------
        EncodingError
            It holds no such text.
        """
        event = self._event
        self._found[0] = 0
        place = said.mark()
        if self._has_no_fonts:
            data = bytes(ffi.buffer(ptr.data, ptr.size))
            ptr = packet.replace_data(ptr, spec.without_fonts(data))
        try:
            code = avcodec.avcodec_decode_subtitle2(self._decoder, event, self._found, ptr)
            if code < 0:
                words = "" if _is_text(ptr) else "its text is not UTF-8"
                why = words or said.with_words(averror.reason(code), said.since(place))
                raise EncodingError(why)
            if not self._found[0] or not event.num_rects:
                return []  # MP4 says so that nothing is shown
            self._look_at(ptr)
            # Each event of ASS has a packet of its own, as Matroska wants it.
            count = event.num_rects
            step = 1 if self.target == "ass" else count
            return [
                self._written(ptr, index, min(step, count - index))
                for index in range(0, count, step)
            ]
        finally:
            avcodec.avsubtitle_free(event)

    def _written(self, ptr: AVPacket, first: int, count: int) -> AVPacket:
        event, part = self._event, self._part
        part.format, part.pts = event.format, event.pts
        # Encoders want what begins with its packet.
        part.start_display_time, part.end_display_time = 0, event.end_display_time
        part.num_rects, part.rects = count, event.rects + first
        size = avcodec.avcodec_encode_subtitle(self._encoder, self._room, _ROOM, part)
        if size < 0:
            raise EncodingError(averror.reason(size))
        data = bytes(ffi.buffer(self._room, size))
        made = packet.of_bytes(spec.escaped(data) if self.target == "webvtt" else data)
        made.flags = avcodec.AV_PKT_FLAG_KEY
        begin, lasting = packet.start_in_ticks(ptr), ptr.duration
        shown = event.end_display_time
        if not lasting and 0 < shown < _FOREVER:
            lasting = avutil.av_rescale_q(shown, (1, 1000), self._time_base)
        packet.show(made, begin, begin + lasting)
        return made

    def _look_at(self, ptr: AVPacket) -> None:
        """Note what of a packet the other codec cannot say."""
        if not self.lacks_style:
            data = bytes(ffi.buffer(ptr.data, ptr.size))
            settings = packet.has_cue_settings(ptr)
            self.lacks_style = settings or spec.lacks(self.name, data, self.target)
        if self.target == "mov_text":
            begin = packet.start_in_ticks(ptr)
            if self._ends is not None and begin < self._ends:
                self.lacks_overlap = True
            self._ends = max(begin + ptr.duration, begin if self._ends is None else self._ends)


def _is_text(ptr: AVPacket) -> bool:
    try:
        str(ffi.buffer(ptr.data, ptr.size), "utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _open_decoder(par: AVCodecParameters, name: str, time_base: tuple[int, int]) -> AVCodecContext:
    codec: AVCodec = avcodec.avcodec_find_decoder(par.codec_id)
    context = allocate_context(codec)
    code = avcodec.avcodec_parameters_to_context(context, par)
    averror.check(code, f"cannot read subtitles of {name}", NotSupportedError)
    context.pkt_timebase = time_base
    _set(context, "sub_text_format", "ass")  # FFmpeg 4.3 puts times into the text else
    _open(context, codec, f"cannot read subtitles of {name}")
    return context


def _open_encoder(decoder: AVCodecContext, target: str) -> AVCodecContext:
    codec = find_encoder(target)
    context = allocate_context(codec)
    context.time_base = (1, 1_000_000)
    size = decoder.subtitle_header_size
    if size > 0:
        # Freed with the context. A byte more, which is 0: it is read as a text.
        box = ffi.addressof(context, "subtitle_header")
        atomic.fill(box, avutil.av_mallocz, size + 1)
        averror.check_pointer(box[0], "cannot keep the header of subtitles")
        ffi.memmove(box[0], decoder.subtitle_header, size)
        context.subtitle_header_size = size
    _open(context, codec, f"cannot write subtitles of {target}")
    return context


def _open(context: AVCodecContext, codec: AVCodec, what: str) -> None:
    place = said.mark()
    code = avcodec.avcodec_open2(context, codec, ffi.NULL)
    averror.check(code, what, NotSupportedError, since=place)


def _set(context: Any, name: str, value: str) -> None:
    if avutil.av_opt_find(context, name.encode(), ffi.NULL, 0, 0):
        averror.check(avutil.av_opt_set(context, name.encode(), value.encode(), 0), name)
