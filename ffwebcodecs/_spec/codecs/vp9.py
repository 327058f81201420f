"""VP9: codec strings, frame headers, key frames, levels."""

from __future__ import annotations

from ...errors import DataError
from ..frames.color import UNSPECIFIED
from .bits import BitReader, Record, as_view
from .grammar import CodecInfo, Limits, Samples, Stream, bad, colors, number
from .splice import Splicing

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Mapping

NAME = "vp9"
CODEC: str | None = "vp9"
ENTRIES: tuple[str, ...] = ("vp09",)
IN_STREAM: str | None = None
SHORT_NAMES: tuple[str, ...] = ("vp9",)
HINTS: Mapping[str, str] = {"vp9": "is ambiguous, expected 'vp09.PP.LL.DD'"}
HAS_LENGTHS = False
EVEN_SIZES = False
TAKES_DESCRIPTION = False
SAYS_COLORS = True
RECORD = ""
HEADER = ""
SPLICING: Splicing | None = None

_CHROMA = ("420", "420", "422", "444")
# VP9 levels: (name times ten, highest luma samples per second, largest luma picture).
_LEVELS = (
    (10, 829440, 36864),
    (11, 2764800, 73728),
    (20, 4608000, 122880),
    (21, 9216000, 245760),
    (30, 20736000, 552960),
    (31, 36864000, 983040),
    (40, 83558400, 2228224),
    (41, 160432128, 2228224),
    (50, 311951360, 8912896),
    (51, 588251136, 8912896),
    (52, 1176502272, 8912896),
    (60, 1176502272, 35651584),
    (61, 2353004544, 35651584),
    (62, 4706009088, 35651584),
)
_LEVEL_NAMES = tuple(level for level, _, _ in _LEVELS)
# The frame header's color_space as H.273 matrix coefficients; the other two codes go with it.
_MATRIX = (2, 6, 1, 6, 7, 9, 2, 0)


class Vp9Header(Record):
    """A VP9 frame header; what follows `shown` is only known of key frames (0 or None else)."""

    __slots__ = (
        "bit_depth",
        "chroma",
        "full_range",
        "height",
        "key",
        "matrix",
        "profile",
        "shown",
        "width",
    )
    profile: int
    key: bool
    shown: bool
    bit_depth: int | None
    chroma: str | None
    matrix: int | None
    full_range: bool | None
    width: int
    height: int


def parse_string(codec: str, entry: str, fields: list[str]) -> CodecInfo:
    """Read ``vp09.PP.LL.DD``, and what may follow."""
    if len(fields) < 3:
        raise bad(codec, "is ambiguous, expected 'vp09.PP.LL.DD' (profile, level, bit depth)")
    if len(fields) > 8:
        raise bad(codec, f"has {len(fields)} fields after 'vp09', the most is 8")
    profile = number(codec, fields[0], "profile", 3)
    level = number(codec, fields[1], "level", 62)
    if level not in _LEVEL_NAMES:
        raise bad(codec, f"unknown level {level}")
    depth = number(codec, fields[2], "bit depth", 12)
    if depth not in (8, 10, 12):
        raise bad(codec, f"bit depth is {depth}, it must be 8, 10 or 12")
    if (profile >= 2) != (depth > 8):
        raise bad(codec, f"profile {profile} has no bit depth {depth}")
    chroma = None if profile in (1, 3) else "420"
    if len(fields) > 3:
        chroma = _CHROMA[number(codec, fields[3], "chroma subsampling", 3)]
        if (profile in (1, 3)) == (chroma == "420"):
            raise bad(codec, f"profile {profile} has no chroma subsampling {fields[3]} ({chroma})")
    color = colors(codec, fields[4:7], None)
    if color is not None and color[2] == 0 and chroma != "444":
        raise bad(codec, "matrix coefficients 0 (RGB) need chroma subsampling 3 (444)")
    full = bool(number(codec, fields[7], "full range flag", 1)) if len(fields) > 7 else None
    return CodecInfo(
        codec,
        NAME,
        "vp9",
        entry,
        profile=profile,
        level=level,
        bit_depth=depth,
        chroma=chroma,
        color=color,
        full_range=full,
    )


def codec_string(stream: Stream) -> str:
    """Return the codec string of what FFmpeg says about the stream; it has no header."""
    name = stream.pix_fmt
    depth = 12 if "12" in name else 10 if "10" in name else 8
    chroma = "444" if "444" in name or name == "gbrp" else "422" if "422" in name else "420"
    profile, level = stream.profile, stream.level
    if not 0 <= profile <= 3:
        profile = (0 if chroma == "420" else 1) + (2 if depth > 8 else 0)
    if level <= 0:
        level = level_for(stream.width, stream.height, stream.frame_rate)
    return make_string(profile, level, depth, chroma, stream.color, stream.full_range)


def usual_strings(
    depth: int, chroma: str, width: int, height: int, framerate: float | None
) -> list[str]:
    """Return the string with the lowest level for the size."""
    profile = (2 if depth > 8 else 0) + (chroma in ("444", "422", "440"))
    return [make_string(profile, level_for(width, height, framerate), max(8, depth))]


def make_string(
    profile: int,
    level: int,
    bit_depth: int = 8,
    chroma: str | None = None,
    color: tuple[int, int, int] | None = None,
    full_range: bool | None = None,
) -> str:
    """Return ``vp09.PP.LL.DD``, with the optional fields if a color or a full range is known.

    Parameters
    ----------
    profile, level, bit_depth : int
        Level 3.1 is 31.
    chroma : {"420", "422", "444"}, optional
    color : (primaries, transfer, matrix), optional
        H.273 codes.
    full_range : bool, optional
    """
    if color is not None and max(color) > 22:
        color = None  # no such code is in use
    text = f"vp09.{profile:02}.{level:02}.{bit_depth:02}"
    if chroma not in ("420", "422", "444") or (color in (None, UNSPECIFIED) and not full_range):
        return text
    primaries, transfer, matrix = color or UNSPECIFIED
    code = {"420": 1, "422": 2, "444": 3}[chroma]
    return f"{text}.{code:02}.{primaries:02}.{transfer:02}.{matrix:02}.{1 if full_range else 0:02}"


def level_for(width: int, height: int, frames_per_second: float | None = None) -> int:
    """Return the lowest level (31 for 3.1) for a size and a frame rate, by default 30."""
    samples = width * height
    rate = samples * (frames_per_second or 30)
    side = max(width, height)
    for level, most_rate, most_samples in _LEVELS:
        # No side may be longer than eight times the square root of the largest picture.
        if samples <= most_samples and rate <= most_rate and side * side <= 8 * most_samples:
            return level
    return 62


def is_key(data: object, length_size: int | None = None) -> bool | None:
    """Say whether the (first) frame is a key frame."""
    try:
        return parse_header(data).key
    except DataError:
        return False


def needs_others(data: object, length_size: int | None = None) -> bool:
    """Tell whether a chunk that is called key is none."""
    return is_key(data, length_size) is False


def begins_with_picture(head: bytes, length_size: int | None = None) -> bool:
    """Return True: what is none, decoders report."""
    return True


def lacks_picture(data: object, codec: str, length_size: int | None = None) -> bool:
    """Return False: decoders report it."""
    return False


def size_of(header: bytes, data: object) -> tuple[int, int] | None:
    """Return the size that a key frame says."""
    frame = parse_header(data)
    return frame.width, frame.height


def description_of(header: object, *, complete: bool = True) -> bytes | None:
    """Return None: a key frame says all."""
    return None


def is_description(header: bytes) -> bool:
    """Return False: there is none."""
    return False


def length_size(description: object) -> int | None:
    """Return None: there are no lengths."""
    return None


def file_header(description: bytes, known: bytes, data: object) -> bytes:
    """Return what the demuxer knew; a file needs nothing."""
    return known


def limits_of(info: CodecInfo) -> Limits | None:
    """Return None: the level is not in the stream, and browsers take any."""
    return None


def samples_of(info: CodecInfo) -> Samples | None:
    """Return what the profile is for."""
    chroma = ("444", "422") if info.chroma is None else (info.chroma,)
    return Samples(chroma, (info.bit_depth or 8,))


def parse_header(data: object) -> Vp9Header:
    """Parse the first frame header of a VP9 chunk (a superframe starts with its first frame)."""
    reader = BitReader(bytes(as_view(data)[:32]), "VP9 frame header")
    if reader.bits(2) != 2:
        raise DataError("VP9 frame header without its marker")
    profile = reader.bits(1) | reader.bits(1) << 1
    if profile == 3 and reader.flag():
        raise DataError("VP9 frame header of a reserved profile")
    if reader.flag():  # shows a frame decoded before
        return _header(profile, key=False, shown=True)
    key, shown = not reader.flag(), reader.flag()
    reader.flag()
    if not key:
        return _header(profile, key=False, shown=shown)
    if reader.bits(24) != 0x498342:
        raise DataError("VP9 key frame without its sync code")
    depth = (12 if reader.flag() else 10) if profile >= 2 else 8
    space, chroma, full = reader.bits(3), "420", True
    if space != 7:
        full = reader.flag()
        if profile in (1, 3):
            across, down = reader.flag(), reader.flag()
            chroma = ("444", "440", "422", "420")[across * 2 + down]
            reader.flag()
    elif profile in (1, 3):
        chroma = "444"
        reader.flag()
    else:
        raise DataError(f"VP9 frame header: profile {profile} has no RGB")
    width, height = reader.bits(16) + 1, reader.bits(16) + 1
    return _header(profile, True, shown, depth, chroma, _MATRIX[space], full, width, height)


def _header(
    profile: int,
    key: bool,
    shown: bool,
    bit_depth: int | None = None,
    chroma: str | None = None,
    matrix: int | None = None,
    full_range: bool | None = None,
    width: int = 0,
    height: int = 0,
) -> Vp9Header:
    return Vp9Header(
        profile=profile,
        key=key,
        shown=shown,
        bit_depth=bit_depth,
        chroma=chroma,
        matrix=matrix,
        full_range=full_range,
        width=width,
        height=height,
    )
