"""H.264 and HEVC: avcC, hvcC, sequence parameter sets, and the codec strings they give."""

from __future__ import annotations

from ...errors import DataError
from .bits import BitReader, Record, as_view
from .nal import matching_units, payload

_CHROMA = ("400", "420", "422", "444")
_HIGH_PROFILES = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 134, 135, 138, 139))


class AvcConfig(Record):
    """An avcC: profile, level, how long NAL lengths are, and the parameter sets."""

    __slots__ = ("constraints", "length_size", "level", "pps", "profile", "sps")
    profile: int
    constraints: int
    level: int
    length_size: int
    sps: list[bytes]
    pps: list[bytes]


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


class SequenceParameters(Record):
    """What an H.264 or HEVC sequence parameter set says about its pictures."""

    __slots__ = ("bit_depth", "chroma", "constraints", "height", "level", "profile", "width")
    profile: int
    constraints: int
    level: int
    chroma: str
    bit_depth: int
    width: int
    height: int


def parse_avcc(data: object) -> AvcConfig:
    """Parse an AVCDecoderConfigurationRecord; DataError if it is not one."""
    content = bytes(as_view(data))
    if len(content) < 7 or content[0] != 1:
        raise DataError(f"not an avcC: {_start(content)}")
    length_size = (content[4] & 3) + 1
    if length_size == 3:
        raise DataError("avcC: NAL lengths of 3 bytes do not exist")
    at = 5
    groups: list[list[bytes]] = []
    for mask in (0x1F, 0xFF):
        if at >= len(content):
            raise DataError(f"avcC ends early, after {len(content)} bytes")
        count, at = content[at] & mask, at + 1
        units, at = _counted(content, at, count, "avcC")
        groups.append(units)
    return AvcConfig(
        profile=content[1],
        constraints=content[2],
        level=content[3],
        length_size=length_size,
        sps=groups[0],
        pps=groups[1],
    )


def _counted(content: bytes, at: int, count: int, what: str) -> tuple[list[bytes], int]:
    units = []
    for _ in range(count):
        start = at + 2
        at = start + int.from_bytes(content[at:start], "big")
        if start > len(content) or at > len(content):
            raise DataError(f"{what} ends early, after {len(content)} bytes")
        units.append(content[start:at])
    return units, at


def _start(content: bytes) -> str:
    return f"{len(content)} bytes starting {content[:8].hex(' ') or 'nowhere'}"


def parse_hvcc(data: object) -> HevcConfig:
    """Parse an HEVCDecoderConfigurationRecord; DataError if it is not one."""
    content = bytes(as_view(data))
    # Version 0 was written by early muxers, with the same fields.
    if len(content) < 23 or content[0] > 1 or content[:3] == b"\0\0\1" or content[:3] == b"\0\0\0":
        raise DataError(f"not an hvcC: {_start(content)}")
    units: list[bytes] = []
    at = 23
    for _ in range(content[22]):
        if at + 3 > len(content):
            raise DataError(f"hvcC ends early, after {len(content)} bytes")
        count = int.from_bytes(content[at + 1 : at + 3], "big")
        more, at = _counted(content, at + 3, count, "hvcC")
        units += more
    return HevcConfig(
        profile_space=content[1] >> 6,
        tier=content[1] >> 5 & 1,
        profile=content[1] & 0x1F,
        compatibility=int.from_bytes(content[2:6], "big"),
        constraints=content[6:12],
        level=content[12],
        chroma=_CHROMA[content[16] & 3],
        bit_depth=(content[17] & 7) + 8,
        length_size=(content[21] & 3) + 1,
        units=units,
    )


def parse_avc_sps(unit: object) -> SequenceParameters:
    """Parse an H.264 sequence parameter set, NAL header included; DataError if it is not one."""
    view = as_view(unit)
    if not len(view) or view[0] & 0x9F != 7:
        raise DataError(f"not an H.264 sequence parameter set: {_start(bytes(view[:8]))}")
    reader = BitReader(payload(view, 1), "H.264 sequence parameter set")
    profile, constraints, level = reader.bits(8), reader.bits(8), reader.bits(8)
    reader.ue()
    chroma, depth = 1, 8
    separate = False
    if profile in _HIGH_PROFILES:
        chroma = reader.ue()
        if chroma > 3:
            raise DataError(f"H.264 sequence parameter set: no chroma format {chroma}")
        separate = chroma == 3 and reader.flag()
        depth = 8 + reader.ue()
        reader.ue()
        reader.flag()
        if reader.flag():
            _skip_scaling_lists(reader, 12 if chroma == 3 else 8)
    reader.ue()
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
    return _parameters(profile, constraints, level, chroma, depth, width, height)


def _skip_scaling_lists(reader: BitReader, count: int) -> None:
    for index in range(count):
        if not reader.flag():
            continue
        last = following = 8
        for _ in range(16 if index < 6 else 64):
            if following:
                following = (last + reader.se()) & 255
            last = following or last


def _parameters(
    profile: int, constraints: int, level: int, chroma: int, depth: int, width: int, height: int
) -> SequenceParameters:
    if depth > 16 or not (0 < width <= 65536 and 0 < height <= 65536):
        raise DataError(f"sequence parameter set: {width}x{height} at {depth} bits makes no sense")
    return SequenceParameters(
        profile=profile,
        constraints=constraints,
        level=level,
        chroma=_CHROMA[chroma],
        bit_depth=depth,
        width=width,
        height=height,
    )


def parse_hevc_sps(unit: object) -> tuple[HevcConfig, SequenceParameters]:
    """Parse an HEVC sequence parameter set, NAL header included; DataError if it is not one."""
    view = as_view(unit)
    if len(view) < 2 or view[0] >> 1 != 33:
        raise DataError(f"not an HEVC sequence parameter set: {_start(bytes(view[:8]))}")
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
    parameters = _parameters(profile, 0, level, chroma, depth, width, height)
    config = HevcConfig(
        profile_space=space,
        tier=tier,
        profile=profile,
        compatibility=compatibility,
        constraints=constraints.to_bytes(6, "big"),
        level=level,
        chroma=parameters.chroma,
        bit_depth=depth,
        length_size=4,
        units=[bytes(view)],
    )
    return config, parameters


def avc_codec_string(data: object, entry: str = "avc1") -> str:
    """Return the codec string of an avcC, a sequence parameter set, or Annex B data with one.

    Parameters
    ----------
    data : bytes-like
    entry : {"avc1", "avc3"}
        Whether parameter sets come in the description or in the stream.

    Raises
    ------
    DataError
        There is no H.264 configuration in `data`.
    """
    view = as_view(data)
    if len(view) >= 4 and view[0] == 1:
        return f"{entry}.{bytes(view[1:4]).hex().upper()}"
    for unit in matching_units(view, lambda first: first & 0x9F == 7):
        if len(unit) >= 4:
            return f"{entry}.{bytes(unit[1:4]).hex().upper()}"
    raise DataError(f"no H.264 configuration in {_start(bytes(view[:8]))}")


def hevc_codec_string(data: object, entry: str = "hvc1") -> str:
    """Return the codec string of an hvcC, a sequence parameter set, or Annex B data with one.

    Parameters
    ----------
    data : bytes-like
    entry : {"hvc1", "hev1"}
        Whether parameter sets come in the description only, or in the stream too.

    Raises
    ------
    DataError
        There is no HEVC configuration in `data`.
    """
    view = as_view(data)
    config: HevcConfig | None = None
    for unit in matching_units(view, lambda first: first >> 1 == 33):
        config = parse_hevc_sps(unit)[0]
        break
    if config is None:
        config = parse_hvcc(view)
    compatibility = int(f"{config.compatibility:032b}"[::-1], 2)
    fields = [
        entry,
        f"{('', 'A', 'B', 'C')[config.profile_space]}{config.profile}",
        f"{compatibility:X}",
        f"{'LH'[config.tier]}{config.level}",
        *(f"{byte:X}" for byte in config.constraints.rstrip(b"\0")),
    ]
    return ".".join(fields)
