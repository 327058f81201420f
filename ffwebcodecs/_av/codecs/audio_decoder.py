"""The decoding core of sound: send a packet, receive frames, name errors; as `decoder` of pictures.

The rule for a driver is the same: after `send`, call `receive` until it returns None.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, avutil, ffi
from ..._spec.codecs.pcm import sample_bytes
from ...errors import EncodingError, NotSupportedError
from .. import averror, forked, pump, said
from ..frames import channel_layout
from ..frames import frame as frames
from . import codec_context
from .codec_context import allocate_context, set_extradata
from .packet import NOPTS, allocate, reference, shortened
from .sound_parameters import known

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..._ffi._types import AVCodec, AVCodecContext, AVFrame, AVPacket
    from ..frames.channel_layout import Channels

# FFmpeg's own decoder of Opus is off by up to a fifth of full scale in single samples.
_BEST = {"opus": "libopus", "mp3": "mp3float"}
_LAST = 2**63 - 1


def find_audio_decoder(name: str) -> AVCodec | None:
    """Return the AVCodec that decodes the sound of `name`, a codec or one of FFmpeg's decoders, the
    best if there are several; None if none does.
    """
    audio = avutil.AVMEDIA_TYPE_AUDIO
    best = codec_context.find(_BEST[name], audio) if name in _BEST else None
    return best or codec_context.find(name, audio)


def has_audio_decoder(name: str) -> bool:
    """Return whether this FFmpeg can decode the sound of `name`."""
    return find_audio_decoder(name) is not None


class AudioDecoderCore:
    """One open decoder of sound. The frames' times are in the unit of the packets'.

    It drops nothing that it decodes: what is before the beginning or after the end, those above
    leave out.

    Parameters
    ----------
    name : str
        FFmpeg's codec or decoder name.
    extradata : bytes-like, optional
        What the codec wants, as FFmpeg has it; copied.
    sample_rate : int, optional
        In hertz; most codecs carry it themselves.
    channels : Channels, optional
        As `sample_rate`.
    parameters : optional
        What a configuration carries from the demuxer, see `sound_parameters.known`.
    threads : int
        FFmpeg threads; 0 is one, so that a packet's samples come before the next packet.
    time_base : (int, int)
        The unit of the packets' times, in seconds.

    Raises
    ------
    NotSupportedError
        This FFmpeg has no such decoder, or it refuses the configuration.

    Attributes
    ----------
    name : str
        FFmpeg's name of the decoder.
    at_end : bool
        All was received after `drain`.
    has_failed : bool
        A packet was refused since `restart`. The next one may be fine.
    """

    __slots__ = (
        "__weakref__",
        "_anchor",
        "_context",
        "_early",
        "_has_filler",
        "_is_due",
        "_is_new",
        "_pump",
        "_samples",
        "_shown",
        "_spare",
        "_time_base",
        "_unit",
        "_untimed",
        "at_end",
        "has_failed",
        "name",
    )

    def __init__(
        self,
        name: str,
        *,
        extradata: object | None = None,
        sample_rate: int | None = None,
        channels: Channels | None = None,
        parameters: Any = None,
        threads: int = 0,
        time_base: tuple[int, int] = (1, 1000000),
    ) -> None:
        codec = find_audio_decoder(name)
        if codec is None:
            raise codec_context.no_decoder(name)
        self.name: str = ffi.string(codec.name).decode()
        self.at_end = False
        self.has_failed = False
        self._spare: AVFrame | None = None
        # The first packet of Vorbis has no sound of its own. Since FFmpeg 6, what the decoder gives
        # for it is made up, and marked to be left out.
        self._is_due = self._has_filler = self.name == "vorbis"
        self._time_base = time_base
        self._anchor: int | None = None  # the time of the packet that the last frame is of
        self._samples = 0  # received since, and at which rate
        self._is_new = False  # a packet was sent and nothing received yet
        self._untimed: int | None = None  # the time of a packet that has none in it
        # What FFmpeg has said already to the next calls of it, and given: see `foretell`.
        self._early: list[tuple[int, AVFrame | None]] = []
        self._shown = allocate()  # to be used again and again
        self._pump: Any = None
        context = allocate_context(codec)
        parameters = known(parameters, codec.id)
        if parameters is not None:
            code = parameters.apply(context, codec.id)
            averror.check(code, f"cannot configure {self.name}", NotSupportedError)
            if extradata is None and parameters.extradata:
                extradata = parameters.extradata
        if sample_rate is not None:
            _configure_rate(context, sample_rate)
        if channels is not None:
            _configure_channels(context, channels, parameters)
        if extradata is not None:
            set_extradata(context, bytes(extradata))  # type: ignore[call-overload]
        context.pkt_timebase = time_base
        context.thread_count = threads or 1
        context.flags2 |= avcodec.AV_CODEC_FLAG2_SKIP_MANUAL
        if self.name == "libopus":  # else it rounds to 16 bits
            context.request_sample_fmt = avutil.av_get_sample_fmt(b"flt")
        _open(context, codec, self.name)
        # Bytes that are decoded together, or none: what is left over at a packet's end is dropped.
        self._unit = (sample_bytes(self.name) or 0) * channel_layout.read(context).number or 1
        self._context: AVCodecContext | Any = context  # None once it is closed
        self._pump = pump.decoder(context)
        forked.watch(self)

    def send(self, packet: AVPacket, timestamp: int, retime: bool = False) -> None:
        """Hand a packet over; the decoder takes its own reference.

        `timestamp` is what the frames get if the packet itself has no time, or with `retime`, which
        is for packets that have one of another clock.

        Raises
        ------
        EncodingError
            The decoder refuses the data. Frames of earlier packets may still be received, and other
            packets sent.
        """
        pts = timestamp if retime else packet.pts
        self._is_new = True
        self._untimed = timestamp if pts == NOPTS else None
        size = packet.size
        if not size:  # which FFmpeg may take for the end
            raise self._error(averror.INVALID_DATA, timestamp)
        rest = size % self._unit
        if rest:  # FFmpeg takes it for one more packet, and refuses that
            packet = shortened(packet, size - rest)
            if not packet.size:
                return
        early = self._early
        if early:
            code = early.pop(0)[0]
        else:
            if packet.pts != pts:
                reference(self._shown, packet)
                packet = self._shown
                packet.pts, packet.dts = pts, NOPTS
            code = avcodec.avcodec_send_packet(self._context, packet)
            if packet is self._shown:
                avcodec.av_packet_unref(packet)
        if code < 0:
            raise self._error(code, timestamp)

    def run(
        self, packets: Sequence[Any], times: list[int]
    ) -> tuple[list[Any], int | list[tuple[int, int]]] | None:
        """Decode the first ones of at most `pump.MOST` packets, as `send` with `retime` and
        `receive` would, as long as each gives one frame. The next packet is to be sent, though it
        may be that `is_ahead`.

        Parameters
        ----------
        packets : sequence of AVPacket or of the pump's Packet
        times : list of int

        Returns
        -------
        (list of Picture, int) or (list of Picture, list of (int, int)) or None
            Pictures and how many samples each has: one number if all are of the same kind as the
            one before; else each has its own, and whether it may be of another kind. None: that
            cannot be done.
        """
        decoder = self._pump
        if decoder is None or self._is_due or self._early:
            return None
        own = pump.get().Packet
        addresses = [each if type(each) is own else pump.number(each) for each in packets]
        pictures, samples, received, sent, result, first, second = decoder.decode(
            addresses, times, self._unit, pump.TIME
        )
        if received >= 0:
            early: list[tuple[int, AVFrame | None]] = [(sent, None)]
            if received == 2:
                early.append((0, first.ptr))
            if received:
                early.append((result, None if second is None else second.ptr))
            self._early = early
        if pictures:
            count = samples if type(samples) is int else samples[-1][0]
            self.passed(times[len(pictures) - 1], count)
        return pictures, samples

    @property
    def is_ahead(self) -> bool:
        """Whether FFmpeg has been sent the packet that `send` gets next."""
        return bool(self._early)

    def drain(self) -> None:
        """Say that no packet follows; `receive` then gives what is left and sets `at_end`."""
        # What it has said is due no longer; frames are.
        self._early = [each for each in self._early if each[1] is not None]
        code = avcodec.avcodec_send_packet(self._context, ffi.NULL)
        if code < 0 and code != averror.EOF:
            raise self._error(code, self._anchor)

    def receive(self) -> AVFrame | None:
        """Return the owner of the next frame, None when the decoder wants input or is drained.

        Its ``pts`` is the packet's time and, of a packet's second frame and those after it, how
        long the others last.

        Raises
        ------
        EncodingError
            As `send`.
        """
        early = self._early
        if early:
            code, given = early.pop(0)
            if given is not None:
                self._place(given)
                return given
            self._note(code)
            return None
        ptr, self._spare = self._spare or frames.allocate(), None
        code = avcodec.avcodec_receive_frame(self._context, ptr)
        if not code and self._is_due:
            self._is_due = False
            if _is_filler(ptr):
                self._is_new = False
                code = avcodec.avcodec_receive_frame(self._context, ptr)
        if not code:
            self._place(ptr)
            return ptr
        self._spare = ptr
        self._note(code)
        return None

    def _note(self, code: int) -> None:
        """Tell why there is no frame."""
        if code == averror.EOF:
            self.at_end = True
        elif code != averror.EAGAIN:
            raise self._error(code, self._anchor)

    @property
    def context(self) -> AVCodecContext | None:
        """What decodes, for somebody who hands packets over and receives frames by himself, and
        tells with `passed` and `foretell`; None while each frame is to be looked at here.
        """
        return None if self._is_due or self._early else self._context

    @property
    def unit(self) -> int:
        """A packet has a multiple of so many bytes, or is cut."""
        return self._unit

    def passed(self, ticks: int, samples: int) -> None:
        """Say which frame came last, of those that others have received."""
        self._anchor, self._samples, self._is_new = ticks, samples, False
        self._untimed = None

    def foretell(self, results: list[tuple[int, AVFrame | None]]) -> None:
        """Say what FFmpeg has answered already when the packet was sent that `send` gets next, and
        when the frames were received that `receive` is to return.
        """
        self._early = results

    def _place(self, ptr: AVFrame) -> None:
        """Give a frame its time. FFmpeg knows that of a packet's first one only."""
        given: int | None = ptr.pts
        if given == NOPTS:
            given = self._untimed if self._is_new else None
        if given is not None and (self._is_new or given != self._anchor):
            if self._untimed is not None:
                ptr.pts = given
            self._anchor, self._samples, self._is_new = given, ptr.nb_samples, False
            return
        self._is_new = False
        rate = ptr.sample_rate
        if self._anchor is not None and rate:
            numerator, denominator = self._time_base
            later = self._samples * denominator // (rate * numerator)
            ptr.pts = min(self._anchor + later, _LAST)
            self._samples += ptr.nb_samples

    def restart(self) -> None:
        """Forget all input, so that the next packet may be any that decoding can begin with."""
        avcodec.avcodec_flush_buffers(self._context)
        self._anchor = self._untimed = None
        self._samples = 0
        self._early = []
        self._is_due = self._has_filler
        self._is_new = self.at_end = self.has_failed = False

    def close(self) -> None:
        """Free the decoder. Call it from the thread that uses it, or while no thread does."""
        self._context = None
        self._spare = self._pump = None
        self._early = []

    def _after_fork(self) -> None:
        self.__class__ = InheritedAudioDecoder

    def _error(self, code: int, timestamp: int | None) -> Exception:
        self.has_failed = True
        if timestamp is not None:
            numerator, denominator = self._time_base
            timestamp = timestamp * numerator * 1_000_000 // denominator
        where = "" if timestamp is None else f" the chunk at {timestamp} us"
        failure = averror.error(code, f"{self.name} cannot decode{where}", EncodingError)
        if isinstance(failure, EncodingError):
            failure.timestamp = timestamp
        return failure


def _open(context: AVCodecContext, codec: AVCodec, name: str) -> None:
    place = said.mark()
    with forked.opening:
        code = avcodec.avcodec_open2(context, codec, ffi.NULL)
    averror.check(code, f"{name} refuses the configuration", NotSupportedError, since=place)


def _is_filler(ptr: AVFrame) -> bool:
    """Tell whether a decoder marks all of a frame as what is to be left out."""
    for index in range(ptr.nb_side_data):
        entry = ptr.side_data[index]
        if entry.type == avutil.AV_FRAME_DATA_SKIP_SAMPLES and entry.size >= 4:
            skip = int.from_bytes(ffi.buffer(entry.data, 4)[:], "little")
            return skip >= ptr.nb_samples
    return False


def _configure_rate(context: AVCodecContext, sample_rate: int) -> None:
    if sample_rate > 0x7FFFFFFF:
        raise NotSupportedError(f"a sample rate of {sample_rate} Hz is more than FFmpeg has")
    context.sample_rate = sample_rate


def _configure_channels(context: AVCodecContext, channels: Channels, parameters: Any) -> None:
    # A container says where its channels are, too.
    stated = None if parameters is None else parameters.sound.number
    if stated == channels.number and not channels.layout:
        return
    if channels.number > channel_layout.MOST_CHANNELS:
        raise NotSupportedError(
            f"{channels.number} channels are more than the {channel_layout.MOST_CHANNELS} here"
        )
    channel_layout.write(context, channels)


class InheritedAudioDecoder(AudioDecoderCore):
    """What a decoder of sound is in a fork of the process that made it."""

    __slots__ = ()

    def send(self, packet: AVPacket, timestamp: int, retime: bool = False) -> None:
        raise forked.inherited("this decoder")

    def run(self, packets: Sequence[Any], times: list[int]) -> Any:
        raise forked.inherited("this decoder")

    def drain(self) -> None:
        raise forked.inherited("this decoder")

    def receive(self) -> AVFrame | None:
        raise forked.inherited("this decoder")

    def restart(self) -> None:
        raise forked.inherited("this decoder")
