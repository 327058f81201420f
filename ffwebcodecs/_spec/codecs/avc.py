"""H.264 (AVC): codec strings, avcC, sequence parameter sets, key frames, levels."""

from __future__ import annotations

from math import isqrt

from ...errors import DataError
from ..numbers import show
from .bits import BitReader, Record, as_view
from .grammar import HEX, CodecInfo, Limits, Samples, Stream, bad
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

NAME = "avc"
CODEC: str | None = "h264"
ENTRIES: tuple[str, ...] = ("avc1", "avc3")
IN_STREAM: str | None = "avc3"
SHORT_NAMES: tuple[str, ...] = ("h264", "avc")
HINTS: Mapping[str, str] = {"h264": "is ambiguous, expected 'avc1.PPCCLL'"}
HAS_LENGTHS = True
EVEN_SIZES = True
TAKES_DESCRIPTION = True
SAYS_COLORS = True
RECORD = "avcC"
HEADER = "parameter sets"

# Profiles that say how many bits a sample has; the others leave it to the stream.
_EIGHT_BITS = frozenset((66, 77, 83, 86, 88, 100, 118, 128, 134, 135, 138, 139))
_PROFILES = _EIGHT_BITS | {44, 110, 122, 244}
# Profiles whose sequence parameter sets say chroma format and depth.
_HAS_CHROMA = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 134, 135, 138, 139))
# Of the profiles that encoders write.
_SAMPLES = {
    66: Samples(("420",), (8,)),
    77: Samples(("420",), (8,)),
    100: Samples(("420",), (8,)),
    110: Samples(("420",), (10,)),
    122: Samples(("422",), (10, 8)),
    244: Samples(("444",), (8, 10)),
}
_SPS, _PPS, _EXTENSION = 7, 8, 13
# Table A-1. level: (macroblocks per second, macroblocks per picture, kbit/s of Baseline and Main)
_LEVELS = {
    9: (1485, 99, 128),
    10: (1485, 99, 64),
    11: (3000, 396, 192),
    12: (6000, 396, 384),
    13: (11880, 396, 768),
    20: (11880, 396, 2000),
    21: (19800, 792, 4000),
    22: (20250, 1620, 4000),
    30: (40500, 1620, 10000),
    31: (108000, 3600, 14000),
    32: (216000, 5120, 20000),
    40: (245760, 8192, 20000),
    41: (245760, 8192, 50000),
    42: (522240, 8704, 50000),
    50: (589824, 22080, 135000),
    51: (983040, 36864, 240000),
    52: (2073600, 36864, 240000),
    60: (4177920, 139264, 240000),
    61: (8355840, 139264, 480000),
    62: (16711680, 139264, 800000),
}
_LEVEL_1B = 9
_BITRATE = {100: 1.25, 110: 3.0, 122: 4.0, 244: 4.0}


class AvcConfig(Record):
    """An avcC: profile, level, how long NAL lengths are, and the parameter sets."""

    __slots__ = ("constraints", "length_size", "level", "pps", "profile", "sps")
    profile: int
    constraints: int
    level: int
    length_size: int
    sps: list[bytes]
    pps: list[bytes]


def parse_string(codec: str, entry: str, fields: list[str]) -> CodecInfo:
    """Read ``avc1.PPCCLL``."""
    expected = f"expected 6 hexadecimal digits PPCCLL after '{entry}.'"
    if not fields:
        raise bad(codec, f"is ambiguous, {expected}")
    if len(fields) != 1:
        raise bad(codec, f"{expected}, got {len(fields)} fields")
    text = fields[0]
    if len(text) != 6:
        raise bad(codec, f"{expected}, got {len(text)}")
    if not HEX.issuperset(text):
        raise bad(codec, f"{expected}, got {show(text)}")
    profile, constraints, level = int(text[:2], 16), int(text[2:4], 16), int(text[4:], 16)
    if profile not in _PROFILES:
        raise bad(codec, f"unknown profile {profile} (0x{text[:2]})")
    if level not in _LEVELS:
        raise bad(codec, f"there is no level {level / 10:g} (0x{text[4:]})")
    depth = 8 if profile in _EIGHT_BITS else None
    return CodecInfo(
        codec,
        NAME,
        "h264",
        entry,
        profile=profile,
        level=level,
        constraints=constraints,
        bit_depth=depth,
        # The profiles of 8 bits only are those of 4:2:0 only (High also has monochrome).
        chroma="420" if depth else None,
    )


def codec_string(stream: Stream) -> str:
    """Return the codec string of an avcC, a sequence parameter set, or Annex B data with one; where
    there is none, of FFmpeg's numbers.
    """
    entry = "avc3" if stream.tag == "avc3" else "avc1"
    view = as_view(stream.header)
    if len(view) >= 4 and view[0] == 1:
        return f"{entry}.{bytes(view[1:4]).hex().upper()}"
    for unit in matching_units(view, lambda first: first & 0x9F == _SPS):
        if len(unit) >= 4:
            return f"{entry}.{bytes(unit[1:4]).hex().upper()}"
    profile, level = stream.profile, stream.level
    if profile <= 0 or level <= 0:
        raise DataError(f"no H.264 configuration in {start_of(bytes(view[:8]))}")
    # FFmpeg keeps two of the constraint flags in its profile number.
    constraints = (0x40 if profile & 1 << 9 else 0) | (0x10 if profile & 1 << 11 else 0)
    return f"avc1.{profile & 0xFF:02X}{constraints:02X}{level:02X}"


def usual_strings(
    depth: int, chroma: str, width: int, height: int, framerate: float | None
) -> list[str]:
    """Return the High profiles' strings, the lowest level first."""
    profile = {"444": "F400", "422": "7A00"}.get(chroma, "6E00" if depth > 8 else "6400")
    return [f"avc1.{profile}{level:02X}" for level in _LEVELS if level != _LEVEL_1B]


def is_key(data: object, length_size: int | None = None) -> bool | None:
    """Say whether decoding can start at this access unit; None: cannot tell.

    An IDR picture, or one with a recovery point of 0 frames. An intra slice after a sequence
    parameter set, as broadcasters make them, is left open, and so is a chunk without a picture.
    """
    recovers = parameters = False
    seen = False
    for unit in heads(as_view(data), length_size):
        kind = unit[0] & 0x1F
        if unit[0] & 0x80 or not kind:
            continue
        seen = True
        if kind == 5:
            return True
        if kind in (1, 2):
            if recovers:
                return True
            return None if parameters and _is_intra(unit) else False
        if kind == 6:
            recovers = recovers or _recovers_at_once(unit)
        elif kind == 7:
            parameters = True
    return None if seen else False


def needs_others(data: object, length_size: int | None = None) -> bool:
    """Tell a picture in the course of a gradual refresh from one that is whole: it has a recovery
    point, but no intra slice, or some frames to go. What encoders promise there does not always
    hold (x264 with narrow pictures), so that decoding from it is not exact.
    """
    for unit in heads(as_view(data), length_size):
        kind = unit[0] & 0x1F
        if kind == 5:
            return False
        if kind in (1, 2):
            return not _is_intra(unit) or recovery(data, length_size) > 0
    return False


def is_closed(data: object, length_size: int | None = None) -> bool:
    """Say whether nothing behind this access unit refers to what was before it: an IDR picture."""
    for unit in heads(as_view(data), length_size):
        kind = unit[0] & 0x1F
        if 1 <= kind <= 5:
            return kind == 5
    return False


def begins_with_picture(head: bytes, length_size: int | None = None) -> bool:
    """Tell whether the first unit is a slice."""
    at = length_size or first_unit(head)
    return 0 < at < len(head) and any(head[:at]) and head[at] & 0x1F in (1, 5)


def lacks_picture(data: object, codec: str, length_size: int | None = None) -> bool:
    """Tell whether no unit is a slice: a chunk with an end of sequence gives no error."""
    return not any(unit[0] & 0x1F in (1, 2, 5) for unit in heads(as_view(data), length_size))


def _is_intra(unit: memoryview) -> bool:
    reader = BitReader(payload(unit[:64], 1), "slice")
    try:
        reader.ue()
        return reader.ue() in (2, 4, 7, 9)
    except DataError:
        return False


def recovery(data: object, length_size: int | None = None) -> int:
    """Return how many frames after this access unit a decoder that begins with it has right
    pictures: 0 at an IDR picture, and where nothing is said.
    """
    for unit in heads(as_view(data), length_size):
        kind = unit[0] & 0x1F
        if kind in (1, 2, 5):
            break
        content = _recovery_point(unit) if kind == 6 else b""
        if content:
            try:
                return BitReader(content, "recovery point").ue()
            except DataError:
                break
    return 0


def _recovers_at_once(unit: memoryview) -> bool:
    # recovery_frame_cnt 0 is the single bit 1.
    return _recovery_point(unit)[:1] >= b"\x80"


def _recovery_point(unit: memoryview) -> bytes:
    """Return what an SEI unit says of a recovery point, nothing if it does not."""
    content, at = payload(unit, 1), 0
    while at + 2 < len(content):
        values = []
        for _ in range(2):  # type, then size: each 255 times n, plus the last byte
            value = 0
            while at < len(content) and content[at] == 255:
                value, at = value + 255, at + 1
            if at >= len(content):
                return b""
            values.append(value + content[at])
            at += 1
        if values[0] == 6:
            return content[at : at + values[1]]
        at += values[1]
    return b""


def size_of(header: bytes, data: object) -> tuple[int, int] | None:
    """Return the size that the header's first sequence parameter set says."""
    units: Iterable[bytes | memoryview]
    units = parse_avcc(header).sps if is_record(header) else iter_nal_units(header)
    for unit in units:
        if unit[0] & 0x1F == _SPS:
            found = parse_sps(unit)
            return found.width, found.height
    return None


def is_description(header: bytes) -> bool:
    """Tell an avcC from Annex B units."""
    return is_record(header)


def length_size(description: object) -> int | None:
    """Return the bytes of a NAL unit's length, None without an avcC."""
    return None if description is None else parse_avcc(description).length_size


def file_header(description: bytes, known: bytes, data: object) -> bytes:
    """Return the avcC, or the parameter sets that the chunk begins with."""
    return description or known or in_band_sets(data, _is_set)


def _is_set(first: int) -> bool:
    return first & 0x1F in (_SPS, _PPS, _EXTENSION)


def description_of(header: object, *, complete: bool = True) -> bytes:
    """Return the AVCDecoderConfigurationRecord of an encoder's parameter sets.

    Raises
    ------
    DataError
        There is no sequence or no picture parameter set.
    """
    if is_record(header):
        record = parse_avcc(header)
        units = record.sps + record.pps
    else:
        units = split_headers(header)
    sps = [unit for unit in units if unit[0] & 0x1F == _SPS]
    pps = [unit for unit in units if unit[0] & 0x1F == _PPS]
    extensions = [unit for unit in units if unit[0] & 0x1F == _EXTENSION]
    if not sps or not pps:
        raise DataError("the encoder gave no H.264 parameter sets")
    made = bytearray((1, sps[0][1], sps[0][2], sps[0][3], 0xFC | 3, 0xE0 | len(sps)))
    append(made, sps)
    made.append(len(pps))
    append(made, pps)
    if sps[0][1] in _HAS_CHROMA:
        facts = parse_sps(sps[0])
        depth = 0xF8 | facts.bit_depth - 8
        made += bytes((0xFC | CHROMA.index(facts.chroma), depth, depth, len(extensions)))
        append(made, extensions)
    return bytes(made)


def limits_of(info: CodecInfo) -> Limits | None:
    """Return what the level allows."""
    if info.level is None:
        return None
    per_second, per_picture, kilobits = _LEVELS[info.level]
    longest = isqrt(8 * per_picture)
    bitrate = int(kilobits * 1000 * _BITRATE.get(info.profile or 0, 1.0))
    return Limits(
        *(per_picture, longest, longest, per_second, bitrate, f"the most is {per_picture}"),
        block=16,
        unit="macroblocks",
        binding=("size", "bitrate"),
    )


def samples_of(info: CodecInfo) -> Samples | None:
    """Return what the profile is for, None for one that no encoder writes."""
    return _SAMPLES.get(info.profile or 0)


def parse_avcc(data: object) -> AvcConfig:
    """Parse an AVCDecoderConfigurationRecord; DataError if it is not one."""
    content = bytes(as_view(data))
    if len(content) < 7 or content[0] != 1:
        raise DataError(f"not an avcC: {start_of(content)}")
    length_size = (content[4] & 3) + 1
    if length_size == 3:
        raise DataError("avcC: NAL lengths of 3 bytes do not exist")
    at = 5
    groups: list[list[bytes]] = []
    for mask in (0x1F, 0xFF):
        if at >= len(content):
            raise DataError(f"avcC ends early, after {len(content)} bytes")
        count, at = content[at] & mask, at + 1
        units, at = counted(content, at, count, "avcC")
        groups.append(units)
    return AvcConfig(
        profile=content[1],
        constraints=content[2],
        level=content[3],
        length_size=length_size,
        sps=groups[0],
        pps=groups[1],
    )


def parse_sps(unit: object) -> SequenceParameters:
    """Parse an H.264 sequence parameter set, NAL header included; DataError if it is not one."""
    return _parse_sps(unit)[0]


def field_place(header: bytes) -> int:
    """Return how many bits of a slice's header lie between the number of its picture parameter set
    and the flag of a field, 0 if all pictures are frames; DataError if the header does not say.
    """
    units: Iterable[bytes | memoryview]
    units = parse_avcc(header).sps if is_record(header) else iter_nal_units(header)
    return max((_parse_sps(unit)[1] for unit in units if unit[0] & 0x1F == _SPS), default=0)


def field_of(data: object, length_size: int | None, place: int) -> int:
    """Return what the first slice is of: 0 a frame, 1 a top field, 2 a bottom field."""
    for unit in heads(as_view(data), length_size):
        if unit[0] & 0x1F in (1, 2, 5):
            reader = BitReader(payload(unit[:64], 1), "slice")
            try:
                for _ in range(3):
                    reader.ue()
                reader.bits(place)
                return 1 + reader.bits(1) if reader.flag() else 0
            except DataError:
                break
    return 0


def _parse_sps(unit: object) -> tuple[SequenceParameters, int]:
    view = as_view(unit)
    if not len(view) or view[0] & 0x9F != _SPS:
        raise DataError(f"not an H.264 sequence parameter set: {start_of(bytes(view[:8]))}")
    reader = BitReader(payload(view, 1), "H.264 sequence parameter set")
    profile, constraints, level = reader.bits(8), reader.bits(8), reader.bits(8)
    reader.ue()
    chroma, depth = 1, 8
    separate = False
    if profile in _HAS_CHROMA:
        chroma = reader.ue()
        if chroma > 3:
            raise DataError(f"H.264 sequence parameter set: no chroma format {chroma}")
        separate = chroma == 3 and reader.flag()
        depth = 8 + reader.ue()
        reader.ue()
        reader.flag()
        if reader.flag():
            _skip_scaling_lists(reader, 12 if chroma == 3 else 8)
    place = reader.ue() + 4 + 2 * separate
    order = reader.ue()
    if order == 0:
        reader.ue()
    elif order == 1:
        reader.flag()
        reader.se()
        reader.se()
        for _ in range(min(reader.ue(), 255)):
            reader.se()
    reader.ue()
    reader.flag()
    width, height = (reader.ue() + 1) * 16, (reader.ue() + 1) * 16
    frames_only = reader.flag()
    if not frames_only:
        height *= 2
        reader.flag()
    reader.flag()
    if reader.flag():
        across = 2 if chroma in (1, 2) and not separate else 1
        down = (2 if chroma == 1 and not separate else 1) * (1 if frames_only else 2)
        width -= (reader.ue() + reader.ue()) * across
        height -= (reader.ue() + reader.ue()) * down
    found = parameters(profile, constraints, level, chroma, depth, width, height)
    return found, 0 if frames_only else place


def _skip_scaling_lists(reader: BitReader, count: int) -> None:
    for index in range(count):
        if not reader.flag():
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + reader.se()) & 255
            last = following or last


def _sets_of(record: bytes) -> list[bytes]:
    found = parse_avcc(record)
    return [*found.sps, *found.pps]


SPLICING: Splicing | None = Splicing(
    kind=lambda unit: unit[0] & 0x1F,
    sets=(_SPS, _EXTENSION, _PPS),
    sequence=_SPS,
    delimiter=9,
    slices=range(1, 6),
    anew=(5,),  # IDR: others go on with the numbers of those before them
    belongs=lambda unit: unit[0] & 0x1F not in (14, 15, 20, 21),
    listed=_sets_of,
    parse=parse_sps,
    has_fields=lambda unit: _parse_sps(unit)[1] > 0,
)
