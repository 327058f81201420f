"""What is said about a codec of sound; of pictures: `grammar`."""

from __future__ import annotations

from .grammar import bad

__all__ = ["AudioCodecInfo", "SoundFacts", "bad", "no_fields"]


class AudioCodecInfo:
    """What a codec string of sound says.

    Attributes
    ----------
    string : str
        The string itself.
    family : str
        Key of tables; what the family knows is asked of `sound_families.of`.
    name : str
        FFmpeg's name of the codec: opus, aac, pcm_s16le ..., or the NAME of ``ffmpeg:NAME``.
    object_type : int or None
        AAC: MPEG-4's audio object type, 2 for AAC-LC.
    """

    __slots__ = ("family", "name", "object_type", "string")

    def __init__(
        self, string: str, family: str, name: str, *, object_type: int | None = None
    ) -> None:
        self.string = string
        self.family = family
        self.name = name
        self.object_type = object_type

    def __repr__(self) -> str:
        return f"AudioCodecInfo({self.string!r}, family={self.family!r}, name={self.name!r})"


class SoundFacts:
    """What a description says of the sound, None (0) where it says nothing.

    Attributes
    ----------
    sample_rate : int or None
        Of what is decoded, in hertz.
    channels : int or None
    bits : int or None
        Of a sample, where samples are kept exactly.
    pre_skip : int
        Samples that a decoder leaves out at the beginning, at `sample_rate`.
    """

    __slots__ = ("bits", "channels", "pre_skip", "sample_rate")

    def __init__(
        self,
        sample_rate: int | None = None,
        channels: int | None = None,
        bits: int | None = None,
        pre_skip: int = 0,
    ) -> None:
        self.sample_rate = sample_rate
        self.channels = channels
        self.bits = bits
        self.pre_skip = pre_skip

    def __repr__(self) -> str:
        members = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__slots__)
        return f"SoundFacts({members})"


def no_fields(codec: str, entry: str, fields: list[str]) -> None:
    """Raise NotSupportedError for a string with fields, of a codec whose strings have none."""
    if fields:
        raise bad(codec, f"nothing follows {entry!r} in a codec string")
