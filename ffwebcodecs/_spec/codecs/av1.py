"""AV1: codec strings, open bitstream units, sequence headers, av1C, key frames, levels."""

from __future__ import annotations

from ...errors import DataError
from ..frames.color import UNSPECIFIED
from ..numbers import show
from .bits import HEADER_LIMIT, BitReader, Record, as_view
from .grammar import CodecInfo, Limits, Samples, Stream, bad, colors, exact
from .splice import Splicing

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

NAME = "av1"
CODEC: str | None = "av1"
ENTRIES: tuple[str, ...] = ("av01",)
IN_STREAM: str | None = None
SHORT_NAMES: tuple[str, ...] = ("av1",)
HINTS: Mapping[str, str] = {"av1": "is ambiguous, expected 'av01.P.LLT.DD'"}
HAS_LENGTHS = False
EVEN_SIZES = False
TAKES_DESCRIPTION = True
SAYS_COLORS = True
RECORD = "av1C"
HEADER = "sequence header"
SPLICING: Splicing | None = None

_MOST_UNITS = 1000
_SEQUENCE_HEADER, _FRAME_HEADER, _FRAME = 1, 3, 6
# Annex A.3. level: (samples per picture, width, height, samples per second, Mbit/s main, high)
_LEVELS: dict[int, tuple[int, int, int, int, float, float]] = {
    0: (147456, 2048, 1152, 4423680, 1.5, 1.5),
    1: (278784, 2816, 1584, 8363520, 3, 3),
    4: (665856, 4352, 2448, 19975680, 6, 6),
    5: (1065024, 5504, 3096, 31950720, 10, 10),
    8: (2359296, 6144, 3456, 70778880, 12, 30),
    9: (2359296, 6144, 3456, 141557760, 20, 50),
    12: (8912896, 8192, 4352, 267386880, 30, 100),
    13: (8912896, 8192, 4352, 534773760, 40, 160),
    14: (8912896, 8192, 4352, 1069547520, 60, 240),
    15: (8912896, 8192, 4352, 1069547520, 60, 240),
    16: (35651584, 16384, 8704, 1069547520, 60, 240),
    17: (35651584, 16384, 8704, 2139095040, 100, 480),
    18: (35651584, 16384, 8704, 4278190080, 160, 800),
    19: (35651584, 16384, 8704, 4278190080, 160, 800),
}


class Av1Sequence(Record):
    """What an AV1 sequence header says."""

    __slots__ = (
        "bit_depth",
        "chroma",
        "color",
        "full_range",
        "height",
        "level",
        "profile",
        "reduced",
        "sample_position",
        "tier",
        "width",
    )
    profile: int
    level: int
    tier: int
    bit_depth: int
    chroma: str
    color: tuple[int, int, int]
    full_range: bool
    sample_position: int
    width: int
    height: int
    reduced: bool


class Av1Config(Record):
    """An av1C; `sequence` is None if it holds no sequence header."""

    __slots__ = (
        "bit_depth",
        "chroma",
        "level",
        "profile",
        "sample_position",
        "sequence",
        "tier",
    )
    profile: int
    level: int
    tier: int
    bit_depth: int
    chroma: str
    sample_position: int
    sequence: Av1Sequence | None


def parse_string(codec: str, entry: str, fields: list[str]) -> CodecInfo:
    """Read ``av01.P.LLT.DD``, and what may follow."""
    if len(fields) < 3:
        raise bad(codec, "is ambiguous, expected 'av01.P.LLT.DD' (profile, level, tier, bit depth)")
    if len(fields) > 9:
        raise bad(codec, f"has {len(fields)} fields after 'av01', the most is 9")
    profile = exact(codec, fields[0], "profile", 1, 2)
    if len(fields[1]) != 3 or fields[1][2] not in "MH":
        raise bad(codec, f"level must be two digits and M or H, got {show(fields[1])}")
    level = exact(codec, fields[1][:2], "level", 2, 31)
    if 23 < level < 31:
        raise bad(codec, f"level {level} is reserved")
    depth = exact(codec, fields[2], "bit depth", 2, 12)
    if depth not in (8, 10, 12):
        raise bad(codec, f"bit depth is {depth}, it must be 08, 10 or 12")
    if depth == 12 and profile < 2:
        raise bad(codec, f"profile {profile} has no bit depth 12")
    chroma = {0: "420", 1: "444", 2: None if depth == 12 else "422"}[profile]
    mono = len(fields) > 3 and exact(codec, fields[3], "monochrome flag", 1, 1) == 1
    if mono and profile == 1:
        raise bad(codec, "profile 1 has no monochrome")
    if len(fields) > 4:
        given = _chroma_field(codec, fields[4])
        if mono and fields[4][:2] != "11":
            raise bad(codec, f"monochrome needs chroma subsampling 11x, got {show(fields[4])}")
        if not mono and chroma not in (None, given):
            raise bad(
                codec, f"profile {profile} has no chroma subsampling {fields[4]} at {depth} bits"
            )
        chroma = given
    if mono:
        chroma = "400"
    color = colors(codec, fields[5:8], 2)
    if color is not None and color[2] == 0 and chroma != "444":
        raise bad(codec, "matrix coefficients 00 (RGB) need chroma subsampling 000")
    full = exact(codec, fields[8], "full range flag", 1, 1) == 1 if len(fields) > 8 else None
    return CodecInfo(
        codec,
        NAME,
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


def _chroma_field(codec: str, text: str) -> str:
    exact(codec, text, "chroma subsampling", 3, 112)
    chroma = {"00": "444", "10": "422", "11": "420"}.get(text[:2])
    if chroma is None or (chroma != "420" and text[2] != "0") or text[2] not in "0123":
        raise bad(codec, f"chroma subsampling {text} does not exist")
    return chroma


def codec_string(stream: Stream) -> str:
    """Return the codec string of an av1C, or of open bitstream units with a sequence header.

    The optional fields are there if color, range or monochrome differ from what leaving them out
    means (or is taken to mean: unspecified).
    """
    view = as_view(stream.header)
    source: Av1Config | Av1Sequence | None
    if len(view) >= 4 and view[0] == 0x81:
        source = config = parse_av1c(view)
        sequence = config.sequence
    else:
        source = sequence = find_sequence(view)
    if source is None:
        raise DataError(f"no AV1 sequence header in {len(view)} bytes")
    text = f"av01.{source.profile}.{source.level:02}{'MH'[source.tier]}.{source.bit_depth:02}"
    # A string has no room for more than two digits, and no code beyond 22 is in use.
    color = sequence.color if sequence and max(sequence.color) <= 22 else UNSPECIFIED
    full = sequence.full_range if sequence else False
    if color in ((1, 1, 1), UNSPECIFIED) and not full and source.chroma != "400":
        return text
    code = {"420": "11", "422": "10", "444": "00", "400": "11"}[source.chroma]
    position = source.sample_position if source.chroma == "420" else 0
    return (
        f"{text}.{int(source.chroma == '400')}.{code}{position}."
        f"{color[0]:02}.{color[1]:02}.{color[2]:02}.{int(full)}"
    )


def usual_strings(
    depth: int, chroma: str, width: int, height: int, framerate: float | None
) -> list[str]:
    """Return the main tier's strings, the lowest level first."""
    profile = {"444": 1, "422": 2}.get(chroma, 0) if depth <= 10 else 2
    return [f"av01.{profile}.{level:02}M.{max(8, depth):02}" for level in _LEVELS]


def is_key(data: object, length_size: int | None = None) -> bool | None:
    """Say whether this temporal unit starts with a sequence header and a shown key frame.

    None: there is a key frame without a sequence header (it may be in the description), or one
    that is not shown at once, or no frame at all.
    """
    header = seen = reduced = False
    for kind, payload in iter_obus(data):
        if kind == _SEQUENCE_HEADER and len(payload):
            header = True
            reduced = bool(payload[0] & 0x08)
        elif kind in (_FRAME_HEADER, _FRAME):
            if not len(payload):
                return False
            if reduced:
                return True
            # show_existing_frame, then two bits of frame_type (0: key frame), then show_frame
            if payload[0] & 0xE0:
                return False
            return True if header and payload[0] & 0x10 else None
        elif kind not in (2, 5):  # a temporal delimiter or metadata shows nothing yet
            continue
        seen = True
    return None if seen else False


def needs_others(data: object, length_size: int | None = None) -> bool:
    """Tell nothing: a chunk that is called key is one."""
    return False


def begins_with_picture(head: bytes, length_size: int | None = None) -> bool:
    """Tell whether the first unit, or the one after a temporal delimiter, is a frame."""
    at = 2 if head[:2] == b"\x12\0" else 0
    return len(head) > at and head[at] >> 3 in (_FRAME_HEADER, _FRAME)


def lacks_picture(data: object, codec: str, length_size: int | None = None) -> bool:
    """Tell whether no unit is a frame: decoders pass over what they do not know."""
    return not any(kind in (_FRAME_HEADER, _FRAME) for kind, _ in iter_obus(data))


def size_of(header: bytes, data: object) -> tuple[int, int] | None:
    """Return the size that the header's sequence header says."""
    found = find_sequence(header[4 * (header[:1] == b"\x81") :])
    return None if found is None else (found.width, found.height)


def description_of(header: object, *, complete: bool = True) -> bytes | None:
    """Return None: a key frame says all."""
    return None


def is_description(header: bytes) -> bool:
    """Return False: the specification has none."""
    return False


def length_size(description: object) -> int | None:
    """Return None: there are no lengths."""
    return None


def file_header(description: bytes, known: bytes, data: object) -> bytes:
    """Return what the demuxer knew, the av1C, or the sequence header that the chunk begins with."""
    if known:
        return known
    if description[:1] == b"\x81":
        return description
    for kind, payload in iter_obus(data):
        if kind == _SEQUENCE_HEADER:
            size, length = len(payload), bytearray()
            while size >= 0x80:
                length.append(size & 0x7F | 0x80)
                size >>= 7
            return bytes([0x0A, *length, size]) + bytes(payload)
    return b""


def limits_of(info: CodecInfo) -> Limits | None:
    """Return what the level and its tier allow, None for one that is not defined (yet)."""
    level = info.level
    if level is None or level not in _LEVELS:
        return None
    samples, widest, highest, per_second, main, high = _LEVELS[level]
    factor = {0: 1, 1: 2, 2: 3}[info.profile or 0]
    bitrate = int((high if info.tier == "H" else main) * 1e6) * factor
    most = f"the most is {samples} samples, {widest}x{highest} at most"
    return Limits(samples, widest, highest, per_second, bitrate, most, binding=())


def samples_of(info: CodecInfo) -> Samples | None:
    """Return what the profile is for."""
    if info.chroma is None:
        return Samples(("420", "422", "444"), (info.bit_depth or 12,))
    return Samples((info.chroma,), (info.bit_depth or 8,))


def iter_obus(data: object) -> Iterator[tuple[int, memoryview]]:
    """Yield (type, payload) of each open bitstream unit; stops where they stop making sense."""
    view = as_view(data)
    at, size = 0, len(view)
    for _ in range(_MOST_UNITS):
        if at >= size or view[at] & 0x80:
            return
        head = view[at]
        at += 2 if head & 4 else 1
        length = size - at
        if head & 2:
            length = 0
            for shift in range(0, 56, 7):  # leb128
                if at >= size:
                    return
                byte, at = view[at], at + 1
                length |= (byte & 0x7F) << shift
                if not byte & 0x80:
                    break
            else:
                return
        yield head >> 3 & 15, view[at : at + max(length, 0)]
        at += max(length, 0)


def parse_sequence(payload: object) -> Av1Sequence:
    """Parse the payload of a sequence header; DataError if it is not one."""
    reader = BitReader(bytes(as_view(payload)[:HEADER_LIMIT]), "AV1 sequence header")
    profile = reader.bits(3)
    if profile > 2:
        raise DataError(f"AV1 sequence header: profile {profile} is reserved")
    reader.flag()
    reduced = reader.flag()
    level, tier = (reader.bits(5), 0) if reduced else _operating_points(reader)
    across, down = reader.bits(4) + 1, reader.bits(4) + 1
    width, height = reader.bits(across) + 1, reader.bits(down) + 1
    if not reduced and reader.flag():
        reader.bits(7)
    reader.bits(3)
    if not reduced:
        _tools(reader)
    reader.bits(3)
    return _color_config(
        reader, profile, level=level, tier=tier, width=width, height=height, reduced=reduced
    )


def _operating_points(reader: BitReader) -> tuple[int, int]:
    delay_bits = 0
    if reader.flag():  # timing info
        reader.bits(64)
        if reader.flag():
            reader.skip_uvlc()
        if reader.flag():  # decoder model
            delay_bits = reader.bits(5) + 1
            reader.bits(42)
    display_delay = reader.flag()
    levels = []
    for _ in range(reader.bits(5) + 1):
        reader.bits(12)
        level = reader.bits(5)
        levels.append((level, reader.bits(1) if level > 7 else 0))
        if delay_bits and reader.flag():
            reader.bits(2 * delay_bits + 1)
        if display_delay and reader.flag():
            reader.bits(4)
    return levels[0]


def _tools(reader: BitReader) -> None:
    reader.bits(4)
    order_hint = reader.flag()
    if order_hint:
        reader.bits(2)
    # Screen content tools chosen per frame, or forced; then the same for integer motion vectors.
    if (reader.flag() or reader.flag()) and not reader.flag():
        reader.flag()
    if order_hint:
        reader.bits(3)


def _color_config(reader: BitReader, profile: int, **members: object) -> Av1Sequence:
    depth = 8
    if reader.flag():
        depth = 12 if profile == 2 and reader.flag() else 10
    mono = profile != 1 and reader.flag()
    color = UNSPECIFIED
    if reader.flag():
        color = (reader.bits(8), reader.bits(8), reader.bits(8))
    across = down = True
    position = 0
    if mono:
        full = reader.flag()
    elif color == (1, 13, 0):
        full, across, down = True, False, False
    else:
        full = reader.flag()
        if profile == 1:
            across = down = False
        elif profile == 2:
            across = reader.flag() if depth == 12 else True
            down = across and depth == 12 and reader.flag()
        if across and down:
            position = reader.bits(2)
    return Av1Sequence(
        profile=profile,
        bit_depth=depth,
        chroma=_chroma(mono, across, down),
        color=color,
        full_range=full,
        sample_position=position,
        **members,
    )


def _chroma(mono: bool, across: bool, down: bool) -> str:
    if mono:
        return "400"
    return "420" if across and down else "422" if across else "444"


def find_sequence(data: object) -> Av1Sequence | None:
    """Return the first sequence header among open bitstream units, or None."""
    for kind, payload in iter_obus(data):
        if kind == _SEQUENCE_HEADER:
            return parse_sequence(payload)
    return None


def parse_av1c(data: object) -> Av1Config:
    """Parse an AV1CodecConfigurationRecord; DataError if it is not one."""
    view = as_view(data)
    if len(view) < 4 or view[0] != 0x81 or view[1] >> 5 > 2:
        start = bytes(view[:8]).hex(" ") or "nowhere"
        raise DataError(f"not an av1C: {len(view)} bytes starting {start}")
    depth = 8 if not view[2] & 0x40 else 12 if view[2] & 0x20 else 10
    try:
        sequence = find_sequence(view[4:])
    except DataError:
        sequence = None  # the four bytes before it say what matters
    return Av1Config(
        profile=view[1] >> 5,
        level=view[1] & 0x1F,
        tier=view[2] >> 7,
        bit_depth=depth,
        chroma=_chroma(bool(view[2] & 0x10), bool(view[2] & 8), bool(view[2] & 4)),
        sample_position=view[2] & 3,
        sequence=sequence,
    )
