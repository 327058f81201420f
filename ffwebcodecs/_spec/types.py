"""What parameters are, for type checkers: the words that are allowed, and what objects must be able
to do. `ffwebcodecs.typing` is the public name of all this.

The words are there when the program runs, for those who read annotations; what only a type checker
can tell apart is `object` then, which costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, SupportsIndex

# The specification's enumerations, by its names.
AlphaOption = Literal["keep", "discard"]
# fmt: off
AudioSampleFormat = Literal[
    "u8", "s16", "s32", "f32", "u8-planar", "s16-planar", "s32-planar", "f32-planar"
]
# fmt: on
BitrateMode = Literal["constant", "variable"]
CodecState = Literal["unconfigured", "configured", "closed"]
ColorSpaceConversion = Literal["default", "none"]
EncodedChunkType = Literal["key", "delta"]
HardwareAcceleration = Literal["no-preference", "prefer-hardware", "prefer-software"]
LatencyMode = Literal["quality", "realtime"]
PredefinedColorSpace = Literal["srgb", "display-p3"]
VideoColorPrimaries = Literal["bt709", "bt470bg", "smpte170m", "bt2020", "smpte432"]
VideoEncoderBitrateMode = Literal["constant", "variable", "quantizer"]
VideoMatrixCoefficients = Literal["rgb", "bt709", "bt470bg", "smpte170m", "bt2020-ncl"]
# fmt: off
BytePixelFormat = Literal[
    "I420", "I420A", "I422", "I422A", "I444", "I444A", "NV12", "RGBA", "RGBX", "BGRA", "BGRX",
    "RGB", "BGR", "GRAY8",
]
WordPixelFormat = Literal[
    "I420P10", "I420P12", "I420AP10", "I420AP12", "I422P10", "I422P12", "I422AP10", "I422AP12",
    "I444P10", "I444P12", "I444AP10", "I444AP12",
    "RGB48", "RGBA64", "GRAY16",
]
VideoTransferCharacteristics = Literal[
    "bt709", "smpte170m", "iec61966-2-1", "linear", "pq", "hlg"
]
# fmt: on
VideoPixelFormat = Literal[BytePixelFormat, WordPixelFormat]
AacBitstreamFormat = Literal["aac", "adts"]
AvcBitstreamFormat = Literal["annexb", "avc"]
HevcBitstreamFormat = Literal["annexb", "hevc"]
OpusApplication = Literal["voip", "audio", "lowdelay"]
OpusBitstreamFormat = Literal["opus", "ogg"]
OpusSignal = Literal["auto", "music", "voice"]

# Ours.
ArrayLayout = Literal["HWC", "CHW"]
BatchLayout = Literal["NHWC", "NCHW"]
DamageHandling = Literal["raise", "skip"]
FrameChoice = Literal["shown", "nearest", "exact"]
ImageFit = Literal["fill", "contain", "cover"]
ScaleFilter = Literal["bilinear", "bicubic", "area", "lanczos"]
# fmt: off
LogLevel = Literal[
    "quiet", "panic", "fatal", "error", "warning", "info", "verbose", "debug", "trace"
]
# fmt: on
Playlists = Literal["same-host"]

Integer = SupportsIndex
"""int, and numpy's integers."""

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterable, Callable, Iterable
    from typing import Any, Protocol, TypeAlias, TypedDict

    import numpy.typing as npt
    from typing_extensions import Buffer

    class BinaryReader(Protocol):
        """A file object that is read: `seek` and `tell` are used if it has them."""

        def read(self, size: int, /) -> Buffer | None:
            """Return at most so many bytes; none at the end."""

    class BinaryReaderInto(Protocol):
        """A file object that reads into memory."""

        def readinto(self, buffer: Any, /) -> int | None:
            """Read at most as many bytes as there is room for; return how many."""

    class BinaryWriter(Protocol):
        """A file object that is written."""

        def write(self, data: bytes, /) -> object:
            """Take them; a number that is returned says how many were taken."""

    class SupportsArray(Protocol):
        """What ``numpy.asarray`` makes an array of."""

        @property
        def __array__(self) -> Callable[..., npt.NDArray[Any]]: ...

    class SupportsArrayInterface(Protocol):
        """What says where its array lies, as Pillow's images do."""

        @property
        def __array_interface__(self) -> dict[str, Any]: ...

    class SupportsDLPack(Protocol):
        """A tensor of any library that knows DLPack."""

        @property
        def __dlpack__(self) -> Callable[..., Any]: ...
        @property
        def __dlpack_device__(self) -> Callable[..., tuple[Any, Any]]: ...

    class VideoColorSpaceInit(TypedDict, total=False):
        """What a VideoColorSpace is made of; an absent member is unknown."""

        primaries: VideoColorPrimaries | None
        transfer: VideoTransferCharacteristics | None
        matrix: VideoMatrixCoefficients | None
        full_range: bool | None
        fullRange: bool | None

    BytesLike: TypeAlias = Buffer | npt.NDArray[Any]
    """Memory that is read; arrays have their buffer in numpy's own types since Python 3.12 only."""
    WritableBuffer: TypeAlias = BytesLike
    ArrayLike: TypeAlias = (
        npt.ArrayLike | SupportsArray | SupportsArrayInterface | SupportsDLPack | Buffer
    )
    FilePath: TypeAlias = str | os.PathLike[str]
    MediaSource: TypeAlias = FilePath | BytesLike | BinaryReader | BinaryReaderInto
    """A path or URL, the bytes of a file, or a file object that is read."""
    ImageBufferSource: TypeAlias = (
        FilePath | BytesLike | BinaryReader | Iterable[BytesLike] | AsyncIterable[BytesLike]
    )
    """A path, the bytes of an image, or what gives them in pieces."""
    MediaTarget: TypeAlias = FilePath | BinaryWriter
    """A path, or a file object that is written."""
else:
    BinaryReader = BinaryReaderInto = BinaryWriter = object
    SupportsArray = SupportsArrayInterface = SupportsDLPack = object
    VideoColorSpaceInit = BytesLike = WritableBuffer = ArrayLike = object
    FilePath = ImageBufferSource = MediaSource = MediaTarget = object
