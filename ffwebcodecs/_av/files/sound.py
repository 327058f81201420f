"""What a stream's parameters say of its sound: rate, number and places of its channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ..._ffi import avcodec, avutil, ffi
from .. import releases
from ..codecs.parameters import allocate

if TYPE_CHECKING:
    from ..._ffi._types import AVCodecParameters
    from ..codecs.sound_parameters import SoundParameters

_LONGEST = 256  # bytes of a layout's name
_MOST = 65536  # channels: more are no number


class Sound(NamedTuple):
    """Hertz, number of channels, and FFmpeg's name of where they are: ``"5.1(side)"``. None is
    what the file does not say.
    """

    sample_rate: int | None
    channels: int | None
    channel_layout: str | None


NO_SOUND = Sound(None, None, None)


def sound_of(par: AVCodecParameters) -> Sound:
    """Return what the parameters of a stream say of its sound; `NO_SOUND` if it is none."""
    if par.codec_type != avutil.AVMEDIA_TYPE_AUDIO:
        return NO_SOUND
    name = ffi.new("char[]", _LONGEST)
    if releases.has_channel_layouts():
        channels = par.ch_layout.nb_channels
        layout = ffi.addressof(par, "ch_layout")
        known = avutil.av_channel_layout_describe(layout, name, _LONGEST) > 0
    elif hasattr(par, "channels"):
        channels = par.channels
        known = par.channel_layout > 0
        avutil.av_get_channel_layout_string(name, _LONGEST, channels, par.channel_layout)
    else:
        return Sound(_positive(par.sample_rate), None, None)
    if not 0 < channels < _MOST:
        return Sound(_positive(par.sample_rate), None, None)
    text = ffi.string(name).decode("utf-8", "replace") if known else ""
    # Where FFmpeg knows no more than the number, its name says only that.
    return Sound(_positive(par.sample_rate), channels, None if _is_number(text) else text)


def ticks_of(par: AVCodecParameters, size: int, time_base: tuple[int, int]) -> int:
    """Return how long a packet of so many bytes lasts, 0 if nothing tells: until FFmpeg has decoded
    a first one, the packets of a pipe have no durations.
    """
    samples: int = avcodec.av_get_audio_frame_duration2(par, size)
    if samples <= 0 or par.sample_rate <= 0:
        return 0
    numerator, denominator = time_base
    return samples * denominator // (par.sample_rate * numerator)


class SampleCounter:
    """Tells how many samples packets of a stream have, without decoding them.

    Parameters
    ----------
    parameters : SoundParameters
    """

    __slots__ = ("_par",)

    def __init__(self, parameters: SoundParameters) -> None:
        self._par = allocate()
        codec = avcodec.avcodec_descriptor_get_by_name(parameters.codec.encode())
        if codec:
            parameters.fill(self._par, codec.id)

    def of(self, size: int) -> int:
        """Return how many samples a packet of so many bytes has, 0 if only decoding tells."""
        samples: int = avcodec.av_get_audio_frame_duration2(self._par, size)
        return max(0, samples)


def _is_number(text: str) -> bool:
    return not text or text.endswith(" channels")


def _positive(value: int) -> int | None:
    return value if value > 0 else None
