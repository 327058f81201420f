"""Sound encoded for a configuration: cut into the encoder's blocks, as samples that it takes.

Theory of operation. An encoder is opened at once with the samples that are most likely (float,
channels at the usual places), so that a configuration that cannot work says so. If the first sound
is of another type, or has its channels elsewhere, it is opened anew for that: what it is given
decides what can be kept (16 bits stay 16 bits in FLAC). After it was drained it is opened anew by
what comes next: few of FFmpeg's encoders can go on.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from .._av.codecs import packet
from .._av.codecs.audio_encoder import AudioEncoderCore
from .._av.codecs.sound_encoders import Takes, takes
from .._av.frames import channel_layout, samples
from .._av.frames.channel_layout import Channels
from .._av.frames.sample_blocks import SampleBlocks
from .._av.frames.samples import SoundShape
from .._spec.codecs import opus, sound_families
from .._spec.codecs.audio_config import AudioDecoderConfig
from .._spec.codecs.audio_encoder_config import AudioEncoderConfig
from .._spec.codecs.audio_strings import parse_audio_codec
from .._spec.encoders import audio_choice, sound_options
from .._spec.encoders.adts import AdtsHeaders
from .._spec.encoders.dtx import SilenceRhythm
from .._spec.frames.sample_formats import BY_NAME, SampleFormat
from ..errors import EncodingError, InvalidArgumentError, NotSupportedError

if TYPE_CHECKING:
    from .._av.codecs.sound_parameters import SoundParameters
    from .._av.frames.resampler import Resampler
    from .._ffi._types import AVFrame, AVPacket

_ASSUMED = BY_NAME["f32"]
_DTX_PACKET = 2  # bytes: what is no longer says that there is nothing to say


class SoundEncoding:
    """Encodes the sound of one stream; packets count samples of `sound`'s rate.

    The first sample that comes in has the time 0, so the first packet has ``-initial_padding``. All
    packets are key packets; the durations of all of them are `initial_padding` and the sound
    itself, without what fills the last one up, of which it says how much that is
    (`packet.skips`).

    Parameters
    ----------
    config : AudioEncoderConfig
        A valid one.
    source : SoundShape, optional
        What will come, if that is known; else the first frame tells it.

    Raises
    ------
    NotSupportedError
        No encoder here can do it; says why.
    """

    __slots__ = (
        "_adts",
        "_alike",
        "_blocks",
        "_config",
        "_core",
        "_draining",
        "_dtx",
        "_end",
        "_fresh",
        "_info",
        "_name",
        "_resampler",
        "_rhythm",
        "_silent",
        "_taken",
    )

    def __init__(self, config: AudioEncoderConfig, source: SoundShape | None = None) -> None:
        self._config = config
        self._info = parse_audio_codec(config.codec)
        sound_options.check(config, self._info)
        self._resampler: Resampler | None = None
        self._draining: list[str] = []  # what is left to do of `drain`
        self._dtx = False
        self._rhythm: SilenceRhythm | None = None  # where the encoder knows no DTX
        self._silent: deque[bool] = deque()  # of the blocks inside, and the last one
        self._adts: AdtsHeaders | None = None
        self._core: AudioEncoderCore | None
        self._taken, self._core = self._open_best(source)
        self._fresh = source is None
        self._begin()

    # ---- what it is ------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        """FFmpeg's name of the encoder."""
        return self._taken.name

    @property
    def codec(self) -> str:
        """FFmpeg's name of the codec."""
        return self._taken.codec

    @property
    def sound(self) -> SoundShape:
        """What the encoder is given; packets count samples of its rate."""
        return self._open_core().sound

    @property
    def frame_size(self) -> int:
        """Samples of a packet, 0 if they vary."""
        return 0 if self._taken.name in audio_choice.VARYING else self._open_core().frame_size

    @property
    def initial_padding(self) -> int:
        """Samples that the encoder puts before the first one; of Vorbis known with its first
        packet.
        """
        return self._open_core().initial_padding

    @property
    def extradata(self) -> bytes:
        """FFmpeg's header of the stream, empty with ADTS; that of FLAC changes when it is
        drained.
        """
        return b"" if self._adts is not None else self._header()

    @property
    def parameters(self) -> SoundParameters:
        """What a file needs to know of the stream."""
        return self._open_core().parameters._replace(extradata=self.extradata)

    @property
    def description(self) -> bytes | None:
        """What a decoder configuration has of the header."""
        return sound_families.of(self._info).description_of(self.extradata)

    @property
    def decoder_config(self) -> AudioDecoderConfig:
        """What a decoder, or a file, needs to know of the stream."""
        core, codec = self._open_core(), self._config.codec
        if self._info.string.startswith("ffmpeg:"):
            codec = f"ffmpeg:{self._taken.codec}"
        rate, channels = core.sound.sample_rate, core.sound.channels
        usual = channel_layout.usual(channels.number).layout
        return AudioDecoderConfig(
            codec=codec,
            sample_rate=rate,
            number_of_channels=channels.number,
            description=self.description,
            channel_layout=None if channels.layout == usual else channels.layout,
            initial_padding=core.initial_padding or None,
            _native=self.parameters,
        )

    # ---- in and out ------------------------------------------------------------------------------

    def send(self, ptr: AVFrame, shape: SoundShape | None = None) -> None:
        """Take a frame, which is only read, of the configuration's rate and number of channels;
        then call `receive` until it returns None.

        `shape` is what it is, if more is known than the frame says: one of channels at places that
        nobody has said has the usual places.

        Raises
        ------
        InvalidArgumentError
            It is of another rate or number of channels. Nothing has changed.
        EncodingError
            The encoder refuses the samples.
        """
        shape = shape or samples.describe(ptr)
        wanted = self._config.sample_rate, self._config.number_of_channels
        if (shape.sample_rate, shape.channels.number) != wanted:
            raise InvalidArgumentError(
                f"the sound has {shape.sample_rate} Hz and {shape.channels.number} channels, the "
                f"configuration says {wanted[0]} Hz and {wanted[1]}; resample it, or configure anew"
            )
        core = self._open_core()
        if self._fresh or core.ended:
            self._reopen(shape)
        if shape.sample_rate == self.sound.sample_rate:
            self._blocks.give(ptr)
        else:
            self._resample(ptr, shape)

    def drain(self) -> None:
        """Say that no sound follows; `receive` then gives what is left."""
        if not self._open_core().ended and not self._draining:
            self._draining = ["resampled", "padding", "rest", "core"]

    def receive(self) -> AVPacket | None:
        """Return the next packet, None if there is none before more sound comes."""
        core = self._open_core()
        while True:
            ptr = core.receive()
            if ptr is not None:
                if self._is_wanted(ptr):
                    return self._finished(ptr)
                continue
            block = self._blocks.take()
            if block is None and self._draining:
                block = self._drain_step(core)
                if block is None:
                    continue
            if block is None:
                return None
            self._check_loudness(block)
            if self._rhythm is not None:
                self._silent.append(self._blocks.is_silent(block))
            order = audio_choice.order_of(core.name, core.sound.channels.number)
            if order is not None:
                self._blocks.reorder(block, order)
            core.send(block)

    def close(self) -> None:
        """Free everything; twice is fine."""
        core, self._core = self._core, None
        self._resampler = None
        if core is not None:
            core.close()

    # ---- opening ---------------------------------------------------------------------------------

    def _open_core(self) -> AudioEncoderCore:
        core = self._core
        if core is None:
            raise InvalidArgumentError("the encoder is closed")
        return core

    def _open_best(self, source: SoundShape | None) -> tuple[Takes, AudioEncoderCore]:
        reasons: list[str] = []
        names = audio_choice.candidates(self._info)
        for name in names:
            taken = takes(name)
            if taken is None:
                continue
            try:
                return taken, self._open(taken, source)
            except NotSupportedError as error:
                reasons.append(str(error))
        raise NotSupportedError(
            "; ".join(reasons)
            or f"this FFmpeg has no encoder for {self._info.string}: none of {', '.join(names)}; "
            "install a build of libavcodec that has one (Debian, Ubuntu: libavcodec-extra)"
        )

    def _open(self, taken: Takes, source: SoundShape | None) -> AudioEncoderCore:
        config, info = self._config, self._info
        fmt: SampleFormat = (source.format if source is not None else None) or _ASSUMED
        chosen, bits = audio_choice.choose_format(taken.name, taken.sample_fmts, fmt)
        extra: dict[str, str] = dict(config.encoder_options or {})  # type: ignore[arg-type]
        core = AudioEncoderCore(
            taken.name,
            chosen.ffmpeg,
            audio_choice.choose_rate(taken.name, taken.sample_rates, config.sample_rate),
            self._channels(taken, source),
            options=sound_options.translate(taken.name, config, info),
            extra=extra,
            bits_per_raw_sample=bits,
            frame_size=sound_options.block_size(config, info),
            threads=config.threads or 1,
        )
        self._dtx = info.name == "opus" and sound_options.opus_of(config).usedtx
        if sound_options.writes_adts(config, info):
            self._adts = AdtsHeaders(core.extradata)
        return core

    def _channels(self, taken: Takes, source: SoundShape | None) -> Channels:
        count, named = self._config.number_of_channels, self._config.channel_layout
        usual = channel_layout.usual(count).layout
        wanted = None if source is None else source.channels.layout
        if named is not None:
            try:
                wanted = channel_layout.parse(count, named).layout
            except InvalidArgumentError as error:
                raise NotSupportedError(str(error)) from None
        # What nobody said has the usual layout in a frame, so that alone says nothing.
        insists = named is not None or wanted not in (None, usual)
        layout = audio_choice.choose_layout(
            taken.name, taken.layouts, count, wanted, usual, insists
        )
        return Channels(count, layout)

    def _reopen(self, shape: SoundShape) -> None:
        """Open the encoder for sound of this shape, if it is not open for that and fresh."""
        core, self._fresh = self._open_core(), False
        if core.ended or self._differs(core, shape):
            fresh = self._open(self._taken, shape)
            core.close()
            self._core = fresh
        self._begin()

    def _differs(self, core: AudioEncoderCore, shape: SoundShape) -> bool:
        fmt, _ = audio_choice.choose_format(
            self._taken.name, self._taken.sample_fmts, shape.format or _ASSUMED
        )
        sound = core.sound
        return fmt is not sound.format or self._channels(self._taken, shape) != sound.channels

    def _begin(self) -> None:
        core = self._open_core()
        self._blocks = SampleBlocks(core.sound, core.frame_size or audio_choice.block_of(core.name))
        self._resampler = None
        self._draining = []
        self._end = 0  # of what came out
        self._silent.clear()
        constant = self._config.bitrate_mode == "constant"  # libopus itself leaves none out then
        lacks = self._dtx and not constant and sound_options.DTX in core.lacks
        self._rhythm = SilenceRhythm() if lacks else None

    # ---- the work --------------------------------------------------------------------------------

    def _resample(self, ptr: AVFrame, shape: SoundShape) -> None:
        from .._av.frames.resampler import Resampler

        sound = self.sound
        if self._resampler is None:
            # The channels stay what they are, whatever their places are called; and what comes
            # later may be of another format.
            fmt = shape.format or _ASSUMED
            alike = SoundShape(fmt, shape.sample_rate, sound.channels, samples.number_of(fmt))
            self._alike = SampleBlocks(alike, 0)
            self._resampler = Resampler(alike, sound.sample_fmt, sound.sample_rate, sound.channels)
        self._alike.give(ptr)
        while (block := self._alike.take()) is not None:
            made = self._resampler.convert(block)
            if made is not None:
                self._blocks.give(made)

    def _drain_step(self, core: AudioEncoderCore) -> AVFrame | None:
        """Do the next step of draining; returns a block to encode if there is one."""
        step, blocks = self._draining.pop(0), self._blocks
        if step == "resampled":
            made = None if self._resampler is None else self._resampler.convert(None)
            if made is not None:
                self._blocks.give(made)
        elif step == "padding":
            # Who does not give what is inside at the end gets silence that pushes it out.
            if not self._taken.drains and core.initial_padding and blocks.given:
                blocks.fill(core.initial_padding)
        elif step == "rest":
            missing = blocks.missing
            if self._taken.takes_short or not core.frame_size:
                missing %= audio_choice.unit_of(core.name)
            if missing:
                blocks.fill(missing)
                self._draining.insert(0, step)
            else:
                return blocks.rest()
        else:
            core.drain()
        return None

    def _check_loudness(self, block: AVFrame) -> None:
        """Raise EncodingError for samples that this encoder would end the process with."""
        core = self._open_core()
        assert core.sound.format is not None
        loudest = audio_choice.loudest(core.name, core.sound.format)
        if loudest is None:
            return
        peak = self._blocks.peak(block)
        if not peak <= loudest:
            first = self._blocks.start(block)
            raise EncodingError(
                f"{core.name} cannot encode the samples from {first} on: they reach {peak:g}, "
                f"its limit is {loudest:g}, and 1 is full scale; scale the samples"
            )

    def _is_wanted(self, ptr: AVPacket) -> bool:
        """Tell whether a packet is not one that DTX leaves out."""
        rhythm, silent = self._rhythm, self._silent
        if rhythm is not None:
            # What comes out at the end is what the last block had.
            is_silent = silent.popleft() if len(silent) > 1 else silent[0]
            core = self._open_core()
            duration = core.frame_size * 1_000_000 // core.sound.sample_rate
            return not rhythm.leaves_out(duration, is_silent)
        return not self._dtx or packet.size_of(ptr) > _DTX_PACKET

    def _finished(self, ptr: AVPacket) -> AVPacket:
        """Give a packet the times that it has, however its encoder counts."""
        core = self._open_core()
        pts, lasts = packet.times(ptr)[0], packet.duration(ptr) or 0
        if pts is None:
            pts = self._end  # as the mark that ends ADX
        if self._adts is not None:
            ptr = packet.prefixed(ptr, self._adts.of(packet.size_of(ptr)))
        if core.name not in audio_choice.VARYING:
            # Who holds something back gives whole packets, and calls only part of the last one so.
            whole = core.frame_size if self._taken.drains and core.initial_padding else lasts
            lasts = max(0, min(whole, self._blocks.given - pts))
            if lasts < whole:
                packet.discard_end(ptr, whole - lasts)
        packet.place_in_time(ptr, pts, pts, lasts)
        self._end = pts + lasts
        packet.mark_key(ptr)
        return ptr

    def _header(self) -> bytes:
        core = self._open_core()
        header = core.extradata
        if self._info.name == "opus" and header[:8] == b"OpusHead":
            # What was resampled was at another rate; above 48 kHz that means nothing.
            rate = min(self._config.sample_rate, opus.RATE)
            header = header[:12] + rate.to_bytes(4, "little") + header[16:]
        return header
