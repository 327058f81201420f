"""AV1: open bitstream units, sequence headers, av1C, key frames, codec strings."""

from __future__ import annotations

from ...errors import DataError
from .bits import HEADER_LIMIT, BitReader, Record, as_view

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_UNITS = 1000
_SEQUENCE_HEADER, _FRAME_HEADER, _FRAME = 1, 3, 6


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


def av1_is_key(view: memoryview) -> bool | None:
    """Say whether this temporal unit starts with a sequence header and a shown key frame.

    None: there is a key frame without a sequence header (it may be in the description), or one
    that is not shown at once, or no frame at all.
    """
    header = seen = reduced = False
    for kind, payload in iter_obus(view):
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


def parse_av1_sequence(payload: object) -> Av1Sequence:
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
    color = (2, 2, 2)
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


def find_av1_sequence(data: object) -> Av1Sequence | None:
    """Return the first sequence header among open bitstream units, or None."""
    for kind, payload in iter_obus(data):
        if kind == _SEQUENCE_HEADER:
            return parse_av1_sequence(payload)
    return None


def parse_av1c(data: object) -> Av1Config:
    """Parse an AV1CodecConfigurationRecord; DataError if it is not one."""
    view = as_view(data)
    if len(view) < 4 or view[0] != 0x81 or view[1] >> 5 > 2:
        start = bytes(view[:8]).hex(" ") or "nowhere"
        raise DataError(f"not an av1C: {len(view)} bytes starting {start}")
    depth = 8 if not view[2] & 0x40 else 12 if view[2] & 0x20 else 10
    try:
        sequence = find_av1_sequence(view[4:])
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


def av1_codec_string(data: object) -> str:
    """Return the codec string of an av1C, or of open bitstream units with a sequence header.

    The optional fields are there if color, range or monochrome differ from what leaving them out
    means (or is taken to mean: unspecified).

    Raises
    ------
    DataError
        There is no AV1 configuration in `data`.
    """
    view = as_view(data)
    source: Av1Config | Av1Sequence | None
    if len(view) >= 4 and view[0] == 0x81:
        source = config = parse_av1c(view)
        sequence = config.sequence
    else:
        source = sequence = find_av1_sequence(view)
    if source is None:
        raise DataError(f"no AV1 sequence header in {len(view)} bytes")
    text = f"av01.{source.profile}.{source.level:02}{'MH'[source.tier]}.{source.bit_depth:02}"
    # A string has no room for more than two digits, and no code beyond 22 is in use.
    color = sequence.color if sequence and max(sequence.color) <= 22 else (2, 2, 2)
    full = sequence.full_range if sequence else False
    if color in ((1, 1, 1), (2, 2, 2)) and not full and source.chroma != "400":
        return text
    code = {"420": "11", "422": "10", "444": "00", "400": "11"}[source.chroma]
    position = source.sample_position if source.chroma == "420" else 0
    return (
        f"{text}.{int(source.chroma == '400')}.{code}{position}."
        f"{color[0]:02}.{color[1]:02}.{color[2]:02}.{int(full)}"
    )
