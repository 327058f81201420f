"""The encoding core of sound: send samples, receive packets, name errors; as `encoder` is for
pictures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..._ffi import avcodec, ffi
from ..._spec.frames.sample_formats import BY_FFMPEG
from ...errors import EncodingError, NotSupportedError
from .. import averror, forked
from ..frames import channel_layout, samples
from ..frames.channel_layout import Channels
from ..frames.samples import SoundShape
from . import encoder_settings, packet
from .codec_context import allocate_context
from .encoder_formats import find_sound_encoder
from .sound_encoders import takes
from .sound_parameters import SoundParameters

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ..._ffi._types import AVCodecContext, AVFrame, AVPacket

_EXPERIMENTAL = -2  # FF_COMPLIANCE_EXPERIMENTAL
# What the samples are: an encoder that believed otherwise would read beyond them.
_DECIDED = {
    **dict.fromkeys(("ar",), "the rate is the configuration's sample_rate"),
    **dict.fromkeys(("ac",), "their number is the configuration's number_of_channels"),
    **dict.fromkeys(
        ("channel_layout", "ch_layout"), "the layout is the configuration's channel_layout"
    ),
    **dict.fromkeys(("time_base", "pkt_timebase"), "times are samples"),
    "request_sample_fmt": "it is for decoders",
}


class AudioEncoderCore:
    """One open encoder of sound. Takes frames, gives packets whose times count samples.

    Each frame but the last has `frame_size` samples of each channel, or any number if that is 0.
    After `send`, call `receive` until it returns None.

    Parameters
    ----------
    name : str
        FFmpeg's name of the encoder, or of the codec.
    sample_fmt : str
        FFmpeg's name of a format that it takes (`sound_encoders.takes`), one that `SampleFormat`
        has.
    sample_rate : int
    channels : Channels
    options : mapping
        Those that this package chose, as texts.
    extra : mapping
        The caller's own, as texts; they win.
    bits_per_raw_sample : int
        Of samples that use less than their format has, 0 for all.
    frame_size : int
        Samples in a packet, where the encoder leaves that open; 0: its own choice.
    threads : int

    Attributes
    ----------
    lacks : frozenset of str
        Names of `options` that the encoder does not have.

    Raises
    ------
    NotSupportedError
        There is no such encoder, it refuses, or does not know an option.
    """

    __slots__ = (
        "__weakref__",
        "_context",
        "_spare",
        "ended",
        "extradata",
        "frame_size",
        "initial_padding",
        "lacks",
        "name",
        "sound",
    )

    def __init__(
        self,
        name: str,
        sample_fmt: str,
        sample_rate: int,
        channels: Channels,
        *,
        options: Mapping[str, str] | None = None,
        extra: Mapping[str, str] | None = None,
        bits_per_raw_sample: int = 0,
        frame_size: int = 0,
        threads: int = 1,
    ) -> None:
        codec, taken = find_sound_encoder(name), takes(name)
        if codec is None or taken is None:
            raise NotSupportedError(f"this FFmpeg has no encoder of sound called {name!r}")
        self.name = taken.name
        self.ended = False
        self._spare: AVPacket | None = None
        fmt = BY_FFMPEG[sample_fmt]
        if channels.layout is None:
            channels = channel_layout.usual(channels.number)
        self.sound = SoundShape(fmt, sample_rate, channels, samples.number_of(fmt))
        forked.watch(self)
        context = allocate_context(codec)
        context.sample_rate = sample_rate
        context.sample_fmt = self.sound.sample_fmt
        channel_layout.write(context, channels)
        context.time_base = (1, sample_rate)
        context.bits_per_raw_sample = bits_per_raw_sample
        context.frame_size = frame_size
        context.thread_count = threads
        # The headers stand in the description, not in the stream.
        context.flags |= avcodec.AV_CODEC_FLAG_GLOBAL_HEADER
        if taken.is_experimental:
            context.strict_std_compliance = _EXPERIMENTAL
        self._open(context, options or {}, extra or {}, codec)
        self._context: AVCodecContext | Any = context  # None once it is closed
        self.extradata: bytes = (
            bytes(ffi.buffer(context.extradata, context.extradata_size))
            if context.extradata_size
            else b""
        )
        self.frame_size: int = 0 if taken.takes_any else context.frame_size
        self.initial_padding: int = max(0, context.initial_padding)

    def _open(
        self,
        context: AVCodecContext,
        options: Mapping[str, str],
        extra: Mapping[str, str],
        codec: Any,
    ) -> None:
        for key in extra:
            if key in _DECIDED:
                raise NotSupportedError(f"{key} cannot be set: {_DECIDED[key]}")
        sound = self.sound
        assert sound.format is not None
        what = f"{self.name} refuses {sound.channels.layout or sound.channels.number} at"
        what += f" {sound.sample_rate} Hz, {sound.format.ffmpeg}"
        merged = {**options, **extra}
        left = encoder_settings.open_with(context, codec, self.name, merged, extra, what)
        now = context.sample_rate, context.sample_fmt, channel_layout.read(context).number
        if now != (sound.sample_rate, sound.sample_fmt, sound.channels.number):
            raise NotSupportedError(f"{what}: it would take other samples")
        unknown = [key for key in left if key in extra]
        self.lacks = frozenset(left)
        if unknown:
            raise NotSupportedError(f"{self.name} has no option {', '.join(map(repr, unknown))}")

    @property
    def parameters(self) -> SoundParameters:
        """What a file, or a decoder, needs to know of the stream."""
        return SoundParameters.of_encoder(self._context)._replace(extradata=self.extradata)

    def send(self, ptr: AVFrame) -> None:
        """Hand over a frame of our own making; its ``pts`` counts samples.

        Raises
        ------
        EncodingError
            The encoder refuses the samples. Packets of earlier ones may still be received.
        """
        code = avcodec.avcodec_send_frame(self._context, ptr)
        if code < 0:
            raise self._error(code, f"the samples from {ptr.pts} on")

    def drain(self) -> None:
        """Say that no samples follow; `receive` then gives what is left."""
        if self.ended:
            return
        self.ended = True
        code = avcodec.avcodec_send_frame(self._context, ffi.NULL)
        if code < 0 and code != averror.EOF:
            raise self._error(code, "the rest")

    def receive(self) -> AVPacket | None:
        """Return the next packet, None when the encoder wants input or is drained."""
        ptr = self._spare
        if ptr is None:
            ptr = packet.allocate()
        else:
            self._spare = None
        code = avcodec.avcodec_receive_packet(self._context, ptr)
        while code == 0:
            # FLAC's last one is empty and brings the final header: length and checksum.
            self.extradata = packet.new_extradata(ptr) or self.extradata
            if ptr.size:
                # libvorbis knows it when it gives its first packet.
                self.initial_padding = max(0, self._context.initial_padding)
                return ptr
            avcodec.av_packet_unref(ptr)
            code = avcodec.avcodec_receive_packet(self._context, ptr)
        self._spare = ptr
        if code in (averror.EAGAIN, averror.EOF):
            return None
        raise self._error(code, "samples")

    def close(self) -> None:
        """Free the encoder. Call it from the thread that uses it, or while no thread does."""
        self._context = self._spare = None

    def _after_fork(self) -> None:
        self.__class__ = _InheritedSound

    def _error(self, code: int, what: str) -> Exception:
        return averror.error(code, f"{self.name} cannot encode {what}", EncodingError)


class _InheritedSound(AudioEncoderCore):
    """What an encoder of sound is in a fork of the process that made it."""

    __slots__ = ()

    def send(self, ptr: AVFrame) -> None:
        raise forked.inherited("this encoder")

    def drain(self) -> None:
        raise forked.inherited("this encoder")

    def receive(self) -> AVPacket | None:
        raise forked.inherited("this encoder")
