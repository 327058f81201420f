"""A configuration of sound in WebCodecs' words, translated into each encoder's options.

An option that an encoder of the installed release lacks is left out: all of these only tune, but
for DTX, which `SoundEncoding` then does itself.
"""

from __future__ import annotations

from ...errors import NotSupportedError
from ..codecs.audio_encoder_config import AudioEncoderConfig, FlacEncoderConfig, OpusEncoderConfig
from ..codecs.sound import AudioCodecInfo

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Callable

    Options = dict[str, str]

LEAST_RATE, MOST_RATE, MOST_CHANNELS = 3000, 768_000, 32
"""What browsers take of sound."""
_LEAST_OPUS, _MOST_OPUS = 6000, 256_000  # of opus_encoder_ctl; the latter for each channel
DTX = "dtx"
"""The option of libopus, since FFmpeg 7.1."""


def check(config: AudioEncoderConfig, info: AudioCodecInfo) -> None:
    """Raise NotSupportedError for what no encoder here could do."""
    rate, channels = config.sample_rate, config.number_of_channels
    if not LEAST_RATE <= rate <= MOST_RATE:
        raise NotSupportedError(f"sample_rate {rate} is not from {LEAST_RATE} to {MOST_RATE} Hz")
    if channels > MOST_CHANNELS:
        raise NotSupportedError(f"{channels} channels are more than {MOST_CHANNELS}")
    if config.bitrate == 0:
        raise NotSupportedError("a bitrate of 0 leaves nothing to encode with")
    if info.name == "opus":
        if config.bitrate is not None and config.bitrate < _LEAST_OPUS:
            raise NotSupportedError(f"bitrate {config.bitrate}: Opus wants at least {_LEAST_OPUS}")
        if opus_of(config).format == "ogg":
            raise NotSupportedError(
                "opus format 'ogg' is not supported: encode to 'opus' and write a file with Muxer"
            )


def opus_of(config: AudioEncoderConfig) -> OpusEncoderConfig:
    """Return the members for Opus, also if none are given."""
    given = config.opus
    return given if isinstance(given, OpusEncoderConfig) else OpusEncoderConfig()


def writes_adts(config: AudioEncoderConfig, info: AudioCodecInfo) -> bool:
    """Return whether packets of AAC get ADTS headers."""
    return info.name == "aac" and getattr(config.aac, "format", None) == "adts"


def block_size(config: AudioEncoderConfig, info: AudioCodecInfo) -> int:
    """Return how many samples a packet is to have, 0 if the encoder chooses."""
    flac = config.flac
    return flac.block_size if info.name == "flac" and isinstance(flac, FlacEncoderConfig) else 0


def translate(encoder: str, config: AudioEncoderConfig, info: AudioCodecInfo) -> Options:
    """Return the options of an encoder for a configuration."""
    options: Options = {}
    if config.bitrate is not None:
        options["b"] = str(config.bitrate)
    special = _TRANSLATORS.get(encoder)
    if special is not None:
        special(config, info, options)
    return options


def _opus(config: AudioEncoderConfig, info: AudioCodecInfo, options: Options) -> None:
    opus = opus_of(config)
    if config.bitrate is not None:
        options["b"] = str(min(config.bitrate, _MOST_OPUS * config.number_of_channels))
    options["vbr"] = "off" if config.bitrate_mode == "constant" else "on"
    options["application"] = opus.application
    options["frame_duration"] = f"{opus.frame_duration / 1000:g}"
    options["compression_level"] = str(opus.complexity)
    options["packet_loss"] = str(opus.packetlossperc)
    options["fec"] = str(int(opus.useinbandfec))
    if opus.usedtx:
        options[DTX] = "1"


def _aac(config: AudioEncoderConfig, info: AudioCodecInfo, options: Options) -> None:
    if info.string == "mp4a.67":
        options["profile"] = "mpeg2_aac_low"


def _fdk(config: AudioEncoderConfig, info: AudioCodecInfo, options: Options) -> None:
    options["profile"] = {5: "aac_he", 29: "aac_he_v2"}.get(info.object_type or 2, "aac_low")


def _lame(config: AudioEncoderConfig, info: AudioCodecInfo, options: Options) -> None:
    if config.bitrate is not None and config.bitrate_mode == "variable":
        options["abr"] = "1"


def _vorbis(config: AudioEncoderConfig, info: AudioCodecInfo, options: Options) -> None:
    if config.bitrate is not None and config.bitrate_mode == "constant":
        options |= {"minrate": str(config.bitrate), "maxrate": str(config.bitrate)}


def _flac(config: AudioEncoderConfig, info: AudioCodecInfo, options: Options) -> None:
    options.pop("b", None)
    if isinstance(config.flac, FlacEncoderConfig):
        options["compression_level"] = str(config.flac.compress_level)


_TRANSLATORS: dict[str, Callable[[AudioEncoderConfig, AudioCodecInfo, Options], None]] = {
    "libopus": _opus,
    "aac": _aac,
    "libfdk_aac": _fdk,
    "libmp3lame": _lame,
    "libvorbis": _vorbis,
    "flac": _flac,
}
