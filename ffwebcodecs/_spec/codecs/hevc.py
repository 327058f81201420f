"""HEVC (H.265): codec strings, hvcC, sequence parameter sets, key frames, levels."""

from __future__ import annotations

from math import isqrt

from ...errors import DataError, NotSupportedError
from ..numbers import show
from .bits import BitReader, Record, as_view
from .grammar import HEX, CodecInfo, Limits, Samples, Stream, bad, number
from .nal import (
    CHROMA,
    SequenceParameters,
    append,
    counted,
    first_unit,
    heads,
    in_band_sets,
    is_record,
    iter_nal_units,
    matching_units,
    parameters,
    payload,
    split_headers,
    start_of,
)
from .splice import Splicing

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

NAME = "hevc"
CODEC: str | None = "hevc"
ENTRIES: tuple[str, ...] = ("hvc1", "hev1")
IN_STREAM: str | None = "hev1"
SHORT_NAMES: tuple[str, ...] = ("hevc", "h265")
HINTS: Mapping[str, str] = dict.fromkeys(
    ("h265", "hevc"),
    "is ambiguous, expected 'hvc1.' or 'hev1.' with profile, level and constraints",
)
HAS_LENGTHS = True
EVEN_SIZES = True
TAKES_DESCRIPTION = True
SAYS_COLORS = True
RECORD = "hvcC"
HEADER = "parameter sets"

_VPS, _SPS, _PPS = 32, 33, 34
# Tables A.8 and A.9. level: (samples per picture, samples per second, kbit/s of the main tier, of
# the high tier)
_LEVELS = {
    30: (36864, 552960, 128, 128),
    60: (122880, 3686400, 1500, 1500),
    63: (245760, 7372800, 3000, 3000),
    90: (552960, 16588800, 6000, 6000),
    93: (983040, 33177600, 10000, 10000),
    120: (2228224, 66846720, 12000, 30000),
    123: (2228224, 133693440, 20000, 50000),
    150: (8912896, 267386880, 25000, 100000),
    153: (8912896, 534773760, 40000, 160000),
    156: (8912896, 1069547520, 60000, 240000),
    180: (35651584, 1069547520, 60000, 240000),
    183: (35651584, 2139095040, 120000, 480000),
    186: (35651584, 4278190080, 240000, 800000),
}


class HevcConfig(Record):
    """An hvcC, or the same facts from a sequence parameter set (then `units` holds only that)."""

    __slots__ = (
        "bit_depth",
        "chroma",
        "compatibility",
        "constraints",
        "length_size",
        "level",
        "profile",
        "profile_space",
        "tier",
        "units",
    )
    profile_space: int
    tier: int
    profile: int
    compatibility: int
    constraints: bytes
    level: int
    chroma: str
    bit_depth: int
    length_size: int
    units: list[bytes]


def parse_string(codec: str, entry: str, fields: list[str]) -> CodecInfo:
    """Read ``hvc1.PROFILE.COMPATIBILITY.TIER-LEVEL[.CONSTRAINTS...]``."""
    shape = f"expected '{entry}.PROFILE.COMPATIBILITY.TIER-LEVEL[.CONSTRAINTS...]'"
    if len(fields) < 3:
        raise bad(codec, f"is ambiguous, {shape}, such as '{entry}.1.6.L93.B0'")
    if len(fields) > 9:
        raise bad(codec, f"has {len(fields) - 3} constraint bytes, the most is 6")
    text = fields[0]
    profile = number(codec, text[1:] if text[:1] in ("A", "B", "C") else text, "profile", 31)
    if not 1 <= len(fields[1]) <= 8 or not HEX.issuperset(fields[1]):
        raise bad(
            codec, f"compatibility flags must be 1 to 8 hexadecimal digits, got {show(fields[1])}"
        )
    tier = fields[2][:1]
    if tier not in ("L", "H"):
        raise bad(codec, f"tier must be L or H before the level, got {show(fields[2])}")
    level = number(codec, fields[2][1:], "level", 255, 3)
    for byte in fields[3:]:
        if not 1 <= len(byte) <= 2 or not HEX.issuperset(byte):
            raise bad(
                codec, f"a constraint byte must be 1 or 2 hexadecimal digits, got {show(byte)}"
            )
    depth = {1: 8, 3: 8}.get(profile)
    return CodecInfo(
        codec,
        NAME,
        "hevc",
        entry,
        profile=profile,
        level=level,
        tier=tier,
        bit_depth=depth,
        chroma="420" if profile in (1, 2, 3) else None,
    )


def codec_string(stream: Stream) -> str:
    """Return the codec string of an hvcC, a sequence parameter set, or Annex B data with one."""
    view = as_view(stream.header)
    config: HevcConfig | None = None
    for unit in matching_units(view, lambda first: first >> 1 == _SPS):
        config = parse_sps(unit)[0]
        break
    if config is None:
        config = parse_hvcc(view)
    compatibility = int(f"{config.compatibility:032b}"[::-1], 2)
    fields = [
        "hev1" if stream.tag == "hev1" else "hvc1",
        f"{('', 'A', 'B', 'C')[config.profile_space]}{config.profile}",
        f"{compatibility:X}",
        f"{'LH'[config.tier]}{config.level}",
        *(f"{byte:X}" for byte in config.constraints.rstrip(b"\0")),
    ]
    return ".".join(fields)


def usual_strings(
    depth: int, chroma: str, width: int, height: int, framerate: float | None
) -> list[str]:
    """Return the main profiles' strings, or the range extensions', the lowest level first."""
    profile, constraints = _usual_profile(depth, chroma)
    return [f"hvc1.{profile}.L{level}.{constraints}" for level in _LEVELS]


def _usual_profile(depth: int, chroma: str) -> tuple[str, str]:
    """Return profile and constraint flags (H.265, table A.2: of the range extensions)."""
    if chroma not in ("422", "444") and depth <= 10:
        return ("2.4" if depth > 8 else "1.6"), "B0"
    flags = 0x9008  # progressive, frames only; one-picture profiles have another bit rate
    for bit, admitted in (
        (0x800, True),  # at most 12 bits
        (0x400, depth <= 10),
        (0x200, depth <= 8),
        (0x100, chroma != "444"),  # at most 4:2:2
        (0x080, chroma not in ("422", "444")),
    ):
        flags |= bit if admitted else 0
    return "4.10", f"{flags >> 8:X}.{flags & 0xFF:X}"


def is_key(data: object, length_size: int | None = None) -> bool | None:
    """Say whether this access unit is BLA, IDR or CRA; None: it has no picture."""
    seen = False
    for unit in heads(as_view(data), length_size):
        if unit[0] & 0x80:
            continue
        kind = unit[0] >> 1
        if kind < 32:
            return 16 <= kind <= 21
        seen = True
    return None if seen else False


def needs_others(data: object, length_size: int | None = None) -> bool:
    """Tell whether a chunk that is called key is none."""
    return is_key(data, length_size) is False


def begins_with_picture(head: bytes, length_size: int | None = None) -> bool:
    """Tell whether the first unit is a slice."""
    at = length_size or first_unit(head)
    return 0 < at < len(head) and any(head[:at]) and head[at] < 64


def lacks_picture(data: object, codec: str, length_size: int | None = None) -> bool:
    """Tell whether no unit is a slice: FFmpeg's decoder passes over all others."""
    return not any(unit[0] < 64 for unit in heads(as_view(data), length_size))


def size_of(header: bytes, data: object) -> tuple[int, int] | None:
    """Return the size that the header's first sequence parameter set says."""
    units: Iterable[bytes | memoryview]
    units = parse_hvcc(header).units if is_record(header) else iter_nal_units(header)
    for unit in units:
        if unit[0] >> 1 & 0x3F == _SPS:
            _, found = parse_sps(unit)
            return found.width, found.height
    return None


def is_description(header: bytes) -> bool:
    """Tell an hvcC from Annex B units."""
    return is_record(header)


def length_size(description: object) -> int | None:
    """Return the bytes of a NAL unit's length, None without an hvcC."""
    return None if description is None else parse_hvcc(description).length_size


def file_header(description: bytes, known: bytes, data: object) -> bytes:
    """Return the hvcC, or the parameter sets that the chunk begins with."""
    return description or known or in_band_sets(data, _is_set)


def _is_set(first: int) -> bool:
    return first >> 1 & 0x3F in (_VPS, _SPS, _PPS)


def description_of(header: object, *, complete: bool = True) -> bytes:
    """Return the HEVCDecoderConfigurationRecord of an encoder's parameter sets.

    `complete` says that the stream itself has none (``hvc1``, not ``hev1``).

    Raises
    ------
    DataError
        There is no video, sequence or picture parameter set.
    """
    units = parse_hvcc(header).units if is_record(header) else split_headers(header)
    sets = [[unit for unit in units if unit[0] >> 1 & 0x3F == kind] for kind in (_VPS, _SPS, _PPS)]
    if not all(sets):
        raise DataError("the encoder gave no HEVC parameter sets")
    config, _ = parse_sps(sets[1][0])
    # The byte after the NAL header: 4 bits id, 3 bits layers less one, 1 bit nesting.
    layers, nested = (sets[1][0][2] >> 1 & 7) + 1, sets[1][0][2] & 1
    depth = 0xF8 | config.bit_depth - 8
    record = bytearray((1, config.profile_space << 6 | config.tier << 5 | config.profile))
    record += config.compatibility.to_bytes(4, "big")
    record += config.constraints
    record.append(config.level)
    record += bytes((0xF0, 0, 0xFC, 0xFC | CHROMA.index(config.chroma), depth, depth, 0, 0))
    record += bytes((layers << 3 | nested << 2 | 3, len(sets)))
    for kind, group in zip((_VPS, _SPS, _PPS), sets, strict=True):
        record.append((0x80 if complete else 0) | kind)
        record += len(group).to_bytes(2, "big")
        append(record, group)
    return bytes(record)


def limits_of(info: CodecInfo) -> Limits | None:
    """Return what the level and its tier allow."""
    level = info.level
    if level is None:
        return None
    if level not in _LEVELS:
        raise NotSupportedError(f"{info.string}: there is no level {level / 30:g}")
    samples, per_second, main, high = _LEVELS[level]
    longest = isqrt(8 * samples)
    bitrate = (high if info.tier == "H" else main) * 1000
    return Limits(samples, longest, longest, per_second, bitrate, f"the most is {samples} samples")


def samples_of(info: CodecInfo) -> Samples | None:
    """Return what the profile is for, None for one that no encoder writes."""
    if info.profile == 1 or info.profile == 3:
        return Samples(("420",), (8,))
    if info.profile == 2:
        return Samples(("420",), (10,))
    if info.profile != 4:
        return None
    # Format range extensions: the constraint flags say which (H.265, table A.2).
    fields = [int(byte, 16) for byte in info.string.split(".")[4:]] + [0, 0]
    flags = fields[0] << 8 | fields[1]
    depth = 8 if flags & 0x200 else 10 if flags & 0x400 else 12
    chroma = "420" if flags & 0x080 else "422" if flags & 0x100 else "444"
    return Samples((chroma,), (depth,))


def parse_hvcc(data: object) -> HevcConfig:
    """Parse an HEVCDecoderConfigurationRecord; DataError if it is not one."""
    content = bytes(as_view(data))
    # Version 0 was written by early muxers, with the same fields.
    if len(content) < 23 or content[0] > 1 or content[:3] == b"\0\0\1" or content[:3] == b"\0\0\0":
        raise DataError(f"not an hvcC: {start_of(content)}")
    units: list[bytes] = []
    at = 23
    for _ in range(content[22]):
        if at + 3 > len(content):
            raise DataError(f"hvcC ends early, after {len(content)} bytes")
        count = int.from_bytes(content[at + 1 : at + 3], "big")
        more, at = counted(content, at + 3, count, "hvcC")
        units += more
    return HevcConfig(
        profile_space=content[1] >> 6,
        tier=content[1] >> 5 & 1,
        profile=content[1] & 0x1F,
        compatibility=int.from_bytes(content[2:6], "big"),
        constraints=content[6:12],
        level=content[12],
        chroma=CHROMA[content[16] & 3],
        bit_depth=(content[17] & 7) + 8,
        length_size=(content[21] & 3) + 1,
        units=units,
    )


def parse_sps(unit: object) -> tuple[HevcConfig, SequenceParameters]:
    """Parse an HEVC sequence parameter set, NAL header included; DataError if it is not one."""
    view = as_view(unit)
    if len(view) < 2 or view[0] >> 1 != _SPS:
        raise DataError(f"not an HEVC sequence parameter set: {start_of(bytes(view[:8]))}")
    reader = BitReader(payload(view, 2), "HEVC sequence parameter set")
    reader.bits(4)
    layers = reader.bits(3)
    reader.flag()
    space, tier, profile = reader.bits(2), reader.bits(1), reader.bits(5)
    compatibility, constraints = reader.bits(32), reader.bits(48)
    level = reader.bits(8)
    present = [(reader.flag(), reader.flag()) for _ in range(layers)]
    if layers:
        reader.bits(2 * (8 - layers))
    for has_profile, has_level in present:
        reader.bits(88 * has_profile + 8 * has_level)
    reader.ue()
    chroma = reader.ue()
    if chroma > 3:
        raise DataError(f"HEVC sequence parameter set: no chroma format {chroma}")
    separate = chroma == 3 and reader.flag()
    width, height = reader.ue(), reader.ue()
    if reader.flag():
        across = 2 if chroma in (1, 2) and not separate else 1
        width -= (reader.ue() + reader.ue()) * across
        height -= (reader.ue() + reader.ue()) * (2 if chroma == 1 and not separate else 1)
    depth = 8 + reader.ue()
    picture = parameters(profile, 0, level, chroma, depth, width, height)
    config = HevcConfig(
        profile_space=space,
        tier=tier,
        profile=profile,
        compatibility=compatibility,
        constraints=constraints.to_bytes(6, "big"),
        level=level,
        chroma=picture.chroma,
        bit_depth=depth,
        length_size=4,
        units=[bytes(view)],
    )
    return config, picture


# A CRA picture's number goes on from what was before it; a BLA one begins anew (H.265, 7.4.2.2).
_CRA, _BLA_N_LP = 21, 18

SPLICING: Splicing | None = Splicing(
    kind=lambda unit: unit[0] >> 1 & 0x3F,
    sets=(_VPS, _SPS, _PPS),
    sequence=_SPS,
    delimiter=35,
    slices=range(32),
    anew=range(16, 22),
    belongs=lambda unit: not (unit[0] & 1 or (len(unit) > 1 and unit[1] >> 3)),
    listed=lambda record: parse_hvcc(record).units,
    parse=lambda unit: parse_sps(unit)[1],
    has_fields=lambda unit: False,
    replaced=(_CRA, lambda unit: bytes((unit[0] & 0x81 | _BLA_N_LP << 1,)) + unit[1:]),
)
