"""Codec strings: what they say, what is wrong with them, and making them.

A string names a codec exactly, letter case included: ``avc1.42001E``, ``hvc1.1.6.L93.B0``,
``vp8``, ``vp09.00.10.08``, ``av01.0.04M.08``. ``ffmpeg:NAME`` is this package's extension. Rules:
RFC 6381 with ISO/IEC 14496-15 annex E (AVC, HEVC), and the ISO media bindings of VP9 and AV1.
Where browsers are laxer than a rule (``vp09.0.10.8``, ``av01`` with some optional fields) so is
this. A level only has to be well-formed for AVC and HEVC: it does not decide whether we decode.
"""

from __future__ import annotations

from ...errors import InvalidArgumentError, NotSupportedError
from ..numbers import show
from .bitstream import av1_codec_string, avc_codec_string, hevc_codec_string, vp9_codec_string

__all__ = [
    "CodecInfo",
    "av1_codec_string",
    "avc_codec_string",
    "hevc_codec_string",
    "parse_codec",
    "vp9_codec_string",
]

_AVC_PROFILES = {
    44: ("CAVLC 4:4:4 Intra", None),
    66: ("Baseline", 8),
    77: ("Main", 8),
    83: ("Scalable Baseline", 8),
    86: ("Scalable High", 8),
    88: ("Extended", 8),
    100: ("High", 8),
    110: ("High 10", None),
    118: ("Multiview High", 8),
    122: ("High 4:2:2", None),
    128: ("Stereo High", 8),
    134: ("MFC High", 8),
    135: ("MFC Depth High", 8),
    138: ("Multiview Depth High", 8),
    139: ("Enhanced Multiview Depth High", 8),
    244: ("High 4:4:4 Predictive", None),
}
_VP9_LEVELS = (10, 11, 20, 21, 30, 31, 40, 41, 50, 51, 52, 60, 61, 62)
_VP9_CHROMA = ("420", "420", "422", "444")
# H.273 values that are not reserved.
_COLOR_PRIMARIES = frozenset((1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 22))
_COLOR_TRANSFER = frozenset((1, 2, *range(4, 19)))
_COLOR_MATRIX = frozenset((0, 1, 2, *range(4, 15)))
_DIGITS = frozenset("0123456789")
_HEX = frozenset("0123456789abcdefABCDEF")


class CodecInfo:
    """What a codec string says.

    Attributes
    ----------
    string : str
        The string itself.
    family : {"avc", "hevc", "vp8", "vp9", "av1", "ffmpeg"}
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

    def __repr__(self) -> str:
        members = (f"{n}={getattr(self, n)!r}" for n in self.__slots__ if n != "string")
        return f"CodecInfo({self.string!r}, {', '.join(members)})"


def parse_codec(codec: object) -> CodecInfo:
    """Return what `codec` says.

    Raises
    ------
    InvalidArgumentError
        Not a string, or blank.
    NotSupportedError
        Not one of the known codecs, ambiguous, or malformed; the message says where.
    """
    if not isinstance(codec, str):
        raise InvalidArgumentError(f"codec must be a string, got {show(codec)}")
    if not codec.strip():
        raise InvalidArgumentError(f"codec is blank: {show(codec)}")
    codec = str(codec)
    if codec.startswith("ffmpeg:"):
        return _ffmpeg(codec)
    if codec != codec.strip():
        raise _bad(codec, "has white space around it")
    if "," in codec:
        raise _bad(codec, "names more than one codec, expected exactly one")
    entry, *fields = codec.split(".")
    parser = _PARSERS.get(entry)
    if parser is None:
        raise _bad(codec, _unknown(entry))
    return parser(codec, entry, fields)


def _bad(codec: str, problem: str) -> NotSupportedError:
    quoted = codec if codec.isascii() and codec.isprintable() and len(codec) < 80 else show(codec)
    return NotSupportedError(f"{quoted}: {problem}")


def _unknown(entry: str) -> str:
    lower = entry.lower()
    hints = {
        "vp9": "is ambiguous, expected 'vp09.PP.LL.DD'",
        "av1": "is ambiguous, expected 'av01.P.LLT.DD'",
        "h264": "is ambiguous, expected 'avc1.PPCCLL'",
        "h265": "is ambiguous, expected 'hvc1.' or 'hev1.' with profile, level and constraints",
        "hevc": "is ambiguous, expected 'hvc1.' or 'hev1.' with profile, level and constraints",
    }
    if lower in _PARSERS:
        return f"unknown codec {entry!r}: codec strings are case-sensitive, write {lower!r}"
    return hints.get(lower) or (
        f"unknown codec {show(entry)}, expected avc1, avc3, hvc1, hev1, vp8, vp09, av01 "
        "or 'ffmpeg:NAME'"
    )


def _number(codec: str, text: str, what: str, most: int, digits: int = 2) -> int:
    # Not int(): it takes signs, underscores, white space and other scripts' digits.
    if not 1 <= len(text) <= digits or not _DIGITS.issuperset(text):
        raise _bad(codec, f"{what} must be a decimal number, got {show(text)}")
    if int(text) > most:
        raise _bad(codec, f"{what} is {int(text)}, the highest is {most}")
    return int(text)


def _exact(codec: str, text: str, what: str, digits: int, most: int) -> int:
    if len(text) != digits:
        raise _bad(codec, f"{what} must have {digits} digit{'s' * (digits > 1)}, got {show(text)}")
    return _number(codec, text, what, most, digits)


def _ffmpeg(codec: str) -> CodecInfo:
    name = codec[len("ffmpeg:") :]
    if not name or not name.isascii() or not name.replace("_", "a").replace("-", "a").isalnum():
        raise _bad(codec, "expected the name of a codec after 'ffmpeg:', such as 'ffmpeg:prores'")
    return CodecInfo(codec, "ffmpeg", name, "ffmpeg")


def _avc(codec: str, entry: str, fields: list[str]) -> CodecInfo:
    expected = f"expected 6 hexadecimal digits PPCCLL after '{entry}.'"
    if not fields:
        raise _bad(codec, f"is ambiguous, {expected}")
    if len(fields) != 1:
        raise _bad(codec, f"{expected}, got {len(fields)} fields")
    text = fields[0]
    if len(text) != 6:
        raise _bad(codec, f"{expected}, got {len(text)}")
    if not _HEX.issuperset(text):
        raise _bad(codec, f"{expected}, got {show(text)}")
    profile, constraints, level = int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)
    if profile not in _AVC_PROFILES:
        raise _bad(codec, f"unknown profile {profile} (0x{text[:2]})")
    depth = _AVC_PROFILES[profile][1]
    return CodecInfo(
        codec,
        "avc",
        "h264",
        entry,
        profile=profile,
        level=level,
        constraints=constraints,
        bit_depth=depth,
        # The profiles of 8 bits only are those of 4:2:0 only (High also has monochrome).
        chroma="420" if depth else None,
    )


def _hevc(codec: str, entry: str, fields: list[str]) -> CodecInfo:
    shape = f"expected '{entry}.PROFILE.COMPATIBILITY.TIER-LEVEL[.CONSTRAINTS...]'"
    if len(fields) < 3:
        raise _bad(codec, f"is ambiguous, {shape}, such as '{entry}.1.6.L93.B0'")
    if len(fields) > 9:
        raise _bad(codec, f"has {len(fields) - 3} constraint bytes, the most is 6")
    text = fields[0]
    profile = _number(codec, text[1:] if text[:1] in ("A", "B", "C") else text, "profile", 31)
    if not 1 <= len(fields[1]) <= 8 or not _HEX.issuperset(fields[1]):
        raise _bad(
            codec, f"compatibility flags must be 1 to 8 hexadecimal digits, got {show(fields[1])}"
        )
    tier = fields[2][:1]
    if tier not in ("L", "H"):
        raise _bad(codec, f"tier must be L or H before the level, got {show(fields[2])}")
    level = _number(codec, fields[2][1:], "level", 255, 3)
    for byte in fields[3:]:
        if not 1 <= len(byte) <= 2 or not _HEX.issuperset(byte):
            raise _bad(
                codec, f"a constraint byte must be 1 or 2 hexadecimal digits, got {show(byte)}"
            )
    depth = {1: 8, 3: 8}.get(profile)
    return CodecInfo(
        codec,
        "hevc",
        "hevc",
        entry,
        profile=profile,
        level=level,
        tier=tier,
        bit_depth=depth,
        chroma="420" if profile in (1, 2, 3) else None,
    )


def _vp8(codec: str, entry: str, fields: list[str]) -> CodecInfo:
    # Browsers take vp8.0 too.
    if fields not in ([], ["0"]):
        raise _bad(codec, "expected 'vp8' and nothing after it")
    return CodecInfo(codec, "vp8", "vp8", entry, profile=0, bit_depth=8, chroma="420")


def _color(codec: str, fields: list[str], digits: int | None) -> tuple[int, int, int] | None:
    values = []
    for text, what, known in zip(
        fields,
        ("colour primaries", "transfer characteristics", "matrix coefficients"),
        (_COLOR_PRIMARIES, _COLOR_TRANSFER, _COLOR_MATRIX),
        strict=False,
    ):
        value = _exact(codec, text, what, digits, 99) if digits else _number(codec, text, what, 99)
        if value not in known:
            raise _bad(codec, f"{what} {value} is reserved")
        values.append(value)
    return (values[0], values[1], values[2]) if len(values) == 3 else None


def _vp9(codec: str, entry: str, fields: list[str]) -> CodecInfo:
    if len(fields) < 3:
        raise _bad(codec, "is ambiguous, expected 'vp09.PP.LL.DD' (profile, level, bit depth)")
    if len(fields) > 8:
        raise _bad(codec, f"has {len(fields)} fields after 'vp09', the most is 8")
    profile = _number(codec, fields[0], "profile", 3)
    level = _number(codec, fields[1], "level", 62)
    if level not in _VP9_LEVELS:
        raise _bad(codec, f"unknown level {level}")
    depth = _number(codec, fields[2], "bit depth", 12)
    if depth not in (8, 10, 12):
        raise _bad(codec, f"bit depth is {depth}, it must be 8, 10 or 12")
    if (profile >= 2) != (depth > 8):
        raise _bad(codec, f"profile {profile} has no bit depth {depth}")
    chroma = None if profile in (1, 3) else "420"
    if len(fields) > 3:
        chroma = _VP9_CHROMA[_number(codec, fields[3], "chroma subsampling", 3)]
        if (profile in (1, 3)) == (chroma == "420"):
            raise _bad(codec, f"profile {profile} has no chroma subsampling {fields[3]} ({chroma})")
    color = _color(codec, fields[4:7], None)
    if color is not None and color[2] == 0 and chroma != "444":
        raise _bad(codec, "matrix coefficients 0 (RGB) need chroma subsampling 3 (444)")
    full = bool(_number(codec, fields[7], "full range flag", 1)) if len(fields) > 7 else None
    return CodecInfo(
        codec,
        "vp9",
        "vp9",
        entry,
        profile=profile,
        level=level,
        bit_depth=depth,
        chroma=chroma,
        color=color,
        full_range=full,
    )


def _av1(codec: str, entry: str, fields: list[str]) -> CodecInfo:
    if len(fields) < 3:
        raise _bad(
            codec, "is ambiguous, expected 'av01.P.LLT.DD' (profile, level, tier, bit depth)"
        )
    if len(fields) > 9:
        raise _bad(codec, f"has {len(fields)} fields after 'av01', the most is 9")
    profile = _exact(codec, fields[0], "profile", 1, 2)
    if len(fields[1]) != 3 or fields[1][2] not in "MH":
        raise _bad(codec, f"level must be two digits and M or H, got {show(fields[1])}")
    level = _exact(codec, fields[1][:2], "level", 2, 31)
    if 23 < level < 31:
        raise _bad(codec, f"level {level} is reserved")
    depth = _exact(codec, fields[2], "bit depth", 2, 12)
    if depth not in (8, 10, 12):
        raise _bad(codec, f"bit depth is {depth}, it must be 08, 10 or 12")
    if depth == 12 and profile < 2:
        raise _bad(codec, f"profile {profile} has no bit depth 12")
    chroma = {0: "420", 1: "444", 2: None if depth == 12 else "422"}[profile]
    mono = len(fields) > 3 and _exact(codec, fields[3], "monochrome flag", 1, 1) == 1
    if mono and profile == 1:
        raise _bad(codec, "profile 1 has no monochrome")
    if len(fields) > 4:
        given = _av1_chroma(codec, fields[4])
        if mono and fields[4][:2] != "11":
            raise _bad(codec, f"monochrome needs chroma subsampling 11x, got {show(fields[4])}")
        if not mono and chroma not in (None, given):
            raise _bad(
                codec, f"profile {profile} has no chroma subsampling {fields[4]} at {depth} bits"
            )
        chroma = given
    if mono:
        chroma = "400"
    color = _color(codec, fields[5:8], 2)
    if color is not None and color[2] == 0 and chroma != "444":
        raise _bad(codec, "matrix coefficients 00 (RGB) need chroma subsampling 000")
    full = _exact(codec, fields[8], "full range flag", 1, 1) == 1 if len(fields) > 8 else None
    return CodecInfo(
        codec,
        "av1",
        "av1",
        entry,
        profile=profile,
        level=level,
        tier=fields[1][2],
        bit_depth=depth,
        chroma=chroma,
        color=color,
        full_range=full,
    )


def _av1_chroma(codec: str, text: str) -> str:
    _exact(codec, text, "chroma subsampling", 3, 112)
    chroma = {"00": "444", "10": "422", "11": "420"}.get(text[:2])
    if chroma is None or (chroma != "420" and text[2] != "0") or text[2] not in "0123":
        raise _bad(codec, f"chroma subsampling {text} does not exist")
    return chroma


_PARSERS = {
    "avc1": _avc,
    "avc3": _avc,
    "hvc1": _hevc,
    "hev1": _hevc,
    "vp8": _vp8,
    "vp09": _vp9,
    "av01": _av1,
}
