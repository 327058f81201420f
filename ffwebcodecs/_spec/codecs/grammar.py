"""What is said about a codec, and reading the fields of a codec string.

The families (`avc`, `hevc` ...) make `CodecInfo`, `Samples` and `Limits`, and read a `Stream`.
"""

from __future__ import annotations

from ...errors import NotSupportedError
from ..frames.color import UNSPECIFIED
from ..numbers import show

# H.273 values that are not reserved.
_COLOR_PRIMARIES = frozenset((1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22))
_COLOR_TRANSFER = frozenset((1, 2, *range(4, 19)))
_COLOR_MATRIX = frozenset((0, 1, 2, *range(4, 15)))
_DIGITS = frozenset("0123456789")
HEX = frozenset("0123456789abcdefABCDEF")


class CodecInfo:
    """What a codec string says.

    Attributes
    ----------
    string : str
        The string itself.
    family : {"avc", "hevc", "vp8", "vp9", "av1", "ffmpeg"}
        Key of tables; what the family knows is asked of `families.of`.
    name : str
        FFmpeg's name of the codec: h264, hevc, vp8, vp9, av1, or the NAME of ``ffmpeg:NAME``.
    entry : str
        What stands before the first dot: avc1, avc3, hvc1, hev1, vp8, vp09, av01, or "ffmpeg".
    profile, level : int or None
        As the codec's own header codes them (AVC 1.0 is 10, HEVC 3.1 is 93, AV1 3.0 is 4).
    tier : str or None
        HEVC: "L" or "H"; AV1: "M" or "H".
    constraints : int or None
        AVC: the byte between profile and level.
    bit_depth : int or None
    chroma : {"420", "422", "444", "400"} or None
    color : tuple of int or None
        (primaries, transfer, matrix) as H.273 codes, if the string has all three.
    full_range : bool or None
    """

    __slots__ = (
        "bit_depth",
        "chroma",
        "color",
        "constraints",
        "entry",
        "family",
        "full_range",
        "level",
        "name",
        "profile",
        "string",
        "tier",
    )

    def __init__(
        self,
        string: str,
        family: str,
        name: str,
        entry: str,
        *,
        profile: int | None = None,
        level: int | None = None,
        tier: str | None = None,
        constraints: int | None = None,
        bit_depth: int | None = None,
        chroma: str | None = None,
        color: tuple[int, int, int] | None = None,
        full_range: bool | None = None,
    ) -> None:
        self.string = string
        self.family = family
        self.name = name
        self.entry = entry
        self.profile = profile
        self.level = level
        self.tier = tier
        self.constraints = constraints
        self.bit_depth = bit_depth
        self.chroma = chroma
        self.color = color
        self.full_range = full_range

    @property
    def is_ffmpeg(self) -> bool:
        """Whether the string is ``ffmpeg:NAME``, which names a codec or one of its encoders."""
        return self.entry == "ffmpeg"

    def __repr__(self) -> str:
        members = (f"{n}={getattr(self, n)!r}" for n in self.__slots__ if n != "string")
        return f"CodecInfo({self.string!r}, {', '.join(members)})"


class Stream:
    """What is known of a stream whose codec string is wanted.

    Parameters
    ----------
    header : bytes-like
        The codec's own header as a container or an encoder has it, or a chunk with one.
    codec : str
        FFmpeg's name.
    tag : str
        The container's name of the codec, such as ``"avc3"``.
    profile, level : int
        As FFmpeg has them, negative or 0 if unknown.
    pix_fmt : str
        FFmpeg's name of the pixel format.
    width, height : int
    frame_rate : float, optional
    color : (primaries, transfer, matrix)
        H.273 codes.
    full_range : bool
    """

    __slots__ = (
        "codec",
        "color",
        "frame_rate",
        "full_range",
        "header",
        "height",
        "level",
        "pix_fmt",
        "profile",
        "tag",
        "width",
    )

    def __init__(
        self,
        header: object,
        *,
        codec: str = "",
        tag: str = "",
        profile: int = -1,
        level: int = -1,
        pix_fmt: str = "yuv420p",
        width: int = 0,
        height: int = 0,
        frame_rate: float | None = None,
        color: tuple[int, int, int] = UNSPECIFIED,
        full_range: bool = False,
    ) -> None:
        self.header = header
        self.codec = codec
        self.tag = tag
        self.profile = profile
        self.level = level
        self.pix_fmt = pix_fmt
        self.width = width
        self.height = height
        self.frame_rate = frame_rate
        self.color = color
        self.full_range = full_range


class Samples:
    """The samples that a codec string allows, the usual ones first; None: any."""

    __slots__ = ("chroma", "depths")

    def __init__(self, chroma: tuple[str, ...] | None, depths: tuple[int, ...] | None) -> None:
        self.chroma = chroma
        self.depths = depths


class Limits:
    """What a level allows.

    Attributes
    ----------
    block : int
        Sizes are counted in squares of so many pixels ...
    unit : str
        ... which are called so.
    per_picture, widest, highest, per_second : int
        In them.
    most : str
        What a picture may have, for a message.
    bitrate : int
        Bits per second.
    binding : tuple of {"size", "rate", "bitrate"}
        Those that make a configuration unsupported.
    """

    __slots__ = (
        "binding",
        "bitrate",
        "block",
        "highest",
        "most",
        "per_picture",
        "per_second",
        "unit",
        "widest",
    )

    def __init__(
        self,
        per_picture: int,
        widest: int,
        highest: int,
        per_second: int,
        bitrate: int,
        most: str,
        *,
        block: int = 1,
        unit: str = "samples",
        binding: tuple[str, ...] = ("size", "rate", "bitrate"),
    ) -> None:
        self.per_picture = per_picture
        self.widest = widest
        self.highest = highest
        self.per_second = per_second
        self.bitrate = bitrate
        self.most = most
        self.block = block
        self.unit = unit
        self.binding = binding


def bad(codec: str, problem: str) -> NotSupportedError:
    """Return the error for a codec string."""
    quoted = codec if codec.isascii() and codec.isprintable() and len(codec) < 80 else show(codec)
    return NotSupportedError(f"{quoted}: {problem}")


def number(codec: str, text: str, what: str, most: int, digits: int = 2) -> int:
    """Read a decimal field."""
    # Not int(): it takes signs, underscores, white space and other scripts' digits.
    if not 1 <= len(text) <= digits or not _DIGITS.issuperset(text):
        raise bad(codec, f"{what} must be a decimal number, got {show(text)}")
    if int(text) > most:
        raise bad(codec, f"{what} is {int(text)}, the highest is {most}")
    return int(text)


def exact(codec: str, text: str, what: str, digits: int, most: int) -> int:
    """Read a decimal field of just so many digits."""
    if len(text) != digits:
        raise bad(codec, f"{what} must have {digits} digit{'s' * (digits > 1)}, got {show(text)}")
    return number(codec, text, what, most, digits)


def colors(codec: str, fields: list[str], digits: int | None) -> tuple[int, int, int] | None:
    """Read up to three color codes; None unless there are three."""
    values = []
    for text, what, known in zip(
        fields,
        ("colour primaries", "transfer characteristics", "matrix coefficients"),
        (_COLOR_PRIMARIES, _COLOR_TRANSFER, _COLOR_MATRIX),
        strict=False,
    ):
        value = exact(codec, text, what, digits, 99) if digits else number(codec, text, what, 99)
        if value not in known:
            raise bad(codec, f"{what} {value} is reserved")
        values.append(value)
    return (values[0], values[1], values[2]) if len(values) == 3 else None
