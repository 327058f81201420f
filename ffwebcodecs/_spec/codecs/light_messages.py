"""Whether a bitstream says by itself on what display its pictures were mastered, and how bright
they get: SEI messages of H.264 and HEVC, metadata OBUs of AV1.
"""

from __future__ import annotations

from ...errors import DataError
from . import families
from .av1 import iter_obus
from .nal import counted, iter_nal_units

TYPE_CHECKING = False  # typing's own costs an import
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

DISPLAY, LEVEL = 137, 144
"""Of SEI messages: mastering_display_colour_volume, content_light_level_info (H.274)."""

_AV1 = {1: LEVEL, 2: DISPLAY}  # metadata_type
_METADATA_OBU = 5
_HEVC_SEI = (39, 40)
_AVC_SEI = 6


def said(codec: str, header: bytes, data: object) -> frozenset[int]:
    """Return which of the two a stream says.

    Parameters
    ----------
    codec : str
        FFmpeg's name; nothing is found in others.
    header : bytes
        The codec's own: avcC, hvcC, or what is like the data.
    data : bytes-like
        The first chunk.
    """
    try:
        if codec == "av1":
            # With the record's four bytes before them.
            parts = (header[4:] if header[:1] == b"\x81" else header, data)
            return frozenset(kind for part in parts for kind in _of_obus(part))
        if codec in ("hevc", "h264"):
            return frozenset(
                kind for unit in _units(codec, header, data) for kind in _of(codec, unit)
            )
    except DataError:
        pass  # whoever decodes it will say so
    return frozenset()


def _of_obus(data: object) -> Iterator[int]:
    for kind, content in iter_obus(data):
        if kind == _METADATA_OBU and len(content) and content[0] in _AV1:
            yield _AV1[content[0]]


def _units(codec: str, header: bytes, data: object) -> Iterable[object]:
    family = families.of_codec(codec)
    if not family.is_description(header):
        return [*iter_nal_units(header), *iter_nal_units(data)]
    units = _of_record(header) if codec == "hevc" else []
    return [*units, *iter_nal_units(data, family.length_size(header))]


def _of_record(header: bytes) -> list[bytes]:
    """Return the units of an hvcC, of all kinds; an avcC has only parameter sets."""
    units: list[bytes] = []
    at = 23
    for _ in range(header[22] if len(header) > 22 else 0):
        more, at = counted(header, at + 3, int.from_bytes(header[at + 1 : at + 3], "big"), "hvcC")
        units += more
    return units


def _of(codec: str, unit: object) -> Iterator[int]:
    content = bytes(unit)  # type: ignore[call-overload]
    if codec == "hevc":
        is_message, at = content[0] >> 1 & 63 in _HEVC_SEI, 2
    else:
        is_message, at = content[0] & 31 == _AVC_SEI, 1
    if not is_message:
        return
    content = content.replace(b"\0\0\3", b"\0\0")
    while at + 2 < len(content):
        numbers = []
        for _ in range(2):  # what it is, and how long
            number = 0
            while at < len(content) and content[at] == 255:
                number, at = number + 255, at + 1
            if at >= len(content):
                return
            numbers.append(number + content[at])
            at += 1
        if numbers[0] in (DISPLAY, LEVEL):
            yield numbers[0]
        at += numbers[1]
