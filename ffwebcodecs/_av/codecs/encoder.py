"""The encoding core: send a frame, receive packets, name errors. No threads, no queue, no policy.

The rule for a driver is the decoder's: after `send`, call `receive` until it returns None, then
send again; so `send` never finds the encoder full.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, avutil, ffi
from ..._spec.encoders.choice import device_of
from ..._spec.encoders.clock import EncoderClock
from ..._spec.encoders.key_frames import even_interval, usual_interval
from ..._spec.encoders.options import QUANTIZER_BASE
from ..._spec.encoders.request import Setup
from ..._spec.frames.color import codes_of
from ...errors import EncodingError, NotSupportedError
from .. import atomic, averror, forked, pump
from ..frames import frame as frames
from ..frames import hardware
from ..frames.pixel_format import describe, pix_fmt_id
from . import encoder_pictures as pictures
from . import encoder_run, encoder_settings, packet, svt_av1
from .codec_context import allocate_context
from .encoder_formats import encoder_name, formats_of
from .encoder_pictures import InputFormat
from .parameters import StreamParameters
from .webp_end import WebpEnd

if TYPE_CHECKING:
    from collections.abc import Callable

    from ..._ffi._types import (
        AVBufferRef,
        AVCodec,
        AVCodecContext,
        AVFrame,
        AVHWFramesContext,
        AVPacket,
        Pointer,
    )

    # A packet, an AVPacket or the pump's, whether it is a key packet, and its time and duration in
    # microseconds.
    Output = tuple[Any, bool, int, int | None]
    Given = tuple[Any, int, int | None, bool, bool]  # see `EncoderCore.run`

_QP2LAMBDA = 118  # FF_QP2LAMBDA
# Those whose own copy of an 8-bit frame stays within its rows (seen with guard pages).
_CAREFUL = ("libx264", "libvpx", "libsvtav1", "libaom", "librav1e")
# Those that give a packet for each picture, always. (libaom 3.6 lost some where it coded RGB
# losslessly on several threads.) Others may leave pictures out to keep a bit rate.
_COMPLETE = ("libx264", "libx264rgb", "libx265", "libaom-av1", "libsvtav1", "librav1e")
_READ_AHEAD = 64
_LONGEST = 2**63 - 1
_SURFACES = 32  # on a device: more than any encoder keeps
# What the pictures and the clock are: an encoder that believed otherwise would read beyond them.
_DECIDED = {
    "video_size": "the size is the configuration's width and height",
    "time_base": "timestamps are microseconds",
    "pkt_timebase": "timestamps are microseconds",
}
_RANGE = {None: 0, False: 1, True: 2}


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
        "_run",
        "_spare",
        "_surfaces",
        "_webp_end",
        "ended",
        "extradata",
        "input",
        "name",
        "pending",
        "setup",
        "spans",
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
        self._run: Any = None
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
        self.spans = encoder_run.spans_of(input.pix_fmt, input.width, input.height)
        if self.setup.quantizer is None and self._surfaces is None and self._webp_end is None:
            says = *self._color, _RANGE[input.color[3]]
            self._run = encoder_run.encoder(context, says, self.spans, self._is_careful)
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
        self._spread_key_frames(context, setup)
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

    def _spread_key_frames(self, context: AVCodecContext, setup: Setup) -> None:
        """Have groups of one length in a piece of a film."""
        if setup.frames is None:
            return
        num, den = context.framerate.num, context.framerate.den
        usual = usual_interval(self.name, num / den)
        if usual is not None and context.gop_size > 1:  # FFmpeg's own default, else the library's
            usual = context.gop_size
        interval = None if usual is None else even_interval(setup.frames, usual)
        if interval is not None:
            setup.options["g"] = str(interval)

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
        pictures.add_region(frame, steps, 51 + 6 * (depth - 8))

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
        return self._output(ptr, ptr.pts, ptr.dts, ptr.flags)

    def _output(self, native: Any, pts: int, dts: int, flags: int) -> Output:
        clock = self._clock
        timestamp, duration, dts = clock.times(pts, pts if dts == packet.NOPTS else dts)
        # FFmpeg's APNG encoder forgets to say it of the first one.
        key = self._is_first or bool(flags & packet.KEY)
        if self._is_first:
            # APNG's is known when the first picture is.
            ptr = packet.pointer_of(native)
            self.extradata = packet.new_extradata(ptr) or self.extradata
            self._is_first = False
        lasting = 0 if duration is None or duration > _LONGEST else duration
        packet.stamp(native, timestamp, dts, lasting)
        return native, key, timestamp, duration

    @property
    def can_run(self) -> bool:
        """Whether `run` does what `send` and `receive` do."""
        return self._run is not None and not self.ended

    def run(
        self, given: list[Given], copied: Callable[[int], AVFrame]
    ) -> tuple[list[Output], int, Exception | None]:
        """Send pictures one after the other, and receive what is there after each, in one step.

        Parameters
        ----------
        given : list of (frame, int, int or None, bool, bool)
            Each what the pump knows it by, its timestamp, duration, whether it is to be a key
            frame, and whether it is a frame of our own making as for `send`.
        copied : callable
            Makes such a frame of the picture of a number.

        Returns
        -------
        outputs : list of Output
        done : int
            How many pictures were sent.
        problem : Exception or None
            Why the next one was not, or why not all was received.
        """
        rows, keeps = self._rows(given), []
        outputs: list[Output] = []
        problem: Exception | None = None
        done, is_more = 0, False
        while (done < len(rows) or is_more) and problem is None:
            found, count, sent, received = self._run.encode(() if is_more else rows[done:])
            self.pending += count - len(found)
            outputs += [self._output(*one) for one in found]
            done += count
            is_more = received == 0
            if sent == encoder_run.WANTS_COPY:
                keeps.append(copied(done))
                row = pump.number(keeps[-1]), *rows[done][1:4], 1
                rows = (*rows[:done], row, *rows[done + 1 :])
            elif sent < 0:
                self.pending += 1
                problem = self._error(sent, f"the frame at {given[done][1]} us")
            elif received < 0 and received != averror.EAGAIN:
                problem = self._error(received, "a frame")
        return outputs, done, problem

    def _rows(self, given: list[Given]) -> tuple[tuple[Any, int, int, int, int], ...]:
        clock, can_force = self._clock, self.setup.can_force_key
        rows = []
        for frame, timestamp, duration, key, is_own in given:
            forced = key and can_force and self._has_input
            self._has_input = True
            tick = clock.stamp(timestamp, duration)
            rows.append((frame, tick, clock.ticks_of(duration), forced, is_own))
        return tuple(rows)

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
        self._spare = self._run = None
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
            frame = pictures.blank(self.input)
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

    def run(self, *_: Any) -> Any:
        raise forked.inherited("this encoder")

    def close(self) -> None:
        self._context = self._run = None
