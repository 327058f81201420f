"""The encoding core: send a frame, receive packets, name errors. No threads, no queue, no policy.

The rule for a driver is the decoder's: after `send`, call `receive` until it returns None, then
send again; so `send` never finds the encoder full.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

from ..._ffi import avcodec, avutil, ffi
from ..._spec.encoders.choice import device_of
from ..._spec.encoders.clock import EncoderClock
from ..._spec.encoders.options import QUANTIZER_BASE
from ..._spec.encoders.request import Setup
from ..._spec.frames.color import ColorMembers, codes_of
from ...errors import EncodingError, NotSupportedError
from .. import atomic, averror, forked, releases
from ..frames import frame as frames
from ..frames import hardware
from ..frames.pixel_format import describe, pix_fmt_id
from . import encoder_settings, packet, svt_av1
from .codec_context import allocate_context
from .encoder_formats import encoder_name, formats_of
from .parameters import StreamParameters
from .webp_end import WebpEnd

if TYPE_CHECKING:
    from ..._ffi._types import (
        AVBufferRef,
        AVCodec,
        AVCodecContext,
        AVFrame,
        AVFrameSideData,
        AVHWFramesContext,
        AVPacket,
        Pointer,
    )

_QP2LAMBDA = 118  # FF_QP2LAMBDA
# Those whose own copy of an 8-bit frame stays within its rows (seen with guard pages).
_CAREFUL = ("libx264", "libvpx", "libsvtav1", "libaom", "librav1e")
# Those that give a packet for each picture, always. (libaom 3.6 lost some where it coded RGB
# losslessly on several threads.) Others may leave pictures out to keep a bit rate.
_COMPLETE = ("libx264", "libx264rgb", "libx265", "libaom-av1", "libsvtav1", "librav1e")
_READ_AHEAD = 64
_SURFACES = 32  # on a device: more than any encoder keeps
# What the pictures and the clock are: an encoder that believed otherwise would read beyond them.
_DECIDED = {
    "video_size": "the size is the configuration's width and height",
    "time_base": "timestamps are microseconds",
    "pkt_timebase": "timestamps are microseconds",
}
_RANGE = {None: 0, False: 1, True: 2}


class InputFormat(NamedTuple):
    """What an encoder takes: how pictures are stored, and what their colours mean."""

    pix_fmt: str
    width: int
    height: int
    color: ColorMembers


class Output:
    """A packet of the encoder, with times in microseconds."""

    __slots__ = ("duration", "key", "ptr", "timestamp")

    def __init__(self, ptr: AVPacket, key: bool, timestamp: int, duration: int | None) -> None:
        self.ptr = ptr
        self.key = key
        self.timestamp = timestamp
        self.duration = duration


class EncoderCore:
    """One open encoder. Takes frames, gives packets with microseconds in them.

    Parameters
    ----------
    codec : AVCodec *
        From `find_encoder`.
    input : InputFormat
    rate : Fraction
        Frames per second, nearly.
    setup : Setup
        Options and flags.
    extra : dict
        The caller's own options, as texts.
    aspect : Fraction or None
        Of a pixel.
    threads : int

    Raises
    ------
    NotSupportedError
        The encoder refuses the configuration, or does not know an option.
    """

    __slots__ = (
        "__weakref__",
        "_clock",
        "_color",
        "_context",
        "_gives_all",
        "_has_input",
        "_is_careful",
        "_is_first",
        "_spare",
        "_surfaces",
        "_webp_end",
        "ended",
        "extradata",
        "input",
        "name",
        "pending",
        "setup",
    )

    def __init__(
        self,
        codec: AVCodec,
        input: InputFormat,
        rate: Fraction,
        setup: Setup,
        extra: dict[str, str],
        *,
        aspect: Fraction | None = None,
        threads: int = 1,
    ) -> None:
        self.name = encoder_name(codec)
        self.input = input
        self._color = codes_of(*input.color[:3])
        setup.give_way(extra)
        self.setup = setup
        self.pending = 0  # frames that went in and did not come out
        self.ended = False
        self._spare: AVPacket | None = None
        self._clock = EncoderClock(rate, self.name)
        self._is_first = True
        self._has_input = False
        self._webp_end = WebpEnd() if self.name == "libwebp_anim" else None
        self._gives_all = self.name in _COMPLETE and "drop-threshold" not in extra
        described = describe(input.pix_fmt)
        self._is_careful = (
            self.name.startswith(_CAREFUL) and described is not None and described.depth == 8
        )
        forked.watch(self)
        context = allocate_context(codec)
        context.width, context.height = input.width, input.height
        context.pix_fmt = pix_fmt_id(input.pix_fmt)
        context.framerate = (rate.numerator, rate.denominator)
        context.time_base = (rate.denominator, rate.numerator)
        context.color_primaries, context.color_trc, context.colorspace = self._color
        context.color_range = _RANGE[input.color[3]]
        if aspect is not None:
            limited = aspect.limit_denominator(255)
            context.sample_aspect_ratio = (limited.numerator, limited.denominator)
        context.thread_count = threads
        self._surfaces = self._allocate_surfaces(codec, context)
        # Full range in JPEG without its own formats, and other harmless liberties.
        context.strict_std_compliance = avcodec.FF_COMPLIANCE_UNOFFICIAL
        if "qscale" in setup.flags:
            context.flags |= avcodec.AV_CODEC_FLAG_QSCALE
        if "global_header" in setup.flags:
            context.flags |= avcodec.AV_CODEC_FLAG_GLOBAL_HEADER
        if "low_delay" in setup.flags:
            context.flags |= avcodec.AV_CODEC_FLAG_LOW_DELAY
            context.thread_type = avcodec.FF_THREAD_SLICE
        self._open(context, codec, setup, extra)
        self._context: AVCodecContext | Any = context  # None once it is closed
        self.extradata: bytes = (
            bytes(ffi.buffer(context.extradata, context.extradata_size))
            if context.extradata_size
            else b""
        )

    def _allocate_surfaces(self, codec: AVCodec, context: AVCodecContext) -> AVBufferRef | None:
        """Return a pool of pictures on the device of an encoder that takes no others, else None."""
        wanted, kind = self.input, device_of(self.name)
        names = formats_of(codec)
        if kind is None or names is None or wanted.pix_fmt in names:
            return None
        device = hardware.open_device(kind)
        surfaces = hardware.make_surfaces(
            device, wanted.pix_fmt, wanted.width, wanted.height, _SURFACES
        )
        about: AVHWFramesContext = ffi.cast("AVHWFramesContext *", surfaces.data)
        context.pix_fmt = about.format
        box = ffi.addressof(context, "hw_frames_ctx")
        atomic.fill(box, avutil.av_buffer_ref, surfaces)
        averror.check_pointer(box[0], "cannot refer to a frames context")
        return surfaces

    def _open(
        self, context: AVCodecContext, codec: AVCodec, setup: Setup, extra: dict[str, str]
    ) -> None:
        if self.name == "libsvtav1":
            svt_av1.prepare(setup.merged(extra))
        for key in extra:
            if key in _DECIDED:
                raise NotSupportedError(f"{key} cannot be set: {_DECIDED[key]}")
        picture = context.width, context.height, context.pix_fmt
        what = f"{self.name} refuses {self.input.width}x{self.input.height}"
        what += f" {self.input.pix_fmt}"
        left = encoder_settings.open_with(
            context, codec, self.name, setup.merged(extra), extra, what
        )
        if (context.width, context.height, context.pix_fmt) != picture:
            self._settle(context)
            raise NotSupportedError(f"{what}: it would take pictures of another size or format")
        unknown = [key for key in left if key in extra or key in setup.needed]
        if unknown:
            self._settle(context)
            raise NotSupportedError(f"{self.name} has no option {', '.join(map(repr, unknown))}")

    def send(
        self,
        frame: AVFrame,
        timestamp: int,
        duration: int | None,
        *,
        key: bool = False,
        quantizer: int | None = None,
    ) -> None:
        """Hand over a frame of our own making, which nobody else sees; the encoder keeps what it
        needs.

        Raises
        ------
        EncodingError
            The encoder refuses the picture. Packets of earlier ones may still be received.
        """
        frames.tag(frame, self._clock.stamp(timestamp, duration), *self._color, self.input.color[3])
        frames.set_duration(frame, self._clock.ticks_of(duration))
        # The first one is a key frame anyway, and libaom makes two of one that is asked for.
        forced = key and self.setup.can_force_key and self._has_input
        self._has_input = True
        frame.pict_type = avutil.AV_PICTURE_TYPE_I if forced else avutil.AV_PICTURE_TYPE_NONE
        if self.setup.quantizer is not None:
            self._quantize(frame, quantizer)
        if self._surfaces is not None:
            frame = hardware.upload(self._surfaces, frame)
        self.pending += 1
        self.hold(timestamp, duration)
        code = avcodec.avcodec_send_frame(self._context, frame)
        if code < 0:
            raise self._error(code, f"the frame at {timestamp} us")

    def hold(self, timestamp: int, duration: int | None) -> None:
        """Note how long the last frame is shown, where it is the encoder who writes that."""
        if self._webp_end is not None:
            self._webp_end.note(timestamp, duration)

    def _quantize(self, frame: AVFrame, quantizer: int | None) -> None:
        if self.setup.quantizer == "quality":
            lambda_ = quantizer * _QP2LAMBDA if quantizer else self._context.global_quality
            frame.quality = lambda_
            return
        # Zero as well: x265 goes by the last frame's if one has none.
        steps = 0 if quantizer is None else quantizer - QUANTIZER_BASE
        described = describe(self.input.pix_fmt)
        depth = 8 if described is None else described.depth
        add_region(frame, steps, 51 + 6 * (depth - 8))

    def drain(self) -> None:
        """Say that no frame follows, if the encoder holds any; `receive` then gives what is
        left.
        """
        if not self.pending or self.ended:
            return
        self.ended = True
        code = avcodec.avcodec_send_frame(self._context, ffi.NULL)
        if code < 0 and code != averror.EOF:
            raise self._error(code, "the rest")

    def receive(self) -> Output | None:
        """Return the next packet in decoding order, None when the encoder wants input or is
        drained.
        """
        ptr = self._spare
        if ptr is None:
            ptr = packet.allocate()
        else:
            self._spare = None
        code = avcodec.avcodec_receive_packet(self._context, ptr)
        while code == 0 and not ptr.size and not ptr.side_data_elems:
            # libwebp_anim of FFmpeg 4.3 gives one for each frame, before the one that counts.
            avcodec.av_packet_unref(ptr)
            code = avcodec.avcodec_receive_packet(self._context, ptr)
        if code < 0:
            self._spare = ptr
            if code == averror.EOF:
                lost, self.pending = self.pending, 0
                if lost > 0 and self._gives_all:
                    raise EncodingError(f"{self.name} ended without {lost} of its pictures")
            if code in (averror.EAGAIN, averror.EOF):
                return None
            raise self._error(code, "a frame")
        self.pending -= 1
        if self._webp_end is not None:
            self._webp_end.write(ptr)
        if self._is_first:
            # APNG's is known when the first picture is.
            self.extradata = packet.new_extradata(ptr) or self.extradata
        timestamp, duration = self._clock.presentation(ptr.pts)
        ptr.dts = self._clock.decoding(ptr.pts if ptr.dts == packet.NOPTS else ptr.dts, timestamp)
        # FFmpeg's APNG encoder forgets to say it of the first one.
        key = self._is_first or bool(ptr.flags & avcodec.AV_PKT_FLAG_KEY)
        self._is_first = False
        ptr.pts = timestamp
        ptr.duration = 0 if duration is None or duration > 0x7FFFFFFFFFFFFFFF else duration
        return Output(ptr, key, timestamp, duration)

    def accepts_memory(
        self,
        ptr: AVFrame,
        planes: list[Pointer[int]],
        strides: list[int],
        spans: list[tuple[int, int]],
    ) -> bool:
        """Tell whether the encoder may read a frame's planes where they are; `spans`: of each the
        number of rows before the last one, and the bytes in a row.

        Many encoders read some bytes past the last row, which memory of FFmpeg's has, and memory
        that was lent may not have.
        """
        if self._is_careful:
            return True
        ends = []
        for index in range(4):
            ref = ptr.buf[index]
            if ref:
                start = int(ffi.cast("uintptr_t", ref.data))
                ends.append((start, start + ref.size))
        for plane, stride, (rows, row) in zip(planes, strides, spans, strict=True):
            address = int(ffi.cast("uintptr_t", plane))
            last = address + stride * rows + row + _READ_AHEAD
            if not any(start <= address and last <= end for start, end in ends):
                return False
        return True

    @property
    def delay(self) -> int:
        """By how many pictures it reorders, as far as it says."""
        return max(0, int(self._context.has_b_frames))

    def parameters(self) -> StreamParameters | None:
        """Return what decoders of an uncommon codec need besides its name and extradata, None if
        there is no such thing.
        """
        context = self._context
        if not context.codec_tag and not context.bits_per_coded_sample:
            return None
        return StreamParameters.of_encoder(context)._replace(extradata=b"")

    def close(self) -> None:
        """Free the encoder. Call it from the thread that uses it, or while no thread does."""
        context, self._context = self._context, None
        self._spare = None
        if context is not None:
            self._settle(context)

    def __del__(self) -> None:
        if getattr(self, "_context", None) is not None:
            self.close()

    def _after_fork(self) -> None:
        self.__class__ = _Inherited

    def _settle(self, context: AVCodecContext) -> None:
        # SVT-AV1 waits for ever when it is freed before it has had a picture (seen with 1.4).
        if self.name == "libsvtav1" and not self._has_input:
            frame = blank(self.input)
            frame.pts = 0
            avcodec.avcodec_send_frame(context, frame)

    def _error(self, code: int, what: str) -> Exception:
        return averror.error(code, f"{self.name} cannot encode {what}", EncodingError)


class _Inherited(EncoderCore):
    """What an encoder is in a fork of the process that made it."""

    __slots__ = ()

    def send(self, *_: Any, **__: Any) -> None:
        raise forked.inherited("this encoder")

    def drain(self) -> None:
        raise forked.inherited("this encoder")

    def receive(self) -> Output | None:
        raise forked.inherited("this encoder")

    def close(self) -> None:
        self._context = None


def add_region(frame: AVFrame, steps: int, span: int) -> None:
    """Make a frame's quantizer `steps` higher than the encoder would, of a range of `span`."""
    kind = releases.regions_of_interest()
    region = (28, 0, frame.height, 0, frame.width, steps, span)
    data = b"".join(value.to_bytes(4, "little", signed=True) for value in region)
    side: AVFrameSideData = averror.check_pointer(
        avutil.av_frame_new_side_data(frame, kind, len(data)), "cannot set a quantizer"
    )
    ffi.memmove(side.data, data, len(data))


def side_data_of(ptr: AVPacket) -> bytes | None:
    """Return the coded alpha that came with a packet, None if there is none."""
    for index in range(ptr.side_data_elems):
        entry = ptr.side_data[index]
        if entry.type == avcodec.AV_PKT_DATA_MATROSKA_BLOCKADDITIONAL:
            # Behind the number of the addition, which is 1 for alpha.
            return bytes(ffi.buffer(entry.data, entry.size))[8:]
    return None


def borrow(
    ptr: AVFrame, shown: InputFormat, planes: list[Pointer[int]], strides: list[int]
) -> AVFrame:
    """Return a frame that shows a part of another one's memory and keeps it alive."""
    frame = frames.allocate()
    for index in range(8):
        if not ptr.buf[index]:
            break
        box = frame.buf + index
        atomic.fill(box, avutil.av_buffer_ref, ptr.buf[index])
        averror.check_pointer(box[0], "cannot refer to a frame")
    frame.format = pix_fmt_id(shown.pix_fmt)
    frame.width, frame.height = shown.width, shown.height
    for index, (plane, stride) in enumerate(zip(planes, strides, strict=True)):
        frame.data[index] = plane
        frame.linesize[index] = stride
    return frame


def blank(wanted: InputFormat) -> AVFrame:
    """Return a frame with memory of its own, contents undefined."""
    frame = frames.allocate(4 * wanted.width * wanted.height + 512)
    frame.format = pix_fmt_id(wanted.pix_fmt)
    frame.width, frame.height = wanted.width, wanted.height
    averror.check(avutil.av_frame_get_buffer(frame, 0), "cannot allocate a frame")
    return frame
