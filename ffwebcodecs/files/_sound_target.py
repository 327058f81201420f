"""Which encoder sound gets, and at which rate and with which channels it is given to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._av.codecs.sound_encoders import takes
from .._av.files import containers
from .._av.frames import channel_layout
from .._av.frames.channel_layout import Channels
from .._spec.codecs.audio_encoder_config import AudioEncoderConfig
from .._spec.codecs.audio_strings import parse_audio_codec
from .._spec.encoders import audio_choice, sound_choice
from .._spec.types import BitrateMode
from ..codecs._audio_encoding import SoundEncoding
from ..errors import InvalidArgumentError, NotSupportedError
from ._losses import Losses
from ._sound_options import AUTO, COPY, SoundOptions

if TYPE_CHECKING:
    from .._av.codecs.sound_encoders import Takes
    from .._av.codecs.sound_parameters import SoundParameters
    from .._av.files.containers import Container
    from .._av.frames.samples import SoundShape
    from .muxer import Muxer


class SoundSource(NamedTuple):
    """What is to be encoded: FFmpeg's name of its codec, hertz, channels, bits of a sample (0:
    means nothing), and whether those are floating-point numbers.
    """

    codec: str
    sample_rate: int
    channels: Channels
    bits: int = 0
    is_float: bool = False

    @classmethod
    def of(cls, sound: SoundParameters) -> SoundSource:
        """Return what a stream's parameters say."""
        bits = sound.number("bits_per_raw_sample") or sound.number("bits_per_coded_sample")
        return cls(
            sound.codec,
            sound.number("sample_rate"),
            sound.sound,
            bits if sound_choice.is_lossless(sound.codec) else 0,
            sound.codec.startswith("pcm_f"),
        )

    @classmethod
    def of_shape(cls, shape: SoundShape) -> SoundSource:
        """Return what samples of a program are."""
        fmt = shape.format
        is_float = fmt is not None and fmt.dtype == "float32"
        bits = 64 if fmt is None else 8 * fmt.sample_bytes
        codec = "pcm_f32le" if is_float else "pcm_s16le"
        return cls(codec, shape.sample_rate, shape.channels, bits, is_float)


def open_sound(
    source: SoundSource, *, options: SoundOptions, muxer: Muxer, losses: Losses, name: str
) -> SoundEncoding:
    """Open an encoder of the caller's codec, or of the first one that is usual in the container and
    that this FFmpeg has; `name` is the stream's for people.

    Raises
    ------
    NotSupportedError
        There is none, or it does not take what was asked for.
    InvalidArgumentError
        The bitrate is none that the codec can have.
    """
    container = muxer._container
    if options.codec not in (AUTO, COPY):
        return _open_chosen(source, options, muxer, losses, name)
    usual: tuple[str, ...] = sound_choice.usual_codecs(
        container.name, source.codec, source.bits, is_float=source.is_float
    )
    if sound_choice.is_compressed(source.codec) and _holds(container, source.codec):
        usual = (source.codec, *usual)  # it can stay as it is, and is encoded only to be cut
    why: list[str] = []
    for codec in usual:
        if not _holds(container, codec):
            continue
        try:
            return _open(_string(codec), source, options, losses, name)
        except NotSupportedError as error:
            why.append(str(error))
    raise NotSupportedError("; ".join(why))  # nothing: it holds no sound


def _holds(container: Container, codec: str) -> bool:
    return container.can_hold(containers.codec_id(codec), codec)


def _open_chosen(
    source: SoundSource, options: SoundOptions, muxer: Muxer, losses: Losses, name: str
) -> SoundEncoding:
    codec = parse_audio_codec(options.codec).name
    taken = _encoder(options.codec)
    if taken is None:
        known = ", ".join(short for short in sound_choice.SHORT_NAMES if _encoder(_string(short)))
        raise NotSupportedError(
            f"this FFmpeg has no encoder for {_spelled(options.codec, codec)}; audio may be one of "
            f"{known}"
        )
    muxer._container.require(containers.codec_id(taken.codec), taken.codec, muxer._wanted)
    return _open(options.codec, source, options, losses, name)


def _spelled(string: str, codec: str) -> str:
    """Return the codec as it was asked for, where its name does not say all: a profile of AAC."""
    return f"{codec} as {string!r}" if "." in string else codec


def _string(codec: str) -> str:
    return sound_choice.SHORT_NAMES.get(codec, f"ffmpeg:{codec}")


def _encoder(string: str) -> Takes | None:
    """Return the best encoder that this FFmpeg has for a codec string."""
    found = (takes(name) for name in audio_choice.candidates(parse_audio_codec(string)))
    return next((each for each in found if each is not None), None)


def _open(
    string: str, source: SoundSource, options: SoundOptions, losses: Losses, name: str
) -> SoundEncoding:
    taken = _encoder(string)
    if taken is None or (taken.is_experimental and options.codec == AUTO):
        raise NotSupportedError(f"this FFmpeg has no encoder for {string}")
    rate = _rate(taken, source.sample_rate, options.sample_rate)
    channels = _channels(taken, source.channels, options.channels)
    bitrate = _bitrate(taken, rate, channels.number, options.bitrate)
    encoding = SoundEncoding(
        AudioEncoderConfig.parse(
            AudioEncoderConfig(
                codec=string,
                sample_rate=rate,
                number_of_channels=channels.number,
                bitrate=bitrate,
                bitrate_mode=_mode(taken, options.bitrate),
                channel_layout=channels.layout,
            )
        )
    )
    less = source.channels.number - channels.number
    if less > 0 and options.channels is None:
        what = f"{less} of the {source.channels.number} channels of {name}"
        why = f"{taken.codec} holds {channels.number}"
        losses.add(what, why, f"{what} are mixed into the others: {why}")
    return encoding


def _bitrate(taken: Takes, rate: int, channels: int, wanted: int | None) -> int | None:
    if wanted is None:
        return sound_choice.usual_bitrate(taken.codec, channels, rate)
    known = sound_choice.bitrates(taken.codec, channels, rate)
    if known is None or known[0] <= wanted <= known[1]:
        return wanted
    least, most = known
    if not most:
        raise InvalidArgumentError(
            f"audio_bitrate is {wanted}, and {taken.codec} has as many bits as its samples need"
        )
    raise InvalidArgumentError(
        f"audio_bitrate is {wanted}, and {taken.codec} has from {least} to {most} bits per second "
        f"at {rate} Hz with {channels} channel{'s' * (channels > 1)}"
    )


def _mode(taken: Takes, wanted: int | None) -> BitrateMode:
    """Return "constant" for MP3 of a bitrate that was asked for: that is what all tools make."""
    return "constant" if wanted is not None and taken.codec == "mp3" else "variable"


def _rate(taken: Takes, source: int, wanted: int | None) -> int:
    rates = taken.sample_rates
    if wanted is not None and rates is not None and wanted not in rates:
        listed = ", ".join(map(str, sorted(rates)))
        raise NotSupportedError(
            f"sample_rate is {wanted}, and {taken.name} encodes {taken.codec} at {listed} Hz"
        )
    return sound_choice.nearest_rate(rates, source if wanted is None else wanted)


def _channels(taken: Takes, source: Channels, wanted: int | None) -> Channels:
    number = source.number if wanted is None else wanted
    most = sound_choice.most_channels(taken.codec, taken.name)
    if taken.layouts:
        most = min(most, max(each.number for each in taken.layouts))
    if number > most and wanted is not None:
        raise NotSupportedError(f"channels is {wanted}, and {taken.codec} holds {most} at most")
    if number > most:
        number = most
    same = source if number == source.number else Channels(number)
    place = sound_choice.usual_places(taken.codec, number, said=same.layout is not None)
    if place is not None and (same.layout is None or place != same.layout):
        return channel_layout.parse(number, place)
    if same.layout is None:
        same = channel_layout.usual(number)
    if not taken.layouts or same in taken.layouts:
        return same
    fitting = [each for each in taken.layouts if each.number == number]
    if fitting:
        return fitting[0]
    fewer = [each for each in taken.layouts if each.number < number]
    if wanted is not None or not fewer:
        listed = ", ".join(str(each.layout or each.number) for each in taken.layouts)
        raise NotSupportedError(f"{taken.name} takes no {number} channels: {listed}")
    return max(fewer, key=lambda each: each.number)
