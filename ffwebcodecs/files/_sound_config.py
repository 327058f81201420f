"""What a container says of its sound, as a decoder configuration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._av.files import sound_streams
from .._spec.codecs import sound_families
from .._spec.codecs.audio_config import AudioDecoderConfig
from .._spec.codecs.audio_strings import audio_codec_string
from .._spec.codecs.ffmpeg import require_bytes
from ..errors import DataError, NotSupportedError
from ._losses import PROBE_MORE

if TYPE_CHECKING:
    from .._av.files.demux import DemuxerCore
    from .._av.files.sound_streams import SoundStream


def sound_config(core: DemuxerCore, wanted: int | None) -> AudioDecoderConfig:
    """Return the decoder configuration of a stream of sound, by default the best one.

    Raises
    ------
    NotSupportedError
        There is no sound, or nothing tells its rate.
    InvalidArgumentError
        The stream that is `wanted` is not there, or is no sound.
    """
    sound = core.sound(wanted)
    first = core.first_of(sound.number)
    return make_sound_config(sound, sound_streams.padding_of(sound, first), core.shown)


def make_sound_config(sound: SoundStream, padding: int | None, shown: str) -> AudioDecoderConfig:
    """Return the decoder configuration of what a container says of a stream."""
    parameters = sound.parameters
    require_bytes(parameters.codec)
    channels = parameters.sound
    rate = sound.sample_rate
    if rate <= 0 or channels.number <= 0:
        raise NotSupportedError(
            f"{shown} does not say how many channels the sound of stream {sound.number} "
            f"({parameters.codec}) has, and at what rate; {PROBE_MORE}"
        )
    extradata = parameters.extradata
    codec = audio_codec_string(parameters.codec, extradata, parameters.number("profile"))
    family = sound_families.of_codec(parameters.codec)
    description = None
    try:
        description = family.description_of(extradata) if extradata else None
    except DataError:
        pass  # FFmpeg's decoder may still make something of it
    if description is not None:  # it is not said twice: who takes it away wants none
        parameters = parameters._replace(extradata=b"")
    return AudioDecoderConfig(
        codec=codec,
        sample_rate=rate,
        number_of_channels=channels.number,
        description=description,
        channel_layout=channels.layout,
        initial_padding=padding,
        _native=parameters,
    )
