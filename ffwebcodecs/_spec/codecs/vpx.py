"""VP8 and VP9: frame headers, vpcC, key frames, codec strings and levels."""

from __future__ import annotations

from ...errors import DataError
from .bits import BitReader, Record, as_view

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
# The frame header's color_space as H.273 matrix coefficients; the other two codes go with it.
_MATRIX = (2, 6, 1, 6, 7, 9, 2, 0)


class Vp8Header(Record):
    """A VP8 frame header; `width` and `height` are 0 unless it is a key frame."""

    __slots__ = ("height", "key", "shown", "width")
    key: bool
    shown: bool
    width: int
    height: int


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


class VpcConfig(Record):
    """A vpcC, or the same facts from WebM's CodecPrivate (None: not stated)."""

    __slots__ = ("bit_depth", "chroma", "color", "full_range", "level", "profile")
    profile: int
    level: int | None
    bit_depth: int | None
    chroma: str | None
    color: tuple[int, int, int] | None
    full_range: bool | None


def parse_vp8_header(data: object) -> Vp8Header:
    """Parse the first bytes of a VP8 frame; DataError if they are not one's."""
    head = bytes(as_view(data)[:10])
    if len(head) < 3:
        raise DataError(f"VP8 frame header ends early, after {len(head)} bytes")
    key = not head[0] & 1
    if key and (len(head) < 10 or head[3:6] != b"\x9d\x01\x2a"):
        raise DataError(f"VP8 key frame without its start code: {head.hex(' ')}")
    return Vp8Header(
        key=key,
        shown=bool(head[0] & 0x10),
        width=int.from_bytes(head[6:8], "little") & 0x3FFF if key else 0,
        height=int.from_bytes(head[8:10], "little") & 0x3FFF if key else 0,
    )


def parse_vp9_header(data: object) -> Vp9Header:
    """Parse the first frame header of a VP9 chunk (a superframe starts with its first frame)."""
    reader = BitReader(bytes(as_view(data)[:32]), "VP9 frame header")
    if reader.bits(2) != 2:
        raise DataError("VP9 frame header without its marker")
    profile = reader.bits(1) | reader.bits(1) << 1
    if profile == 3 and reader.flag():
        raise DataError("VP9 frame header of a reserved profile")
    if reader.flag():  # shows a frame decoded before
        return _vp9(profile, key=False, shown=True)
    key, shown = not reader.flag(), reader.flag()
    reader.flag()
    if not key:
        return _vp9(profile, key=False, shown=shown)
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
    return _vp9(profile, True, shown, depth, chroma, _MATRIX[space], full, width, height)


def _vp9(
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


def parse_vpcc(data: object) -> VpcConfig:
    """Parse the content of a vpcC box (with its version and flags), or WebM's CodecPrivate."""
    content = bytes(as_view(data))
    if content[:4] == b"\1\0\0\0" and len(content) >= 12:
        depth, chroma = content[6] >> 4, content[6] >> 1 & 7
        if content[4] > 3 or depth not in (8, 10, 12) or chroma > 3:
            raise DataError(f"vpcC makes no sense: {content[:12].hex(' ')}")
        return VpcConfig(
            profile=content[4],
            level=content[5],
            bit_depth=depth,
            chroma=_CHROMA[chroma],
            color=(content[7], content[8], content[9]),
            full_range=bool(content[6] & 1),
        )
    features: dict[int, int] = {}
    at = 0
    while at + 2 < len(content) and content[at] in (1, 2, 3, 4) and content[at + 1] == 1:
        features[content[at]] = content[at + 2]
        at += 3
    if at != len(content) or features.get(1, 4) > 3:
        raise DataError(f"not a vpcC: {len(content)} bytes starting {content[:8].hex(' ')}")
    known = features.get(4, 9)
    return VpcConfig(
        profile=features[1],
        level=features.get(2),
        bit_depth=features.get(3),
        chroma=_CHROMA[known] if known < 4 else None,
        color=None,
        full_range=None,
    )


def vp9_level(width: int, height: int, frames_per_second: float | None = None) -> int:
    """Return the lowest VP9 level (31 for 3.1) for a size and a frame rate, by default 30."""
    samples = width * height
    rate = samples * (frames_per_second or 30)
    side = max(width, height)
    for level, most_rate, most_samples in _LEVELS:
        # No side may be longer than eight times the square root of the largest picture.
        if samples <= most_samples and rate <= most_rate and side * side <= 8 * most_samples:
            return level
    return 62


def vp9_codec_string(
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
    if chroma not in ("420", "422", "444") or (color in (None, (2, 2, 2)) and not full_range):
        return text
    primaries, transfer, matrix = color or (2, 2, 2)
    code = {"420": 1, "422": 2, "444": 3}[chroma]
    return f"{text}.{code:02}.{primaries:02}.{transfer:02}.{matrix:02}.{1 if full_range else 0:02}"
