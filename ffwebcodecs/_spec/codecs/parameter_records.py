"""avcC and hvcC from an encoder's parameter sets, and length prefixes instead of start codes."""

from __future__ import annotations

from ...errors import DataError
from .bits import as_view
from .nal import iter_nal_units
from .parameter_sets import parse_avc_sps, parse_avcc, parse_hevc_sps, parse_hvcc

_CHROMA = {"400": 0, "420": 1, "422": 2, "444": 3}
_HAS_CHROMA = frozenset((100, 110, 122, 244, 44, 83, 86, 118, 128, 134, 135, 138, 139))


def split_headers(extradata: object) -> list[bytes]:
    """Return the NAL units of an encoder's extradata, with start codes or 4-byte lengths."""
    data = bytes(as_view(extradata))
    annexb = data[:3] == b"\0\0\1" or data[:4] == b"\0\0\0\1"
    return [bytes(unit) for unit in iter_nal_units(data, None if annexb else 4)]


def _is_record(extradata: object) -> bool:
    """Tell a record, which libx264 gives since FFmpeg 8.1, from NAL units: none has a length of
    16 million bytes. It is made anew, as its last bytes are not right for every profile.
    """
    return bytes(as_view(extradata)[:1]) == b"\1"


def build_avcc(extradata: object) -> bytes:
    """Return the AVCDecoderConfigurationRecord of an encoder's parameter sets.

    Raises
    ------
    DataError
        There is no sequence or no picture parameter set.
    """
    if _is_record(extradata):
        record = parse_avcc(extradata)
        units = record.sps + record.pps
    else:
        units = split_headers(extradata)
    sps = [unit for unit in units if unit[0] & 0x1F == 7]
    pps = [unit for unit in units if unit[0] & 0x1F == 8]
    extensions = [unit for unit in units if unit[0] & 0x1F == 13]
    if not sps or not pps:
        raise DataError("the encoder gave no H.264 parameter sets")
    made = bytearray((1, sps[0][1], sps[0][2], sps[0][3], 0xFC | 3, 0xE0 | len(sps)))
    _append(made, sps)
    made.append(len(pps))
    _append(made, pps)
    if sps[0][1] in _HAS_CHROMA:
        facts = parse_avc_sps(sps[0])
        depth = 0xF8 | facts.bit_depth - 8
        made += bytes((0xFC | _CHROMA[facts.chroma], depth, depth, len(extensions)))
        _append(made, extensions)
    return bytes(made)


def build_hvcc(extradata: object, *, complete: bool = True) -> bytes:
    """Return the HEVCDecoderConfigurationRecord of an encoder's parameter sets.

    `complete` says that the stream itself has none (``hvc1``, not ``hev1``).

    Raises
    ------
    DataError
        There is no video, sequence or picture parameter set.
    """
    is_record = _is_record(extradata)
    units = parse_hvcc(extradata).units if is_record else split_headers(extradata)
    sets = [[unit for unit in units if unit[0] >> 1 & 0x3F == kind] for kind in (32, 33, 34)]
    if not all(sets):
        raise DataError("the encoder gave no HEVC parameter sets")
    config, _ = parse_hevc_sps(sets[1][0])
    # The byte after the NAL header: 4 bits id, 3 bits layers less one, 1 bit nesting.
    layers, nested = (sets[1][0][2] >> 1 & 7) + 1, sets[1][0][2] & 1
    depth = 0xF8 | config.bit_depth - 8
    record = bytearray((1, config.profile_space << 6 | config.tier << 5 | config.profile))
    record += config.compatibility.to_bytes(4, "big")
    record += config.constraints
    record.append(config.level)
    record += bytes((0xF0, 0, 0xFC, 0xFC | _CHROMA[config.chroma], depth, depth, 0, 0))
    record += bytes((layers << 3 | nested << 2 | 3, len(sets)))
    for kind, group in zip((32, 33, 34), sets, strict=True):
        record.append((0x80 if complete else 0) | kind)
        record += len(group).to_bytes(2, "big")
        _append(record, group)
    return bytes(record)


def _append(record: bytearray, units: list[bytes]) -> None:
    for unit in units:
        record += len(unit).to_bytes(2, "big")
        record += unit


def with_lengths(data: object) -> bytes:
    """Return an access unit with 4-byte lengths in place of start codes."""
    parts: list[bytes | memoryview] = []
    for unit in iter_nal_units(data):
        parts.append(len(unit).to_bytes(4, "big"))
        parts.append(unit)
    return b"".join(parts)
