"""What an H.264 chunk needs so that decoders can begin with it."""

from __future__ import annotations

from .nal import START, first_unit, iter_nal_units

_SPS, _DELIMITER = 7, 9


def with_sets(data: memoryview, sets: bytes) -> bytes | None:
    """Return an Annex B chunk with parameter sets, None if it has its own.

    They stand behind the access unit delimiter, which comes first (ITU-T H.264, 7.4.1.2.3).
    """
    if any(unit[0] & 0x1F == _SPS for unit in iter_nal_units(data)):
        return None
    content = bytes(data)
    at, place = 0, first_unit(content[:4])
    if content[place] & 0x1F == _DELIMITER:
        at = content.find(START, place)
        at -= content[at - 1] == 0
    return content[:at] + sets + content[at:]
