"""AVCodecParserContext over complete packets: in which order pictures are shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, ffi
from ..._spec.files.reorder import Keys
from .. import atomic, averror, ledger
from .codec_context import allocate_context
from .packet import NOPTS

if TYPE_CHECKING:
    from ..._ffi._types import (
        AVCodecContext,
        AVCodecDescriptor,
        AVCodecParameters,
        AVCodecParserContext,
        AVPacket,
    )

_parsers = ledger.owned("parser")
_BY_TYPE = frozenset({"mpeg1video", "mpeg2video", "mpeg4", "vc1"})
_BY_COUNT = frozenset({"h264", "hevc", "vvc"})
_COMPLETE = 1  # PARSER_FLAG_COMPLETE_FRAMES
NO_NUMBER = -(2**31)
"""What stands in the place of a parser's number of a picture that has none."""
_I = 1  # AVPictureType
B_TYPES = (3, 7)
"""AVPictureType of pictures that are shown at once: B and BI."""


def reorders(identifier: int) -> bool:
    """Return whether the codec can show pictures in another order than that of decoding."""
    descriptor: AVCodecDescriptor = avcodec.avcodec_descriptor_get(identifier)
    return bool(descriptor and descriptor.props & avcodec.AV_CODEC_PROP_REORDER)


def counts_pictures(codec: str) -> bool:
    """Return whether pictures of a codec carry a number in the order of output."""
    return codec in _BY_COUNT


def tells_types(codec: str) -> bool:
    """Return whether the types of pictures alone tell their order."""
    return codec in _BY_TYPE


def is_known(codec: str) -> bool:
    """Return whether FFmpeg's parser tells in which order pictures of a codec are shown."""
    return codec in _BY_TYPE or codec in _BY_COUNT


class PictureOrder:
    """Numbers the packets of one stream by the order in which their pictures are shown.

    Parameters
    ----------
    codec : str
        FFmpeg's name, of one for which `is_known` is true.
    parameters : AVCodecParameters *
        Borrowed for this call only.

    Raises
    ------
    MemoryError
    """

    __slots__ = ("_codec_id", "_context", "_data", "_keys", "_last", "_parser", "_size", "_types")

    def __init__(self, codec: str, parameters: AVCodecParameters) -> None:
        self._types = codec in _BY_TYPE
        self._context = allocate_context(ffi.NULL)
        code = avcodec.avcodec_parameters_to_context(self._context, parameters)
        averror.check(code, "cannot parse the stream")
        self._codec_id = parameters.codec_id
        self._data, self._size = ffi.new("uint8_t **"), ffi.new("int *")
        self.restart()

    def restart(self) -> None:
        """Forget all packets: others follow."""
        self._keys = Keys()
        self._last = False
        self._parser: AVCodecParserContext | Any = None
        box = ffi.new("AVCodecParserContext *[1]")
        free = ffi.gc(box, atomic.at_end(map(avcodec.av_parser_close, box)))
        atomic.fill(box, avcodec.av_parser_init, self._codec_id)
        ptr: AVCodecParserContext = box[0]
        if not ptr:
            return
        parser = _parsers.own(ptr, free)
        parser.flags |= _COMPLETE
        self._parser = parser

    @property
    def works(self) -> bool:
        """Whether this FFmpeg has the parser."""
        return self._parser is not None

    @property
    def is_intra(self) -> bool:
        """Whether the last packet's picture needs no other."""
        return self._parser is not None and self._parser.pict_type == _I

    @property
    def is_shown_at_once(self) -> bool:
        """Whether the last packet's picture is a B picture."""
        return self._last

    @property
    def native(self) -> tuple[AVCodecParserContext, AVCodecContext]:
        """The parser and its codec, which live as long as this."""
        return self._parser, self._context

    def parse(self, ptr: AVPacket) -> bool:
        """Have the parser look at the next packet; return whether it holds anything."""
        parser = self._parser
        assert parser is not None
        parser.output_picture_number = NO_NUMBER
        size = ptr.size
        if not size:
            return False
        avcodec.av_parser_parse2(
            parser, self._context, self._data, self._size, ptr.data, size, NOPTS, NOPTS, -1
        )
        return True

    def key(self, ptr: AVPacket) -> int:
        """Return the number of the next packet in decoding order."""
        parser = self._parser
        assert parser is not None
        if self.parse(ptr):
            self._last = parser.pict_type in B_TYPES
        if self._types:
            return self._keys.by_type(self._last)
        count = parser.output_picture_number
        is_key = parser.key_frame == 1
        return self._keys.by_count(None if count == NO_NUMBER else count, is_key)
