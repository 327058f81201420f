"""The sample formats of AudioData, as the specification has them: eight, in native byte order."""

from __future__ import annotations

from ...errors import InvalidArgumentError
from ..numbers import show
from ..types import AudioSampleFormat


class SampleFormat:
    """One AudioSampleFormat; compare with ``is``, there is one object per format.

    Attributes
    ----------
    name : str
        The specification's name, ``"f32-planar"``.
    ffmpeg : str
        FFmpeg's name, ``"fltp"``.
    dtype : str
        numpy's name of a sample.
    sample_bytes : int
        Bytes of a sample.
    is_planar : bool
        Each channel has a plane of its own; else there is one plane of interleaved samples.
    """

    __slots__ = ("dtype", "ffmpeg", "is_planar", "name", "sample_bytes")

    def __init__(self, name: str, ffmpeg: str, dtype: str, sample_bytes: int) -> None:
        self.name: AudioSampleFormat = name  # type: ignore[assignment]
        self.ffmpeg = ffmpeg
        self.dtype = dtype
        self.sample_bytes = sample_bytes
        self.is_planar = name.endswith("-planar")

    def planes(self, channels: int) -> int:
        """Return the number of planes of so many channels."""
        return channels if self.is_planar else 1

    def frame_bytes(self, channels: int) -> int:
        """Return the bytes of one moment in one plane."""
        return self.sample_bytes * (1 if self.is_planar else channels)

    @property
    def interleaved(self) -> SampleFormat:
        """The interleaved format of the same samples."""
        return BY_NAME[self.name.removesuffix("-planar")]

    @property
    def planar(self) -> SampleFormat:
        """The planar format of the same samples."""
        return BY_NAME[self.interleaved.name + "-planar"]

    def __repr__(self) -> str:
        return f"<SampleFormat {self.name}>"


_ALL = tuple(
    SampleFormat(name + layout, ffmpeg + layout[1:2], dtype, size)
    for layout in ("", "-planar")
    for name, ffmpeg, dtype, size in (
        ("u8", "u8", "uint8", 1),
        ("s16", "s16", "int16", 2),
        ("s32", "s32", "int32", 4),
        ("f32", "flt", "float32", 4),
    )
)
BY_NAME: dict[str, SampleFormat] = {each.name: each for each in _ALL}
BY_FFMPEG: dict[str, SampleFormat] = {each.ffmpeg: each for each in _ALL}


def parse_format(value: object, what: str = "format") -> SampleFormat:
    """Return the format of this name.

    Raises
    ------
    InvalidArgumentError
        There is none of that name.
    """
    found = BY_NAME.get(value) if isinstance(value, str) else None
    if found is None:
        raise InvalidArgumentError(f"{what} must be one of {', '.join(BY_NAME)}, got {show(value)}")
    return found
