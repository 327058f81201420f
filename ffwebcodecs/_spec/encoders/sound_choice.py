"""Which codec sound gets in a container that cannot hold it as it is, and with how many bits."""

from __future__ import annotations

# By FFmpeg's name of the container: FFmpeg's names of codecs, the one that players expect first. Of
# those that they all play, the one first whose delay the container can say.
_AAC = ("aac", "mp3", "ac3")
_XIPH = ("opus", "vorbis", "flac")
_OF_FILM = ("mp2", "ac3", "mp3")
_USUAL = {
    **dict.fromkeys(("mp4", "mov", "ipod", "3gp", "3g2", "f4v", "ismv", "psp", "flv"), _AAC),
    **dict.fromkeys(("mpegts", "hls", "dash", "adts"), _AAC),
    "matroska": ("opus", "aac", "vorbis", "flac", "ac3"),
    "webm": ("opus", "vorbis"),
    "avi": ("mp3", "ac3", "mp2", "pcm_s16le"),
    **dict.fromkeys(("ogg", "ogv", "oga"), _XIPH),
    **dict.fromkeys(("mpeg", "vob", "dvd", "svcd", "vcd"), _OF_FILM),
    "asf": ("wmav2", "mp3"),
    "caf": ("alac", "pcm_s16le"),
    **{name: (name,) for name in ("opus", "mp3", "mp2", "flac", "ac3", "eac3", "tta")},
    "spx": ("speex",),
    "wv": ("wavpack",),
}
_OTHERS = (*_AAC, "opus", "vorbis", "mp2", "flac")
_SAMPLES = ("wav", "aiff")  # they hold samples as they are
# Where next to no player plays PCM or Vorbis, though FFmpeg writes them there.
_UNPLAYED = ("mp4", "ipod", "3gp", "3g2", "f4v", "psp", "ismv", "flv")
# FFmpeg writes MP3 of other rates into FLV not at all.
_RATES_OF_FLV = (11025, 22050, 44100, 48000)
# What users write, and the codec string that it stands for.
SHORT_NAMES = {
    "aac": "mp4a.40.2",
    "opus": "opus",
    "flac": "flac",
    "mp3": "mp3",
    "vorbis": "vorbis",
    "alac": "alac",
    "ac3": "ac-3",
    "eac3": "ec-3",
    "mp2": "ffmpeg:mp2",
    "pcm": "pcm-s16",
}
# The most channels that encoders take; more are mixed.
_MOST = {"mp3": 2, "mp2": 2, "wmav2": 2, "wmav1": 2, "ac3": 6, "eac3": 6, "speex": 2}
_LOSSLESS = ("flac", "alac", "wavpack", "tta", "truehd", "mlp")
# Kilobits per second of one channel, two, and each that is more.
_RATES = {
    "aac": (96, 160, 64),
    "opus": (64, 112, 56),
    "mp3": (128, 192, 0),
    "vorbis": (96, 160, 64),
    "ac3": (96, 192, 64),
    "eac3": (96, 192, 64),
    "mp2": (128, 256, 0),
    "wmav2": (96, 160, 0),
}
_FULL = 44100  # hertz: slower sound needs less
_MPEG_1 = 32000  # hertz: its lowest rate


def usual_codecs(container: str, source: str, bits: int, *, is_float: bool) -> tuple[str, ...]:
    """Return FFmpeg's names of the codecs that sound may get in a container, the best first.

    Parameters
    ----------
    container : str
        FFmpeg's name of it.
    source : str
        FFmpeg's name of the codec that the sound has.
    bits : int
        Of a sample of the source, 0 where that means nothing.
    is_float : bool
        Whether the source's samples are floating-point numbers as they are.
    """
    if container in _SAMPLES:
        return (plain_codec(container, source, bits, is_float=is_float),)
    return _USUAL.get(container, _OTHERS)


def plain_codec(container: str, source: str, bits: int, *, is_float: bool) -> str:
    """Return the codec for samples as they are that loses nothing of lossless sound; what was lossy
    gets 16 bits.
    """
    order = "be" if container == "aiff" else "le"
    if not is_lossless(source) or bits <= 0:
        return f"pcm_s16{order}"
    if is_float:
        return f"pcm_f{64 if bits > 32 else 32}{order}"
    if bits <= 8:
        return "pcm_s8" if container == "aiff" else "pcm_u8"
    return f"pcm_s{16 if bits <= 16 else 24 if bits <= 24 else 32}{order}"


def is_lossless(codec: str) -> bool:
    """Return whether a codec gives back what it was given."""
    return codec in _LOSSLESS or codec.startswith(("pcm_s", "pcm_u", "pcm_f", "pcm_b", "pcm_d"))


def is_compressed(codec: str) -> bool:
    """Return whether a codec gives back what it was given in less space, so that sound may be
    encoded with it again without harm.
    """
    return codec in ("flac", "alac")


def is_played(container: str, codec: str, sample_rate: int) -> bool:
    """Return whether players expect a codec in a container that holds it, at this rate."""
    if container == "flv" and codec == "mp3" and sample_rate not in _RATES_OF_FLV:
        return False
    return not (codec.startswith(("pcm_", "vorbis")) and container in _UNPLAYED)


def most_channels(codec: str, encoder: str) -> int:
    """Return the most channels that an encoder of a codec takes; both by FFmpeg's names."""
    if encoder == "vorbis":  # FFmpeg's own
        return 2
    return _MOST.get(codec, 8)


def usual_bitrate(codec: str, channels: int, sample_rate: int) -> int | None:
    """Return bits per second at which most listeners hear no difference; None for a codec that
    has no bitrate, or of which FFmpeg knows better.
    """
    rates = _RATES.get(codec)
    if rates is None:
        return None
    bits = rates[0] if channels == 1 else rates[1] + rates[2] * (channels - 2)
    if sample_rate < _FULL and codec not in ("ac3", "eac3", "opus"):
        bits = max(16, bits * sample_rate // _FULL)
    if codec in ("ac3", "eac3"):
        bits = min(bits, 448 if codec == "ac3" else 640)
    return bits * 1000


def bitrates(codec: str, channels: int, sample_rate: int) -> tuple[int, int] | None:
    """Return the least and the most bits per second that a codec can have, None if nothing is known
    of it; encoders take what is beyond for the nearest that they can do. No bits at all: it has
    none to choose.
    """
    if is_lossless(codec) or codec.startswith(("pcm_", "adpcm_")):
        return 0, 0
    low = sample_rate < _MPEG_1  # the tables of MPEG-2 and of MPEG-1
    if codec == "mp3":
        return (8000, 160_000) if low else (32000, 320_000)
    if codec == "mp2":
        return (8000, 160_000) if low else (32000, 384_000)
    if codec == "opus":
        return 6000, 256_000 * channels
    if codec == "ac3":
        return 32000, 640_000
    if codec == "aac":  # 6144 bits of a channel in 1024 samples
        return 500, 6 * sample_rate * channels
    return None


# FFmpeg's usual 3 and 4 channels are elsewhere than these codecs have them, and so are the side
# channels of 5.1(side), which decoders give.
_AS_VORBIS = {3: "3.0", 4: "quad", 5: "5.0", 6: "5.1", 7: "6.1", 8: "7.1"}
_PLACES: dict[str, dict[int, str]] = {
    "opus": _AS_VORBIS,
    "vorbis": _AS_VORBIS,
    "aac": {3: "3.0", 4: "4.0", 5: "5.0", 6: "5.1"},
}


def usual_places(codec: str, channels: int, *, said: bool = True) -> str | None:
    """Return FFmpeg's name of the layout that a codec has for so many channels, None if any will
    do; FLAC has its own where nobody has `said` one.
    """
    if codec == "flac" and not said:
        return _AS_VORBIS.get(channels)
    return _PLACES.get(codec, {}).get(channels)


def nearest_rate(rates: tuple[int, ...] | None, wanted: int) -> int:
    """Return the rate nearest to the `wanted` one of which nothing is lost, else the highest;
    without `rates` an encoder takes all.
    """
    if rates is None or wanted in rates:
        return wanted
    above = [rate for rate in rates if rate > wanted]
    return min(above, default=max(rates))
