"""Codec parameters of a stream as plain values, and the owner of those that FFmpeg holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ..._ffi import avcodec, avutil, ffi
from ...errors import InvalidArgumentError
from .. import atomic, averror, ledger

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecContext, AVCodecParameters, AVRational, AVStream

_parameters = ledger.owned("codec_parameters")
_NUMBERS = (
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
_CODEC_TAG, _FORMAT, _HEIGHT = map(_NUMBERS.index, ("codec_tag", "format", "height"))
_PRIMARIES, _TRANSFER, _MATRIX, _RANGE = map(
    _NUMBERS.index, ("color_primaries", "color_trc", "color_space", "color_range")
)


class StreamParameters(NamedTuple):
    """A stream's codec parameters as plain values: what a decoder configuration cannot say.

    Uncommon codecs need a tag, bits per sample or a pixel format besides their name. Plain values,
    because a configuration is one: it may be kept, compared and pickled without holding native
    memory. `known` gives back what a configuration carries. `of_file` says whether a file has them,
    so that what is left open of colours is guessed; an encoder's are unknown.

    What a decoder does not need, and a file has beside, is there for the file that a stream is
    copied to: the tags, the dispositions, of side data FFmpeg's number and the bytes, and
    when the first picture is shown, in microseconds.
    """

    codec: str
    time_base: tuple[int, int]
    frame_rate: tuple[int, int]
    real_frame_rate: tuple[int, int]
    sample_aspect_ratio: tuple[int, int]
    extradata: bytes
    numbers: tuple[int, ...]
    disposition: int = 0
    tags: tuple[tuple[str, str], ...] = ()
    side_data: tuple[tuple[int, bytes], ...] = ()
    start_time: int | None = None
    of_file: bool = False

    @property
    def field_order(self) -> int:
        """FFmpeg's number; 0: unknown, 1: whole pictures."""
        return self.numbers[_NUMBERS.index("field_order")]

    @property
    def chroma_location(self) -> int:
        """FFmpeg's number; 0: unknown, the others are those of H.273 and 1."""
        return self.numbers[_NUMBERS.index("chroma_location")]

    @property
    def video_delay(self) -> int:
        """How many pictures a decoder holds back, as far as libavformat knows."""
        return self.numbers[_NUMBERS.index("video_delay")]

    @classmethod
    def of_stream(cls, stream: AVStream) -> StreamParameters:
        """Read those of an AVStream."""
        return _read(
            stream.codecpar,
            _pair(stream.time_base),
            _pair(stream.avg_frame_rate),
            _pair(stream.r_frame_rate),
        )._replace(of_file=True)

    @classmethod
    def of_encoder(cls, context: AVCodecContext) -> StreamParameters:
        """Read those of an open encoder, but for the colours: those that its configuration leaves
        open are unknown, and not for the bitstream to say.
        """
        par = allocate()
        code = avcodec.avcodec_parameters_from_context(par, context)
        averror.check(code, "cannot describe the stream")
        par.color_primaries = par.color_trc = par.color_space = 2
        par.color_range = 0
        # Chunks have microseconds, whatever the encoder counts in, and no constant rate is known.
        return _read(par, (1, 1000000), (0, 1), (0, 1))

    @classmethod
    def of_nothing(cls) -> StreamParameters:
        """Return those of a stream of which nothing is known."""
        none = 0, 1
        return cls("", none, none, none, none, b"", (0,) * len(_NUMBERS))

    @property
    def codec_tag(self) -> int:
        """The container's own name for the codec, 0 if it has none."""
        return self.numbers[_CODEC_TAG]

    @property
    def height(self) -> int:
        """Visible lines, 0 if unknown."""
        return self.numbers[_HEIGHT]

    @property
    def pix_fmt(self) -> int:
        """FFmpeg's number of the pixel format, -1 if unknown."""
        return self.numbers[_FORMAT]

    @property
    def color(self) -> tuple[int, int, int, int]:
        """Primaries, transfer, matrix and range, in FFmpeg's numbers."""
        numbers = self.numbers
        return numbers[_PRIMARIES], numbers[_TRANSFER], numbers[_MATRIX], numbers[_RANGE]

    def apply(self, context: AVCodecContext, codec_id: int) -> int:
        """Fill a codec context; returns FFmpeg's error code."""
        par = allocate()
        self.fill(par, codec_id)
        code: int = avcodec.avcodec_parameters_to_context(context, par)
        return code

    def fill(self, par: AVCodecParameters, codec_id: int) -> None:
        """Fill AVCodecParameters, all but the extradata."""
        par.codec_type = avutil.AVMEDIA_TYPE_VIDEO
        par.codec_id = codec_id
        for name, value in zip(_NUMBERS, self.numbers, strict=True):
            setattr(par, name, value)
        par.sample_aspect_ratio = self.sample_aspect_ratio

    def __reduce__(self) -> Any:
        return tuple, (tuple(self),)  # so that a pickle names nothing that may be renamed


def known(carried: Any, codec_id: int) -> StreamParameters | None:
    """Return the StreamParameters that a configuration carries, None if there are none, or if they
    are another codec's than it is for.
    """
    if carried is None:
        return None
    if not isinstance(carried, tuple) or len(carried) != len(StreamParameters._fields):
        raise InvalidArgumentError(
            f"a configuration's _native is what Demuxer and VideoEncoder give it, got {carried!r}"
        )
    parameters = StreamParameters._make(carried)
    return parameters if parameters.codec == _codec_name(codec_id) else None


def _read(
    par: AVCodecParameters,
    time_base: tuple[int, int],
    frame_rate: tuple[int, int],
    real_frame_rate: tuple[int, int],
) -> StreamParameters:
    extradata = ffi.buffer(par.extradata, par.extradata_size) if par.extradata_size else b""
    return StreamParameters(
        _codec_name(par.codec_id),
        time_base,
        frame_rate,
        real_frame_rate,
        _pair(par.sample_aspect_ratio),
        bytes(extradata),
        tuple(int(getattr(par, name)) for name in _NUMBERS),
    )


def _codec_name(codec_id: int) -> str:
    name: str = ffi.string(avcodec.avcodec_get_name(codec_id)).decode()
    return name


def _pair(rational: AVRational) -> tuple[int, int]:
    return rational.num, rational.den


def allocate() -> AVCodecParameters:
    """Return the owner of new, empty AVCodecParameters."""
    what, free = "cannot allocate codec parameters", avcodec.avcodec_parameters_free
    box = atomic.boxed(what, "AVCodecParameters **", free, avcodec.avcodec_parameters_alloc)
    ptr: AVCodecParameters = box[0]
    return _parameters.own(ptr, box)


def set_extradata(par: AVCodecParameters, extradata: bytes) -> None:
    """Give parameters of ours these headers of the codec, or none."""
    box = ffi.addressof(par, "extradata")
    par.extradata_size = 0
    avutil.av_freep(box)
    if not extradata:
        return
    size = len(extradata)
    atomic.fill(box, avutil.av_mallocz, size + avcodec.AV_INPUT_BUFFER_PADDING_SIZE)
    averror.check_pointer(box[0], "cannot keep a description")
    ffi.memmove(box[0], extradata, size)
    par.extradata_size = size
