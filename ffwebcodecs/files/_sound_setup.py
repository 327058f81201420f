"""From a decoder configuration and the first chunk to what a file must say about a track of sound;
about video: `_mux_setup`.
"""

from __future__ import annotations

from collections.abc import Sequence

from .._av.codecs.sound_parameters import SoundParameters, known
from .._av.files import containers
from .._av.files.written_sound import WrittenSound
from .._av.frames import channel_layout
from .._spec.codecs import aac, opus, sound_families
from .._spec.codecs.audio_config import AudioDecoderConfig
from .._spec.codecs.audio_strings import parse_audio_codec
from .._spec.codecs.sound import SoundFacts
from .._spec.codecs.sound_packets import adts_header, samples_in
from ..codecs.encoded_audio_chunk import EncodedAudioChunk
from ..errors import DataError, InvalidArgumentError

_DESCRIPTIONS = {
    "flac": "'fLaC' with STREAMINFO",
    "vorbis": "the three headers in Xiph's lacing",
    "alac": "the magic cookie",
    "opus": "an OpusHead, for it has more than two channels",
    "aac": "an AudioSpecificConfig",
}


def describe_sound(
    config: AudioDecoderConfig,
    chunk: EncodedAudioChunk,
    container: containers.Container,
    besides: Sequence[containers.Wanted] = (),
) -> WrittenSound:
    """Return the stream's description.

    Parameters
    ----------
    config : AudioDecoderConfig
        A parsed copy.
    chunk : EncodedAudioChunk
        The first one, for what the configuration leaves out.
    container : containers.Container
    besides : sequence of containers.Wanted
        What else is to be in the file, for the advice that an error gives.

    Raises
    ------
    InvalidArgumentError
        Something is missing that the container needs.
    NotSupportedError
        The codec is unknown here, or the container cannot hold it.
    """
    info = parse_audio_codec(config.codec)
    identifier = containers.codec_id(info.name)
    codec = containers.codec_name(identifier)
    container.require(identifier, codec, besides)
    native = known(config._native, identifier)
    extradata = _extradata(config, codec, native, chunk)
    header = adts_header(chunk.data) if codec == "aac" else 0
    facts = _facts(codec, extradata)
    number = facts.channels or config.number_of_channels
    layout = config.channel_layout if number == config.number_of_channels else None
    sound = WrittenSound(codec, _rate(config, codec, facts), channel_layout.parse(number, layout))
    # FFmpeg's ADTS writes packets that have a header as they are, if it knows of no other.
    is_whole = header and container.name == "adts"
    sound.native, sound.extradata = native, b"" if is_whole else extradata
    sound.bits = facts.bits or 0
    stated = config.initial_padding or 0
    sound.initial_padding = facts.pre_skip if codec == "opus" else stated
    sound.frame_size = samples_in(codec, chunk.data, extradata, sound.sample_rate) or 0
    return sound


def _extradata(
    config: AudioDecoderConfig,
    codec: str,
    native: SoundParameters | None,
    chunk: EncodedAudioChunk,
) -> bytes:
    family = sound_families.of_codec(codec)
    if config.description is not None:
        given: bytes = bytes(config.description)
        if native is not None and given == native.extradata:
            return given
        try:
            return family.extradata_of(given) or b""
        except DataError as error:
            raise InvalidArgumentError(
                f"the decoder_config's description is none of {config.codec}: {error}"
            ) from None
    if native is not None and native.extradata:
        return native.extradata
    made: bytes | None = None
    if codec == "aac":
        made = aac.adts_config(bytes(chunk.data[:7]))
    elif codec == "opus" and config.number_of_channels <= opus.MOST_WITHOUT:
        padding = config.initial_padding or 0
        made = opus.make_head(config.number_of_channels, padding, config.sample_rate)
    if made is None and codec in _DESCRIPTIONS:
        raise InvalidArgumentError(
            f"decoder_config has no description, and a file of {config.codec} needs "
            f"{_DESCRIPTIONS[codec]}"
        )
    return made or b""


def _facts(codec: str, extradata: bytes) -> SoundFacts:
    if extradata:
        try:
            return sound_families.of_codec(codec).facts_of(extradata)
        except DataError:
            pass  # FFmpeg's own form of it
    return SoundFacts()


def _rate(config: AudioDecoderConfig, codec: str, facts: SoundFacts) -> int:
    """Return the rate that times count in: that of what is decoded."""
    known_rate, given = facts.sample_rate, config.sample_rate
    if codec == "opus":
        return opus.RATE
    if known_rate is None or (codec == "aac" and given == 2 * known_rate):
        return given  # high efficiency that only the stream shows
    return known_rate
