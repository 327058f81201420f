"""How a stream is described in words: its dispositions, the codec strings of sound."""

from __future__ import annotations

_DISPOSITIONS = (
    *("default", "dub", "original", "comment", "lyrics", "karaoke", "forced"),
    *("hearing_impaired", "visual_impaired", "clean_effects", "attached_pic"),
    *("timed_thumbnails", "non_diegetic", "", "", "", "captions", "descriptions"),
    *("metadata", "dependent", "still_image", "multilayer"),
)
"""FFmpeg's names of the bits, from the lowest; the numbers are part of its ABI."""

_SOUND = {
    **dict.fromkeys(("opus", "vorbis", "flac", "mp3"), ""),
    "pcm_mulaw": "ulaw",
    "pcm_alaw": "alaw",
    "pcm_u8": "pcm-u8",
    "pcm_s16le": "pcm-s16",
    "pcm_s24le": "pcm-s24",
    "pcm_s32le": "pcm-s32",
    "pcm_f32le": "pcm-f32",
}


def dispositions(bits: int) -> frozenset[str]:
    """Return FFmpeg's names of a stream's dispositions."""
    return frozenset(
        name for place, name in enumerate(_DISPOSITIONS) if name and bits & (1 << place)
    )


def disposition_bits(*names: str) -> int:
    """Return the bits of dispositions, by FFmpeg's names."""
    return sum(1 << _DISPOSITIONS.index(name) for name in names)


def sound_string(codec: str, extradata: bytes, profile: int) -> str | None:
    """Return the WebCodecs codec string of sound, None where WebCodecs has none.

    Parameters
    ----------
    codec : str
        FFmpeg's name.
    extradata : bytes
        The codec's header; an AudioSpecificConfig begins with the audio object type.
    profile : int
        FFmpeg's number, which is that of the audio object type less 1 for AAC.
    """
    if codec == "aac":
        kind = extradata[0] >> 3 if extradata else 0
        if kind == 31 and len(extradata) > 1:  # the escape: six bits more
            kind = 32 + ((extradata[0] & 7) << 3 | extradata[1] >> 5)
        if not 0 < kind < 96:
            kind = profile + 1 if 0 <= profile < 64 else 0
        return f"mp4a.40.{kind}" if kind else None
    name = _SOUND.get(codec)
    return codec if name == "" else name
